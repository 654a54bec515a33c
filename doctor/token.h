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
/* A number that somebody has thought of: no count, no frequency, and no address of this chip. */
bool token_is_magic(uint32_t value);

/* An instruction has run, or an exception has begun. With REPAIR_TOKEN what is lost is put back
 * until something reads it: the word at token_address, and magic numbers. */
void token_follow(struct watch *watch, const struct thumb *instruction, uint32_t pc,
                  bool exception);
/* Decides which of the words it was, and fills in what the evidence has of it. */
void token_conclude(struct watch *watch);

#endif
