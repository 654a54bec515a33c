/* SPDX-License-Identifier: MIT */
/*
 * The memories behind the alternate settings: dfu_mem.h.
 *
 * Erasing is put off: hosts erase all that they are going to write, and what is written is often
 * what was there. A page is touched when its new content is known and differs, or when the host is
 * through. Until then it reads as erased.
 *
 * How long a request takes is found by doing it without the flash first: dfu_mem_time().
 */
#include "../dfu/dfu_mem.h"
#include "../stm32l0/flash.h"
#include "../usb/usbd.h"
#include "boot.h"

#define OPTION_BYTES 20u         /* five words: OPTR and WRPROT1 in two halves each, WRPROT2 */
#define DEVICE_BASE  0x1FF80050u /* unique ID to flash size */
#define DEVICE_BYTES 0x30u

_Alignas(2) const uint8_t dfu_mem_commands[DFU_MEM_COMMANDS] = {DFUSE_GET, DFUSE_SET_ADDRESS,
                                                                DFUSE_ERASE, DFUSE_READ_UNPROTECT};

/* The sizes of flash and EEPROM are the chip's: memory_init(). */
static struct {
    uint32_t base, size;
} areas[ALTERNATES] = {
    [ALTERNATE_FLASH] = {FLASH_BASE,  0           },
    [ALTERNATE_EEPROM] = {EEPROM_BASE, 0           },
    [ALTERNATE_OPTIONS] = {OPTION_BASE, OPTION_BYTES},
    [ALTERNATE_DEVICE] = {DEVICE_BASE, DEVICE_BYTES},
};

static struct {
    /* What the host wants written: words from an address on, a multiple of 4. */
    uint32_t address, length;
    uintptr_t bytes; /* where they are */
    /* What a dry run changes, and is put back after it. */
    struct plan {
        uint32_t erase, erase_end; /* pages that the host wants erased, and that are not yet */
        uint32_t sealed;           /* not 0: there is a seal */
    } plan;

    uint32_t last; /* page of the block that is put off; 0: none */
    int8_t step;   /* -1: flash operations are done; 1: a dry run, they are counted */
    bool complete; /* the application's first page was sent, or is from a complete one */

    uint32_t app_end; /* of the application; 0: there is none, and nothing was sent */
    uint32_t errors;  /* of flash operations: flash.h */
    int32_t left;     /* flash operations that this request still takes */
} memory;

/* 64 KB parts of category 5 have 3 KB, those of category 3 have 2 (RM0376, RM0367). */
static unsigned find_eeprom_kb(void)
{
    if (DEVICE->FLASH_SIZE_KB > 64)
        return 6;
    RCC->APB2ENR |= RCC_APB2ENR_DBG;
    return (uint8_t)DBGMCU_IDCODE == 0x47 ? 3 : 2;
}

unsigned memory_init(void)
{
    unsigned eeprom_kb = find_eeprom_kb();
    areas[ALTERNATE_FLASH].size = DEVICE->FLASH_SIZE_KB * 1024u;
    areas[ALTERNATE_EEPROM].size = eeprom_kb * 1024;
    memory.step = -1;
    if (app_sealed()) {
        memory.plan.sealed = true;
        memory.app_end = APP_BASE + SEAL->length;
    }
    return eeprom_kb;
}

void memory_protect(void)
{
    uint32_t own = (1u << BOOT_SECTORS) - 1, at = OPTION_BASE + 8; /* WRPROT1, sectors 0 to 15 */
    uint32_t value = *(const volatile uint16_t *)at | own;
    if ((FLASH->WRPROT1 & own) != own && !flash_write_word(at, value | ~value << 16)) {
        leave_request();
        flash_reload_options();
    }
}

/* Where it is smaller. */
__attribute__((noinline)) uint32_t dfu_mem_left(uint8_t alternate, uint32_t address)
{
    uint32_t offset = address - areas[alternate].base;
    return offset < areas[alternate].size ? areas[alternate].size - offset : 0;
}

static bool is_erased(uint32_t address)
{
    return address - memory.plan.erase < memory.plan.erase_end - memory.plan.erase;
}

/* What the word at `at` shall be. */
static uint32_t wanted(uint32_t at)
{
    uint32_t offset = at - memory.address;
    if (offset < memory.length)
        return *(const uint32_t *)(memory.bytes + offset);
    return is_erased(at) ? 0 : *(const uint32_t *)at;
}

/* Words, and under readout protection nothing. */
enum dfu_status dfu_mem_read(uint8_t alternate, uint32_t address, uint8_t *buffer, uint32_t size)
{
    (void)alternate;
    if ((uint8_t)FLASH->OPTR != FLASH_OPTR_RDP_0)
        return DFU_ERR_VENDOR;
    if (address % 4)
        return DFU_ERR_TARGET;
    for (uint32_t i = 0; i < size; i += 4)
        *(uint32_t *)(void *)(buffer + i) = wanted(address + i);
    return DFU_OK;
}

/* ---- Flash ----------------------------------------------------------------------------------- */

static void operate(uint32_t mode, uint32_t address, const uint32_t *words, unsigned size)
{
    memory.left += memory.step;
    if (memory.left < 0)
        memory.left = 0;
    if (memory.step < 0)
        memory.errors |= flash_operate(mode, address, words, size);
}

static void erase_page(uint32_t page)
{
    const uint32_t any = 0;
    operate(FLASH_ERASE, page, &any, 1);
}

/* Before the first change of the application: a power cut from now on leads to DFU. */
static void unseal(void)
{
    if (!memory.plan.sealed)
        return;
    memory.complete = true;
    erase_page(SEAL_BASE);
    memory.plan.sealed = memory.errors; /* or it may be there still */
}

/* Makes a page what it shall be: erased and written if it differs, not at all if not. */
static void put_page(uint32_t page)
{
    uint32_t words[FLASH_PAGE_SIZE / 4];
    uint32_t differs = 0, before = 0, after = 0;
    for (unsigned i = 0; i < FLASH_PAGE_SIZE / 4; i++) {
        uint32_t at = page + 4 * i, there = *(const uint32_t *)at;
        words[i] = wanted(at);
        differs |= words[i] ^ there;
        before |= there;
        after |= words[i];
    }
    if (page == memory.last) { /* from now on the host may send the next block */
        memory.address = page;
        memory.length = sizeof words;
        memory.bytes = (uintptr_t)words;
    }
    if (is_erased(page))
        memory.plan.erase = page + FLASH_PAGE_SIZE;
    if (!differs)
        return;
    unseal();
    if (memory.errors)
        return;
    if (before)
        erase_page(page);
    if (after) {
        operate(FLASH_WRITE_HALF_PAGE, page, words, 16);
        operate(FLASH_WRITE_HALF_PAGE, page + FLASH_HALF_PAGE, words + 16, 16);
    }
}

static void put_pages(uint32_t page, uint32_t end)
{
    for (; page < end; page += FLASH_PAGE_SIZE) {
        put_page(page);
        if (memory.step < 0) /* else this is inside usbd_poll() */
            flash_wait();
    }
}

static void settle(void)
{
    put_pages(memory.plan.erase, memory.plan.erase_end);
}

/* The words are written, or not to be. */
static void forget_words(void)
{
    memory.length = 0;
    memory.last = 0;
}

void memory_idle(bool idle)
{
    if (!memory.last && idle && memory.plan.erase != memory.plan.erase_end)
        memory.last = memory.plan.erase;
    if (memory.last) {
        put_page(memory.last);
        forget_words();
    }
}

/* ---- Data EEPROM and option bytes ------------------------------------------------------------ */

/* The complement of an option word is ours to make: a wrong one would protect the whole flash. */
static void put_words(void)
{
    for (uint32_t at = memory.address; at < memory.address + memory.length; at += 4) {
        uint32_t word = wanted(at), there = *(const uint32_t *)at;
        if (at >= OPTION_BASE)
            word = (word & 0xFFFF) | ~word << 16;
        if (word == there)
            continue;
        if (there) /* it is erased first */
            memory.left += memory.step;
        operate(FLASH_WRITE_WORD, at, &word, 1);
    }
    memory.length = 0;
}

/* ---- Requests -------------------------------------------------------------------------------- */

static enum dfu_status erase(const struct dfu *d)
{
    bool all = d->operation == DFU_ERASE_ALL;
    uint32_t from = d->address & ~(BOOT_SECTOR - 1), end = from + BOOT_SECTOR;
    if (all) {
        from = SEAL_BASE;
        end = FLASH_BASE + areas[ALTERNATE_FLASH].size;
    }
    if (d->memory != ALTERNATE_FLASH || from < SEAL_BASE)
        return DFU_ERR_TARGET;
    if (from < APP_BASE)
        from = APP_BASE;
    if (all || !is_erased(from)) {
        if (from != memory.plan.erase_end) {
            settle();
            memory.plan.erase = from;
        }
        memory.plan.erase_end = end;
    }
    if (all)
        settle();
    return DFU_OK;
}

/* RDP stays as it is, or what config.h allows. With it WPRMOD, which would make the bootloader
 * unreadable for itself. */
static bool rdp_changes(const struct dfu *d)
{
    uint16_t there = *(const volatile uint16_t *)OPTION_BASE;
    uint16_t word = *(const uint16_t *)(const void *)d->data;
    return d->address == OPTION_BASE && word != there &&
           (!BOOT_RDP || (word ^ there) >> 8 || (uint8_t)word == FLASH_OPTR_RDP_2);
}

static void put_flash(void)
{
    uint32_t page = memory.address & ~(FLASH_PAGE_SIZE - 1), end = memory.address + memory.length;
    uint32_t last = (end - 1) & ~(FLASH_PAGE_SIZE - 1);
    /* The host leaves the first ones out. */
    put_pages(is_erased(page) ? memory.plan.erase : page, last);
    if (memory.step > 0)
        return;
    memory.last = last;
    if (memory.address == APP_BASE)
        memory.complete = true;
    if (memory.app_end < end)
        memory.app_end = end;
}

static enum dfu_status write(struct dfu *d)
{
    if (d->memory == ALTERNATE_DEVICE || d->address % 4 ||
        (d->memory == ALTERNATE_FLASH && d->address < APP_BASE))
        return DFU_ERR_TARGET;
    /* Of the last word the rest stays, in flash it becomes 0. */
    for (; d->length % 4; d->length++)
        d->data[d->length] = d->memory ? *(const uint8_t *)(d->address + d->length) : 0;
    if (rdp_changes(d))
        return DFU_ERR_VENDOR;
    memory.address = d->address;
    memory.length = d->length;
    memory.bytes = (uintptr_t)d->data;
    if (d->memory == ALTERNATE_FLASH)
        put_flash();
    else
        put_words();
    return DFU_OK;
}

/* Two of them for the seal; app_crc() lasts as long as the others, at most. */
#define FINISH_OPERATIONS 22

static enum dfu_status finish(void)
{
    settle();
    /* Nothing was sent, or nothing was new, or not all is written. */
    if (!memory.app_end || memory.plan.sealed || memory.errors)
        return DFU_OK;
    if (!memory.complete)
        return DFU_ERR_NOTDONE;
    if (memory.step > 0) {
        memory.left += FINISH_OPERATIONS;
        return DFU_OK;
    }
    uint32_t length = memory.app_end - APP_BASE, crc = app_crc(length, true);
    const uint32_t words[] = {length, crc, ~length, ~crc};
    memory.address = SEAL_BASE;
    memory.length = sizeof words;
    memory.bytes = (uintptr_t)words;
    put_page(SEAL_BASE);
    memory.length = 0;
    memory.plan.sealed = true;
    return app_valid() ? DFU_OK : DFU_ERR_FIRMWARE;
}

static enum dfu_status work(struct dfu *d)
{
    switch (d->operation) {
    case DFU_ERASE_PAGE:
    case DFU_ERASE_ALL: return erase(d);
    case DFU_WRITE: return write(d);
    case DFU_LEAVE: return finish();
    default: return DFU_ERR_VENDOR; /* DFU_UNPROTECT */
    }
}

enum dfu_status dfu_mem_work(struct dfu *d)
{
    enum dfu_status status = work(d);
    if (!memory.errors)
        return status;
    memory.errors = 0;
    memory.complete = false;
    return DFU_ERR_PROG;
}

/* 3.2 ms an operation (RM0376, Tprog), and what goes on between them. While the last page of a
 * block is written, the next one cannot be compared with the flash: then all of it is taken to
 * differ. */
uint32_t dfu_mem_time(struct dfu *d)
{
    if (memory.last) {
        memory.left = (d->length * 47 >> 11) | 3;
    } else if (!dfu_busy(d)) {
        struct plan plan = memory.plan;
        memory.left = 0;
        memory.step = 1;
        work(d);
        memory.step = -1;
        memory.plan = plan;
        forget_words();
    }
    return 1 + ((uint32_t)memory.left * 13 >> 2);
}

void dfu_mem_leave(uint32_t address)
{
    (void)address;
    usbd_disconnect();
    core_delay(10 << 12);   /* 10 ms and more, for hubs, which filter */
    flash_reload_options(); /* a reset, after which new ones count */
    boot_restart();
}
