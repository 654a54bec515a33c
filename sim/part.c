/* SPDX-License-Identifier: MIT */
/*
 * Unconfirmed, and how it is read here:
 * - System memory ends at 0x1FF01FFF, that of category 3 at 0x1FF00FFF.
 * - 64 KB parts of category 5 have one bank and 3 KB of EEPROM.
 */
#include "part.h"

#include <string.h>

#define KB 1024

/*
 * DEV_ID 0x447 is category 5, 0x417 category 3 (RM0376 DBGMCU_IDCODE); REV_ID 0x2008 is revision
 * Z. 192 and 128 KB parts have two banks; OpenOCD treats 64 KB parts of category 5 as one. L071 has
 * no USB; category 3 has USB, one bank, and a ROM without DFU (AN2606).
 */
#define CAT5(name, size, bank2, eeprom)                                                            \
    {                                                                                              \
        name, 0x20086447, (size)*KB, (bank2)*KB, (eeprom)*KB, 20 * KB, 8 * KB, true, true          \
    }

#define CAT3(name, size)                                                                           \
    {                                                                                              \
        name, 0x20086417, (size)*KB, 0, 2 * KB, 8 * KB, 4 * KB, true, false                        \
    }

static const struct part parts[] = {
    CAT5("l072xz", 192, 96, 6),
    CAT5("l072xb", 128, 64, 6),
    CAT5("l072x8", 64, 0, 3),
    CAT5("l073xz", 192, 96, 6),
    CAT5("l073xb", 128, 64, 6),
    CAT5("l073x8", 64, 0, 3),
    CAT5("l082xz", 192, 96, 6),
    CAT5("l082xb", 128, 64, 6),
    CAT5("l083xz", 192, 96, 6),
    CAT5("l083xb", 128, 64, 6),
    CAT5("l083x8", 64, 0, 3),
    {"l071xz", 0x20086447, 192 * KB, 96 * KB, 6 * KB, 20 * KB, 8 * KB, false, false},
    CAT3("l052x8", 64),
    CAT3("l052x6", 32),
    CAT3("l053x8", 64),
    CAT3("l053x6", 32),
    CAT3("l062x8", 64),
    CAT3("l063x8", 64),
};

const struct part *part_at(size_t i)
{
    return i < sizeof parts / sizeof parts[0] ? &parts[i] : NULL;
}

const struct part *part_find(const char *name)
{
    const struct part *part;

    for (size_t i = 0; (part = part_at(i)); i++)
        if (strcmp(part->name, name) == 0)
            return part;
    return NULL;
}
