/* SPDX-License-Identifier: MIT */
/* The ELF half of image.c. */
#ifndef CLI_IMAGE_ELF_H
#define CLI_IMAGE_ELF_H

#include "image.h"

bool elf_recognise(const uint8_t *file, size_t size);
/* Fills the segments from image->file. */
bool elf_parse(struct image *image, struct error *error);
/* The byte of the file that is loaded to `address`, NULL when there is none. */
uint8_t *elf_byte(uint8_t *file, size_t size, uint32_t address);

#endif
