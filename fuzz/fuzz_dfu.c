/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a DFU file: read, and made again when nothing is wrong with it. And any bytes as a
 * firmware file that `dfuse pack` packs: a host that erases each element before it writes it leaves
 * the memory of that file. The first byte chooses the bootloader.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dfufile.h"
#include "image.h"
#include "packing.h"

static const struct l072_geometry geometry = {
    .flash_base = 0x08000000,
    .flash_size = 192 * 1024,
    .eeprom_base = 0x08080000,
    .eeprom_size = 6 * 1024,
};

static void make_again(const struct dfu_file *dfu)
{
    struct dfu_file again;
    size_t size;
    uint8_t *file = dfu_build(dfu, &size);
    assert(file);
    assert(dfu_parse(&again, file, size));
    assert(again.targets == dfu->targets && again.elements == dfu->elements);
    for (size_t i = 0; i < dfu->elements; i++) {
        assert(again.element[i].address == dfu->element[i].address);
        assert(again.element[i].size == dfu->element[i].size);
        assert(!memcmp(again.element[i].data, dfu->element[i].data, dfu->element[i].size));
    }
    assert(again.problems == 0);
    dfu_free(&again);
    free(file);
}

static bool fits(const struct image *image)
{
    for (size_t i = 0; i < image->count; i++) {
        uint32_t address = image->segment[i].address, size = image->segment[i].size;
        uint32_t in_flash = address - geometry.flash_base;
        uint32_t in_eeprom = address - geometry.eeprom_base;
        if (!(in_flash < geometry.flash_size && size <= geometry.flash_size - in_flash) &&
            !(in_eeprom < geometry.eeprom_size && size <= geometry.eeprom_size - in_eeprom))
            return false;
    }
    return true;
}

/* What a host does: all units that an element touches are erased, then it is written. */
static void download(uint8_t *chip, const struct dfu_file *dfu, uint32_t unit)
{
    for (size_t i = 0; i < dfu->elements; i++) {
        const struct dfuse_element *element = &dfu->element[i];
        uint32_t offset = element->address - geometry.flash_base;
        if (offset >= geometry.flash_size)
            continue;
        assert(offset % 8 == 0 && element->size % 8 == 0);
        uint32_t from = offset & ~(unit - 1);
        uint32_t end = (offset + element->size + unit - 1) & ~(unit - 1);
        memset(chip + from, 0, end - from);
        memcpy(chip + offset, element->data, element->size);
    }
}

static void pack(const struct image *image, const struct bootloader *bootloader)
{
    struct dfu_file dfu = {.suffix.bcd_dfu = DFU_DFUSE};
    struct error error;
    uint8_t *flash = calloc(1, geometry.flash_size), *chip = calloc(1, geometry.flash_size);
    assert(flash && chip);
    if (packing_dfuse(&dfu, image, flash, &geometry, bootloader, &error)) {
        download(chip, &dfu, bootloader->erase_unit);
        assert(!memcmp(chip, flash, geometry.flash_size));
        make_again(&dfu);
    }
    dfu_free(&dfu);
    free(flash);
    free(chip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dfu_file dfu;
    struct image image;
    struct error error;
    if (size < 1)
        return 0;
    const struct bootloader *bootloader = *data & 1 ? &bootloader_rom : &bootloader_resident;
    assert(dfu_parse(&dfu, data + 1, size - 1));
    if (dfu.problems == 0)
        make_again(&dfu);
    dfu_free(&dfu);

    uint8_t *file = malloc(size);
    assert(file);
    memcpy(file, data + 1, size - 1);
    if (!image_parse(&image, file, size - 1, bootloader->first, &error))
        return 0;
    if (fits(&image))
        pack(&image, bootloader);
    image_free(&image);
    return 0;
}
