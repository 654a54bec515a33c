/* SPDX-License-Identifier: MIT */
/* MCU debug component (RM0376 DBGMCU), 0x40015800. */
#ifndef SIM_DBGMCU_H
#define SIM_DBGMCU_H

#include <stdint.h>

struct board;

struct dbgmcu {
    uint32_t cr, apb1_fz, apb2_fz;
};

void dbgmcu_reset(struct board *b);
uint32_t dbgmcu_read(struct board *b, uint32_t offset);
void dbgmcu_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);

#endif
