/* SPDX-License-Identifier: MIT */
/* Independent watchdog (RM0376 IWDG): LSI at 37 kHz. */
#include "board_rig.h"

enum { KR = 0x40003000, PR = 0x40003004, RLR = 0x40003008, SR = 0x4000300C, WINR = 0x40003010 };
enum { START = 0xCCCC, RELOAD = 0xAAAA, UNLOCK = 0x5555 };
enum { PVU = 1, RVU = 2 };

/* Runs for `ps` and tells whether the watchdog reset the board meanwhile. */
static bool bites_within(struct board *b, uint64_t ps)
{
    set_bits(b, R_CSR, 1 << 23); /* RMVF */
    run(b, ps);
    return load(b, R_CSR) & RESET_IWDG;
}

static void sleeps_until_started(void **state)
{
    assert_false(bites_within(*state, PS_PER_S));
}

static void default_timeout_is_443_ms(void **state)
{
    struct board *b = *state;

    store(b, KR, START);
    assert_false(bites_within(b, 442 * PS_PER_MS));
    assert_true(bites_within(b, PS_PER_MS));
    assert_false(bites_within(b, PS_PER_S)); /* the reset stopped it */
}

static void reload_keeps_it_quiet(void **state)
{
    struct board *b = *state;

    store(b, KR, START);
    run(b, 400 * PS_PER_MS);
    store(b, KR, RELOAD);
    assert_false(bites_within(b, 400 * PS_PER_MS));
}

/* ST HAL: start, unlock, PR, RLR, wait for SR, reload. */
static void hal_sets_prescaler_and_reload(void **state)
{
    struct board *b = *state;

    store(b, KR, START);
    store(b, KR, UNLOCK);
    store(b, PR, 6); /* 256 LSI cycles: 6.9 ms */
    store(b, RLR, 1);
    assert_int_equal(load(b, SR), PVU | RVU);
    run(b, 136 * PS_PER_US); /* five LSI cycles */
    assert_int_equal(load(b, SR), 0);
    store(b, KR, RELOAD);
    assert_false(bites_within(b, 13 * PS_PER_MS));
    assert_true(bites_within(b, PS_PER_MS));
    assert_no_stop(b);
}

/* ST's ROM writes PR to a watchdog that does not run, and leaves PVU set (AN2606). */
static void update_waits_for_lsi(void **state)
{
    struct board *b = *state;

    store(b, KR, UNLOCK);
    store(b, PR, 6);
    run(b, PS_PER_MS);
    assert_int_equal(load(b, SR), PVU);
    store(b, PR, 5);
    assert_stop(b, L072_STOP_RULE);
    set_bits(b, R_CSR, 1); /* LSION */
    run(b, PS_PER_MS);
    assert_int_equal(load(b, SR), 0);
    assert_int_equal(load(b, PR), 6);
}

static void settings_are_locked(void **state)
{
    struct board *b = *state;

    store(b, PR, 1);
    assert_stop(b, L072_STOP_RULE);
    store(b, KR, UNLOCK);
    store(b, KR, RELOAD);
    store(b, RLR, 1);
    assert_stop(b, L072_STOP_RULE);
    assert_int_equal(load(b, RLR), 0xFFF);
}

static void reload_before_the_window_resets(void **state)
{
    struct board *b = *state;

    store(b, KR, START);
    store(b, KR, UNLOCK);
    store(b, WINR, 0x800); /* opens after half the time */
    run(b, 230 * PS_PER_MS);
    store(b, KR, RELOAD);
    assert_false(bites_within(b, 200 * PS_PER_MS));
    store(b, KR, RELOAD);
    assert_true(bites_within(b, PS_PER_US));
}

/* Dividers 4 to 256; 7 is 256 too. Starting it starts LSI: the update needs no RCC_CSR.LSION. */
static void each_prescaler(void **state)
{
    static const uint32_t divider[8] = {4, 8, 16, 32, 64, 128, 256, 256};
    struct board *b = *state;

    for (uint32_t i = 0; i < 8; i++) {
        uint64_t timeout = 100 * divider[i] * PS_PER_S / 37000;

        l072_reset(handle(b));
        store(b, KR, UNLOCK);
        store(b, PR, i);
        store(b, RLR, 99);
        store(b, KR, START);
        run(b, 136 * PS_PER_US);
        assert_int_equal(load(b, SR), 0);
        store(b, KR, RELOAD);
        assert_false(bites_within(b, timeout - timeout / 100));
        assert_true(bites_within(b, timeout / 50));
        assert_no_stop(b);
    }
}

static void writing_the_window_reloads(void **state)
{
    struct board *b = *state;

    store(b, KR, START);
    run(b, 400 * PS_PER_MS);
    store(b, KR, UNLOCK);
    store(b, WINR, 0xFFF);
    assert_false(bites_within(b, 440 * PS_PER_MS));
    assert_true(bites_within(b, 10 * PS_PER_MS));
}

static void option_starts_it_at_reset(void **state)
{
    struct board *b = *state;

    assert_int_equal(l072_set_option(handle(b), "WDG_SW", 0), 0);
    l072_power(handle(b), false);
    l072_power(handle(b), true);
    assert_true(bites_within(b, 450 * PS_PER_MS));
    assert_true(bites_within(b, 450 * PS_PER_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOARD_TEST(sleeps_until_started),
        BOARD_TEST(default_timeout_is_443_ms),
        BOARD_TEST(reload_keeps_it_quiet),
        BOARD_TEST(hal_sets_prescaler_and_reload),
        BOARD_TEST(update_waits_for_lsi),
        BOARD_TEST(settings_are_locked),
        BOARD_TEST(reload_before_the_window_resets),
        BOARD_TEST(each_prescaler),
        BOARD_TEST(writing_the_window_reloads),
        BOARD_TEST(option_starts_it_at_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
