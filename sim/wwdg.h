/* SPDX-License-Identifier: MIT */
/* System window watchdog (RM0376 WWDG), 0x40002C00. */
#ifndef SIM_WWDG_H
#define SIM_WWDG_H

#include <stdbool.h>
#include <stdint.h>

struct board;

struct wwdg {
    bool active, early; /* CR.WDGA, SR.EWIF */
    uint32_t cfr;
    uint32_t counter; /* CR.T */
    uint32_t clock;   /* HCLK cycles of one PCLK cycle; 0: it stands */
    uint64_t since;   /* cycles: when it took this value */
};

void wwdg_reset(struct board *b);
uint32_t wwdg_read(struct board *b, uint32_t offset);
void wwdg_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);
void wwdg_event(struct board *b);

/* HCLK, PCLK1 or the clock enable may have changed. */
void wwdg_clock_changed(struct board *b);

#endif
