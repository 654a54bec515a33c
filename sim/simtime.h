/* SPDX-License-Identifier: MIT */
/*
 * Simulated time. The CPU counts cycles; a segment ties cycles to picoseconds, so that a change of
 * the HCLK starts a new segment and nothing is ever rounded twice. Everything that happens later is
 * one slot in a table of due times: no lists, no pointers, copyable with the board.
 */
#ifndef SIM_SIMTIME_H
#define SIM_SIMTIME_H

#include <stdbool.h>
#include <stdint.h>

struct board;

#define PS_PER_NS UINT64_C(1000)
#define PS_PER_US UINT64_C(1000000)
#define PS_PER_MS UINT64_C(1000000000)
#define PS_PER_S  UINT64_C(1000000000000)
#define NEVER     UINT64_MAX
#define TIME_END  (NEVER / 2) /* 106 days: no run goes further, so that no sum overflows */

/* Everything that can be due. Events due at the same time run in this order. */
enum event {
    EVENT_POWER_CUT, /* l072_cut_power() */
    EVENT_FLASH,     /* end of a flash, EEPROM or option operation */
    EVENT_RCC,       /* a clock source became ready */
    EVENT_PWR,       /* the regulator settled */
    EVENT_CRS,       /* frequency error counter */
    EVENT_IWDG,      /* watchdog reset, register update done */
    EVENT_SYSTICK,   /* counter reached zero */
    EVENT_USART1,
    EVENT_USART2,
    EVENT_USART4,
    EVENT_USART5,
    EVENT_USB,   /* device side: suspend detection */
    EVENT_FRAME, /* host side: start of frame */
    EVENT_HOST,  /* host side: next transaction, end of reset */
    EVENT_COUNT
};

struct time {
    uint64_t cycles;     /* CPU cycles so far; the CPU adds to it */
    uint64_t target;     /* the CPU runs while cycles < target */
    uint64_t seg_cycles; /* cycles at the start of the segment */
    uint64_t seg_ps;     /* picoseconds at the start of the segment */
    uint64_t period_ps;  /* one HCLK cycle */
    uint64_t due[EVENT_COUNT];
    uint64_t next_due;  /* the least of due[] */
    uint64_t run_until; /* picoseconds: where the CPU's present run ends */
};

/* Picoseconds now, cycles of the instruction being executed included as far as added. */
uint64_t time_now(const struct board *b);
/* Makes `event` due at absolute time `ps` (replacing its earlier due time), or after a delay. */
void event_at(struct board *b, enum event event, uint64_t ps);
void event_after(struct board *b, enum event event, uint64_t delay_ps);
void event_cancel(struct board *b, enum event event);
/* Sets the HCLK period; called by the RCC. Tells SysTick (systick_rebase). */
void time_set_period(struct board *b, uint64_t period_ps);
/* For the board's run loop: aim the CPU at `ps`, jump there without it, run what is due by now. */
void time_set_target(struct board *b, uint64_t ps);
void time_skip_to(struct board *b, uint64_t ps);
void time_run_due(struct board *b);
/* Stalls the CPU inside an instruction until `ps`, running the events that become due. False: the
 * instruction was abandoned before that (exception_abandoned() in core.h). */
bool time_stall_until(struct board *b, uint64_t ps);

#endif
