/* SPDX-License-Identifier: MIT */
/* Low-power timer LPTIM1 (RM0376 LPTIM), 0x40007C00. */
#ifndef SIM_LPTIM_H
#define SIM_LPTIM_H

#include <stdbool.h>
#include <stdint.h>

struct board;

struct lptim {
    uint32_t isr, ier, cfgr, cr, cmp, arr;
    uint32_t cnt, prescaled; /* clocks since the last count */
    uint32_t hz;             /* of its clock; 0: it stands */
    uint64_t tick;           /* clocks since the board was made: counted up to here */
    uint64_t cmp_ok, arr_ok; /* tick at which CMPOK and ARROK rise; 0: none is to come */
};

void lptim_reset(struct board *b);
uint32_t lptim_read(struct board *b, uint32_t offset);
void lptim_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);
void lptim_event(struct board *b);

/* Its clock or the clock enable may have changed. */
void lptim_clock_changed(struct board *b);

#endif
