/* SPDX-License-Identifier: MIT */
#include "board.h"
#include "core.h"

uint64_t time_now(const struct board *b)
{
    const struct time *t = &b->time;
    return t->seg_ps + (t->cycles - t->seg_cycles) * t->period_ps;
}

/* Ends the segment at `ps`, which is not before now: later cycles count from there. */
static void new_segment(struct time *t, uint64_t ps)
{
    t->seg_ps = ps;
    t->seg_cycles = t->cycles;
}

/* The CPU runs up to the first cycle that ends at or after `ps`. */
void time_set_target(struct board *b, uint64_t ps)
{
    struct time *t = &b->time;
    uint64_t ahead = ps > t->seg_ps ? ps - t->seg_ps : 0;

    t->target = t->seg_cycles + (ahead + t->period_ps - 1) / t->period_ps;
}

static void find_next(struct time *t)
{
    t->next_due = NEVER;
    for (unsigned i = 0; i < EVENT_COUNT; i++)
        if (t->due[i] < t->next_due)
            t->next_due = t->due[i];
}

/* What the clocks drive that Stop mode switches off. */
static const bool halts[EVENT_COUNT] = {
    [EVENT_CRS] = true,        [EVENT_WWDG] = true,      [EVENT_SYSTICK] = true,
    [EVENT_USART1] = true,     [EVENT_USART2] = true,    [EVENT_USART4] = true,
    [EVENT_USART5] = true,     [EVENT_LPUART1] = true,   [EVENT_USART1_RX] = true,
    [EVENT_USART2_RX] = true,  [EVENT_USART4_RX] = true, [EVENT_USART5_RX] = true,
    [EVENT_LPUART1_RX] = true, [EVENT_DMA] = true,       [EVENT_TIM2] = true,
    [EVENT_TIM3] = true,       [EVENT_TIM6] = true,      [EVENT_TIM7] = true,
    [EVENT_TIM21] = true,      [EVENT_TIM22] = true,
};

void event_at(struct board *b, enum event event, uint64_t ps)
{
    struct time *t = &b->time;
    uint64_t before = t->due[event];

    if (t->halted && halts[event]) {
        t->held[event] = ps == NEVER ? NEVER : ps - time_now(b);
        return;
    }
    t->due[event] = ps;
    if (ps <= t->next_due)
        t->next_due = ps;
    else if (before == t->next_due)
        find_next(t);
    if (ps < t->run_until) {
        t->run_until = ps;
        time_set_target(b, ps);
    }
}

void event_after(struct board *b, enum event event, uint64_t delay_ps)
{
    event_at(b, event, time_now(b) + delay_ps);
}

void event_at_cycle(struct board *b, enum event event, uint64_t cycle)
{
    uint64_t ahead = cycle - b->time.cycles;

    if (ahead < TIME_END / b->time.period_ps)
        event_after(b, event, ahead * b->time.period_ps);
    else
        event_cancel(b, event);
}

/* Whole seconds apart, so that no product overflows and nothing is rounded twice. */
uint64_t time_ticks(uint64_t ps, uint32_t hz)
{
    return ps / PS_PER_S * hz + ps % PS_PER_S * hz / PS_PER_S;
}

uint64_t time_of_tick(uint64_t ticks, uint32_t hz)
{
    return ticks / hz * PS_PER_S + (ticks % hz * PS_PER_S + hz - 1) / hz;
}

void event_cancel(struct board *b, enum event event)
{
    event_at(b, event, NEVER);
}

void time_set_period(struct board *b, uint64_t period_ps)
{
    struct time *t = &b->time;

    if (period_ps == t->period_ps)
        return;
    systick_rebase(b);
    new_segment(t, time_now(b));
    t->period_ps = period_ps;
    time_set_target(b, t->run_until);
    systick_rebase(b);
}

void time_halt(struct board *b)
{
    struct time *t = &b->time;
    uint64_t now = time_now(b);

    if (t->halted)
        return;
    new_segment(t, now);
    t->halted = true;
    for (unsigned i = 0; i < EVENT_COUNT; i++) {
        t->held[i] = NEVER;
        if (!halts[i] || t->due[i] == NEVER)
            continue;
        t->held[i] = t->due[i] - now;
        t->due[i] = NEVER;
    }
    find_next(t);
}

void time_go_on(struct board *b)
{
    struct time *t = &b->time;

    if (!t->halted)
        return;
    t->halted = false;
    for (unsigned i = 0; i < EVENT_COUNT; i++)
        if (t->held[i] != NEVER)
            t->due[i] = time_now(b) + t->held[i];
    find_next(t);
    systick_rebase(b); /* HCLK may not be what it was */
}

/* Lets time pass without the CPU; sleep cycles count as cycles (SysTick goes on in Sleep). */
void time_skip_to(struct board *b, uint64_t ps)
{
    struct time *t = &b->time;
    uint64_t now = time_now(b);

    if (ps <= now)
        return;
    if (t->halted)
        t->seg_ps = ps;
    else
        t->cycles += (ps - now + t->period_ps - 1) / t->period_ps;
}

static void run_event(struct board *b, enum event event)
{
    switch (event) {
    case EVENT_FAULT: fault_event(b); break;
    case EVENT_FLASH: flash_event(b); break;
    case EVENT_RCC: rcc_event(b); break;
    case EVENT_PWR: pwr_event(b); break;
    case EVENT_CRS: crs_event(b); break;
    case EVENT_IWDG: iwdg_event(b); break;
    case EVENT_WWDG: wwdg_event(b); break;
    case EVENT_SYSTICK: systick_event(b); break;
    case EVENT_RTC: rtc_event(b); break;
    case EVENT_USART1:
    case EVENT_USART2:
    case EVENT_USART4:
    case EVENT_USART5:
    case EVENT_LPUART1: usart_event(b, event - EVENT_USART1); break;
    case EVENT_USART1_RX:
    case EVENT_USART2_RX:
    case EVENT_USART4_RX:
    case EVENT_USART5_RX:
    case EVENT_LPUART1_RX: usart_receive_event(b, event - EVENT_USART1_RX); break;
    case EVENT_DMA: dma_event(b); break;
    case EVENT_TIM2:
    case EVENT_TIM3:
    case EVENT_TIM6:
    case EVENT_TIM7:
    case EVENT_TIM21:
    case EVENT_TIM22: tim_event(b, event - EVENT_TIM2); break;
    case EVENT_LPTIM1: lptim_event(b); break;
    case EVENT_RNG: rng_event(b); break;
    case EVENT_USB: usb_event(b); break;
    case EVENT_FRAME: host_frame_event(b); break;
    case EVENT_HOST: host_event(b); break;
    case EVENT_COUNT: break;
    }
}

/* The earliest due event; among equals the first of the enum. */
static enum event earliest(const struct time *t)
{
    unsigned first = 0;

    for (unsigned i = 1; i < EVENT_COUNT; i++)
        if (t->due[i] < t->due[first])
            first = i;
    return (enum event)first;
}

void time_run_due(struct board *b)
{
    struct time *t = &b->time;

    while (t->next_due <= time_now(b)) {
        enum event event = earliest(t);

        t->due[event] = NEVER;
        find_next(t);
        run_event(b, event);
    }
}

bool time_stall_until(struct board *b, uint64_t ps)
{
    while (b->time.next_due <= ps) {
        time_skip_to(b, b->time.next_due);
        time_run_due(b);
        if (exception_abandoned(b))
            return false;
    }
    time_skip_to(b, ps);
    return true;
}
