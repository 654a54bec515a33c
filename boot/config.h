/* SPDX-License-Identifier: MIT */
/*
 * Everything that makes the bootloader yours. Change it here, or with -D on the command line.
 */
#ifndef BOOT_CONFIG_H
#define BOOT_CONFIG_H

/* ---- Identity -------------------------------------------------------------------------------- */

/* 1209:0001 is for tests only (https://pid.codes/1209/0001): a product needs a pair of its own, the
 * same in bootloader and application or another. */
#ifndef BOOT_VID
#define BOOT_VID 0x1209
#endif
#ifndef BOOT_PID
#define BOOT_PID 0x0001
#endif
/* bcdDevice: the version of the bootloader. Windows remembers descriptors by it: count it up when
 * they change. */
#ifndef BOOT_VERSION
#define BOOT_VERSION 0x0100
#endif
/* Up to 63 characters of ASCII each. The serial number is the one of ST's ROM. */
#ifndef BOOT_VENDOR
#define BOOT_VENDOR "dfuse-l0"
#endif
#ifndef BOOT_PRODUCT
#define BOOT_PRODUCT "Bootloader"
#endif
/* By which Windows programs find the device: a GUID of your own, as from uuidgen. */
#ifndef BOOT_GUID
#define BOOT_GUID "{9F8C5B1E-6B0A-4D0E-9C55-5D0B1B6F2A37}"
#endif
/* What a browser offers to open when the device is plugged in (WebUSB), without https://. */
#ifndef BOOT_LANDING_PAGE
#define BOOT_LANDING_PAGE "devanlai.github.io/webdfu"
#endif

/* ---- When to stay ---------------------------------------------------------------------------- */

/* A pin that keeps the bootloader, as a button does: its port (A is 0 ... E is 4, H is 7), its
 * number, its level when pressed; the opposite pull is on while it is read. BOOT_PIN -1: none. */
#ifndef BOOT_PIN
#define BOOT_PIN 0
#endif
#ifndef BOOT_PIN_PORT
#define BOOT_PIN_PORT 0
#endif
#ifndef BOOT_PIN_LEVEL
#define BOOT_PIN_LEVEL 1
#endif
/* Milliseconds in which a second reset keeps the bootloader; 0: none does. Each start waits as
 * long. A watchdog that starts with the chip (WDG_SW is 0) allows 290, if LSI is as fast as that of
 * the STM32L1 may be, 56 kHz. */
#ifndef BOOT_DOUBLE_RESET
#define BOOT_DOUBLE_RESET 0
#endif
/* 1: the CRC of the application is computed at each start, not its seal alone trusted. That takes
 * 2.5 ms a kilobyte at the 2.1 MHz of reset. */
#ifndef BOOT_CHECK_CRC
#define BOOT_CHECK_CRC 0
#endif

/* ---- Protection ------------------------------------------------------------------------------ */

/* 1: hosts may change the readout protection, but never to level 2. */
#ifndef BOOT_RDP
#define BOOT_RDP 0
#endif
/* 1: when DFU mode is first entered, the bootloader protects its own sectors by WRPROT1 of the
 * option bytes. */
#ifndef BOOT_WRPROT
#define BOOT_WRPROT 0
#endif

/* ---- Room ------------------------------------------------------------------------------------ */

/* Sectors of 4 KB that the bootloader takes, 1 to 9. One is full: an option may need a second. The
 * linker tells; it wants the number as a symbol, too, with -Wl,--defsym=BOOT_SECTORS=2. */
#ifndef BOOT_SECTORS
#define BOOT_SECTORS 1
#endif

#endif
