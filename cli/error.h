/* SPDX-License-Identifier: MIT */
/* How the libraries of the command say what went wrong: one line of text, printed by the verb. */
#ifndef CLI_ERROR_H
#define CLI_ERROR_H

#include <stdbool.h>

struct error {
    char text[320];
};

/* Writes the line and returns false: `return error_set(error, "%s: is empty", path);` */
__attribute__((format(printf, 2, 3))) bool error_set(struct error *error, const char *format, ...);

#endif
