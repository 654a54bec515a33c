/* SPDX-License-Identifier: MIT */
/* Real-time clock and backup registers (RM0376 RTC), 0x40002800. */
#ifndef SIM_RTC_H
#define SIM_RTC_H

#include <stdbool.h>
#include <stdint.h>

struct board;

#define RTC_END 0x64 /* first offset behind BKP4R */

struct rtc {
    uint32_t reg[RTC_END / 4]; /* by offset / 4; the calendar as it was `done` ticks after origin */
    uint8_t keys;              /* of the RTC_WPR sequence that were written: 2 opens it */
    uint32_t hz;               /* RTCCLK, 0: stopped */
    uint64_t origin;           /* picoseconds: when it began */
    uint64_t done;             /* ticks of RTCCLK */
    uint64_t phase;            /* ticks into the present second */
    uint64_t wakeup_left;      /* ticks until the wake-up timer is at 0 */
    uint8_t outputs;           /* bit per line to EXTI that is high */
    bool tr_locked, dr_locked; /* by a read of SSR or TR: reads give the shadow */
    uint32_t shadow_tr, shadow_dr;
};

/* Resets the RTC domain: power-on, RCC_CSR.RTCRST. A system reset leaves it alone. */
void rtc_power_on(struct board *b);
uint32_t rtc_read(struct board *b, uint32_t offset);
void rtc_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);
void rtc_event(struct board *b);
/* rcc_rtc_hz() may have changed. */
void rtc_clock_changed(struct board *b);

/* ---- Between rtc.c, the registers, and rtc_calendar.c ---------------------------------------- */

#define RTC_CR_FMT      UINT32_C(0x00000040)
#define RTC_DR_RESET    UINT32_C(0x00002101)
#define RTC_DR_YEAR     UINT32_C(0x00FF0000)
#define RTC_PRER_A(reg) (((reg) >> 16 & 0x7F) + 1)
#define RTC_PRER_S(reg) (((reg)&0x7FFF) + 1)

/* Puts TR and DR `seconds` later; `cr` says 12 or 24 hours. */
void rtc_calendar_advance(uint32_t *tr, uint32_t *dr, uint32_t cr, uint64_t seconds);
/* Alarm register `alarm` with its sub-second register means this time. */
bool rtc_alarm_matches(uint32_t alarm, uint32_t alarm_ss, uint32_t tr, uint32_t dr, uint32_t ssr);

#endif
