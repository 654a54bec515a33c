/* SPDX-License-Identifier: MIT */
/*
 * Not modelled: input capture but for that in tim_capture.c, slave modes, external clocks,
 * centre-aligned counting, DMA bursts and requests but that of the update event; these stop the
 * board. Outputs (pins, TRGO): their settings only keep their bits.
 * Simplified: a flag rises when the counter takes the value, not a clock later; a counter above ARR
 * runs to 0xFFFF and then restarts with an update event.
 */
#include "board.h"

#define COUNTER_MAX UINT32_C(0xFFFF) /* of TIM2 too on this family */

enum {
    CR1_CEN = 1 << 0,
    CR1_UDIS = 1 << 1,
    CR1_URS = 1 << 2,
    CR1_OPM = 1 << 3,
    CR1_DIR = 1 << 4,
    CR1_CMS = 3 << 5,
    CR1_ARPE = 1 << 7,
    SMCR_SMS = 7 << 0,
    SMCR_ECE = 1 << 14,
    DIER_UDE = 1 << 8,
    DIER_DMA = 0x5E00, /* the others: CC1DE-CC4DE, TDE */
    SR_UIF = 1 << 0,   /* same place as UIE and UG */
    SR_CC1IF = 1 << 1, /* CC1IE, CC1G; the other channels follow */
    SR_CC1OF = 1 << 9,
    SR_EVENTS = 0x5F,   /* UIF, CC1IF-CC4IF, TIF: those with a bit in DIER and EGR */
    CCMR_CCS = 0x0303,  /* of both channels: not 0 is an input */
    CCMR_OCPE = 1 << 3, /* of the first channel; the second has it 8 bits higher */
};

enum kind { BASIC, TWO_CHANNELS, FOUR_CHANNELS, KINDS };

static const struct {
    const char *name;
    enum kind kind;
    enum rcc_gate gate;
    enum event event;
    enum irq irq;
} timers[TIM_COUNT] = {
    {"TIM2",  FOUR_CHANNELS, RCC_GATE_TIM2,  EVENT_TIM2,  IRQ_TIM2    },
    {"TIM3",  FOUR_CHANNELS, RCC_GATE_TIM3,  EVENT_TIM3,  IRQ_TIM3    },
    {"TIM6",  BASIC,         RCC_GATE_TIM6,  EVENT_TIM6,  IRQ_TIM6_DAC},
    {"TIM7",  BASIC,         RCC_GATE_TIM7,  EVENT_TIM7,  IRQ_TIM7    },
    {"TIM21", TWO_CHANNELS,  RCC_GATE_TIM21, EVENT_TIM21, IRQ_TIM21   },
    {"TIM22", TWO_CHANNELS,  RCC_GATE_TIM22, EVENT_TIM22, IRQ_TIM22   },
};

/* RM0376 TIMx register maps: the bits that exist, for each kind; 0: no such register. */
static const uint16_t bits[TIM_END / 4][KINDS] = {
    {0x008F, 0x03FF, 0x03FF}, /* CR1 */
    {0x0070, 0x0070, 0x00F8}, /* CR2 */
    {0x0000, 0xFFFF, 0xFFFF}, /* SMCR */
    {0x0101, 0x0047, 0x5F5F}, /* DIER */
    {0x0001, 0x0647, 0x1E5F}, /* SR */
    {0x0001, 0x0047, 0x005F}, /* EGR */
    {0x0000, 0xFFFF, 0xFFFF}, /* CCMR1 */
    {0x0000, 0x0000, 0xFFFF}, /* CCMR2 */
    {0x0000, 0x00BB, 0xBBBB}, /* CCER */
    {0xFFFF, 0xFFFF, 0xFFFF}, /* CNT */
    {0xFFFF, 0xFFFF, 0xFFFF}, /* PSC */
    {0xFFFF, 0xFFFF, 0xFFFF}, /* ARR */
    {0x0000, 0x0000, 0x0000}, /* RCR: not here */
    {0x0000, 0xFFFF, 0xFFFF}, /* CCR1 */
    {0x0000, 0xFFFF, 0xFFFF}, /* CCR2 */
    {0x0000, 0x0000, 0xFFFF}, /* CCR3 */
    {0x0000, 0x0000, 0xFFFF}, /* CCR4 */
    {0x0000, 0x0000, 0x0000}, /* BDTR: not here */
    {0x0000, 0x0000, 0x0000}, /* DCR */
    {0x0000, 0x0000, 0x0000}, /* DMAR */
    {0x0000, 0x003F, 0x001F}, /* OR */
};

static const struct {
    uint32_t offset, bits;
    const char *what;
} not_modelled[] = {
    {TIM_CR1,   CR1_CMS,             "centre-aligned counting"    },
    {TIM_SMCR,  SMCR_SMS | SMCR_ECE, "slave mode"                 },
    {TIM_DIER,  DIER_DMA,            "DMA request of CCxDE or TDE"},
    {TIM_CCMR1, CCMR_CCS,            "input capture"              },
    {TIM_CCMR2, CCMR_CCS,            "input capture"              },
};

static uint32_t get(const struct tim *t, enum tim_register offset)
{
    return t->reg[offset / 4];
}

/* ---- Counting -------------------------------------------------------------------------------- */

static bool is_set(const struct tim *t, uint32_t cr1_bit)
{
    return get(t, TIM_CR1) & cr1_bit;
}

/* A counter with 0 in ARR is blocked (RM0376 TIMx_ARR). */
static bool is_counting(const struct tim *t)
{
    return is_set(t, CR1_CEN) && t->active.arr && t->clock;
}

/* Where this pass of the counter ends. */
static uint32_t last_value(const struct tim *t)
{
    if (is_set(t, CR1_DIR))
        return 0;
    return get(t, TIM_CNT) <= t->active.arr ? t->active.arr : COUNTER_MAX;
}

/* Counts until it takes `value`, which lies ahead in this pass. */
static uint32_t counts_until(const struct tim *t, uint32_t value)
{
    return is_set(t, CR1_DIR) ? get(t, TIM_CNT) - value : value - get(t, TIM_CNT);
}

static uint32_t counts_until_restart(const struct tim *t)
{
    return counts_until(t, last_value(t)) + 1;
}

static uint64_t clocks_for(const struct tim *t, uint32_t counts)
{
    return counts * (t->active.psc + UINT64_C(1)) - t->prescaled;
}

static bool is_input(const struct tim *t, unsigned channel)
{
    return t->reg[TIM_CCMR1 / 4 + channel / 2] >> 8 * (channel % 2) & 3;
}

/* The channels whose compare value is between the two get their flags. */
static void match(struct tim *t, uint32_t low, uint32_t high)
{
    for (unsigned i = 0; i < TIM_CHANNELS; i++)
        if (!is_input(t, i) && low <= t->active.ccr[i] && t->active.ccr[i] <= high)
            t->reg[TIM_SR / 4] |= (uint32_t)SR_CC1IF << i;
}

/* Counts on within this pass. */
static void count(struct tim *t, uint32_t counts)
{
    uint32_t *cnt = &t->reg[TIM_CNT / 4];

    if (counts == 0)
        return;
    if (is_set(t, CR1_DIR)) {
        match(t, *cnt - counts, *cnt - 1);
        *cnt -= counts;
    } else {
        match(t, *cnt + 1, *cnt + counts);
        *cnt += counts;
    }
}

static void load_shadows(struct tim *t)
{
    t->active.psc = get(t, TIM_PSC);
    t->active.arr = get(t, TIM_ARR);
    for (unsigned i = 0; i < TIM_CHANNELS; i++)
        t->active.ccr[i] = t->reg[TIM_CCR1 / 4 + i];
}

static uint32_t first_value(const struct tim *t)
{
    return is_set(t, CR1_DIR) ? t->active.arr : 0;
}

/* What an update event raises but where URS forbids it. A request while one waits is lost. */
static void raise_update(struct tim *t)
{
    t->reg[TIM_SR / 4] |= SR_UIF;
    if (get(t, TIM_DIER) & DIER_UDE)
        t->requests_dma = true;
}

/* Overflow or underflow. Compare values above ARR match here (RM0376 TIMx_SR.CC1IF). */
static void restart(struct tim *t)
{
    count(t, counts_until(t, last_value(t)));
    match(t, t->active.arr + 1, COUNTER_MAX);
    t->prescaled = 0;
    if (!is_set(t, CR1_UDIS)) {
        load_shadows(t);
        raise_update(t);
        if (is_set(t, CR1_OPM))
            t->reg[TIM_CR1 / 4] &= ~(uint32_t)CR1_CEN;
    }
    t->reg[TIM_CNT / 4] = first_value(t);
    match(t, get(t, TIM_CNT), get(t, TIM_CNT));
}

static void advance(struct tim *t, uint64_t clocks)
{
    uint64_t span, steps;

    while (clocks >= (span = clocks_for(t, counts_until_restart(t)))) {
        clocks -= span;
        restart(t);
        if (!is_counting(t))
            return;
        /* Every further pass is like the next one. */
        span = clocks_for(t, counts_until_restart(t));
        if (clocks >= 2 * span)
            clocks = span + clocks % span;
    }
    steps = t->prescaled + clocks;
    t->prescaled = (uint32_t)(steps % (t->active.psc + UINT64_C(1)));
    count(t, (uint32_t)(steps / (t->active.psc + UINT64_C(1))));
}

static void settle_to(struct board *b, unsigned index, uint64_t cycle)
{
    struct tim *t = &b->tim[index];
    uint64_t clocks;

    if (cycle < t->since)
        return;
    if (!is_counting(t)) {
        t->since = cycle;
        return;
    }
    clocks = (cycle - t->since) / t->clock;
    t->since += clocks * t->clock;
    advance(t, clocks);
    t->reg[TIM_SR / 4] &= bits[TIM_SR / 4][timers[index].kind];
}

/* A capture while CC1IF is up sets CC1OF too (RM0376 TIMx_SR). */
static void capture(struct tim *t, uint64_t times)
{
    uint32_t *sr = &t->reg[TIM_SR / 4];

    *sr |= SR_CC1IF | (times > 1 || *sr & SR_CC1IF ? SR_CC1OF : 0);
    t->reg[TIM_CCR1 / 4] = get(t, TIM_CNT);
}

/* Brings the timer from where it was last looked at to now. */
static void settle(struct board *b, unsigned index)
{
    struct tim *t = &b->tim[index];
    uint64_t cycle, captures = tim_capture_take(b, &t->capture, &cycle);

    if (captures) {
        settle_to(b, index, cycle);
        capture(t, captures);
    }
    settle_to(b, index, b->time.cycles);
}

/* ---- Interrupts and DMA requests ------------------------------------------------------------- */

/* Counts until the first of `flags` may rise. */
static uint32_t counts_until_flag(const struct tim *t, uint32_t flags)
{
    uint32_t first = counts_until_restart(t);

    for (unsigned i = 0; i < TIM_CHANNELS; i++) {
        uint32_t counts = counts_until(t, t->active.ccr[i]); /* huge when it lies behind */

        if (flags & (uint32_t)SR_CC1IF << i && !is_input(t, i) && counts != 0 && counts < first)
            first = counts;
    }
    return first;
}

/* An event is needed only for a flag that is to interrupt and has not risen yet, and for each
 * update that is to request an item of the DMA. */
static void schedule(struct board *b, unsigned index)
{
    const struct tim *t = &b->tim[index];
    uint32_t awaited = get(t, TIM_DIER) & ~get(t, TIM_SR) & SR_EVENTS;
    uint64_t next = NEVER;

    if (get(t, TIM_DIER) & DIER_UDE)
        awaited |= SR_UIF;
    if (is_set(t, CR1_UDIS))
        awaited &= ~(uint32_t)SR_UIF;
    if (is_counting(t) && awaited)
        next = t->since + clocks_for(t, counts_until_flag(t, awaited)) * t->clock;
    if (awaited & SR_CC1IF && tim_capture_next(b, &t->capture) < next)
        next = tim_capture_next(b, &t->capture);
    if (next != NEVER)
        event_at_cycle(b, timers[index].event, next);
    else
        event_cancel(b, timers[index].event);
    nvic_drive(b, timers[index].irq, 0, get(t, TIM_DIER) & get(t, TIM_SR) & SR_EVENTS);
    if (t->requests_dma)
        dma_look(b);
}

bool tim_dma_request(const struct board *b, unsigned index)
{
    return b->tim[index].requests_dma;
}

void tim_dma_acknowledge(struct board *b, unsigned index)
{
    b->tim[index].requests_dma = false;
}

void tim_event(struct board *b, unsigned index)
{
    settle(b, index);
    schedule(b, index);
}

void tim_clock_changed(struct board *b)
{
    for (unsigned i = 0; i < TIM_COUNT; i++) {
        struct tim *t = &b->tim[i];
        uint32_t clock = rcc_timer_cycles(b, timers[i].gate);

        settle(b, i);
        if (clock != t->clock)
            t->since = b->time.cycles;
        t->clock = clock;
        tim_capture_configure(b, i);
        schedule(b, i);
    }
}

void tim_reset(struct board *b, unsigned index)
{
    struct tim *t = &b->tim[index];

    *t = (struct tim){.clock = t->clock};
    t->reg[TIM_ARR / 4] = t->active.arr = COUNTER_MAX;
    schedule(b, index);
}

/* ---- Registers ------------------------------------------------------------------------------- */

/* Software's update event restarts the counter even where UDIS forbids the event itself. */
static void generate(struct tim *t, uint32_t events)
{
    if (events & SR_CC1IF && is_input(t, 0))
        capture(t, 1);
    t->reg[TIM_SR / 4] |= events & ~(uint32_t)SR_UIF;
    if (!(events & SR_UIF))
        return;
    t->prescaled = 0;
    if (!is_set(t, CR1_UDIS)) {
        load_shadows(t);
        if (!is_set(t, CR1_URS))
            raise_update(t);
    }
    t->reg[TIM_CNT / 4] = first_value(t);
}

/* Registers whose preload is off act at once. */
static void follow(struct tim *t)
{
    if (!is_set(t, CR1_ARPE))
        t->active.arr = get(t, TIM_ARR);
    for (unsigned i = 0; i < TIM_CHANNELS; i++)
        if (!(t->reg[TIM_CCMR1 / 4 + i / 2] & (uint32_t)CCMR_OCPE << 8 * (i % 2)))
            t->active.ccr[i] = t->reg[TIM_CCR1 / 4 + i];
}

static void check_modelled(struct board *b, unsigned index, uint32_t offset, uint32_t value)
{
    if (offset == TIM_CCMR1 && tim_capture_modelled(index, value))
        return;
    for (unsigned i = 0; i < sizeof not_modelled / sizeof not_modelled[0]; i++)
        if (not_modelled[i].offset == offset && value & not_modelled[i].bits)
            board_complain(b, L072_STOP_NOT_MODELLED, 0, "%s: %s is not modelled",
                           timers[index].name, not_modelled[i].what);
}

static bool is_register(enum kind kind, uint32_t offset)
{
    return offset < TIM_END && bits[offset / 4][kind];
}

static bool exists(struct board *b, unsigned index, uint32_t offset)
{
    if (is_register(timers[index].kind, offset))
        return true;
    bus_no_register(b, timers[index].name, offset);
    return false;
}

uint32_t tim_read(struct board *b, unsigned index, uint32_t offset)
{
    /* What larger timers have, smaller ones read as 0: ST's HAL looks into CCER of TIM6 and 7
     * before it stops them. */
    if (is_register(FOUR_CHANNELS, offset) && !is_register(timers[index].kind, offset))
        return 0;
    if (!exists(b, index, offset))
        return 0;
    settle(b, index);
    if (offset == TIM_CCR1 && is_input(&b->tim[index], 0)) {
        b->tim[index].reg[TIM_SR / 4] &= ~(uint32_t)SR_CC1IF; /* RM0376 TIMx_SR.CC1IF */
        schedule(b, index);
    }
    return b->tim[index].reg[offset / 4];
}

void tim_write(struct board *b, unsigned index, uint32_t offset, uint32_t value, uint32_t mask)
{
    struct tim *t = &b->tim[index];

    if (!exists(b, index, offset))
        return;
    mask &= bits[offset / 4][timers[index].kind];
    check_modelled(b, index, offset, value & mask);
    settle(b, index);
    switch (offset) {
    case TIM_SR: t->reg[TIM_SR / 4] &= value | ~mask; break; /* rc_w0 */
    case TIM_EGR: generate(t, value & mask); break;
    case TIM_CCR1: bus_merge(&t->reg[TIM_CCR1 / 4], value, is_input(t, 0) ? 0 : mask); break;
    default: bus_merge(&t->reg[offset / 4], value, mask); break;
    }
    if (!(get(t, TIM_DIER) & DIER_UDE))
        t->requests_dma = false;
    follow(t);
    tim_capture_configure(b, index);
    schedule(b, index);
}
