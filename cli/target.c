/* SPDX-License-Identifier: MIT */
#include "target.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ROW 16

/* Of "l072xz"; the index of its x. */
#define PART_LETTERS 6
#define PACKAGE      4

/* RM0376, option bytes: five words, each a half and its complement. */
#define OPTIONS_BASE 0x1FF80000u
#define OPTIONS_SIZE 20u

struct range {
    uint32_t base, size;
};

/* The part that `name` means: "l072xb", or what is printed on the chip or its box, "STM32L072CBT6".
 * There the fifth place is the package, and what follows the size is package and temperature. */
const char *target_part(const char *name)
{
    if (strncasecmp(name, "stm32", 5) == 0)
        name += 5;
    size_t length = strlen(name);
    const char *part;
    for (size_t i = 0; (part = l072_part_name(i)); i++)
        if (length >= PART_LETTERS && length <= PART_LETTERS + 4 &&
            strncasecmp(name, part, PACKAGE) == 0 && isalpha((unsigned char)name[PACKAGE]) &&
            strncasecmp(name + PACKAGE + 1, part + PACKAGE + 1, 1) == 0)
            return part;
    return NULL;
}

struct l072 *target_create(const struct l072_config *config, struct error *error)
{
    struct l072_config named = *config;
    if (config->part && !(named.part = target_part(config->part))) {
        char names[200] = "";
        for (size_t i = 0, at = 0; l072_part_name(i) && at < sizeof(names); i++)
            at += (size_t)snprintf(names + at, sizeof(names) - at, " %s", l072_part_name(i));
        error_set(error, "unknown part '%s'; the parts are%s", config->part, names);
        return NULL;
    }
    struct l072 *board = l072_create(&named);
    if (!board)
        error_set(error, "not enough memory for a board");
    return board;
}

/* Fills ranges with the memories an image may be for; flash is the first. */
static void loadable(const struct l072 *board, struct range ranges[3])
{
    struct l072_geometry geometry;
    l072_get_geometry(board, &geometry);
    ranges[0] = (struct range){geometry.flash_base, geometry.flash_size};
    ranges[1] = (struct range){geometry.eeprom_base, geometry.eeprom_size};
    ranges[2] = (struct range){OPTIONS_BASE, OPTIONS_SIZE};
}

static bool inside(const struct range *range, uint32_t address, uint32_t size)
{
    return address >= range->base && size <= range->size &&
           address - range->base <= range->size - size;
}

static bool check_segment(const struct range ranges[3], const struct image_segment *segment,
                          struct error *error)
{
    for (int i = 0; i < 3; i++)
        if (inside(&ranges[i], segment->address, segment->size))
            return true;
    if (inside(&ranges[0], segment->address, 1))
        return error_set(
            error,
            "the image is larger than the part: its data at 0x%08X has %u bytes, the flash "
            "ends at 0x%08X; choose a larger part with --part",
            segment->address, segment->size, ranges[0].base + ranges[0].size);
    return error_set(
        error,
        "the image has data at 0x%08X, outside flash 0x%08X-0x%08X; link it for this part, "
        "or give --address for a file of plain bytes",
        segment->address, ranges[0].base, ranges[0].base + ranges[0].size - 1);
}

bool target_load(struct l072 *board, const struct image *image, struct error *error)
{
    struct range ranges[3];
    loadable(board, ranges);
    for (size_t i = 0; i < image->count; i++)
        if (!check_segment(ranges, &image->segment[i], error))
            return false;
    for (size_t i = 0; i < image->count; i++) {
        const struct image_segment *segment = &image->segment[i];
        if (l072_load(board, segment->address, segment->data, segment->size) != 0)
            return error_set(error, "the board has no memory at 0x%08X", segment->address);
    }
    return true;
}

static bool add_row(const struct l072 *board, struct image *kept, uint32_t address, uint32_t size,
                    struct error *error)
{
    static const uint8_t erased[ROW];
    uint8_t row[ROW];
    if (l072_peek(board, address, row, size) != 0)
        return error_set(error, "the board has no memory at 0x%08X", address);
    return memcmp(row, erased, size) == 0 || image_add(kept, address, row, size, error);
}

static bool add_range(const struct l072 *board, struct image *kept, const struct range *range,
                      struct error *error)
{
    for (uint32_t done = 0; done < range->size; done += ROW) {
        uint32_t size = range->size - done < ROW ? range->size - done : ROW;
        if (!add_row(board, kept, range->base + done, size, error))
            return false;
    }
    return true;
}

bool target_save(const struct l072 *board, const char *path, struct error *error)
{
    struct range ranges[3];
    struct image kept = {.kind = IMAGE_HEX};
    loadable(board, ranges);
    bool ok = true;
    for (int i = 0; i < 3 && ok; i++)
        ok = add_range(board, &kept, &ranges[i], error);
    ok = ok && image_save(&kept, path, error);
    image_free(&kept);
    return ok;
}

bool target_holds(const struct l072 *board, const struct image *image)
{
    struct range ranges[3];
    loadable(board, ranges);
    for (size_t i = 0; i < image->count; i++) {
        const struct image_segment *segment = &image->segment[i];
        if (!inside(&ranges[0], segment->address, segment->size))
            continue;
        for (uint32_t done = 0; done < segment->size; done += ROW) {
            uint32_t size = segment->size - done < ROW ? segment->size - done : ROW;
            uint8_t row[ROW];
            if (l072_peek(board, segment->address + done, row, size) != 0 ||
                memcmp(row, segment->data + done, size) != 0)
                return false;
        }
    }
    return true;
}
