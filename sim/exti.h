/* SPDX-License-Identifier: MIT */
/* Extended interrupts and events (RM0376 EXTI), 0x40010400. */
#ifndef SIM_EXTI_H
#define SIM_EXTI_H

#include <stdbool.h>
#include <stdint.h>

struct board;

#define EXTI_LINE_RTC_ALARM  17
#define EXTI_LINE_USB_WAKEUP 18
#define EXTI_LINE_RTC_WAKEUP 20
#define EXTI_LINE_LPTIM1     29

struct exti {
    uint32_t imr, emr, rtsr, ftsr, swier, pr;
    uint32_t level; /* of the internal lines 16-29 */
};

void exti_reset(struct board *b);
uint32_t exti_read(struct board *b, uint32_t offset);
void exti_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);

/* Pin `pin` of GPIO port `port` changed to `level`. */
void exti_pin_changed(struct board *b, unsigned port, unsigned pin, bool level);
/* The interrupt of a line is pending and not masked: Stop mode cannot be entered. */
bool exti_active(const struct board *b);
/* An internal line (16-29) is at `level`. */
void exti_line(struct board *b, unsigned line, bool level);

#endif
