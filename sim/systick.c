/* SPDX-License-Identifier: MIT */
/*
 * SysTick (ARM DDI 0419 B3.3). The counter is not stepped: its value follows from the cycles since
 * it was last known, and an event is due only when it will raise its interrupt.
 *
 * Not modelled / simplified:
 *  - SYST_CALIB reads 0: calibration value unknown.
 *  - It counts whenever time.cycles does, also while asleep.
 */
#include "board.h"

/* SYST_CSR */
#define CSR_ENABLE    (1u << 0)
#define CSR_TICKINT   (1u << 1)
#define CSR_CLKSOURCE (1u << 2) /* 1: HCLK, 0: HCLK / 8 */
#define CSR_COUNTFLAG (1u << 16)
#define CSR_WRITABLE  (CSR_ENABLE | CSR_TICKINT | CSR_CLKSOURCE)

#define COUNTER_MASK 0x00FFFFFFu

enum { SYST_CSR = 0x10, SYST_RVR = 0x14, SYST_CVR = 0x18 };

static uint64_t cycles_per_tick(const struct board *b)
{
    return b->nvic.systick.csr & CSR_CLKSOURCE ? 1 : 8;
}

/* Ticks from `value` to the next zero; 0: the counter stands still. */
static uint64_t ticks_to_zero(const struct board *b)
{
    uint32_t value = b->nvic.systick.value, reload = b->nvic.systick.rvr;

    if (value)
        return value;
    return reload ? (uint64_t)reload + 1 : 0;
}

/* Brings value and COUNTFLAG up to now, and pends the exception if zero was reached. */
static void catch_up(struct board *b)
{
    uint64_t ticks = (b->time.cycles - b->nvic.systick.since) / cycles_per_tick(b);
    uint64_t zero = ticks_to_zero(b);

    if (!(b->nvic.systick.csr & CSR_ENABLE) || !zero) {
        b->nvic.systick.since = b->time.cycles;
        return;
    }
    b->nvic.systick.since += ticks * cycles_per_tick(b);
    if (ticks < zero) {
        uint64_t from = b->nvic.systick.value ? b->nvic.systick.value : zero;

        b->nvic.systick.value = ticks ? (uint32_t)(from - ticks) : b->nvic.systick.value;
        return;
    }
    uint64_t period = (uint64_t)b->nvic.systick.rvr + 1;
    uint64_t phase = (ticks - zero) % period;

    b->nvic.systick.value = phase ? (uint32_t)(period - phase) : 0;
    b->nvic.systick.csr |= CSR_COUNTFLAG;
    if (b->nvic.systick.csr & CSR_TICKINT)
        nvic_pend(b, EXC_SYSTICK);
}

static void schedule(struct board *b)
{
    const uint32_t on = CSR_ENABLE | CSR_TICKINT;
    uint64_t zero = ticks_to_zero(b);

    if ((b->nvic.systick.csr & on) != on || !zero) {
        event_cancel(b, EVENT_SYSTICK);
        return;
    }
    uint64_t cycle = b->nvic.systick.since + zero * cycles_per_tick(b);

    event_after(b, EVENT_SYSTICK, (cycle - b->time.cycles) * b->time.period_ps);
}

uint32_t systick_read(struct board *b, uint32_t offset)
{
    uint32_t csr;

    catch_up(b);
    switch (offset) {
    case SYST_CSR:
        csr = b->nvic.systick.csr;
        b->nvic.systick.csr &= ~CSR_COUNTFLAG;
        return csr;
    case SYST_RVR: return b->nvic.systick.rvr;
    case SYST_CVR: return b->nvic.systick.value;
    default: return 0; /* SYST_CALIB */
    }
}

void systick_write(struct board *b, uint32_t offset, uint32_t value)
{
    catch_up(b);
    switch (offset) {
    case SYST_CSR:
        b->nvic.systick.csr &= ~CSR_WRITABLE;
        b->nvic.systick.csr |= value & CSR_WRITABLE;
        break;
    case SYST_RVR: b->nvic.systick.rvr = value & COUNTER_MASK; break;
    case SYST_CVR:
        b->nvic.systick.value = 0;
        b->nvic.systick.csr &= ~CSR_COUNTFLAG;
        b->nvic.systick.since = b->time.cycles;
        break;
    }
    schedule(b);
}

void systick_rebase(struct board *b)
{
    catch_up(b);
    schedule(b);
}

void systick_event(struct board *b)
{
    systick_rebase(b);
}
