/* SPDX-License-Identifier: MIT */
/* Any bytes as a firmware file: read, changed as `dfuse hide` does, and written back as text. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "image_hex.h"

/* What was written as HEX reads back as the same memory. */
static void round_trip(const struct image *image)
{
    struct image again;
    struct error error;
    size_t size;
    char *text = hex_text(image, &size);

    assert(text);
    assert(image_parse(&again, (uint8_t *)text, size, 0, &error));
    for (size_t i = 0; i < image->count; i++)
        assert(image_contains(&again, image->segment[i].address));
    image_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *file = malloc(size + 1);
    struct image image;
    struct error error;
    uint32_t word;

    assert(file);
    memcpy(file, data, size);
    if (!image_parse(&image, file, size, IMAGE_FLASH, &error))
        return 0;
    image_word(&image, UINT32_MAX - 1, &word);
    if (image_set_word(&image, image.segment[0].address, 0xBE00BE00))
        assert(image_word(&image, image.segment[0].address, &word) && word == 0xBE00BE00);
    round_trip(&image);
    image_free(&image);
    return 0;
}
