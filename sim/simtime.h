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
    EVENT_FAULT,   /* l072_fault(); also while power is off */
    EVENT_FLASH,   /* end of a flash, EEPROM or option operation */
    EVENT_RCC,     /* a clock source became ready */
    EVENT_PWR,     /* the regulator settled */
    EVENT_CRS,     /* frequency error counter */
    EVENT_IWDG,    /* watchdog reset, register update done */
    EVENT_WWDG,    /* early wake-up, reset */
    EVENT_SYSTICK, /* counter reached zero */
    EVENT_RTC,     /* alarm to be compared, wake-up timer at 0 */
    EVENT_USART1,
    EVENT_USART2,
    EVENT_USART4,
    EVENT_USART5,
    EVENT_LPUART1,
    EVENT_USART1_RX,
    EVENT_USART2_RX,
    EVENT_USART4_RX,
    EVENT_USART5_RX,
    EVENT_LPUART1_RX,
    EVENT_DMA, /* next item */
    EVENT_TIM2,
    EVENT_TIM3,
    EVENT_TIM6,
    EVENT_TIM7,
    EVENT_TIM21,
    EVENT_TIM22,
    EVENT_LPTIM1,
    EVENT_RNG,   /* next number */
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
    uint64_t held[EVENT_COUNT]; /* while halted: what remained, NEVER: nothing */
    bool halted;                /* Stop or Standby: no cycles pass */
    uint64_t next_due;          /* the least of due[] */
    uint64_t run_until;         /* picoseconds: where the CPU's present run ends */
};

/* Picoseconds now, cycles of the instruction being executed included as far as added. */
uint64_t time_now(const struct board *b);
/* Makes `event` due at absolute time `ps` (replacing its earlier due time), or after a delay. */
void event_at(struct board *b, enum event event, uint64_t ps);
void event_after(struct board *b, enum event event, uint64_t delay_ps);
/* Due when the cycle counter reaches `cycle`, should HCLK stay as it is. */
void event_at_cycle(struct board *b, enum event event, uint64_t cycle);
void event_cancel(struct board *b, enum event event);
/* Picoseconds of one period, to the nearest. */
static inline uint64_t time_period(uint32_t hz)
{
    return (PS_PER_S + hz / 2) / hz;
}

/* Whole periods of a clock of `hz` that are over at `ps`, and the first picosecond at which so many
 * are. */
uint64_t time_ticks(uint64_t ps, uint32_t hz);
uint64_t time_of_tick(uint64_t ticks, uint32_t hz);
/* Sets the HCLK period; called by the RCC. Tells SysTick (systick_rebase). */
void time_set_period(struct board *b, uint64_t period_ps);
/* Stop and Standby: the clock of CPU and peripherals halts. What it drives comes later by the time
 * it was halted; halting twice, or going on twice, changes nothing. */
void time_halt(struct board *b);
void time_go_on(struct board *b);
/* For the board's run loop: aim the CPU at `ps`, jump there without it, run what is due by now. */
void time_set_target(struct board *b, uint64_t ps);
void time_skip_to(struct board *b, uint64_t ps);
void time_run_due(struct board *b);
/* Stalls the CPU inside an instruction until `ps`, running the events that become due. False: the
 * instruction was abandoned before that (exception_abandoned() in core.h). */
bool time_stall_until(struct board *b, uint64_t ps);

#endif
