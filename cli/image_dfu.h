/* SPDX-License-Identifier: MIT */
/* The DFU half of image.c. */
#ifndef CLI_IMAGE_DFU_H
#define CLI_IMAGE_DFU_H

#include "dfufile.h"
#include "image.h"

/* IMAGE_DFUSE, IMAGE_DFU, or IMAGE_BIN when it is neither. */
enum image_kind dfu_kind(const uint8_t *file, size_t size);
/* Adds what a file puts where; plain bytes go to `address`. */
bool dfu_add(struct image *image, const struct dfu_file *dfu, uint32_t address,
             struct error *error);
/* Fills the segments from image->file; a file with anything wrong is refused. */
bool dfu_image(struct image *image, uint32_t address, struct error *error);
/* The byte of a DfuSe file that is at `address` in the end, NULL when there is none. */
uint8_t *dfu_byte(uint8_t *file, size_t size, uint32_t address);

#endif
