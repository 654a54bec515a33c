/* SPDX-License-Identifier: MIT */
/* Power control (RM0376 PWR), 0x40007000. */
#ifndef SIM_PWR_H
#define SIM_PWR_H

#include <stdbool.h>
#include <stdint.h>

struct board;

struct pwr {
    uint32_t cr, csr;
};

void pwr_reset(struct board *b);
uint32_t pwr_read(struct board *b, uint32_t offset);
void pwr_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);
void pwr_event(struct board *b);

/* PWR_CR.DBP: the RTC, its backup registers and the RTC bits of RCC_CSR take writes. */
bool pwr_dbp(const struct board *b);
/* The CPU goes to sleep with SCR.SLEEPDEEP set. */
void pwr_deep_sleep(struct board *b);

#endif
