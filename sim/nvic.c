/* SPDX-License-Identifier: MIT */
/*
 * The system control space: NVIC, SCB and MPU registers (ARM DDI 0419 B3).
 *
 * Not modelled / simplified:
 *  - The MPU keeps its registers and enforces nothing: MPU_CTRL.ENABLE stops the board.
 *  - Debug: SHCSR, DFSR, DHCSR and the like are not there; VECTCLRACTIVE does nothing.
 *  - Latency between a line and its pending bit.
 * Unconfirmed, and how it is read here:
 *  - The MPU has 8 regions. VTOR keeps bits 31:8. AIRCR reads 0xFA050000. CCR reads 0x208.
 */
#include "board.h"

#define CPUID       0x410CC601u /* Cortex-M0+ r0p1 */
#define MPU_TYPE    0x00000800u /* 8 unified regions */
#define CCR         0x00000208u /* STKALIGN, UNALIGN_TRP: fixed */
#define VTOR_MASK   0xFFFFFF00u
#define VECTKEY     0x05FA0000u /* AIRCR[31:16] to be written, reads as VECTKEYSTAT */
#define VECTKEYSTAT 0xFA050000u
#define SYSRESETREQ (1u << 2)

/* Writable bits. */
#define SCR_MASK        (SCR_SLEEPONEXIT | SCR_SLEEPDEEP | SCR_SEVONPEND)
#define PRIORITY_MASK   0xC0u
#define MPU_CTRL_ENABLE 0x1u
#define MPU_CTRL_MASK   0x7u
#define MPU_RBAR_ADDR   0xFFFFFF00u
#define MPU_RBAR_VALID  (1u << 4)
#define MPU_RASR_MASK   0x1707FF3Fu

/* ICSR */
#define NMIPENDSET (1u << 31)
#define PENDSVSET  (1u << 28)
#define PENDSVCLR  (1u << 27)
#define PENDSTSET  (1u << 26)
#define PENDSTCLR  (1u << 25)
#define ISRPENDING (1u << 22)

/* ---- State ---------------------------------------------------------------------------------- */

static uint64_t bit(unsigned exception)
{
    return UINT64_C(1) << exception;
}

static uint64_t external(uint32_t irqs)
{
    return (uint64_t)irqs << EXC_IRQ0;
}

void nvic_reset(struct board *b)
{
    struct nvic *n = &b->nvic;

    event_cancel(b, EVENT_SYSTICK);
    *n = (struct nvic){0};
}

void nvic_pend(struct board *b, unsigned exception)
{
    struct nvic *n = &b->nvic;

    if (!(n->pending & bit(exception)) && exception >= EXC_IRQ0 && n->scr & SCR_SEVONPEND)
        b->cpu.event = true;
    n->pending |= bit(exception);
    b->cpu.attention = true;
}

static void pend_all(struct board *b, uint32_t irqs)
{
    for (unsigned i = 0; i < 32; i++)
        if (irqs >> i & 1)
            nvic_pend(b, EXC_IRQ0 + i);
}

/* Lines that are asserted and not being handled. */
static uint32_t waiting_lines(const struct nvic *n)
{
    uint32_t lines = 0;

    for (unsigned i = 0; i < 32; i++)
        lines |= (uint32_t)(n->line[i] != 0) << i;
    return lines & ~(uint32_t)(n->active >> EXC_IRQ0);
}

void nvic_drive(struct board *b, enum irq irq, unsigned source, bool level)
{
    uint8_t *line = &b->nvic.line[irq];
    bool before = *line;

    *line = (uint8_t)(level ? *line | 1u << source : *line & ~(1u << source));
    if (*line && !before)
        nvic_pend(b, EXC_IRQ0 + irq);
}

int nvic_priority(const struct board *b, unsigned exception)
{
    switch (exception) {
    case EXC_NMI: return -2;
    case EXC_HARDFAULT: return -1;
    default: return b->nvic.priority[exception];
    }
}

/* The first exception of the set with the lowest priority value; 0: the set is empty. */
static unsigned most_urgent(const struct board *b, uint64_t set)
{
    unsigned best = 0;

    for (unsigned i = EXC_NMI; set >> i; i++)
        if (set >> i & 1 && (!best || nvic_priority(b, i) < nvic_priority(b, best)))
            best = i;
    return best;
}

int nvic_active_priority(const struct board *b)
{
    unsigned exception = most_urgent(b, b->nvic.active);

    return exception ? nvic_priority(b, exception) : PRIORITY_NONE;
}

unsigned nvic_most_urgent(const struct board *b)
{
    const struct nvic *n = &b->nvic;

    return most_urgent(b, n->pending & (external(n->enabled) | (bit(EXC_IRQ0) - 1)));
}

void nvic_activate(struct board *b, unsigned exception)
{
    b->nvic.pending &= ~bit(exception);
    b->nvic.active |= bit(exception);
}

void nvic_deactivate(struct board *b, unsigned exception)
{
    struct nvic *n = &b->nvic;

    n->active &= ~bit(exception);
    if (exception >= EXC_IRQ0 && n->line[exception - EXC_IRQ0])
        nvic_pend(b, exception);
}

/* ---- Registers ------------------------------------------------------------------------------ */

static void unpend(struct board *b, uint64_t exceptions)
{
    b->nvic.pending &= ~exceptions;
}

/* An asserted line pends again at once. */
static void unpend_irqs(struct board *b, uint32_t irqs)
{
    unpend(b, external(irqs));
    pend_all(b, irqs & waiting_lines(&b->nvic));
}

static uint32_t icsr_read(const struct board *b)
{
    const struct nvic *n = &b->nvic;

    return ((n->pending & bit(EXC_NMI)) ? NMIPENDSET : 0) |
           ((n->pending & bit(EXC_PENDSV)) ? PENDSVSET : 0) |
           ((n->pending & bit(EXC_SYSTICK)) ? PENDSTSET : 0) |
           (n->pending >> EXC_IRQ0 ? ISRPENDING : 0) | nvic_most_urgent(b) << 12 | b->cpu.ipsr;
}

static void icsr_write(struct board *b, uint32_t value)
{
    if (value & NMIPENDSET)
        nvic_pend(b, EXC_NMI);
    if (value & PENDSVSET)
        nvic_pend(b, EXC_PENDSV);
    if (value & PENDSVCLR)
        unpend(b, bit(EXC_PENDSV));
    if (value & PENDSTSET)
        nvic_pend(b, EXC_SYSTICK);
    if (value & PENDSTCLR)
        unpend(b, bit(EXC_SYSTICK));
}

static void aircr_write(struct board *b, uint32_t value)
{
    if ((value & 0xFFFF0000) != VECTKEY)
        board_complain(b, L072_STOP_RULE, 0xE000ED0C,
                       "write of 0x%08X to AIRCR without the key 0x05FA: ignored by the core",
                       value);
    else if (value & SYSRESETREQ)
        board_request_reset(b, RESET_SOFTWARE);
}

/* Four priorities of a byte each; `exception` is the one in the lowest byte. */
static uint32_t priorities_read(const struct board *b, unsigned exception)
{
    const uint8_t *p = &b->nvic.priority[exception];

    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Bytes of exceptions that do not exist, or whose priority is fixed, stay 0. */
static void priorities_write(struct board *b, unsigned exception, uint32_t value)
{
    const uint64_t fixed =
        (bit(EXC_IRQ0) - 1) & ~bit(EXC_SVCALL) & ~bit(EXC_PENDSV) & ~bit(EXC_SYSTICK);

    for (unsigned i = 0; i < 4; i++)
        if (!(fixed >> (exception + i) & 1))
            b->nvic.priority[exception + i] = value >> 8 * i & PRIORITY_MASK;
    b->cpu.attention = true;
}

static void mpu_ctrl_write(struct board *b, uint32_t value)
{
    if (value & MPU_CTRL_ENABLE)
        board_complain(b, L072_STOP_NOT_MODELLED, 0xE000ED94,
                       "MPU is not modelled: with MPU_CTRL.ENABLE its regions guard nothing");
    b->nvic.mpu.ctrl = value & MPU_CTRL_MASK;
}

static void rbar_write(struct nvic *n, uint32_t value)
{
    if (value & MPU_RBAR_VALID)
        n->mpu.rnr = value & 7;
    n->mpu.rbar[n->mpu.rnr] = value & MPU_RBAR_ADDR;
}

/* Offsets from 0xE000E000. */
enum scs_register {
    SCS_SYST_CSR = 0x010,
    SCS_SYST_CALIB = 0x01C,
    SCS_ISER = 0x100,
    SCS_ICER = 0x180,
    SCS_ISPR = 0x200,
    SCS_ICPR = 0x280,
    SCS_IPR0 = 0x400,
    SCS_IPR7 = 0x41C,
    SCS_CPUID = 0xD00,
    SCS_ICSR = 0xD04,
    SCS_VTOR = 0xD08,
    SCS_AIRCR = 0xD0C,
    SCS_SCR = 0xD10,
    SCS_CCR = 0xD14,
    SCS_SHPR2 = 0xD1C,
    SCS_SHPR3 = 0xD20,
    SCS_MPU_TYPE = 0xD90,
    SCS_MPU_CTRL = 0xD94,
    SCS_MPU_RNR = 0xD98,
    SCS_MPU_RBAR = 0xD9C,
    SCS_MPU_RASR = 0xDA0
};

uint32_t scs_read(struct board *b, uint32_t offset)
{
    struct nvic *n = &b->nvic;

    if (offset >= SCS_SYST_CSR && offset <= SCS_SYST_CALIB)
        return systick_read(b, offset);
    if (offset >= SCS_IPR0 && offset <= SCS_IPR7)
        return priorities_read(b, EXC_IRQ0 + (offset - SCS_IPR0));
    switch (offset) {
    case SCS_ISER:
    case SCS_ICER: return n->enabled;
    case SCS_ISPR:
    case SCS_ICPR: return (uint32_t)(n->pending >> EXC_IRQ0);
    case SCS_CPUID: return CPUID;
    case SCS_ICSR: return icsr_read(b);
    case SCS_VTOR: return n->vtor;
    case SCS_AIRCR: return VECTKEYSTAT;
    case SCS_SCR: return n->scr;
    case SCS_CCR: return CCR;
    case SCS_SHPR2: return priorities_read(b, 8);
    case SCS_SHPR3: return priorities_read(b, 12);
    case SCS_MPU_TYPE: return MPU_TYPE;
    case SCS_MPU_CTRL: return n->mpu.ctrl;
    case SCS_MPU_RNR: return n->mpu.rnr;
    case SCS_MPU_RBAR: return n->mpu.rbar[n->mpu.rnr] | n->mpu.rnr;
    case SCS_MPU_RASR: return n->mpu.rasr[n->mpu.rnr];
    default: bus_no_register(b, "SCS", offset); return 0;
    }
}

static void set_enabled(struct board *b, uint32_t enabled)
{
    b->nvic.enabled = enabled;
    b->cpu.attention = true;
}

/* The core has word access only: `mask` is always full (the bus complains otherwise). */
void scs_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    struct nvic *n = &b->nvic;

    (void)mask;
    if (offset >= SCS_SYST_CSR && offset <= SCS_SYST_CALIB) {
        systick_write(b, offset, value);
        return;
    }
    if (offset >= SCS_IPR0 && offset <= SCS_IPR7) {
        priorities_write(b, EXC_IRQ0 + (offset - SCS_IPR0), value);
        return;
    }
    switch (offset) {
    case SCS_ISER: set_enabled(b, n->enabled | value); break;
    case SCS_ICER: set_enabled(b, n->enabled & ~value); break;
    case SCS_ISPR: pend_all(b, value); break;
    case SCS_ICPR: unpend_irqs(b, value); break;
    case SCS_ICSR: icsr_write(b, value); break;
    case SCS_VTOR: n->vtor = value & VTOR_MASK; break;
    case SCS_AIRCR: aircr_write(b, value); break;
    case SCS_SCR: n->scr = value & SCR_MASK; break;
    case SCS_SHPR2: priorities_write(b, 8, value); break;
    case SCS_SHPR3: priorities_write(b, 12, value); break;
    case SCS_MPU_CTRL: mpu_ctrl_write(b, value); break;
    case SCS_MPU_RNR: n->mpu.rnr = value & 7; break;
    case SCS_MPU_RBAR: rbar_write(n, value); break;
    case SCS_MPU_RASR: n->mpu.rasr[n->mpu.rnr] = value & MPU_RASR_MASK; break;
    case SCS_CPUID:
    case SCS_CCR:
    case SCS_MPU_TYPE: break; /* read-only */
    default: bus_no_register(b, "SCS", offset); break;
    }
}
