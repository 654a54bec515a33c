/* SPDX-License-Identifier: MIT */
#include "flash.h"

#include "core.h"
#include "regs.h"

#ifdef FLASH_WAIT
void FLASH_WAIT(void);
#else
#define FLASH_WAIT() ((void)0)
#endif

#define ALL_LOCKS (FLASH_PECR_PELOCK | FLASH_PECR_PRGLOCK | FLASH_PECR_OPTLOCK)

/* Opens PECR, and flash or option bytes. A key that meets an open lock closes it until reset: all
 * are locked first. Those that stay closed show in the end, by WRPERR. */
static inline void unlock(uint32_t address)
{
    FLASH->PECR = ALL_LOCKS;
    FLASH->PEKEYR = FLASH_PEKEY1;
    FLASH->PEKEYR = FLASH_PEKEY2;
    if (address >= OPTION_BASE) {
        FLASH->OPTKEYR = FLASH_OPTKEY1;
        FLASH->OPTKEYR = FLASH_OPTKEY2;
    } else {
        FLASH->PRGKEYR = FLASH_PRGKEY1;
        FLASH->PRGKEYR = FLASH_PRGKEY2;
    }
}

/* Selects the operation by the bits of PECR, and starts it by storing `count` words. Runs in RAM:
 * no flash, nor a literal in flash, may be read between the words of a half page; nor may PECR
 * change while BSY is set. */
__attribute__((section(".ramfunc"), noinline)) static uint32_t
operate(uint32_t mode, uint32_t address, const uint32_t *words, unsigned count)
{
    volatile uint32_t *to = (volatile uint32_t *)address;
    uint32_t primask = core_mask_interrupts();
    unlock(address);
    FLASH->SR = FLASH_SR_ERRORS | FLASH_SR_EOP;
    FLASH->PECR = mode;
    while (count--)
        *to++ = *words++;
    core_restore_interrupts(primask);
    while (FLASH->SR & FLASH_SR_BSY)
        FLASH_WAIT();
    uint32_t errors = FLASH->SR & FLASH_SR_ERRORS;
    FLASH->PECR = ALL_LOCKS; /* and no mode */
    return errors;
}

uint32_t flash_erase_page(uint32_t address)
{
    const uint32_t any = 0;
    return operate(FLASH_PECR_PROG | FLASH_PECR_ERASE, address & ~(FLASH_PAGE_SIZE - 1), &any, 1);
}

uint32_t flash_write_word(uint32_t address, uint32_t word)
{
    return operate(0, address, &word, 1);
}

uint32_t flash_write_half_page(uint32_t address, const uint32_t words[16])
{
    return operate(FLASH_PECR_PROG | FLASH_PECR_FPRG, address, words, FLASH_HALF_PAGE / 4);
}

uint32_t flash_write_eeprom(uint32_t address, uint32_t word)
{
    return flash_write_word(address, word);
}

uint32_t flash_write_option(uint32_t address, uint16_t value)
{
    return flash_write_word(address, (uint32_t)~value << 16 | value);
}

void flash_reload_options(void)
{
    operate(FLASH_PECR_OBL_LAUNCH, OPTION_BASE, 0, 0);
}
