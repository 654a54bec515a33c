/* SPDX-License-Identifier: MIT */
/*
 * Not modelled: external clock and trigger, encoder mode, time-out mode: these stop the board. The
 * output (WAVE, WAVPOL) only keeps its bits.
 * Simplified: CMP and ARR act at once, whatever PRELOAD says, and their OK flags rise two clocks
 * later; the counter starts with the clock after CNTSTRT or SNGSTRT.
 */
#include "board.h"

enum {
    LPTIM_ISR = 0x00,
    LPTIM_ICR = 0x04,
    LPTIM_IER = 0x08,
    LPTIM_CFGR = 0x0C,
    LPTIM_CR = 0x10,
    LPTIM_CMP = 0x14,
    LPTIM_ARR = 0x18,
    LPTIM_CNT = 0x1C
};

enum {
    ISR_CMPM = 1 << 0,
    ISR_ARRM = 1 << 1,
    ISR_CMPOK = 1 << 3,
    ISR_ARROK = 1 << 4,
    FLAGS = 0x7F,
    CFGR_PRESC_SHIFT = 9,
    CFGR_BITS = 0x01FEEEDF,
    CFGR_NO_MODEL = 0x018E0001, /* ENC, COUNTMODE, TIMOUT, TRIGEN, CKSEL */
    CR_ENABLE = 1 << 0,
    CR_SNGSTRT = 1 << 1,
    CR_CNTSTRT = 1 << 2,
    CR_STARTED = CR_SNGSTRT | CR_CNTSTRT,
    ARR_RESET = 1,
};

#define SYNC_CLOCKS 2

static unsigned prescaler_shift(const struct lptim *l)
{
    return l->cfgr >> CFGR_PRESC_SHIFT & 7;
}

/* Counts until the counter takes `value`, at least one. Values above ARR: never, but huge. */
static uint64_t counts_until(const struct lptim *l, uint32_t value)
{
    if (value > l->arr)
        return NEVER;
    return l->cnt < value ? value - l->cnt : l->arr - l->cnt + UINT64_C(1) + value;
}

static void count(struct lptim *l, uint64_t counts)
{
    if (counts == 0)
        return;
    if (counts >= counts_until(l, l->cmp))
        l->isr |= ISR_CMPM;
    if (counts >= counts_until(l, l->arr)) {
        l->isr |= ISR_ARRM;
        if (l->cr & CR_SNGSTRT) {
            l->cr &= ~(uint32_t)CR_SNGSTRT;
            l->cnt = 0;
            return;
        }
    }
    l->cnt = (uint32_t)((l->cnt + counts) % (l->arr + UINT64_C(1)));
}

static void raise_when(struct lptim *l, uint64_t *at, uint32_t flag)
{
    if (!*at || *at > l->tick)
        return;
    *at = 0;
    l->isr |= flag;
}

/* Brings the timer to now. */
static void settle(struct board *b)
{
    struct lptim *l = &b->lptim;
    uint64_t now = l->hz ? time_ticks(time_now(b), l->hz) : l->tick;
    uint64_t clocks = now - l->tick;

    l->tick = now;
    if (l->cr & CR_STARTED) {
        clocks += l->prescaled;
        l->prescaled = (uint32_t)(clocks & ((1u << prescaler_shift(l)) - 1));
        count(l, clocks >> prescaler_shift(l));
    }
    raise_when(l, &l->cmp_ok, ISR_CMPOK);
    raise_when(l, &l->arr_ok, ISR_ARROK);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Clocks until one of the flags that interrupt may rise; NEVER: none. */
static uint64_t clocks_until_flag(const struct lptim *l)
{
    uint32_t awaited = l->ier & ~l->isr;
    uint64_t next = NEVER, counts = NEVER;

    if (awaited & ISR_CMPOK && l->cmp_ok)
        next = least(next, l->cmp_ok - l->tick);
    if (awaited & ISR_ARROK && l->arr_ok)
        next = least(next, l->arr_ok - l->tick);
    if (l->cr & CR_STARTED && awaited & ISR_CMPM)
        counts = least(counts, counts_until(l, l->cmp));
    if (l->cr & CR_STARTED && awaited & ISR_ARRM)
        counts = least(counts, counts_until(l, l->arr));
    if (counts != NEVER)
        next = least(next, (counts << prescaler_shift(l)) - l->prescaled);
    return next;
}

static void schedule(struct board *b)
{
    const struct lptim *l = &b->lptim;
    uint64_t clocks = clocks_until_flag(l);
    bool level = l->isr & l->ier;

    if (l->hz && clocks != NEVER)
        event_at(b, EVENT_LPTIM1, time_of_tick(l->tick + clocks, l->hz));
    else
        event_cancel(b, EVENT_LPTIM1);
    nvic_drive(b, IRQ_LPTIM1, 0, level);
    exti_line(b, EXTI_LINE_LPTIM1, level);
}

void lptim_event(struct board *b)
{
    settle(b);
    schedule(b);
}

/* A flag that was to come comes as many clocks later. */
static void rebase(uint64_t *at, uint64_t from, uint64_t to)
{
    if (*at)
        *at += to - from;
}

void lptim_clock_changed(struct board *b)
{
    struct lptim *l = &b->lptim;
    uint32_t hz = rcc_lptim_hz(b);
    uint64_t old;

    if (hz == l->hz)
        return;
    settle(b);
    old = l->tick;
    l->hz = hz;
    l->tick = hz ? time_ticks(time_now(b), hz) : 0;
    rebase(&l->cmp_ok, old, l->tick);
    rebase(&l->arr_ok, old, l->tick);
    schedule(b);
}

void lptim_reset(struct board *b)
{
    struct lptim *l = &b->lptim;

    *l = (struct lptim){.arr = ARR_RESET, .hz = l->hz, .tick = l->tick};
    settle(b);
    schedule(b);
}

/* ---- Registers ------------------------------------------------------------------------------- */

uint32_t lptim_read(struct board *b, uint32_t offset)
{
    const struct lptim *l = &b->lptim;

    settle(b);
    switch (offset) {
    case LPTIM_ISR: return l->isr;
    case LPTIM_ICR: return 0;
    case LPTIM_IER: return l->ier;
    case LPTIM_CFGR: return l->cfgr;
    case LPTIM_CR: return l->cr;
    case LPTIM_CMP: return l->cmp;
    case LPTIM_ARR: return l->arr;
    case LPTIM_CNT: return l->cnt;
    default: bus_no_register(b, "LPTIM1", offset); return 0;
    }
}

/* False: the register takes no write while ENABLE is what it is. */
static bool check_enable(struct board *b, uint32_t offset)
{
    bool wanted = offset == LPTIM_CMP || offset == LPTIM_ARR;
    bool enabled = b->lptim.cr & CR_ENABLE;

    if (enabled == wanted)
        return true;
    board_complain(b, L072_STOP_RULE, 0, "LPTIM1+0x%02X is written while LPTIM_CR.ENABLE=%d",
                   (unsigned)offset, enabled);
    return false;
}

static void write_cfgr(struct board *b, uint32_t value, uint32_t mask)
{
    if (value & mask & CFGR_NO_MODEL)
        board_complain(b, L072_STOP_NOT_MODELLED, 0,
                       "LPTIM_CFGR=0x%08X: external clock and trigger, encoder and time-out modes "
                       "are not modelled",
                       (unsigned)value);
    bus_merge(&b->lptim.cfgr, value, mask & CFGR_BITS);
}

/* Clearing ENABLE stops the counter and sets it back (RM0376 LPTIM, timer enable). */
static void write_cr(struct lptim *l, uint32_t value)
{
    if (!(value & CR_ENABLE)) {
        l->cr = l->cnt = l->prescaled = 0;
        l->cmp_ok = l->arr_ok = 0;
        return;
    }
    if (!(l->cr & CR_ENABLE))
        value &= CR_ENABLE; /* the start bits need ENABLE from before */
    if (value & CR_CNTSTRT)
        l->cr &= ~(uint32_t)CR_SNGSTRT;
    l->cr |= value & (value & CR_CNTSTRT ? CR_ENABLE | CR_CNTSTRT : CR_ENABLE | CR_SNGSTRT);
}

static void write_value(struct lptim *l, uint32_t *reg, uint32_t value, uint32_t mask, uint64_t *ok)
{
    bus_merge(reg, value, mask & 0xFFFF);
    if (l->cnt > l->arr)
        l->cnt = 0;
    *ok = l->tick + SYNC_CLOCKS;
}

void lptim_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    struct lptim *l = &b->lptim;

    settle(b);
    if (offset >= LPTIM_IER && offset != LPTIM_CR && offset <= LPTIM_ARR &&
        !check_enable(b, offset))
        return;
    switch (offset) {
    case LPTIM_ISR:
    case LPTIM_CNT: break;
    case LPTIM_ICR: l->isr &= ~(value & mask); break;
    case LPTIM_IER: bus_merge(&l->ier, value, mask & FLAGS); break;
    case LPTIM_CFGR: write_cfgr(b, value, mask); break;
    case LPTIM_CR: write_cr(l, value & mask); break;
    case LPTIM_CMP: write_value(l, &l->cmp, value, mask, &l->cmp_ok); break;
    case LPTIM_ARR: write_value(l, &l->arr, value, mask, &l->arr_ok); break;
    default: bus_no_register(b, "LPTIM1", offset); break;
    }
    schedule(b);
}
