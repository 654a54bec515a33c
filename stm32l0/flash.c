/* SPDX-License-Identifier: MIT */
#include "flash.h"

#include "core.h"

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

/* Runs in RAM: no flash, nor a literal in flash, may be read between the words of a half page; nor
 * may PECR change while BSY is set. */
__attribute__((section(".ramfunc"), noinline)) uint32_t
flash_operate(uint32_t mode, uint32_t address, const uint32_t *words, unsigned count)
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
