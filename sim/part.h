/* SPDX-License-Identifier: MIT */
/* The parts the board can carry. */
#ifndef SIM_PART_H
#define SIM_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct part {
    char name[12];
    uint32_t idcode;      /* DBGMCU_IDCODE */
    uint32_t flash_size;  /* bytes */
    uint32_t bank2;       /* offset of bank 2 in the flash, 0: single bank */
    uint32_t eeprom_size; /* bytes; two banks of half when bank2 is set */
    uint32_t sram_size;
    uint32_t rom_size;
    bool usb;     /* has the USB peripheral */
    bool rom_dfu; /* its ROM speaks DFU: the stand-in is loaded */
};

/* The i-th part of the table, NULL past the end. */
const struct part *part_at(size_t i);
const struct part *part_find(const char *name);

#endif
