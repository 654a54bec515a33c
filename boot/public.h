/* SPDX-License-Identifier: MIT */
/* What others know of the bootloader: hosts, applications, tests. */
#ifndef BOOT_PUBLIC_H
#define BOOT_PUBLIC_H

#include <stdint.h>

#include "../stm32l0/regs.h"
#include "config.h"

/* A request in RAM or RTC, as entry/ leaves it: this number and its complement. */
#define BOOT_REQUEST 0x05FA0004u

/* bRequest of Microsoft OS 2.0 descriptors and WebUSB: none of DFU, see usb_request_done(). */
#define BOOT_VENDOR_CODE 0x20

/* bAlternateSetting */
enum { ALTERNATE_FLASH, ALTERNATE_EEPROM, ALTERNATE_OPTIONS, ALTERNATE_DEVICE, ALTERNATES };

/* The bootloader, then the page of the seal, then the application. */
#define BOOT_SECTOR 4096u /* RM0376; what hosts are told is the unit of erase: identity.c */
#define BOOT_SIZE   (BOOT_SECTORS * BOOT_SECTOR)
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

/* Its vector table. */
struct vectors {
    uint32_t sp, reset;
};
#define APP ((const struct vectors *)APP_BASE)

#endif
