/* SPDX-License-Identifier: MIT */
/* System configuration controller (RM0376 SYSCFG), 0x40010000. */
#ifndef SIM_SYSCFG_H
#define SIM_SYSCFG_H

#include <stdbool.h>
#include <stdint.h>

struct board;

struct syscfg {
    uint32_t cfgr1, cfgr2, cfgr3;
    uint16_t exticr[4];
};

void syscfg_reset(struct board *b); /* MEM_MODE goes back to BOOT_MODE */
uint32_t syscfg_read(struct board *b, uint32_t offset);
void syscfg_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);

/* What the boot configuration maps at address 0: sets MEM_MODE and BOOT_MODE. */
void syscfg_boot(struct board *b, unsigned mem_mode, unsigned pins);
unsigned syscfg_mem_mode(const struct board *b);
/* The two banks have changed places. */
bool syscfg_ufb(const struct board *b);
/* The GPIO port (as in gpio.h) that feeds EXTI line 0-15. */
unsigned syscfg_exti_port(const struct board *b, unsigned line);
/* HSI48 has its voltage reference. */
bool syscfg_hsi48_reference(const struct board *b);

#endif
