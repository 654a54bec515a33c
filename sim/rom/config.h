/* SPDX-License-Identifier: MIT */
/* What is known of ST's ROM, and what is not: one constant each, with its source. */
#ifndef SIM_ROM_CONFIG_H
#define SIM_ROM_CONFIG_H

/* Version: -DROM_VERSION=0x40 or 0x41. It is the bootloader ID byte at 0x1FF01FFE: 0x41 is V4.1
 * (AN2606, STM32L07xxx/08xxx); 0x40 for V4.0 follows from the rule of that byte. */
#ifndef ROM_VERSION
#define ROM_VERSION 0x41
#endif
#define ROM_CHECKS_BANKS (ROM_VERSION >= 0x41)

/* An initial SP is valid from here to here, both included (ROM V4.1). Images with 0x20005000, one
 * past the end of SRAM, are known to bounce (ST community, STM32L073 dumps); the exact bounds are
 * not published. */
#define ROM_SP_FIRST 0x20000000u
#define ROM_SP_LAST  0x20005000u
/* With the BOOT0 pin high the ROM stays, whatever the banks hold (AN2606 table 2, pattern 2). That
 * it tells by SYSCFG_CFGR1.BOOT_MODE, the boot pins at reset, is a guess. */
#define ROM_BOOT0_SKIPS_CHECK 1
/* Bank 2 is tried before bank 1 (AN2606, dual-bank boot of STM32L47x; RM0376, boot). */
/* The image of a bank starts with PRIMASK set: ST's dual-boot example for this series clears it
 * first (STM32CubeL0, FLASH_DualBoot). */
#define ROM_MASKS_BANK_START 1
/* Whether the ROM sets VTOR to itself is not known. */
#define ROM_SETS_VTOR 0

/* Turns of 4 cycles at MSI 2.1 MHz, from reset to the bank check. With the clocks that follow, USB
 * is there after 0.61 ms (AN2606, minimum start-up time). */
#define ROM_START_LOOPS 175

/* bwPollTimeout, milliseconds: not published. The longest time of one operation, 3.94 ms (data
 * sheet), rounded up, for a page to erase and for a half page; an EEPROM or option word takes two.
 */
#define ROM_ERASE_MS     4u
#define ROM_HALF_PAGE_MS 4u
#define ROM_DATA_WORD_MS 8u
#define ROM_SHORT_MS     1u /* an address to set, leave */

/* The flash of every part, whatever its size (ST community, several dumps of 128 KB parts). */
#define ROM_FLASH_SIZE  (192u * 1024)
#define ROM_EEPROM_SIZE (6u * 1024)
#define ROM_OPTION_SIZE 32u

/* Leave: an image is executable when its reset vector is an odd address in flash; with 1 here, word
 * 0 must be an SRAM address too. AN3156 only says that the address is checked. */
#ifndef ROM_LEAVE_WANTS_SP
#define ROM_LEAVE_WANTS_SP 0
#endif

#endif
