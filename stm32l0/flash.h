/* SPDX-License-Identifier: MIT */
/*
 * Writes flash, data EEPROM and option bytes (RM0376, flash program memory and data EEPROM).
 *
 * Each function unlocks, does one operation, waits for its end, and locks again. It returns the
 * error flags of FLASH_SR, 0 when all went well; FLASH_SR_WRPERR also when a lock stayed closed.
 * The CPU stalls when it fetches from the bank being written. An erased word reads 0 on this part.
 * Interrupts are masked until the operation has begun. The section .ramfunc must be in RAM.
 *
 * -DFLASH_WAIT=name: `void name(void)` is called again and again while an operation runs. It must
 * be in RAM then, or in the other bank.
 */
#ifndef STM32L0_FLASH_H
#define STM32L0_FLASH_H

#include <stdint.h>

/* Erases the 128-byte page that holds `address`. 3.2 ms. */
uint32_t flash_erase_page(uint32_t address);
/* Programs one erased word, `address` a multiple of 4. 3.2 ms. */
uint32_t flash_write_word(uint32_t address, uint32_t word);
/* Programs 16 erased words, `address` a multiple of 64; `words` in RAM. 3.2 ms. */
uint32_t flash_write_half_page(uint32_t address, const uint32_t words[16]);
/* Writes one word of data EEPROM, erased first by the hardware when needed. Up to 6.4 ms. */
uint32_t flash_write_eeprom(uint32_t address, uint32_t word);
/* Writes one option word, `value` in its low half; the complement is added here. Up to 6.4 ms.
 * Takes effect at power-on or flash_reload_options(). */
uint32_t flash_write_option(uint32_t address, uint16_t value);
/* Reloads the option bytes: a system reset. Returns only when a lock stays closed. */
void flash_reload_options(void);

#endif
