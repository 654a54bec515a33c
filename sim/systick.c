/* SPDX-License-Identifier: MIT */
/*
 * SysTick (ARM DDI 0419 B3.3). The counter is not stepped: its value follows from the cycles since
 * it was last known, and an event is due only when it will raise its interrupt.
 *
 * Not modelled / simplified:
 *  - SYST_CALIB reads 0: calibration value unknown.
 *  - It counts whenever time.cycles does, also while asleep.
 * Unconfirmed, and how it is read here:
 * - CLKSOURCE = 0 counts HCLK / 8.
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

static uint64_t cycles_per_tick(const struct systick *s)
{
    return (s->csr & CSR_CLKSOURCE) ? 1 : 8;
}

/* Ticks until the counter is next 0, through a reload when it is 0 now; 0: it stands still. */
static uint64_t ticks_to_zero(const struct systick *s)
{
    if (s->value)
        return s->value;
    return s->rvr ? (uint64_t)s->rvr + 1 : 0;
}

static uint32_t value_after(const struct systick *s, uint64_t ticks)
{
    uint64_t zero = ticks_to_zero(s), period = (uint64_t)s->rvr + 1;

    if (ticks < zero)
        return (uint32_t)(ticks ? zero - ticks : s->value);
    return (uint32_t)((period - (ticks - zero) % period) % period);
}

/* Brings value and COUNTFLAG up to now, and pends the exception if zero was reached. */
static void catch_up(struct board *b)
{
    struct systick *s = &b->nvic.systick;
    uint64_t ticks = (b->time.cycles - s->since) / cycles_per_tick(s);
    uint64_t zero = ticks_to_zero(s);

    if (!(s->csr & CSR_ENABLE) || !zero) {
        s->since = b->time.cycles;
        return;
    }
    s->value = value_after(s, ticks);
    s->since += ticks * cycles_per_tick(s);
    if (ticks < zero)
        return;
    s->csr |= CSR_COUNTFLAG;
    if (s->csr & CSR_TICKINT)
        nvic_pend(b, EXC_SYSTICK);
}

static void schedule(struct board *b)
{
    const struct systick *s = &b->nvic.systick;
    const uint32_t on = CSR_ENABLE | CSR_TICKINT;
    uint64_t zero = ticks_to_zero(s);

    if ((s->csr & on) != on || !zero) {
        event_cancel(b, EVENT_SYSTICK);
        return;
    }
    uint64_t cycle = s->since + zero * cycles_per_tick(s);

    event_after(b, EVENT_SYSTICK, (cycle - b->time.cycles) * b->time.period_ps);
}

uint32_t systick_read(struct board *b, uint32_t offset)
{
    struct systick *s = &b->nvic.systick;
    uint32_t csr;

    catch_up(b);
    switch (offset) {
    case SYST_CSR:
        csr = s->csr;
        s->csr &= ~CSR_COUNTFLAG;
        return csr;
    case SYST_RVR: return s->rvr;
    case SYST_CVR: return s->value;
    default: return 0; /* SYST_CALIB */
    }
}

void systick_write(struct board *b, uint32_t offset, uint32_t value)
{
    struct systick *s = &b->nvic.systick;

    catch_up(b);
    switch (offset) {
    case SYST_CSR: s->csr = (s->csr & ~CSR_WRITABLE) | (value & CSR_WRITABLE); break;
    case SYST_RVR: s->rvr = value & COUNTER_MASK; break;
    case SYST_CVR:
        s->value = 0;
        s->csr &= ~CSR_COUNTFLAG;
        s->since = b->time.cycles;
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
