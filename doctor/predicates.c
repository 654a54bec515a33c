/* SPDX-License-Identifier: MIT */
#include "predicates.h"

/* For what is no instruction's fault. */
static const struct fact nowhere = {.seen = true};
/* ... and comes behind all that was seen. */
static const struct fact at_last = {.seen = true, .time = UINT64_MAX};

static const struct fact *if_seen(const struct fact *fact, bool condition)
{
    return fact->seen && condition ? fact : NULL;
}

const struct fact *no_rom_dfu(const struct evidence *e)
{
    return e->rom_has_dfu ? NULL : &nowhere;
}

const struct fact *bfb2_set(const struct evidence *e)
{
    return e->bfb2 ? &nowhere : NULL;
}

const struct fact *token_at_power_on(const struct evidence *e)
{
    return if_seen(&e->power_on, true);
}

/* What the request finds is not the chip as after a reset. */
static bool is_late(const struct evidence *e)
{
    return e->reset.seen && e->token_read.seen &&
           (e->chip.pll || e->chip.systick || e->chip.nvic || e->chip.dma || e->chip.pullup);
}

const struct fact *token_checked_late(const struct evidence *e)
{
    return if_seen(&e->jump, is_late(e));
}

const struct fact *watchdog_resets(const struct evidence *e)
{
    if (e->outcome != OUTCOME_WATCHDOG)
        return NULL;
    return e->jump.seen ? &e->jump : e->watchdog.seen ? &e->watchdog : &e->reset;
}

const struct fact *wrong_reset(const struct evidence *e)
{
    return if_seen(&e->useless_reset, true);
}

const struct fact *token_cleared(const struct evidence *e)
{
    return if_seen(&e->token_lost, !e->jump.seen && !e->token_lost_to_stack);
}

const struct fact *token_on_stack(const struct evidence *e)
{
    return if_seen(&e->token_lost, !e->jump.seen && e->token_lost_to_stack);
}

const struct fact *token_never_checked(const struct evidence *e)
{
    return if_seen(&e->token, e->reset.seen && !e->reset_by_watchdog && !e->token_read.seen &&
                                  !e->token_lost.seen && !e->jump.seen);
}

const struct fact *wrong_address(const struct evidence *e)
{
    return if_seen(&e->not_rom, true);
}

const struct fact *no_thumb_bit(const struct evidence *e)
{
    return if_seen(&e->no_thumb_bit, e->fault.seen);
}

const struct fact *read_twice(const struct evidence *e)
{
    return if_seen(&e->read_code, true);
}

const struct fact *wrong_entry(const struct evidence *e)
{
    return if_seen(&e->jump, e->jump.address != (e->rom_start & ~1u));
}

const struct fact *stack_switched(const struct evidence *e)
{
    return if_seen(&e->popped, true);
}

const struct fact *first_page_erased(const struct evidence *e)
{
    return if_seen(&e->jump, chip_is_sram(e->bank1) && !chip_is_sram(e->chip.bank1));
}

const struct fact *syscfg_clock_off(const struct evidence *e)
{
    return if_seen(&e->no_clock, true);
}

const struct fact *msp_from_zero(const struct evidence *e)
{
    return if_seen(&e->msp, e->jump.seen && e->msp_from_zero);
}

const struct fact *jump_from_handler(const struct evidence *e)
{
    return if_seen(&e->jump, e->chip.exception != 0);
}

const struct fact *primask_set(const struct evidence *e)
{
    return if_seen(&e->jump, e->chip.primask);
}

const struct fact *psp_in_use(const struct evidence *e)
{
    return if_seen(&e->jump, e->chip.psp);
}

const struct fact *sleepdeep_left(const struct evidence *e)
{
    return if_seen(&e->jump, e->chip.sleepdeep);
}

const struct fact *token_not_stored(const struct evidence *e)
{
    return if_seen(&e->not_stored, e->reset.seen && !e->jump.seen);
}

const struct fact *load_from_zero(const struct evidence *e)
{
    return if_seen(&e->fault, e->fault_is_trap);
}

const struct fact *systick_left_on(const struct evidence *e)
{
    return if_seen(&e->jump, e->chip.systick && !is_late(e));
}

const struct fact *interrupt_left_on(const struct evidence *e)
{
    return if_seen(&e->jump, e->chip.nvic && !is_late(e));
}

const struct fact *usb_pullup_left(const struct evidence *e)
{
    return if_seen(&e->jump, e->chip.pullup && !is_late(e));
}

const struct fact *dma_left_on(const struct evidence *e)
{
    return if_seen(&e->jump, e->chip.dma && !is_late(e));
}

const struct fact *pll_left_on(const struct evidence *e)
{
    return if_seen(&e->jump, e->chip.pll && !is_late(e));
}

const struct fact *no_remap(const struct evidence *e)
{
    return if_seen(&e->jump, !e->chip.remapped);
}

const struct fact *vtor_left(const struct evidence *e)
{
    return if_seen(&e->jump, e->chip.vtor != 0 && e->chip.vtor != 0x1FF00000);
}

const struct fact *bank2_visible(const struct evidence *e)
{
    return if_seen(&e->jump, e->leave.seen && e->has_bank2 && chip_is_sram(e->bank2));
}

/* dfuse_CheckAndRun() and the like: they look first. */
const struct fact *request_refused(const struct evidence *e)
{
    return if_seen(&e->bank1_read, !e->jump.seen && chip_is_sram(e->bank1));
}

const struct fact *bank1_visible(const struct evidence *e)
{
    return if_seen(&e->jump, e->leave.seen && chip_is_sram(e->bank1));
}

const struct fact *rdp_level_1(const struct evidence *e)
{
    return if_seen(&e->jump, e->outcome == OUTCOME_LOCKED && e->rdp == 1);
}

const struct fact *rdp_level_2(const struct evidence *e)
{
    return if_seen(&e->jump, e->outcome == OUTCOME_LOCKED && e->rdp == 2);
}

const struct fact *write_protected(const struct evidence *e)
{
    return if_seen(&e->jump, e->outcome == OUTCOME_LOCKED && e->rdp == 0 && e->write_protected);
}

const struct fact *crash(const struct evidence *e)
{
    return if_seen(&e->fault, true);
}

const struct fact *never_jumps(const struct evidence *e)
{
    if (e->outcome != OUTCOME_NO_JUMP)
        return NULL;
    return e->token_read.seen ? &e->token_read : &at_last;
}

const struct fact *rom_silent(const struct evidence *e)
{
    return if_seen(&e->jump, e->outcome == OUTCOME_NO_DEVICE);
}

const struct fact *known_to_who_asks(const struct evidence *e)
{
    (void)e;
    return NULL;
}
