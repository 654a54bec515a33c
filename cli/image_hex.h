/* SPDX-License-Identifier: MIT */
/* The Intel HEX half of image.c. */
#ifndef CLI_IMAGE_HEX_H
#define CLI_IMAGE_HEX_H

#include "image.h"

bool hex_recognise(const uint8_t *file, size_t size);
/* Fills the segments from the text; errors name the line. */
bool hex_parse(struct image *image, const char *text, size_t size, struct error *error);
/* The image as text for the caller to free; NULL when memory is short. */
char *hex_text(const struct image *image, size_t *size);

#endif
