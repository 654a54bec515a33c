/* SPDX-License-Identifier: MIT */
/* What the files of the stand-in share. */
#ifndef SIM_ROM_ROM_H
#define SIM_ROM_ROM_H

#include "../../dfu/dfu.h"

enum rom_alternate { ROM_FLASH, ROM_OPTION, ROM_EEPROM };

extern struct dfu rom_dfu;

/* Whether `sp` is an initial stack pointer by the rule of ROM V4.1. */
_Bool rom_sp_valid(uint32_t sp);

#endif
