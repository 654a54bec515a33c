/* SPDX-License-Identifier: MIT */
#include "packing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOUBLE_WORD 8u

struct packer {
    struct dfu_file *dfu;
    const struct image *image;
    uint8_t *flash;
    const struct l072_geometry *geometry;
    const struct bootloader *bootloader;
    struct error *error;
};

static bool add_element(struct packer *p, uint32_t address, uint32_t size, const uint8_t *data)
{
    struct dfu_file *dfu = p->dfu;
    struct dfuse_element *larger =
        realloc(dfu->element, (dfu->elements + 1) * sizeof(dfu->element[0]));
    if (!larger)
        return error_set(p->error, "not enough memory for the file");
    dfu->element = larger;
    dfu->element[dfu->elements++] = (struct dfuse_element){
        .target = (uint8_t)(dfu->targets - 1), .address = address, .size = size, .data = data};
    return true;
}

static bool add_flash(struct packer *p, uint32_t address, uint32_t end)
{
    return address == end ||
           add_element(p, address, end - address, p->flash + (address - p->geometry->flash_base));
}

static enum memory memory_at(const struct packer *p, size_t segment)
{
    return memory_of(p->geometry, p->image->segment[segment].address);
}

/* Copies the flash; *from and *end are its first and last double word. */
static bool fill_flash(struct packer *p, uint32_t *from, uint32_t *end)
{
    *from = *end = 0;
    for (size_t i = 0; i < p->image->count; i++) {
        const struct image_segment *segment = &p->image->segment[i];
        if (memory_at(p, i) != MEMORY_FLASH)
            continue;
        if (!*from)
            *from = segment->address & ~(DOUBLE_WORD - 1);
        *end = (segment->address + segment->size + DOUBLE_WORD - 1) & ~(DOUBLE_WORD - 1);
        memcpy(p->flash + (segment->address - p->geometry->flash_base), segment->data,
               segment->size);
    }
    if (*from >= p->bootloader->first || !*from)
        return true;
    return error_set(p->error,
                     "the image has data at 0x%08X, where the resident bootloader is; link it for "
                     "0x%08X, or pack it for ST's ROM with --rom",
                     *from, p->bootloader->first);
}

/* Where the data ends that begins at `from`: the next has a unit of its own. */
static uint32_t run_end(const struct packer *p, uint32_t from, uint32_t end)
{
    uint32_t unit = p->bootloader->erase_unit, run = from;
    for (size_t i = 0; i < p->image->count; i++) {
        const struct image_segment *segment = &p->image->segment[i];
        uint32_t address = segment->address & ~(DOUBLE_WORD - 1);
        if (memory_at(p, i) != MEMORY_FLASH || segment->address + segment->size <= from)
            continue;
        if (run > from && (run - 1) / unit < address / unit && run < address)
            break;
        run = (segment->address + segment->size + DOUBLE_WORD - 1) & ~(DOUBLE_WORD - 1);
    }
    return run < end ? run : end;
}

/* The address of the first data from `from` on, or `end`. */
static uint32_t next_run(const struct packer *p, uint32_t from, uint32_t end)
{
    for (size_t i = 0; i < p->image->count; i++) {
        const struct image_segment *segment = &p->image->segment[i];
        if (memory_at(p, i) != MEMORY_FLASH || segment->address + segment->size <= from)
            continue;
        uint32_t address = segment->address & ~(DOUBLE_WORD - 1);
        return address > from ? address : from;
    }
    return end;
}

static bool pack_flash(struct packer *p)
{
    static const uint8_t zeros[4096];
    uint32_t first, end, unit = p->bootloader->erase_unit;
    if (!fill_flash(p, &first, &end))
        return false;
    uint32_t vectors_end = (first & ~(unit - 1)) + unit;
    uint32_t first_end = run_end(p, first, end < vectors_end ? end : vectors_end);
    if (p->bootloader->is_rom && first == IMAGE_FLASH && first_end < end &&
        !add_element(p, first, unit, zeros))
        return false;
    for (uint32_t from = next_run(p, first_end, end); from < end;) {
        uint32_t run = run_end(p, from, end);
        if (!add_flash(p, from, run))
            return false;
        from = next_run(p, run, end);
    }
    return add_flash(p, first, first_end);
}

static bool pack_words(struct packer *p, enum memory memory)
{
    for (size_t i = 0; i < p->image->count; i++) {
        const struct image_segment *segment = &p->image->segment[i];
        if (memory_at(p, i) != memory)
            continue;
        if (segment->address % 4 || segment->size % 4)
            return error_set(p->error,
                             "the %u bytes at 0x%08X are no whole words, and only words can be "
                             "written there; align them to 4",
                             segment->size, segment->address);
        if (memory == MEMORY_OPTIONS && p->bootloader->is_rom && segment->address != OPTIONS_BASE)
            return error_set(p->error,
                             "the option bytes begin at 0x%08X; ST's ROM takes them from 0x%08X "
                             "on only: add those before",
                             segment->address, OPTIONS_BASE);
        if (!add_element(p, segment->address, segment->size, segment->data))
            return false;
    }
    return true;
}

static bool has_memory(const struct packer *p, enum memory memory)
{
    for (size_t i = 0; i < p->image->count; i++)
        if (memory_at(p, i) == memory)
            return true;
    return false;
}

bool packing_dfuse(struct dfu_file *dfu, const struct image *image, uint8_t *flash,
                   const struct l072_geometry *geometry, const struct bootloader *bootloader,
                   struct error *error)
{
    struct packer p = {dfu, image, flash, geometry, bootloader, error};
    dfu->target = calloc(MEMORIES, sizeof(dfu->target[0]));
    if (!dfu->target)
        return error_set(error, "not enough memory for the file");
    for (enum memory memory = 0; memory < MEMORIES; memory++) {
        if (!has_memory(&p, memory))
            continue;
        struct dfuse_target *target = &dfu->target[dfu->targets++];
        target->alternate = bootloader->memory[memory].alternate;
        target->named = true;
        snprintf(target->name, sizeof(target->name), "%s", bootloader->memory[memory].name);
        if (memory == MEMORY_FLASH ? !pack_flash(&p) : !pack_words(&p, memory))
            return false;
    }
    return true;
}

bool packing_plain(struct dfu_file *dfu, const struct image *image, uint8_t *flash,
                   const struct l072_geometry *geometry, const struct bootloader *bootloader,
                   struct error *error)
{
    struct packer p = {dfu, image, flash, geometry, bootloader, error};
    uint32_t from, end;
    if (has_memory(&p, MEMORY_EEPROM) || has_memory(&p, MEMORY_OPTIONS))
        return error_set(error, "the image has data outside the flash, and a plain DFU file holds "
                                "one memory; leave out --plain");
    if (!fill_flash(&p, &from, &end))
        return false;
    /* The bootloader takes any length: no double words here. */
    const struct image_segment *last = &image->segment[image->count - 1];
    from = image->segment[0].address;
    dfu->payload = flash + (from - geometry->flash_base);
    dfu->payload_size = last->address + last->size - from;
    return true;
}
