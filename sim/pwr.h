/* SPDX-License-Identifier: MIT */
/* Power control (RM0376 PWR), 0x40007000. */
#ifndef SIM_PWR_H
#define SIM_PWR_H

#include <stdbool.h>
#include <stdint.h>

struct board;

enum pwr_mode {
    PWR_RUN, /* and Sleep */
    PWR_STOP,
    PWR_WAKING, /* from Stop: the regulator and the clock start */
    PWR_STANDBY,
    PWR_WAKING_STANDBY
};

struct pwr {
    uint32_t cr, csr;
    uint8_t mode;  /* enum pwr_mode */
    bool too_fast; /* beyond what the voltage range allows */
};

void pwr_power_on(struct board *b); /* SBF goes; pwr_reset() does the rest */
void pwr_reset(struct board *b);
uint32_t pwr_read(struct board *b, uint32_t offset);
void pwr_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);
void pwr_event(struct board *b);

/* PWR_CR.DBP: the RTC, its backup registers and the RTC bits of RCC_CSR take writes. */
bool pwr_dbp(const struct board *b);
/* PWR_CR.VOS: 1, 2 or 3. */
unsigned pwr_range(const struct board *b);
/* voltage.c: the clocks, the wait states or the voltage range may have changed. */
void voltage_check(struct board *b);
/* The CPU goes to sleep with SCR.SLEEPDEEP set: Stop or Standby. False: it goes on instead. */
bool pwr_deep_sleep(struct board *b);
/* An interrupt or event of EXTI: ends Stop. */
void pwr_leave_stop(struct board *b);
/* A wake-up event of the RTC: sets WUF, ends Standby. */
void pwr_wakeup(struct board *b);
/* A pin goes high from outside: a wake-up event when it is a WKUP pin that PWR_CSR enables. */
void pwr_pin_rises(struct board *b, unsigned port, unsigned pin);

#endif
