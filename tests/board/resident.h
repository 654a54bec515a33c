/* SPDX-License-Identifier: MIT */
/* A chip with the resident bootloader, and applications of a few instructions behind it. */
#ifndef RESIDENT_H
#define RESIDENT_H

#include "boot/boot.h"
#include "scenario.h"

/* An application: what boot.h says of it, and its seal. */
struct resident_app {
    uint32_t words[64]; /* vector table and code, from APP_BASE on */
    struct seal seal;
};

/* A vector table and Thumb code behind it, with its seal. `code` may be NULL: B . */
struct resident_app resident_app(const uint16_t *code, uint32_t count);
/* The seal that belongs to the words. */
struct seal resident_seal(const struct resident_app *app);
/* As a download would have left it. */
void resident_load(struct l072 *board, const struct resident_app *app);

/* The bootloader alone on the chip, power off. */
void resident_begin(struct scenario *s, const struct l072_config *config);
/* Waits up to 2 s for a device in DFU mode. */
bool resident_in_dfu(struct scenario *s);

#endif
