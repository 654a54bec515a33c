/* SPDX-License-Identifier: MIT */
/* What the parts of the bootloader know of each other. */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "../stm32l0/regs.h"
#include "config.h"

/* In flash: what runs before there is anything in RAM, or while the flash is idle. */
#define IN_FLASH __attribute__((section(".boot"), noinline))

/* A request in RAM or RTC, as entry/ leaves it: this number and its complement. */
#define BOOT_REQUEST 0x05FA0004u

/* bAlternateSetting */
enum { ALTERNATE_FLASH, ALTERNATE_EEPROM, ALTERNATE_OPTIONS, ALTERNATE_DEVICE, ALTERNATES };

/* ---- Flash: the bootloader, the page of the seal, the application ---------------------------- */

#define BOOT_SIZE   8192u
#define BOOT_SECTOR 1024u /* what hosts are told is the unit of erase: identity.c */
#define SEAL_BASE   (FLASH_BASE + BOOT_SIZE)
#define APP_BASE    (SEAL_BASE + 0x100) /* VTOR takes multiples of 256 */

/* Written when a download is complete, erased before the first page of the application is touched.
 * Each word has its complement: an operation that a power cut has torn leaves no seal. */
struct seal {
    uint32_t length; /* of the application, bytes from APP_BASE on, a multiple of 4 */
    uint32_t crc;    /* CRC-32 of what is in flash, as zlib has it */
    uint32_t not_length;
    uint32_t not_crc;
};
#define SEAL ((const struct seal *)SEAL_BASE)

/* There is a seal. */
bool app_sealed(void);
/* The application is complete, and its vector table is one. */
bool app_valid(void);
/* Of `length` bytes from APP_BASE on. */
uint32_t app_crc(uint32_t length);

/* ---- Steps ----------------------------------------------------------------------------------- */

/* DFU mode, after its code and data are in RAM. */
__attribute__((noreturn, noinline)) void dfu_mode(void);
/* Erases the next page that the host wants erased. False: there is none. */
bool memory_settle(void);
/* Size of the data EEPROM of this chip. */
unsigned identity_eeprom_kb(void);
/* Puts what this chip has into the strings. */
void identity_fill_in(void);

#endif
