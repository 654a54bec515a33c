/* SPDX-License-Identifier: MIT */
/* Random number generator (RM0376 RNG), 0x40025000. */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct board;

struct rng {
    uint32_t cr, dr;
    bool ready, clock_error; /* SR.DRDY, SR.CEIS */
    bool at_work;            /* its event is due */
};

void rng_reset(struct board *b);
uint32_t rng_read(struct board *b, uint32_t offset);
void rng_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);
void rng_event(struct board *b);

/* The 48 MHz clock or the clock enable may have changed. */
void rng_clock_changed(struct board *b);

#endif
