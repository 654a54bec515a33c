/* SPDX-License-Identifier: MIT */
#include "memories.h"

/* boot/identity.c and boot/public.h; docs/bootloader.md tells them to users. */
const struct bootloader bootloader_resident = {
    .id_vendor = 0x1209,
    .id_product = 0x0001,
    .first = 0x08001100,
    .erase_unit = 4096,
    .memory = {[MEMORY_FLASH] = {0, "Flash"},
               [MEMORY_EEPROM] = {1, "EEPROM"},
               [MEMORY_OPTIONS] = {2, "Options"}},
};

/* AN2606; the names are those that devices tell. */
const struct bootloader bootloader_rom = {
    .is_rom = true,
    .id_vendor = 0x0483,
    .id_product = 0xDF11,
    .first = IMAGE_FLASH,
    .erase_unit = 128,
    .memory = {[MEMORY_FLASH] = {0, "Internal Flash"},
               [MEMORY_OPTIONS] = {1, "Option Bytes"},
               [MEMORY_EEPROM] = {2, "DATA Memory"}},
};

const char *const memory_name[MEMORIES] = {
    [MEMORY_EEPROM] = "eeprom", [MEMORY_FLASH] = "flash", [MEMORY_OPTIONS] = "options"};

enum memory memory_of(const struct l072_geometry *geometry, uint32_t address)
{
    if (address - geometry->flash_base < geometry->flash_size)
        return MEMORY_FLASH;
    return address - geometry->eeprom_base < geometry->eeprom_size ? MEMORY_EEPROM : MEMORY_OPTIONS;
}
