/* SPDX-License-Identifier: MIT */
/*
 * Firmware images: what a file puts at which address. The kind of a file is found from its
 * content, never from its name: ELF (32-bit ARM executable, placed by physical address), Intel HEX
 * (all record types), DfuSe, plain bytes with a DFU suffix; anything else is plain bytes.
 */
#ifndef CLI_IMAGE_H
#define CLI_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define IMAGE_FLASH 0x08000000u /* where plain bytes go by default */

enum image_kind { IMAGE_BIN, IMAGE_ELF, IMAGE_HEX, IMAGE_DFUSE, IMAGE_DFU };

struct image_segment {
    uint32_t address, size;
    uint8_t *data;
};

/* A zeroed struct image is an empty one; image_free() makes it so again. */
struct image {
    enum image_kind kind;
    struct image_segment *segment; /* by rising address, none overlap */
    size_t count;
    bool has_start;
    uint32_t start; /* start address the file names */
    uint8_t *file;  /* the file as read, for image_save() */
    size_t file_size;
};

enum image_kind image_kind_of(const uint8_t *file, size_t size);
/* Reads `path`; `address` is where plain bytes go. On failure `image` is empty. */
bool image_load(struct image *image, const char *path, uint32_t address, struct error *error);
/* The same from memory; `image` takes over `file`, also on failure. */
bool image_parse(struct image *image, uint8_t *file, size_t size, uint32_t address,
                 struct error *error);
/* Writes the image in its own kind, whole or not at all. */
bool image_save(const struct image *image, const char *path, struct error *error);
void image_free(struct image *image);

/* Adds bytes; memory given twice is an error. */
bool image_add(struct image *image, uint32_t address, const void *data, size_t size,
               struct error *error);
/* The same, but all of it may be given already: then the later bytes count. */
bool image_overwrite(struct image *image, uint32_t address, const void *data, size_t size,
                     struct error *error);
/* Reads the little-endian word at any `address`; false unless all its bytes are in the image. */
bool image_word(const struct image *image, uint32_t address, uint32_t *word);
/* Changes a word of the image, and of its file; false unless all its bytes are in the image. */
bool image_set_word(struct image *image, uint32_t address, uint32_t word);
bool image_contains(const struct image *image, uint32_t address);

#endif
