/* SPDX-License-Identifier: MIT */
/*
 * Writes flash, data EEPROM and option bytes (RM0376, flash program memory and data EEPROM).
 *
 * Each function unlocks, does one operation, waits for its end, checks, and locks again. The CPU
 * stalls when it fetches from the bank being written. An erased word reads 0 on this part.
 * Interrupts stay enabled, but for the two keys of an unlock and the whole write of a half page.
 */
#ifndef STM32L0_FLASH_H
#define STM32L0_FLASH_H

#include <stdint.h>

enum flash_result {
    FLASH_OK = 0,
    FLASH_ERR_LOCKED = -1,     /* a lock stays closed until reset: wrong keys were written */
    FLASH_ERR_PROTECTED = -2,  /* the sector is write-protected */
    FLASH_ERR_NOT_ERASED = -3, /* a word to program was not 0: nothing written */
    FLASH_ERR_ABORTED = -4,    /* a fetch came in between: nothing written */
    FLASH_ERR_ACCESS = -5,     /* alignment or size */
};

/* Erases the 128-byte page that holds `address`. 3.2 ms. */
enum flash_result flash_erase_page(uint32_t address);
/* Programs one erased word, `address` a multiple of 4. 3.2 ms. */
enum flash_result flash_write_word(uint32_t address, uint32_t word);
/* Programs 16 erased words, `address` a multiple of 64; `words` in RAM. 3.2 ms. The section
 * .ramfunc must have been copied to RAM. */
enum flash_result flash_write_half_page(uint32_t address, const uint32_t words[16]);
/* Writes one word of data EEPROM, erased first by the hardware when needed. Up to 6.4 ms. */
enum flash_result flash_write_eeprom(uint32_t address, uint32_t word);
/* Writes one option word, `value` in its low half; the complement is added here. Up to 6.4 ms.
 * Takes effect at power-on or flash_reload_options(). */
enum flash_result flash_write_option(uint32_t address, uint16_t value);
/* Reloads the option bytes: a system reset. Returns only when the lock stays closed. */
enum flash_result flash_reload_options(void);

#endif
