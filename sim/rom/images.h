/* SPDX-License-Identifier: MIT */
/* The linked stand-ins for ST's system memory, embedded by images.S. */
#ifndef SIM_ROM_IMAGES_H
#define SIM_ROM_IMAGES_H

#include <stdint.h>

extern const uint8_t l072_rom_v40[], l072_rom_v40_end[];
extern const uint8_t l072_rom_v41[], l072_rom_v41_end[];

#endif
