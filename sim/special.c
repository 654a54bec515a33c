/* SPDX-License-Identifier: MIT */
/*
 * The special registers of MRS, MSR and CPS (ARM DDI 0419 B1.4, B5.2).
 *
 * Simplified: registers that do not exist read 0 and ignore writes.
 */
#include "board.h"
#include "core.h"

/* SYSm; below 8 its bits choose parts of xPSR. EPSR reads 0. */
enum {
    SYSM_IPSR = 1,
    SYSM_NOT_APSR = 4,
    SYSM_XPSR_END = 8,
    SYSM_MSP = 8,
    SYSM_PSP = 9,
    SYSM_PRIMASK = 16,
    SYSM_CONTROL = 20
};

static uint32_t main_sp(const struct cpu *c)
{
    return core_process_stack(c) ? c->banked_sp : c->r[SP];
}

static uint32_t process_sp(const struct cpu *c)
{
    return core_process_stack(c) ? c->r[SP] : c->banked_sp;
}

uint32_t special_read(const struct board *b, unsigned sysm)
{
    const struct cpu *c = &b->cpu;
    uint32_t parts = (sysm & SYSM_NOT_APSR ? 0 : XPSR_FLAGS) | (sysm & SYSM_IPSR ? XPSR_IPSR : 0);

    if (sysm < SYSM_XPSR_END)
        return cpu_xpsr(b) & parts;
    if (sysm == SYSM_CONTROL)
        return c->control;
    if (core_unprivileged(c))
        return 0;
    switch (sysm) {
    case SYSM_MSP: return main_sp(c);
    case SYSM_PSP: return process_sp(c);
    case SYSM_PRIMASK: return c->primask;
    default: return 0;
    }
}

static void write_sp(struct cpu *c, bool process, uint32_t value)
{
    uint32_t *sp = process == core_process_stack(c) ? &c->r[SP] : &c->banked_sp;

    *sp = value & ~3u;
}

/* SPSEL changes in Thread mode only. */
static void write_control(struct cpu *c, uint32_t value)
{
    uint32_t mask = c->ipsr ? CONTROL_NPRIV : CONTROL_NPRIV | CONTROL_SPSEL;
    uint32_t msp = main_sp(c), psp = process_sp(c);

    c->control = (uint8_t)((c->control & ~mask) | (value & mask));
    c->r[SP] = core_process_stack(c) ? psp : msp;
    c->banked_sp = core_process_stack(c) ? msp : psp;
}

void special_write_primask(struct board *b, bool masked)
{
    struct cpu *c = &b->cpu;

    if (core_unprivileged(c))
        return;
    c->primask = masked;
    c->attention = true;
}

void special_write(struct board *b, unsigned sysm, uint32_t value)
{
    struct cpu *c = &b->cpu;

    if (sysm < SYSM_NOT_APSR)
        core_set_flags(c, value);
    if (core_unprivileged(c))
        return;
    switch (sysm) {
    case SYSM_MSP:
        write_sp(c, false, value);
        counters_stack_new(&b->counters, main_sp(c));
        break;
    case SYSM_PSP: write_sp(c, true, value); break;
    case SYSM_PRIMASK: special_write_primask(b, value & 1); break;
    case SYSM_CONTROL: write_control(c, value); break;
    }
}
