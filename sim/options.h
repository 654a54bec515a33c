/* SPDX-License-Identifier: MIT */
/*
 * Option bytes, 0x1FF80000: words whose upper half is the complement of the lower. What is stored
 * takes effect when it is loaded: at power-on and by FLASH_PECR.OBL_LAUNCH.
 */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct board;

/* Factory option bytes, flash size and UID; the board counts them as loaded. */
void options_factory(struct board *b);
/* See l072_set_option(). */
int options_set_field(uint8_t option[128], const char *name, uint32_t value);

/* Loads FLASH_OPTR and FLASH_WRPROTx. Going from RDP level 1 to 0 erases flash and EEPROM. */
void flash_load_options(struct board *b);

/* As loaded. */
uint32_t flash_optr(const struct board *b);
bool flash_option_bfb2(const struct board *b);
bool flash_option_nboot1(const struct board *b);
bool flash_option_wdg_sw(const struct board *b);
/* nRST_STOP or nRST_STDBY is 0: entering that mode resets. */
bool flash_option_low_power_reset(const struct board *b, bool standby);
unsigned flash_rdp_level(const struct board *b); /* 0, 1 or 2 */

/* The sector at `offset` in the flash must not be written; must not be read as data (PCROP). */
bool options_write_protected(const struct board *b, uint32_t offset);
bool options_read_protected(const struct board *b, uint32_t offset);

/* Why the chip refuses to program `value` at `offset` in the option area; NULL: it does not. */
const char *options_refusal(const struct board *b, uint32_t offset, uint32_t value);
/* `value` at `offset` will load: its halves are complements, or nothing is loaded from there. */
bool options_word_valid(uint32_t offset, uint32_t value);

#endif
