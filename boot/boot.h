/* SPDX-License-Identifier: MIT */
/* What the parts of the bootloader know of each other. */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "../stm32l0/core.h"
#include "public.h"

/* In flash: what runs before there is anything in RAM, or while the flash is idle. */
#define IN_FLASH      __attribute__((section(".boot")))
#define IN_FLASH_DATA __attribute__((section(".boot.data")))
/* Called from flash, and in RAM, or the other way round: too far for a BL. */
#define FAR __attribute__((noinline, long_call))
#if BOOT_CHECK_CRC
#define CRC_IN_FLASH IN_FLASH FAR
#else
#define CRC_IN_FLASH
#endif

/* The first eight bytes of RAM: entry/dfuse_resident.ld keeps them free. */
#define RAM_REQUEST ((volatile uint32_t *)SRAM_BASE)

/* For the next start. */
ALWAYS_INLINE void leave_request(void)
{
    RAM_REQUEST[0] = BOOT_REQUEST;
    RAM_REQUEST[1] = ~BOOT_REQUEST;
}

/* ---- The application ------------------------------------------------------------------------- */

/* There is a seal. */
IN_FLASH bool app_sealed(void);
/* The application is complete, and its vector table is one. */
IN_FLASH FAR bool app_valid(void);
/* Of `length` bytes from APP_BASE on; `serve`: USB meanwhile. */
CRC_IN_FLASH uint32_t app_crc(uint32_t length, bool serve);

/* ---- Steps ----------------------------------------------------------------------------------- */

/* By a reset. */
__attribute__((noreturn)) IN_FLASH FAR void boot_restart(void);
/* DFU mode, until it leaves by a reset. */
__attribute__((noreturn)) IN_FLASH void dfu_mode(void);
/* Serves USB: also while the flash is busy (stm32l0/flash.h). */
void flash_wait(void);
/* Finds out what memory this chip has. Returns the kilobytes of data EEPROM. */
unsigned memory_init(void);
/* BOOT_WRPROT: protects the sectors of the bootloader, and resets, unless they are or cannot be. */
void memory_protect(void);
/* Between requests: writes the page that was put off, or, if the host is `idle`, erases the next
 * one that it wants erased. */
void memory_idle(bool idle);
/* Puts what this chip has into the strings. */
void identity_fill_in(unsigned eeprom_kb);

#endif
