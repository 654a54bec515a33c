/* SPDX-License-Identifier: MIT */
/* The Cortex-M0+ core: ARMv6-M instructions and exceptions (ARM DDI 0419, DDI 0484). */
#ifndef SIM_CPU_H
#define SIM_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "bus.h"

struct board;

struct cpu {
    uint32_t r[16];     /* r[13] is the SP in use, r[15] the address of the next instruction */
    uint32_t banked_sp; /* the SP not in use */
    uint32_t here;      /* address of the instruction being executed */
    uint32_t last_word; /* word address of the last fetch, for wait states */
    bool n, z, c, v, t; /* APSR flags, EPSR.T */
    uint8_t ipsr;       /* exception number being handled, 0 in Thread mode */
    bool primask;
    uint8_t control; /* nPRIV bit 0, SPSEL bit 1 */
    bool event;      /* event register of WFE/SEV */
    uint8_t sleep;   /* enum cpu_sleep */
    bool lockup;
    bool attention; /* look before the next instruction: exception, sleep, T = 0; also set by
                     * whoever makes board_must_return() true */
    struct fetch_window window;
};
enum cpu_sleep { CPU_AWAKE, CPU_WFI, CPU_WFE };

/* Reset: loads MSP and PC from addresses 0 and 4, whatever they alias. */
void cpu_reset(struct board *b);
/* Executes while time.cycles < time.target; returns early when asleep, locked up, or when
 * board_must_return() says so. Takes exceptions on the way. */
void cpu_run(struct board *b);
/* Locked up, or asleep with nothing to wake it: the board may jump to the next event. */
bool cpu_idle(const struct board *b);
uint32_t cpu_xpsr(const struct board *b);

#endif
