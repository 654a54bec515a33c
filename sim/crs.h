/* SPDX-License-Identifier: MIT */
/* Clock recovery system for HSI48 (RM0376 CRS), 0x40006C00. */
#ifndef SIM_CRS_H
#define SIM_CRS_H

#include <stdbool.h>
#include <stdint.h>

struct board;

struct crs {
    uint32_t cr, cfgr, isr;
    uint64_t started; /* picoseconds: when the counter was last reloaded; NEVER: it stands */
    uint32_t pulses;  /* SYNC pulses so far, for SYNCDIV */
};

void crs_reset(struct board *b);
uint32_t crs_read(struct board *b, uint32_t offset);
void crs_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);
void crs_event(struct board *b);

/* The USB block received a start of frame. */
void crs_usb_sof(struct board *b);

#endif
