/* SPDX-License-Identifier: MIT */
/*
 * The memories behind the alternate settings: dfu_mem.h.
 *
 * Erasing is put off: hosts erase all that they are going to write, and what is written is often
 * what was there. A page is touched when its new content is known and differs, or when the host is
 * through. Until then it reads as erased.
 */
#include <stddef.h>

#include "../dfu/dfu_mem.h"
#include "../stm32l0/flash.h"
#include "../usb/usbd.h"
#include "boot.h"

#define OPTION_BYTES 20u         /* five words: OPTR and WRPROT1 in two halves each, WRPROT2 */
#define DEVICE_BASE  0x1FF80050u /* unique ID to flash size */
#define DEVICE_BYTES 0x30u

const uint8_t dfu_mem_commands[DFU_MEM_COMMANDS] = {DFUSE_GET, DFUSE_SET_ADDRESS, DFUSE_ERASE,
                                                    DFUSE_READ_UNPROTECT};

static struct {
    /* What the host wants written: words from an address on, a multiple of 4. */
    uint32_t address, length;
    const uint32_t *words;
    /* What it wants erased, and is not yet: whole pages, the next one first. */
    uint32_t erase, erase_end;

    uint32_t app_end; /* of the application that is in the making; 0: none is */
    uint32_t errors;  /* of flash operations: flash.h */
    bool complete;    /* its first page was sent, or what is changed was complete */
    bool options;     /* option bytes were written: they count at the next start */
} memory;

static bool is_erased(uint32_t address)
{
    return address - memory.erase < memory.erase_end - memory.erase;
}

/* What the word at `at` shall be. */
static uint32_t wanted(uint32_t at)
{
    if (at - memory.address < memory.length)
        return memory.words[(at - memory.address) / 4];
    return is_erased(at) ? 0 : *(const uint32_t *)at;
}

/* ---- Flash ----------------------------------------------------------------------------------- */

/* Before the first change of the application: a power cut from now on leads to DFU. */
static void unseal(void)
{
    if (!app_sealed())
        return;
    memory.complete = true;
    memory.app_end = APP_BASE + SEAL->length;
    memory.errors |= flash_erase_page(SEAL_BASE);
}

/* Makes a page what it shall be, if `now`. Returns how many flash operations that takes: one if
 * something is to be erased, two if something is to be programmed. */
static unsigned put_page(uint32_t page, bool now)
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
    if (!differs)
        return 0;
    if (now)
        unseal();
    if (now && before)
        memory.errors |= flash_erase_page(page);
    if (now && after) {
        memory.errors |= flash_write_half_page(page, words);
        memory.errors |= flash_write_half_page(page + FLASH_HALF_PAGE, words + 16);
    }
    return !!before + 2 * !!after;
}

bool memory_settle(void)
{
    if (memory.erase == memory.erase_end)
        return false;
    put_page(memory.erase, true);
    memory.erase += FLASH_PAGE_SIZE;
    return true;
}

static unsigned put_pages(bool now)
{
    unsigned operations = 0;
    uint32_t page = memory.address & ~(FLASH_PAGE_SIZE - 1);
    for (; page < memory.address + memory.length; page += FLASH_PAGE_SIZE) {
        while (now && is_erased(page) && page != memory.erase)
            memory_settle(); /* the host leaves these out */
        operations += put_page(page, now);
        if (now && page == memory.erase)
            memory.erase += FLASH_PAGE_SIZE;
    }
    return operations;
}

/* ---- Data EEPROM and option bytes ------------------------------------------------------------ */

/* The complement of an option word is ours to make: a wrong one would protect the whole flash. */
static unsigned put_words(bool now)
{
    unsigned operations = 0;
    for (uint32_t at = memory.address; at < memory.address + memory.length; at += 4) {
        uint32_t word = wanted(at);
        if (at >= OPTION_BASE)
            word = (word & 0xFFFF) | ~word << 16;
        if (word == *(const uint32_t *)at)
            continue;
        operations += 2; /* erase and write */
        if (now)
            memory.errors |= flash_write_word(at, word);
    }
    return operations;
}

/* ---- For the engine -------------------------------------------------------------------------- */

uint32_t dfu_mem_left(uint8_t alternate, uint32_t address)
{
    static const uint32_t bases[ALTERNATES] = {FLASH_BASE, EEPROM_BASE, OPTION_BASE, DEVICE_BASE};
    uint32_t size = alternate == ALTERNATE_FLASH     ? FLASH_SIZE_KB * 1024u
                    : alternate == ALTERNATE_EEPROM  ? identity_eeprom_kb() * 1024u
                    : alternate == ALTERNATE_OPTIONS ? OPTION_BYTES
                                                     : DEVICE_BYTES;
    uint32_t offset = address - bases[alternate];
    return offset < size ? size - offset : 0;
}

/* Words, and under readout protection nothing. */
const uint8_t *dfu_mem_read(uint8_t alternate, uint32_t address, uint8_t *buffer, uint32_t size)
{
    (void)alternate;
    if ((uint8_t)FLASH->OPTR != FLASH_OPTR_RDP_0 || address % 4)
        return NULL;
    for (uint32_t i = 0; i < size; i += 4)
        *(uint32_t *)(void *)(buffer + i) = wanted(address + i);
    return buffer;
}

/* The block of the host, or what it takes to write it. */
static unsigned put(const struct dfu *d, bool now)
{
    memory.address = d->address;
    memory.length = d->length;
    memory.words = (const uint32_t *)(const void *)d->data;
    unsigned operations = d->alternate == ALTERNATE_FLASH ? put_pages(now) : put_words(now);
    memory.length = 0;
    return operations;
}

/* 3.2 ms an operation (RM0376, Tprog), the seal included. */
uint32_t dfu_mem_time(const struct dfu *d)
{
    unsigned operations = d->operation == DFU_WRITE ? 1 + put(d, false) : 0;
    return 1 + (operations * 205 >> 6);
}

static enum dfu_status erase(const struct dfu *d)
{
    uint32_t sector = d->address & ~(BOOT_SECTOR - 1);
    bool all = d->operation == DFU_ERASE_ALL;
    if (d->alternate != ALTERNATE_FLASH || (!all && sector < SEAL_BASE))
        return DFU_ERR_TARGET;
    if (!all && memory.erase < memory.erase_end && sector + BOOT_SECTOR == memory.erase_end)
        return DFU_OK; /* the same again */
    if (all || sector != memory.erase_end) {
        while (memory_settle())
            ;
        memory.erase = all || sector < APP_BASE ? APP_BASE : sector;
    }
    memory.erase_end = all ? FLASH_BASE + FLASH_SIZE_KB * 1024u : sector + BOOT_SECTOR;
    while (all && memory_settle())
        ;
    return DFU_OK;
}

/* RDP stays as it is, or what config.h allows. */
static bool rdp_changes(const struct dfu *d)
{
    uint8_t level = *(const volatile uint8_t *)OPTION_BASE;
    return d->address == OPTION_BASE && d->data[0] != level &&
           (!BOOT_RDP || d->data[0] == FLASH_OPTR_RDP_2);
}

static enum dfu_status write(struct dfu *d)
{
    uint32_t end = d->address + d->length;
    if (rdp_changes(d))
        return DFU_ERR_VENDOR;
    if (d->alternate == ALTERNATE_DEVICE || d->address % 4)
        return DFU_ERR_TARGET;
    if (d->alternate == ALTERNATE_FLASH) {
        if (d->address < APP_BASE)
            return DFU_ERR_TARGET;
        for (; d->length % 4; d->length++)
            d->data[d->length] = 0;
        memory.complete |= d->address == APP_BASE;
        if (memory.app_end < end)
            memory.app_end = end;
    }
    memory.options |= d->alternate == ALTERNATE_OPTIONS;
    memory.errors = 0;
    put(d, true);
    return memory.errors ? DFU_ERR_PROG : DFU_OK;
}

/* ---- The end --------------------------------------------------------------------------------- */

static enum dfu_status finish(void)
{
    while (memory_settle())
        ;
    if (!memory.app_end || app_sealed()) /* nothing was sent, or nothing was new */
        return DFU_OK;
    if (!memory.complete)
        return DFU_ERR_NOTDONE;
    uint32_t length = (memory.app_end - APP_BASE + 3) & ~3u, crc = app_crc(length);
    const uint32_t words[] = {length, crc, ~length, ~crc};
    memory.address = SEAL_BASE;
    memory.length = sizeof words;
    memory.words = words;
    put_page(SEAL_BASE, true);
    memory.length = 0;
    return app_valid() ? DFU_OK : DFU_ERR_FIRMWARE;
}

enum dfu_status dfu_mem_work(struct dfu *d)
{
    switch (d->operation) {
    case DFU_SET_ADDRESS: return DFU_OK;
    case DFU_ERASE_PAGE:
    case DFU_ERASE_ALL: return erase(d);
    case DFU_WRITE: return write(d);
    case DFU_LEAVE: return finish();
    default: return DFU_ERR_VENDOR; /* DFU_UNPROTECT */
    }
}

void dfu_mem_leave(uint32_t address)
{
    (void)address;
    usbd_disconnect();
    for (volatile unsigned ms10 = 20000; ms10; ms10--) /* for hubs, which filter */
        ;
    if (memory.options)
        flash_reload_options();
    SCB->AIRCR = SCB_AIRCR_SYSRESETREQ;
    for (;;)
        ;
}
