/* SPDX-License-Identifier: MIT */
/* The linked stand-ins for ST's system memory, embedded by images.S. */
#ifndef SIM_ROM_IMAGES_H
#define SIM_ROM_IMAGES_H

#include <stdint.h>

#define ROM_IMAGE_SIZE 8192

extern const uint8_t l072_rom_v40[ROM_IMAGE_SIZE];
extern const uint8_t l072_rom_v41[ROM_IMAGE_SIZE];

#endif
