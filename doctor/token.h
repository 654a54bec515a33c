/* SPDX-License-Identifier: MIT */
/* The request that an application leaves for after the reset: which store it is, and what comes of
 * it. */
#ifndef DOCTOR_TOKEN_H
#define DOCTOR_TOKEN_H

#include "thumb.h"
#include "watch.h"

/* What outlasts a reset (RM0376): SRAM, data EEPROM, backup registers of the RTC; the last alone.
 */
bool token_may_be(uint32_t address);
bool token_is_backup(uint32_t address);

/* An instruction has run. With REPAIR_TOKEN the token is put back until something reads it. */
void token_follow(struct watch *watch, const struct thumb *instruction, uint32_t pc);
/* The chip resets: of what was stored, the last magic number that is still there is the token, else
 * the last number at all. */
void token_choose(struct watch *watch);

#endif
