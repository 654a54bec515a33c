/* SPDX-License-Identifier: MIT */
/* How an application may be asked for DFU: as the user tells, or as its code suggests. */
#ifndef CLI_REQUESTS_H
#define CLI_REQUESTS_H

#include "doctor.h"
#include "error.h"
#include "image.h"
#include "symbols.h"

#define REQUESTS_MAX 24

struct requests {
    struct request request[REQUESTS_MAX];
    size_t count;
    char text[REQUESTS_MAX][12]; /* of functions without a name: their address */
};

/* Adds a press of a button: "PA0" is high when pressed, "PA0:0" low. */
bool requests_add_press(struct requests *requests, const char *text, struct error *error);
/* Finds the function of each REQUEST_CALL, by its name or its address. */
bool requests_find_functions(struct requests *requests, const struct symbols *symbols,
                             struct error *error);
/* What may ask the application, the likeliest first: functions whose names say so, or that leave
 * something for after a reset; any input; DFU_DETACH; functions that jump to system memory, by name
 * or by code; functions that reset. */
void requests_guess(struct requests *requests, const struct image *image,
                    const struct symbols *symbols);

#endif
