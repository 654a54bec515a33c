/* SPDX-License-Identifier: MIT */
/*
 * Simplified: a write of T, of WDGTB or a new clock begins a whole count; on the chip the divider
 * by 4096 runs freely, so that the first count may be shorter.
 * Unconfirmed, and how it is read here:
 * - EWIF rises when T arrives at 0x40.
 */
#include "board.h"

enum { WWDG_CR = 0x00, WWDG_CFR = 0x04, WWDG_SR = 0x08 };
enum { CR_WDGA = 0x80, CFR_EWI = 0x200, SR_EWIF = 0x01 };

#define COUNTER_MAX UINT32_C(0x7F) /* T, and W in CFR */
#define EARLY       UINT32_C(0x40) /* the early wake-up interrupt comes here */
#define BITE        UINT32_C(0x3F) /* the reset comes here */
#define NONE        UINT32_MAX     /* none of them is awaited */
#define CFR_WRITE   UINT32_C(0x3FF)
#define WDGTB_SHIFT 7

/* HCLK cycles of a count: PCLK / 4096 / 2^WDGTB (RM0376 WWDG, how to program the timeout). */
static uint64_t count_cycles(const struct wwdg *w)
{
    return UINT64_C(4096) * w->clock << (w->cfr >> WDGTB_SHIFT & 3);
}

/* Counts until the counter arrives at `value`. */
static uint32_t counts_until(const struct wwdg *w, uint32_t value)
{
    uint32_t counts = (w->counter - value) & COUNTER_MAX;

    return counts ? counts : COUNTER_MAX + 1;
}

/* Brings the counter to now; it runs, and wraps, without WDGA too (RM0376 WWDG). */
static void settle(struct board *b)
{
    struct wwdg *w = &b->wwdg;
    uint64_t counts;

    if (!w->clock)
        return;
    counts = (b->time.cycles - w->since) / count_cycles(w);
    w->since += counts * count_cycles(w);
    if (counts >= counts_until(w, EARLY))
        w->early = true;
    if (w->active && counts >= counts_until(w, BITE))
        board_request_reset(b, RESET_WWDG);
    w->counter = (w->counter - (uint32_t)counts) & COUNTER_MAX;
}

static void schedule(struct board *b)
{
    const struct wwdg *w = &b->wwdg;
    bool interrupts = w->cfr & CFR_EWI;
    uint32_t counts = NONE;

    if (w->active)
        counts = counts_until(w, BITE);
    if (interrupts && !w->early && counts_until(w, EARLY) < counts)
        counts = counts_until(w, EARLY);
    if (w->clock && counts != NONE)
        event_at_cycle(b, EVENT_WWDG, w->since + counts * count_cycles(w));
    else
        event_cancel(b, EVENT_WWDG);
    nvic_drive(b, IRQ_WWDG, 0, interrupts && w->early);
}

void wwdg_event(struct board *b)
{
    settle(b);
    schedule(b);
}

void wwdg_clock_changed(struct board *b)
{
    struct wwdg *w = &b->wwdg;
    uint32_t clock = rcc_pclk_cycles(b, RCC_GATE_WWDG);

    settle(b);
    if (clock != w->clock)
        w->since = b->time.cycles;
    w->clock = clock;
    schedule(b);
}

void wwdg_reset(struct board *b)
{
    b->wwdg = (struct wwdg){.cfr = COUNTER_MAX,
                            .counter = COUNTER_MAX,
                            .since = b->time.cycles,
                            .clock = b->wwdg.clock};
    schedule(b);
}

/* A running watchdog resets when it is written before the window, or with T6 clear
 * (RM0376 WWDG_CR, WWDG_CFR.W). WDGA cannot be cleared. */
static void write_cr(struct board *b, uint32_t value, uint32_t mask)
{
    struct wwdg *w = &b->wwdg;
    bool too_early = w->active && w->counter > (w->cfr & COUNTER_MAX);

    w->active = w->active || value & mask & CR_WDGA;
    bus_merge(&w->counter, value, mask & COUNTER_MAX);
    w->since = b->time.cycles;
    if (w->active && (too_early || w->counter < EARLY))
        board_request_reset(b, RESET_WWDG);
}

/* EWI cannot be cleared. */
static void write_cfr(struct board *b, uint32_t value, uint32_t mask)
{
    struct wwdg *w = &b->wwdg;

    bus_merge(&w->cfr, value | (w->cfr & CFR_EWI), mask & CFR_WRITE);
    w->since = b->time.cycles;
}

uint32_t wwdg_read(struct board *b, uint32_t offset)
{
    const struct wwdg *w = &b->wwdg;

    settle(b);
    switch (offset) {
    case WWDG_CR: return w->counter | (w->active ? CR_WDGA : 0);
    case WWDG_CFR: return w->cfr;
    case WWDG_SR: return w->early ? SR_EWIF : 0;
    default: bus_no_register(b, "WWDG", offset); return 0;
    }
}

void wwdg_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    settle(b);
    switch (offset) {
    case WWDG_CR: write_cr(b, value, mask); break;
    case WWDG_CFR: write_cfr(b, value, mask); break;
    case WWDG_SR: b->wwdg.early = b->wwdg.early && (value | ~mask) & SR_EWIF; break; /* rc_w0 */
    default: bus_no_register(b, "WWDG", offset); break;
    }
    schedule(b);
}
