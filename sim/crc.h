/* SPDX-License-Identifier: MIT */
/* CRC calculation unit (RM0376 CRC), 0x40023000. */
#ifndef SIM_CRC_H
#define SIM_CRC_H

#include <stdint.h>

struct board;

struct crc {
    uint32_t remainder; /* as wide as the polynomial */
    uint32_t idr, cr, init, pol;
};

void crc_reset(struct board *b);
uint32_t crc_read(struct board *b, uint32_t offset);
void crc_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);

#endif
