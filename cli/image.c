/* SPDX-License-Identifier: MIT */
#include "image.h"

#include <stdlib.h>
#include <string.h>

#include "dfufile.h"
#include "file.h"
#include "image_dfu.h"
#include "image_elf.h"
#include "image_hex.h"

static uint64_t segment_end(const struct image_segment *segment)
{
    return (uint64_t)segment->address + segment->size;
}

static bool append(struct image_segment *segment, const void *data, size_t size)
{
    uint8_t *larger = realloc(segment->data, segment->size + size);
    if (!larger)
        return false;
    memcpy(larger + segment->size, data, size);
    segment->data = larger;
    segment->size += (uint32_t)size;
    return true;
}

/* Makes an empty segment number i. */
static bool insert(struct image *image, size_t i, uint32_t address)
{
    struct image_segment *larger =
        realloc(image->segment, (image->count + 1) * sizeof(image->segment[0]));
    if (!larger)
        return false;
    memmove(larger + i + 1, larger + i, (image->count - i) * sizeof(larger[0]));
    larger[i] = (struct image_segment){.address = address};
    image->segment = larger;
    image->count++;
    return true;
}

bool image_add(struct image *image, uint32_t address, const void *data, size_t size,
               struct error *error)
{
    if (size == 0)
        return true;
    if (size > UINT64_C(0x100000000) - address)
        return error_set(error, "data at 0x%08X goes past the end of the address space", address);

    size_t next = image->count; /* the first segment above `address` */
    while (next > 0 && image->segment[next - 1].address > address)
        next--;
    uint64_t before_end = next > 0 ? segment_end(&image->segment[next - 1]) : 0;
    if (before_end > address)
        return error_set(error, "the file gives address 0x%08X twice", address);
    if (next < image->count && image->segment[next].address < address + (uint64_t)size)
        return error_set(error, "the file gives address 0x%08X twice",
                         image->segment[next].address);

    bool joins = next > 0 && before_end == address;
    if (!joins && !insert(image, next++, address))
        return error_set(error, "not enough memory for the image");
    if (!append(&image->segment[next - 1], data, size))
        return error_set(error, "not enough memory for the image");
    return true;
}

static uint8_t *byte_at(const struct image *image, uint32_t address)
{
    for (size_t i = 0; i < image->count; i++) {
        const struct image_segment *segment = &image->segment[i];
        if (address >= segment->address && address < segment_end(segment))
            return &segment->data[address - segment->address];
    }
    return NULL;
}

bool image_contains(const struct image *image, uint32_t address)
{
    return byte_at(image, address) != NULL;
}

bool image_overwrite(struct image *image, uint32_t address, const void *data, size_t size,
                     struct error *error)
{
    const uint8_t *bytes = data;
    size_t given = 0;
    while (given < size && size <= UINT64_C(0x100000000) - address &&
           byte_at(image, address + (uint32_t)given))
        given++;
    if (given < size || size == 0)
        return image_add(image, address, data, size, error);
    for (size_t i = 0; i < size; i++)
        *byte_at(image, address + (uint32_t)i) = bytes[i];
    return true;
}

bool image_word(const struct image *image, uint32_t address, uint32_t *word)
{
    *word = 0;
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *byte = byte_at(image, address + i);
        if (!byte)
            return false;
        *word |= (uint32_t)*byte << (8 * i);
    }
    return true;
}

/* Where the byte at `address`, known to be in the image, is in the file. */
static uint8_t *byte_in_file(const struct image *image, uint32_t address)
{
    switch (image->kind) {
    case IMAGE_BIN:
    case IMAGE_DFU: return &image->file[address - image->segment[0].address];
    case IMAGE_ELF: return elf_byte(image->file, image->file_size, address);
    case IMAGE_DFUSE: return dfu_byte(image->file, image->file_size, address);
    case IMAGE_HEX: break; /* image_save() writes the segments */
    }
    return NULL;
}

bool image_set_word(struct image *image, uint32_t address, uint32_t word)
{
    uint32_t old;
    if (!image_word(image, address, &old))
        return false;
    for (unsigned i = 0; i < 4; i++) {
        uint8_t value = (uint8_t)(word >> (8 * i));
        *byte_at(image, address + i) = value;
        uint8_t *in_file = byte_in_file(image, address + i);
        if (in_file)
            *in_file = value;
    }
    if (image->kind == IMAGE_DFUSE || image->kind == IMAGE_DFU)
        dfu_seal(image->file, image->file_size);
    return true;
}

enum image_kind image_kind_of(const uint8_t *file, size_t size)
{
    if (elf_recognise(file, size))
        return IMAGE_ELF;
    if (hex_recognise(file, size))
        return IMAGE_HEX;
    return dfu_kind(file, size);
}

bool image_parse(struct image *image, uint8_t *file, size_t size, uint32_t address,
                 struct error *error)
{
    *image = (struct image){.kind = image_kind_of(file, size), .file = file, .file_size = size};
    bool ok = false;
    switch (image->kind) {
    case IMAGE_ELF: ok = elf_parse(image, error); break;
    case IMAGE_HEX: ok = hex_parse(image, (const char *)file, size, error); break;
    case IMAGE_DFUSE:
    case IMAGE_DFU: ok = dfu_image(image, address, error); break;
    case IMAGE_BIN: ok = image_add(image, address, file, size, error); break;
    }
    if (ok && image->count == 0)
        ok = error_set(error, "holds no data to load; link it for the flash");
    if (!ok)
        image_free(image);
    return ok;
}

bool image_load(struct image *image, const char *path, uint32_t address, struct error *error)
{
    *image = (struct image){0};
    uint8_t *file;
    size_t size;
    struct error reason;
    if (!file_read(path, &file, &size, error))
        return false;
    if (!image_parse(image, file, size, address, &reason))
        return error_set(error, "%s: %s", path, reason.text);
    return true;
}

bool image_save(const struct image *image, const char *path, struct error *error)
{
    if (image->kind != IMAGE_HEX)
        return file_write(path, image->file, image->file_size, error);
    size_t size;
    char *text = hex_text(image, &size);
    if (!text)
        return error_set(error, "cannot write %s: not enough memory", path);
    bool ok = file_write(path, text, size, error);
    free(text);
    return ok;
}

void image_free(struct image *image)
{
    for (size_t i = 0; i < image->count; i++)
        free(image->segment[i].data);
    free(image->segment);
    free(image->file);
    *image = (struct image){0};
}
