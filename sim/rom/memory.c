/* SPDX-License-Identifier: MIT */
/* The memories behind the three alternate settings, and the way out: dfu_mem.h. */
#include "../../dfu/dfu_mem.h"

#include <stdbool.h>
#include <stddef.h>

#include "../../stm32l0/clock.h"
#include "../../stm32l0/core.h"
#include "../../stm32l0/flash.h"
#include "../../stm32l0/regs.h"
#include "../../usb/usbd.h"
#include "config.h"
#include "rom.h"

_Alignas(2) const uint8_t dfu_mem_commands[4] = {DFUSE_GET, DFUSE_SET_ADDRESS, DFUSE_ERASE,
                                                 DFUSE_READ_UNPROTECT};

static const struct {
    uint32_t base, size;
} memories[] = {
    [ROM_FLASH] = {FLASH_BASE,  ROM_FLASH_SIZE },
    [ROM_OPTION] = {OPTION_BASE, ROM_OPTION_SIZE},
    [ROM_EEPROM] = {EEPROM_BASE, ROM_EEPROM_SIZE},
};

#define OPTION_WORDS 5 /* RM0376: OPTR in two halves, WRPROT1 in two halves, WRPROT2 */
#define HOST_RAM     ((volatile uint32_t *)(SRAM_BASE + 0x1000)) /* AN2606: below is the ROM's */
#define SRAM_END     ((volatile uint32_t *)(SRAM_BASE + 0x5000))

__attribute__((noreturn)) static void reset(void)
{
    SCB->AIRCR = SCB_AIRCR_SYSRESETREQ;
    for (;;)
        ;
}

static bool read_protected(void)
{
    return (FLASH->OPTR & FLASH_OPTR_RDPROT) != FLASH_OPTR_RDP_0;
}

uint32_t dfu_mem_left(uint8_t alternate, uint32_t address)
{
    uint32_t offset = address - memories[alternate].base;
    return offset < memories[alternate].size ? memories[alternate].size - offset : 0;
}

uint32_t dfu_mem_time(struct dfu *d)
{
    if (d->operation == DFU_ERASE_PAGE)
        return ROM_ERASE_MS;
    if (d->operation == DFU_WRITE && d->memory == ROM_FLASH)
        return (d->length + FLASH_HALF_PAGE - 1) / FLASH_HALF_PAGE * ROM_HALF_PAGE_MS;
    if (d->operation == DFU_WRITE)
        return (d->length + 3u) / 4 * ROM_DATA_WORD_MS;
    return ROM_SHORT_MS;
}

/* AN3156 5.1 and 5.3: where a page is write-protected nothing happens, and that is no error. */
static bool went_well(uint32_t errors)
{
    return !(errors & ~FLASH_SR_WRPERR);
}

/* ---- Write ----------------------------------------------------------------------------------- */

static enum dfu_status write_flash(uint32_t address, const uint32_t *words, uint32_t size)
{
    uint32_t errors = 0;
    while (size && went_well(errors)) {
        bool half_page = address % FLASH_HALF_PAGE == 0 && size >= FLASH_HALF_PAGE;
        uint32_t step = half_page ? FLASH_HALF_PAGE : 4;
        errors =
            half_page ? flash_write_half_page(address, words) : flash_write_word(address, *words);
        address += step;
        words += step / 4;
        size -= step;
    }
    return went_well(errors) ? DFU_OK : DFU_ERR_PROG;
}

static enum dfu_status write_eeprom(uint32_t address, const uint32_t *words, uint32_t size)
{
    for (; size; size -= 4, address += 4)
        if (flash_write_word(address, *words++))
            return DFU_ERR_WRITE;
    return DFU_OK;
}

/* The lower half, with its complement. */
static uint32_t option_word(uint32_t value)
{
    return ~value << 16 | (value & 0xFFFF);
}

/* The whole block from its start, as AN3156 wants it; then a reset makes it count. */
static enum dfu_status write_options(uint32_t address, const uint32_t *words, uint32_t size)
{
    if (address != OPTION_BASE)
        return DFU_ERR_TARGET;
    for (unsigned i = 0; i < OPTION_WORDS && i < size / 4; i++)
        if (flash_write_word(OPTION_BASE + 4 * i, option_word(words[i])))
            return DFU_ERR_WRITE;
    flash_reload_options();
    return DFU_ERR_WRITE;
}

static enum dfu_status write(const struct dfu *d)
{
    const uint32_t *words = (const uint32_t *)(const void *)d->data;
    /* AN2606: writes of the STM32L0 are aligned to 8 bytes, their length is a multiple of 4. */
    if (d->address % 8 || d->length % 4)
        return DFU_ERR_TARGET;
    switch (d->memory) {
    case ROM_FLASH: return write_flash(d->address, words, d->length);
    case ROM_OPTION: return write_options(d->address, words, d->length);
    default: return write_eeprom(d->address, words, d->length);
    }
}

/* Flash only: EEPROM and option words are erased by the hardware when written. Any address in the
 * page will do. */
static enum dfu_status erase(const struct dfu *d)
{
    if (d->memory != ROM_FLASH)
        return DFU_ERR_TARGET;
    return went_well(flash_erase_page(d->address & ~3u)) ? DFU_OK : DFU_ERR_ERASE;
}

enum dfu_status dfu_mem_read(uint8_t alternate, uint32_t address, uint8_t *buffer, uint32_t size)
{
    (void)alternate;
    if (read_protected())
        return DFU_ERR_VENDOR;
    for (uint32_t i = 0; i < size; i++) /* USB wants an even address */
        buffer[i] = ((const uint8_t *)address)[i];
    return DFU_OK;
}

/* AN3156 5.4: RAM is cleared, flash too when it was protected, and the chip resets. From level 1
 * the hardware erases on the way (RM0376, readout protection). The 4 KB of the ROM itself stay. */
static enum dfu_status unprotect(void)
{
    for (volatile uint32_t *word = HOST_RAM; word != SRAM_END; word++)
        *word = 0;
    if (!read_protected())
        reset();
    uint16_t other_bits = (uint16_t)(FLASH->OPTR & ~FLASH_OPTR_RDPROT);
    if (!flash_write_word(OPTION_BASE, option_word(other_bits | FLASH_OPTR_RDP_0)))
        flash_reload_options();
    return DFU_ERR_VENDOR;
}

/* AN3156 table 4: Leave and read unprotect work under read protection, as SET_ADDRESS does. Mass
 * erase: AN2606 has products without it remove the read protection instead. */
enum dfu_status dfu_mem_work(struct dfu *d)
{
    switch (d->operation) {
    case DFU_LEAVE: return DFU_OK;
    case DFU_UNPROTECT: return unprotect();
    case DFU_ERASE_PAGE: return read_protected() ? DFU_ERR_VENDOR : erase(d);
    case DFU_WRITE: return read_protected() ? DFU_ERR_VENDOR : write(d);
    default: return read_protected() ? DFU_ERR_VENDOR : DFU_ERR_TARGET;
    }
}

/* ---- Leave ----------------------------------------------------------------------------------- */

static bool executable(uint32_t address)
{
    if (address % 4 || dfu_mem_left(ROM_FLASH, address) < 8)
        return false;
    const uint32_t *image = (const uint32_t *)address;
    if (ROM_LEAVE_WANTS_SP && !rom_sp_valid(image[0]))
        return false;
    return image[1] % 2 && dfu_mem_left(ROM_FLASH, image[1]);
}

/* AN3156: the peripherals it used get their reset values. The flash interface has no such reset. */
static void reset_peripherals(void)
{
    SYSTICK->CSR = 0;
    NVIC->ICER = UINT32_MAX;
    clock_reset();
    RCC->IOPRSTR = RCC_IOPENR_IOPA;
    RCC->IOPRSTR = 0;
    RCC->APB2RSTR = RCC_APB2ENR_SYSCFG;
    RCC->APB2RSTR = 0;
    RCC->APB1RSTR = RCC_APB1ENR_USB | RCC_APB1ENR_CRS | RCC_APB1ENR_PWR;
    RCC->APB1RSTR = 0;
    RCC->IOPENR = 0;
    RCC->APB2ENR = 0;
    RCC->APB1ENR = 0;
}

void dfu_mem_leave(uint32_t address)
{
    usbd_disconnect();
    if (executable(address)) {
        const uint32_t *image = (const uint32_t *)address;
        reset_peripherals();
        core_start(image[0], image[1]);
    }
    reset();
}
