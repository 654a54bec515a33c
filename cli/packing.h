/* SPDX-License-Identifier: MIT */
/* From an image to a file for DFU hosts: which elements, and in which order. */
#ifndef CLI_PACKING_H
#define CLI_PACKING_H

#include "dfufile.h"
#include "image.h"
#include "memories.h"

/*
 * Fills targets and elements. Their data is in `image` and in `flash`, of flash_size of the part
 * and all zero at first, which is what erased flash reads as.
 *
 * - Hosts erase an element before they write it, so no two elements share what is erased at once;
 *   the gaps in it are zero.
 * - Flash is written in double words (AN2606): addresses and sizes are multiples of 8.
 * - The unit with the vector table is an element of its own, and the last of the flash. In front
 *   of what ST's ROM writes it is an element of zeros as well: else the old vector table would
 *   start the new half.
 *
 * False: the image does not suit the bootloader.
 */
bool packing_dfuse(struct dfu_file *dfu, const struct image *image, uint8_t *flash,
                   const struct l072_geometry *geometry, const struct bootloader *bootloader,
                   struct error *error);
/* Fills the payload: the flash from its first byte to its last. */
bool packing_plain(struct dfu_file *dfu, const struct image *image, uint8_t *flash,
                   const struct l072_geometry *geometry, const struct bootloader *bootloader,
                   struct error *error);

#endif
