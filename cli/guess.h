/* SPDX-License-Identifier: MIT */
/* Which part an image is for. */
#ifndef CLI_GUESS_H
#define CLI_GUESS_H

#include "image.h"
#include "symbols.h"

#define GUESS_MAX 80

/* Returns a part that the board knows, from the names of the source files, or from where the stack
 * ends; else TARGET_PART. `why` receives a clause on it, GUESS_MAX bytes. */
const char *guess_part(const struct image *image, const struct symbols *symbols, char *why);

#endif
