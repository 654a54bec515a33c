/* SPDX-License-Identifier: MIT */
/* Real-time clock and backup registers (RM0376 RTC), 0x40002800. */
#ifndef SIM_RTC_H
#define SIM_RTC_H

#include <stdint.h>

struct board;

#define RTC_END 0x64 /* first offset behind BKP4R */

struct rtc {
    uint32_t reg[RTC_END / 4]; /* by offset / 4 */
    uint8_t keys;              /* of the RTC_WPR sequence that were written: 2 opens it */
};

/* Resets the RTC domain: power-on, RCC_CSR.RTCRST. A system reset leaves it alone. */
void rtc_power_on(struct board *b);
uint32_t rtc_read(struct board *b, uint32_t offset);
void rtc_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);

#endif
