/* SPDX-License-Identifier: MIT */
/* Data EEPROM (RM0376 3.3.4, write to data EEPROM). */
#include "nvm_rig.h"

static void only_the_bytes_stored_change(void **state)
{
    struct board *b = *state;

    preset(b, EEPROM, 0x44332211);
    unlock_pe(b);
    store_small(b, EEPROM + 1, 1, 0xAA);
    assert_int_equal(peek(b, EEPROM), 0x44332211); /* nothing before the end */
    wait_ready(b);
    assert_int_equal(peek(b, EEPROM), 0x4433AA11);
    store_small(b, EEPROM + 2, 2, 0xBBCC);
    wait_ready(b);
    assert_int_equal(peek(b, EEPROM), 0xBBCCAA11);
    assert_no_stop(b);
}

static void time_depends_on_what_must_be_done(void **state)
{
    struct board *b = *state;

    unlock_pe(b);
    store(b, EEPROM, 0x12345678); /* write */
    assert_takes(b, 1);
    store(b, EEPROM, 0x87654321); /* erase and write */
    assert_takes(b, 2);
    store(b, EEPROM, 0); /* erase */
    assert_takes(b, 1);
    assert_int_equal(b->flash.operations, 3);
    assert_int_equal(b->flash.busy_ps, 4 * TPROG);
}

static void fix_always_erases(void **state)
{
    struct board *b = *state;

    unlock_pe(b);
    store(b, R_PECR, FIX);
    store(b, EEPROM, 1);
    assert_takes(b, 2);
}

static void erase_mode_clears_one_word(void **state)
{
    struct board *b = *state;

    preset(b, EEPROM, 1);
    preset(b, EEPROM + 4, 2);
    unlock_pe(b);
    store(b, R_PECR, DATA | ERASE);
    store(b, EEPROM, 0xFFFFFFFF);
    assert_takes(b, 1);
    assert_int_equal(peek(b, EEPROM), 0);
    assert_int_equal(peek(b, EEPROM + 4), 2);
    assert_no_stop(b);
}

static void erase_mode_needs_data(void **state)
{
    struct board *b = *state;

    preset(b, EEPROM, 1);
    unlock_pe(b);
    store(b, R_PECR, PROG | ERASE);
    store(b, EEPROM, 0);
    assert_stop(b, "ERASE only with DATA");
    assert_int_equal(load(b, R_SR), IDLE | WRPERR);
    assert_int_equal(peek(b, EEPROM), 1);
}

static void locked_eeprom_is_not_written(void **state)
{
    struct board *b = *state;

    store(b, EEPROM, 1);
    assert_stop(b, "PELOCK=1");
    assert_int_equal(load(b, R_SR), IDLE | WRPERR);
    assert_int_equal(peek(b, EEPROM), 0);
}

/* sboot: writes word after word and reads each back at once, without looking at BSY. */
static void second_store_and_read_back_wait(void **state)
{
    struct board *b = *state;
    uint64_t start = l072_now(handle(b));

    unlock_pe(b);
    store(b, EEPROM, 0x11111111);
    store(b, EEPROM + 4, 0x22222222);
    assert_true(l072_now(handle(b)) - start >= TPROG);
    assert_int_equal(load(b, EEPROM + 4), 0x22222222);
    assert_true(l072_now(handle(b)) - start >= 2 * TPROG);
    assert_int_equal(load(b, EEPROM), 0x11111111);
    assert_no_stop(b);
}

static void banks_are_those_of_the_flash(void **state)
{
    struct board *b = *state;
    uint64_t start = l072_now(handle(b));

    unlock_pe(b);
    store(b, EEPROM2, 1);
    assert_int_equal(load(b, PAGE), 0);
    assert_int_equal(load(b, EEPROM), 0);
    assert_true(l072_now(handle(b)) - start < L072_PS_PER_MS);
    assert_int_equal(load(b, BANK2), 0);
    assert_true(l072_now(handle(b)) - start >= TPROG);
}

/* ST HAL's erase is a store of 0 with PECR left alone; the Arduino core sets DATA to write. */
static void drivers_need_no_mode_but_may_set_one(void **state)
{
    struct board *b = *state;

    preset(b, EEPROM, 5);
    unlock_pe(b);
    store(b, EEPROM, 0);
    wait_ready(b);
    assert_int_equal(peek(b, EEPROM), 0);
    store(b, R_PECR, load(b, R_PECR) | DATA);
    store(b, EEPROM, 6);
    wait_ready(b);
    store(b, R_PECR, load(b, R_PECR) & ~(uint32_t)DATA);
    store(b, R_PECR, load(b, R_PECR) | PELOCK);
    assert_int_equal(peek(b, EEPROM), 6);
    assert_no_stop(b);
}

static void power_cut_tears_one_word_only(void **state)
{
    struct board *b = *state;

    preset(b, EEPROM, 0xFFFFFFFF);
    preset(b, EEPROM + 4, 0x5A5A5A5A);
    unlock_pe(b);
    store_small(b, EEPROM, 1, 0);
    run(b, TPROG / 2);
    power_cycle(b);
    assert_int_not_equal(peek(b, EEPROM), 0xFFFFFFFF);
    assert_int_not_equal(peek(b, EEPROM), 0xFFFFFF00);
    assert_int_equal(peek(b, EEPROM + 4), 0x5A5A5A5A);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_the_bytes_stored_change),
        TEST(time_depends_on_what_must_be_done),
        TEST(fix_always_erases),
        TEST(erase_mode_clears_one_word),
        TEST(erase_mode_needs_data),
        TEST(locked_eeprom_is_not_written),
        TEST(second_store_and_read_back_wait),
        TEST(banks_are_those_of_the_flash),
        TEST(drivers_need_no_mode_but_may_set_one),
        TEST(power_cut_tears_one_word_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
