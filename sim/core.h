/* SPDX-License-Identifier: MIT */
/* Between the files of the core: cpu.c, special.c, exception.c. */
#ifndef SIM_CORE_H
#define SIM_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"

enum { SP = 13, LR = 14, PC = 15 };

#define CONTROL_NPRIV 1u
#define CONTROL_SPSEL 2u

#define XPSR_FLAGS 0xF0000000u
#define XPSR_T     0x01000000u
#define XPSR_IPSR  0x0000003Fu

/* Handler mode is privileged and uses the main stack, whatever CONTROL says. */
static inline bool core_unprivileged(const struct cpu *c)
{
    return !c->ipsr && c->control & CONTROL_NPRIV;
}

static inline bool core_process_stack(const struct cpu *c)
{
    return !c->ipsr && c->control & CONTROL_SPSEL;
}

static inline void core_set_flags(struct cpu *c, uint32_t xpsr)
{
    c->n = xpsr >> 31;
    c->z = xpsr >> 30 & 1;
    c->c = xpsr >> 29 & 1;
    c->v = xpsr >> 28 & 1;
}

/* The SP in use became `sp`, which is returned: with a frame below, or by MOV or ADD. */
static inline uint32_t core_grow_stack(struct board *b, uint32_t sp)
{
    if (!core_process_stack(&b->cpu))
        counters_stack_grew(&b->counters, sp);
    return sp;
}

static inline uint32_t core_set_stack(struct board *b, uint32_t sp)
{
    if (!core_process_stack(&b->cpu))
        counters_stack_set(&b->counters, sp);
    return sp;
}

/* The values of MRS and MSR; what the mode may not see reads 0 and ignores writes. */
uint32_t special_read(const struct board *b, unsigned sysm);
void special_write(struct board *b, unsigned sysm, uint32_t value);
void special_write_primask(struct board *b, bool masked);

/* The board stopped, or a reset or power cut came: the instruction in progress must leave no trace
 * in the registers, and nothing further may be stored. */
bool exception_abandoned(const struct board *b);

/* The instruction at cpu.here faults: HardFault, or lockup inside HardFault and NMI. The caller has
 * complained, and returns from the instruction. When it is abandoned only the PC goes back. */
void exception_fault(struct board *b);

/* SVC: a HardFault when it cannot pre-empt what runs now. */
void exception_svc(struct board *b);

/* A branch to `exc_return` in Handler mode. */
void exception_return(struct board *b, uint32_t exc_return);

/* WFI, WFE, or the end of the last handler with SLEEPONEXIT. */
void exception_sleep(struct board *b, enum cpu_sleep how);

/* What cpu.attention asks for: wakes up, takes the most urgent exception.
 * False: nothing to execute, the CPU returns to the board. */
bool exception_attend(struct board *b);

#endif
