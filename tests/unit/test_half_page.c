/* SPDX-License-Identifier: MIT */
/* Half-page programming, and operations on both banks (RM0376 3.3.4). */
#include "nvm_rig.h"

static void half_page_to_rising_addresses_or_to_one(void **state)
{
    struct board *b = *state;

    unlock_prg(b);
    store(b, R_PECR, PROG | FPRG);
    load_half_page(b, PAGE, 4, 15);
    assert_int_equal(load(b, R_SR) & BSY, 0);
    store(b, PAGE + 60, 0x10F);
    assert_takes(b, 1);
    assert_half_page(b, PAGE);
    load_half_page(b, PAGE + 64, 0, 16);
    assert_takes(b, 1);
    assert_half_page(b, PAGE + 64);
    assert_int_equal(b->flash.operations, 2);
    assert_no_stop(b);
}

static void half_page_must_be_aligned(void **state)
{
    struct board *b = *state;

    unlock_prg(b);
    store(b, R_PECR, PROG | FPRG);
    load_half_page(b, PAGE + 4, 4, 16);
    assert_stop(b, "not aligned to 64");
    assert_int_equal(load(b, R_SR), IDLE | PGAERR);
    store(b, R_PECR, 0); /* then it can be tried again */
    store(b, R_SR, PGAERR);
    store(b, R_PECR, PROG | FPRG);
    load_half_page(b, PAGE, 4, 16);
    wait_ready(b);
    assert_half_page(b, PAGE);
}

static void half_page_must_not_be_left(void **state)
{
    struct board *b = *state;

    unlock_prg(b);
    store(b, R_PECR, PROG | FPRG);
    load_half_page(b, PAGE, 4, 8);
    store(b, PAGE + 64, 1);
    assert_stop(b, "outside the half page");
    load_half_page(b, PAGE, 4, 16); /* ignored until FPRG is cleared */
    assert_int_equal(load(b, R_SR), IDLE | PGAERR);
    assert_int_equal(b->flash.operations, 0);
    assert_int_equal(peek(b, PAGE), 0);
}

static void half_page_given_up(void **state)
{
    struct board *b = *state;

    unlock_prg(b);
    store(b, R_PECR, PROG | FPRG);
    load_half_page(b, PAGE, 4, 15);
    store(b, R_PECR, 0);
    assert_stop(b, "after 15 stores");
}

static void half_page_needs_zeros(void **state)
{
    struct board *b = *state;

    preset(b, PAGE + 32, 1);
    unlock_prg(b);
    store(b, R_PECR, PROG | FPRG);
    load_half_page(b, PAGE, 4, 16);
    assert_stop(b, "NOTZEROERR");
    assert_int_equal(load(b, R_SR), IDLE | NOTZEROERR);
    assert_int_equal(peek(b, PAGE), 0);
}

/* Measured on L071: a loop in bank 1 that loads a half page of bank 2 sets FWWERR. */
static void code_in_flash_cannot_load_a_half_page(void **state)
{
    struct board *b = *state;

    preset(b, PAGE, 0xE7FD6001); /* 1: str r1, [r0]; b 1b */
    unlock_prg(b);
    store(b, R_PECR, PROG | FPRG);
    b->cpu.r[0] = BANK2;
    b->cpu.r[1] = 0x12345678;
    b->cpu.r[15] = PAGE;
    run(b, TPROG);
    assert_stop(b, "FWWERR");
    assert_int_equal(load(b, R_SR), IDLE | FWWERR);
    assert_int_equal(peek(b, BANK2), 0);
}

static void code_in_sram_can(void **state)
{
    struct board *b = *state;

    for (uint32_t i = 0; i < 8; i++)
        preset(b, 0x20000100 + 4 * i, 0x60016001); /* str r1, [r0] */
    preset(b, 0x20000120, 0xE7FEE7FE);
    unlock_prg(b);
    store(b, R_PECR, PROG | FPRG);
    b->cpu.r[0] = BANK2;
    b->cpu.r[1] = 0x12345678;
    b->cpu.r[15] = 0x20000100;
    run(b, TPROG + L072_PS_PER_MS);
    assert_no_stop(b);
    assert_int_equal(peek(b, BANK2 + 60), 0x12345678);
}

static void data_read_aborts_a_half_page(void **state)
{
    struct board *b = *state;

    unlock_prg(b);
    store(b, R_PECR, PROG | FPRG);
    load_half_page(b, PAGE, 4, 3);
    assert_int_equal(load(b, BANK2), 0);
    assert_stop(b, "FWWERR");
    assert_int_equal(load(b, R_SR), IDLE | FWWERR);
}

static void both_banks_at_once(void **state)
{
    struct board *b = *state;

    preset(b, PAGE, 1);
    preset(b, BANK2, 2);
    unlock_prg(b);
    store(b, R_PECR, PROG | ERASE | PARALLELBANK);
    store(b, PAGE, 0);
    assert_int_equal(load(b, R_SR), IDLE);
    store(b, BANK2, 0);
    assert_takes(b, 1);
    assert_int_equal(peek(b, PAGE), 0);
    assert_int_equal(peek(b, BANK2), 0);
    store(b, R_PECR, PROG | FPRG | PARALLELBANK);
    load_half_page(b, PAGE, 4, 16);
    load_half_page(b, BANK2, 0, 16);
    assert_takes(b, 1);
    assert_half_page(b, PAGE);
    assert_half_page(b, BANK2);
    assert_no_stop(b);
}

/* A half page that is not whole leaves nothing, and the next one begins with its first word. */
static void reset_and_power_cut_forget_what_was_loaded(void **state)
{
    struct board *b = *state;

    for (unsigned round = 0; round < 2; round++) {
        unlock_prg(b);
        store(b, R_PECR, PROG | FPRG);
        load_half_page(b, PAGE, 4, 15);
        if (round)
            power_cycle(b);
        else
            l072_reset(handle(b));
        for (unsigned i = 0; i < 16; i++)
            assert_int_equal(peek(b, PAGE + 4 * i), 0);
        assert_int_equal(load(b, R_PECR), PELOCK | PRGLOCK | OPTLOCK);
        assert_int_equal(load(b, R_SR), IDLE);
    }
    unlock_prg(b);
    store(b, R_PECR, PROG | FPRG);
    load_half_page(b, PAGE + 64, 4, 16);
    wait_ready(b);
    assert_half_page(b, PAGE + 64);
    assert_int_equal(b->flash.operations, 1);
    assert_no_stop(b);
}

static void power_cut_tears_the_half_page(void **state)
{
    struct board *b = *state;
    unsigned written = 0;

    unlock_prg(b);
    store(b, R_PECR, PROG | FPRG);
    for (unsigned i = 0; i < 16; i++)
        store(b, PAGE + 4 * i, 0x00FFFF00);
    run(b, TPROG / 2);
    power_cycle(b);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(peek(b, PAGE + 4 * i) & 0xFF0000FF, 0);
        written += peek(b, PAGE + 4 * i) == 0x00FFFF00;
    }
    assert_true(written < 16);
    assert_int_equal(load(b, R_SR), IDLE);
    assert_int_equal(b->flash.operations, 1);
    assert_in_range(b->flash.busy_ps, TPROG / 2 - L072_PS_PER_US * 2,
                    TPROG / 2 + L072_PS_PER_US * 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(half_page_to_rising_addresses_or_to_one),
        TEST(half_page_must_be_aligned),
        TEST(half_page_must_not_be_left),
        TEST(half_page_given_up),
        TEST(half_page_needs_zeros),
        TEST(code_in_flash_cannot_load_a_half_page),
        TEST(code_in_sram_can),
        TEST(data_read_aborts_a_half_page),
        TEST(both_banks_at_once),
        TEST(reset_and_power_cut_forget_what_was_loaded),
        TEST(power_cut_tears_the_half_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
