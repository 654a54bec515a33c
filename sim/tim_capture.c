/* SPDX-License-Identifier: MIT */
/*
 * Input capture of channel 1 of TIM21, which firmware uses to measure its slow clocks.
 *
 * Not modelled: all other inputs and channels, and both edges: these stop the board.
 * Simplified: the input filter adds no delay; which edge is chosen makes no difference; what
 * passed in Stop mode is captured at its end.
 */
#include "board.h"

enum {
    TIM21 = 4, /* its index */
    CCMR1_CC1S = 3 << 0,
    CCMR1_CC1S_TI1 = 1 << 0,
    CCMR1_IC1PSC_SHIFT = 2,
    CCMR1_CC2S = 3 << 8,
    CCER_CC1E = 1 << 0,
    CCER_BOTH_EDGES = 1 << 1 | 1 << 3,
    OR_TI1_RMP_SHIFT = 2,
};

/* RM0376 TIM21_OR.TI1_RMP. */
enum { TI1_MSI = 3, TI1_LSE = 4, TI1_LSI = 5 };

static uint32_t get(const struct tim *t, enum tim_register offset)
{
    return t->reg[offset / 4];
}

bool tim_capture_modelled(unsigned index, uint32_t ccmr1)
{
    return index == TIM21 && !(ccmr1 & CCMR1_CC2S) && (ccmr1 & CCMR1_CC1S) == CCMR1_CC1S_TI1;
}

/* Frequency of the input; 0: it stands, or is not modelled. */
static uint32_t input_hz(struct board *b, const struct tim *t)
{
    if ((get(t, TIM_CCER) & CCER_BOTH_EDGES) != CCER_BOTH_EDGES)
        switch (get(t, TIM_OR) >> OR_TI1_RMP_SHIFT & 7) {
        case TI1_MSI: return rcc_source_hz(b, SOURCE_MSI);
        case TI1_LSE: return rcc_source_hz(b, SOURCE_LSE);
        case TI1_LSI: return rcc_source_hz(b, SOURCE_LSI);
        default: break;
        }
    board_complain(b, L072_STOP_NOT_MODELLED, 0,
                   "TIM21: input capture of anything but LSE, LSI or MSI, or of both edges, is not "
                   "modelled");
    return 0;
}

/* The first cycle that begins at `ps` or later. */
static uint64_t cycle_at(const struct board *b, uint64_t ps)
{
    const struct time *time = &b->time;

    if (ps <= time->seg_ps)
        return time->seg_cycles;
    return time->seg_cycles + (ps - time->seg_ps + time->period_ps - 1) / time->period_ps;
}

void tim_capture_configure(struct board *b, unsigned index)
{
    struct tim *t = &b->tim[index];
    uint32_t ccmr1 = get(t, TIM_CCMR1), hz = 0;
    uint32_t divider = UINT32_C(1) << (ccmr1 >> CCMR1_IC1PSC_SHIFT & 3);

    if (tim_capture_modelled(index, ccmr1) && get(t, TIM_CCER) & CCER_CC1E)
        hz = input_hz(b, t);
    if (hz == t->capture.hz && divider == t->capture.divider)
        return;
    t->capture = (struct tim_capture){.hz = hz, .divider = divider};
    t->capture.first = hz ? time_ticks(time_now(b), hz) : 0;
}

uint64_t tim_capture_take(const struct board *b, struct tim_capture *c, uint64_t *cycle)
{
    uint64_t before = c->taken;

    if (!c->hz)
        return 0;
    c->taken = (time_ticks(time_now(b), c->hz) - c->first) / c->divider;
    *cycle = cycle_at(b, time_of_tick(c->first + c->taken * c->divider, c->hz));
    return c->taken - before;
}

uint64_t tim_capture_next(const struct board *b, const struct tim_capture *c)
{
    if (!c->hz)
        return NEVER;
    return cycle_at(b, time_of_tick(c->first + (c->taken + 1) * c->divider, c->hz));
}
