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

#include "regs.h"

/* The bits of FLASH_PECR select what a store does. */
#define FLASH_WRITE_WORD      0u
#define FLASH_WRITE_HALF_PAGE (FLASH_PECR_PROG | FLASH_PECR_FPRG)
#define FLASH_ERASE           (FLASH_PECR_PROG | FLASH_PECR_ERASE)

/* Stores `count` words, which are in RAM, to `address` in one of these modes. The functions below
 * are this one. */
uint32_t flash_operate(uint32_t mode, uint32_t address, const uint32_t *words, unsigned count);

/* Erases the 128-byte page that holds `address`, a multiple of 4. 3.2 ms. */
static inline uint32_t flash_erase_page(uint32_t address)
{
    const uint32_t any = 0;
    return flash_operate(FLASH_ERASE, address, &any, 1);
}

/* Programs 16 erased words, `address` a multiple of 64. 3.2 ms. */
static inline uint32_t flash_write_half_page(uint32_t address, const uint32_t words[16])
{
    return flash_operate(FLASH_WRITE_HALF_PAGE, address, words, FLASH_HALF_PAGE / 4);
}

/* Programs one erased word, or writes one of data EEPROM or option bytes, which the hardware erases
 * first when needed; `address` a multiple of 4. 3.2 ms, 6.4 with erasing. Option words have their
 * complement in the upper half, and take effect at power-on or flash_reload_options(). */
static inline uint32_t flash_write_word(uint32_t address, uint32_t word)
{
    return flash_operate(FLASH_WRITE_WORD, address, &word, 1);
}

/* Reloads the option bytes: a system reset. Returns only when a lock stays closed. */
static inline void flash_reload_options(void)
{
    flash_operate(FLASH_PECR_OBL_LAUNCH, OPTION_BASE, 0, 0);
}

#endif
