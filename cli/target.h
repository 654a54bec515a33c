/* SPDX-License-Identifier: MIT */
/* A simulated board and what the command puts on it and keeps of it. */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include "error.h"
#include "image.h"
#include "l072.h"

#define TARGET_PART "l072xz" /* when no part is named */

/* The part that `name` means, as the board names it; NULL: no such part. */
const char *target_part(const char *name);
/* l072_create() with a reason when it fails. */
struct l072 *target_create(const struct l072_config *config, struct error *error);
/* Puts an image into flash, data EEPROM and option bytes; refuses one that does not fit the part,
 * with nothing written. */
bool target_load(struct l072 *board, const struct image *image, struct error *error);
/* Keeps flash, data EEPROM and option bytes in an Intel HEX file: rows of 16 bytes, without the
 * erased (zero) ones. target_load() on an erased board brings them back. */
bool target_save(const struct l072 *board, const char *path, struct error *error);
/* The flash holds just what the image says. */
bool target_holds(const struct l072 *board, const struct image *image);

#endif
