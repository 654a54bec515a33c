/* SPDX-License-Identifier: MIT */
/* What of the evidence makes a cause: a function each, of the same name as the cause, but for those
 * that doctor.c knows from how it asked. */
#ifndef DOCTOR_PREDICATES_H
#define DOCTOR_PREDICATES_H

#include "watch.h"

/* The instruction to show when the evidence has this cause, else NULL. */
typedef const struct fact *predicate(const struct evidence *e);

predicate no_rom_dfu, bfb2_set, wrong_reset, token_not_stored, token_cleared, token_on_stack,
    token_never_checked, token_checked_late, token_at_power_on, request_refused, wrong_address,
    read_twice, no_thumb_bit, wrong_entry, stack_switched, syscfg_clock_off, msp_from_zero,
    jump_from_handler, psp_in_use, primask_set, sleepdeep_left, watchdog_resets, pll_left_on,
    dma_left_on, systick_left_on, interrupt_left_on, usb_pullup_left, no_remap, vtor_left,
    bank2_visible, bank1_visible, first_page_erased, rdp_level_1, rdp_level_2, write_protected,
    load_from_zero, crash, never_jumps, known_to_who_asks, rom_silent;

#endif
