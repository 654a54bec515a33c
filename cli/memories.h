/* SPDX-License-Identifier: MIT */
/* The memories that DFU hosts write, and how the two bootloaders number and name them. */
#ifndef CLI_MEMORIES_H
#define CLI_MEMORIES_H

#include "image.h"
#include "l072.h"

/* In the order to write them in: what ROM and hosts start is the flash, and option bytes reset. */
enum memory { MEMORY_EEPROM, MEMORY_FLASH, MEMORY_OPTIONS, MEMORIES };

#define OPTIONS_BASE 0x1FF80000u

struct bootloader {
    bool is_rom;
    uint16_t id_vendor, id_product;
    uint32_t first;      /* of the flash that it lets hosts write */
    uint32_t erase_unit; /* what hosts erase with one request */
    struct {
        uint8_t alternate;
        const char *name;
    } memory[MEMORIES];
};

extern const struct bootloader bootloader_resident, bootloader_rom;

extern const char *const memory_name[MEMORIES];
/* Of a segment that target_load() takes. */
enum memory memory_of(const struct l072_geometry *geometry, uint32_t address);

#endif
