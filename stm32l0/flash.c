/* SPDX-License-Identifier: MIT */
#include "flash.h"

#include <stdbool.h>

#include "core.h"
#include "regs.h"

#define ALL_LOCKS (FLASH_PECR_PELOCK | FLASH_PECR_PRGLOCK | FLASH_PECR_OPTLOCK)

/* Opens one lock. A key written to an open lock would close it until reset. */
static bool unlock(uint32_t lock, volatile uint32_t *key_register, uint32_t key1, uint32_t key2)
{
    if (FLASH->PECR & lock) {
        uint32_t primask = core_mask_interrupts();
        *key_register = key1;
        *key_register = key2;
        core_restore_interrupts(primask);
    }
    return !(FLASH->PECR & lock);
}

static bool unlock_pecr(void)
{
    return unlock(FLASH_PECR_PELOCK, &FLASH->PEKEYR, FLASH_PEKEY1, FLASH_PEKEY2);
}

static bool unlock_program(void)
{
    return unlock_pecr() &&
           unlock(FLASH_PECR_PRGLOCK, &FLASH->PRGKEYR, FLASH_PRGKEY1, FLASH_PRGKEY2);
}

static bool unlock_options(void)
{
    return unlock_pecr() &&
           unlock(FLASH_PECR_OPTLOCK, &FLASH->OPTKEYR, FLASH_OPTKEY1, FLASH_OPTKEY2);
}

/* Clears old flags and selects the operation, which the next store starts. */
static void select(uint32_t mode)
{
    FLASH->SR = FLASH_SR_ERRORS | FLASH_SR_EOP;
    FLASH->PECR |= mode;
}

/* Waits for the end, takes the flags, and locks. PECR must not change while BSY is set. */
static enum flash_result finish(bool unlocked)
{
    while (FLASH->SR & FLASH_SR_BSY)
        ;
    uint32_t flags = FLASH->SR & (FLASH_SR_ERRORS | FLASH_SR_EOP);
    FLASH->SR = flags;
    FLASH->PECR = ALL_LOCKS; /* and no mode */
    if (!unlocked)
        return FLASH_ERR_LOCKED;
    if (flags & FLASH_SR_WRPERR)
        return FLASH_ERR_PROTECTED;
    if (flags & FLASH_SR_NOTZEROERR)
        return FLASH_ERR_NOT_ERASED;
    if (flags & FLASH_SR_FWWERR)
        return FLASH_ERR_ABORTED;
    return (flags & (FLASH_SR_PGAERR | FLASH_SR_SIZERR)) ? FLASH_ERR_ACCESS : FLASH_OK;
}

static enum flash_result store(bool unlocked, uint32_t mode, uint32_t address, uint32_t word)
{
    if (unlocked) {
        select(mode);
        *(volatile uint32_t *)address = word;
    }
    return finish(unlocked);
}

enum flash_result flash_erase_page(uint32_t address)
{
    address &= ~(FLASH_PAGE_SIZE - 1);
    return store(unlock_program(), FLASH_PECR_PROG | FLASH_PECR_ERASE, address, 0);
}

enum flash_result flash_write_word(uint32_t address, uint32_t word)
{
    return store(unlock_program(), 0, address, word);
}

enum flash_result flash_write_eeprom(uint32_t address, uint32_t word)
{
    return store(unlock_pecr(), 0, address, word);
}

enum flash_result flash_write_option(uint32_t address, uint16_t value)
{
    return store(unlock_options(), 0, address, (uint32_t)~value << 16 | value);
}

/* Runs in RAM: no flash, nor literal in flash, may be read between the first and the last word. */
__attribute__((section(".ramfunc"), noinline)) static void store_half_page(volatile uint32_t *to,
                                                                           const uint32_t *from)
{
    for (unsigned i = 0; i < FLASH_HALF_PAGE / 4; i++)
        to[i] = from[i];
    while (FLASH->SR & FLASH_SR_BSY)
        ;
}

enum flash_result flash_write_half_page(uint32_t address, const uint32_t words[16])
{
    bool unlocked = unlock_program();
    if (unlocked) {
        select(FLASH_PECR_PROG | FLASH_PECR_FPRG);
        uint32_t primask = core_mask_interrupts();
        store_half_page((volatile uint32_t *)address, words);
        core_restore_interrupts(primask);
    }
    return finish(unlocked);
}

enum flash_result flash_reload_options(void)
{
    if (unlock_options())
        FLASH->PECR |= FLASH_PECR_OBL_LAUNCH;
    return finish(false);
}
