/* SPDX-License-Identifier: MIT */
/* Clocks, each function from the state after reset: MSI at 2.1 MHz, voltage range 2. */
#ifndef STM32L0_CLOCK_H
#define STM32L0_CLOCK_H

/* 16 MHz from HSI16, voltage range 1, no wait state. */
void clock_16mhz(void);
/* 32 MHz from HSI16 by the PLL, voltage range 1, one wait state. */
void clock_32mhz(void);
/* 48 MHz for the USB block from HSI48, held on the host's start of frame by the CRS. Needs voltage
 * range 1: after one of the above. Switches SYSCFG on. */
void clock_usb(void);
/* Back to the clocks after reset; the voltage range stays. */
void clock_reset(void);

#endif
