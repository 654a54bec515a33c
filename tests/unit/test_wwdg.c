/* SPDX-License-Identifier: MIT */
/* System window watchdog (RM0376 WWDG). A count is 4096 cycles of PCLK1, here HCLK. */
#include "board_rig.h"

enum { CR = 0x40002C00, CFR = 0x40002C04, SR = 0x40002C08 };
enum { WDGA = 0x80, EWI = 0x200, EWIF = 1, COUNT = 4096 };

static int make_watchdog(void **state)
{
    if (make_board(state) != 0)
        return -1;
    set_bits(*state, R_APB1ENR, 1 << 11);
    return 0;
}

static void pass(struct board *b, uint64_t cycles)
{
    run(b, cycles * b->time.period_ps);
}

/* Lets `cycles` pass and tells whether the watchdog reset the board meanwhile. */
static bool bites_within(struct board *b, uint64_t cycles)
{
    set_bits(b, R_CSR, 1 << 23); /* RMVF */
    pass(b, cycles);
    return load(b, R_CSR) & RESET_WWDG;
}

static void counts_but_never_bites_without_wdga(void **state)
{
    struct board *b = *state;

    assert_int_equal(load(b, CR), 0x7F);
    assert_int_equal(load(b, CFR), 0x7F);
    pass(b, 10 * COUNT);
    assert_int_equal(load(b, CR), 0x75);
    assert_int_equal(load(b, SR), 0);
    assert_false(bites_within(b, 500 * COUNT));
    assert_int_equal(load(b, SR), EWIF);
}

static void bites_at_0x3f(void **state)
{
    struct board *b = *state;

    store(b, CR, WDGA | 0x7F);
    assert_int_equal(load(b, CR), WDGA | 0x7F);
    assert_false(bites_within(b, 64 * COUNT - 100));
    assert_true(bites_within(b, 200));
    set_bits(b, R_APB1ENR, 1 << 11);
    assert_int_equal(load(b, CR) & WDGA, 0); /* the reset stopped it */
    assert_false(bites_within(b, 500 * COUNT));
}

static void refresh_keeps_it_quiet(void **state)
{
    struct board *b = *state;

    store(b, CR, WDGA | 0x44);
    for (unsigned i = 0; i < 10; i++) {
        assert_false(bites_within(b, 4 * COUNT));
        store(b, CR, 0x44); /* WDGA cannot be cleared */
    }
    assert_true(bites_within(b, 6 * COUNT));
}

static void refresh_before_the_window_bites(void **state)
{
    struct board *b = *state;

    store(b, CFR, 0x50);
    store(b, CR, WDGA | 0x7F); /* the start is no refresh */
    assert_false(bites_within(b, 48 * COUNT));
    store(b, CR, WDGA | 0x7F);
    assert_false(bites_within(b, 40 * COUNT));
    store(b, CR, WDGA | 0x7F);
    assert_true(bites_within(b, 10));
}

static void value_without_t6_bites(void **state)
{
    struct board *b = *state;

    store(b, CR, 0x3F);
    assert_false(bites_within(b, 10));
    store(b, CR, WDGA | 0x3F);
    assert_true(bites_within(b, 10));
}

static void time_base_divides(void **state)
{
    struct board *b = *state;

    store(b, CFR, 3 << 7 | 0x7F);
    store(b, CR, WDGA | 0x41);
    assert_false(bites_within(b, 16 * COUNT - 100));
    assert_true(bites_within(b, 200));
}

static void apb_divider_counts(void **state)
{
    struct board *b = *state;

    store(b, R_CFGR, 5 << 8); /* PCLK1: by 4 */
    store(b, CR, WDGA | 0x41);
    assert_false(bites_within(b, 8 * COUNT - 100));
    assert_true(bites_within(b, 200));
}

static void early_interrupt_comes_one_count_before(void **state)
{
    struct board *b = *state;

    store(b, CFR, EWI | 0x7F);
    store(b, CR, WDGA | 0x41);
    pass(b, COUNT - 100);
    assert_false(b->nvic.line[0]);
    pass(b, 200);
    assert_true(b->nvic.line[0]);
    store(b, CR, WDGA | 0x41);
    store(b, SR, 1);
    assert_true(b->nvic.line[0]);
    store(b, SR, 0);
    assert_false(b->nvic.line[0]);
    store(b, CFR, 0x7F);
    assert_int_equal(load(b, CFR), EWI | 0x7F); /* cannot be cleared */
    assert_false(bites_within(b, COUNT));
    assert_true(bites_within(b, COUNT));
}

static void flag_rises_without_the_interrupt(void **state)
{
    struct board *b = *state;

    store(b, CR, 0x41);
    pass(b, COUNT + 10);
    assert_int_equal(load(b, SR), EWIF);
    assert_false(b->nvic.line[0]);
}

static void follows_a_new_hclk(void **state)
{
    struct board *b = *state;

    store(b, CR, WDGA | 0x43);
    pass(b, 2 * COUNT);
    store(b, R_CFGR, 8 << 4); /* HPRE: by 2 */
    assert_false(bites_within(b, 2 * COUNT - 100));
    assert_true(bites_within(b, 200));
}

static void rcc_resets_it(void **state)
{
    struct board *b = *state;

    store(b, CR, WDGA | 0x41);
    store(b, R_APB1RSTR, 1 << 11);
    store(b, R_APB1RSTR, 0);
    assert_int_equal(load(b, CR), 0x7F);
    assert_false(bites_within(b, 200 * COUNT));
}

#define WWDG_TEST(function) cmocka_unit_test_setup_teardown(function, make_watchdog, destroy_board)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WWDG_TEST(counts_but_never_bites_without_wdga),
        WWDG_TEST(bites_at_0x3f),
        WWDG_TEST(refresh_keeps_it_quiet),
        WWDG_TEST(refresh_before_the_window_bites),
        WWDG_TEST(value_without_t6_bites),
        WWDG_TEST(time_base_divides),
        WWDG_TEST(apb_divider_counts),
        WWDG_TEST(early_interrupt_comes_one_count_before),
        WWDG_TEST(flag_rises_without_the_interrupt),
        WWDG_TEST(follows_a_new_hclk),
        WWDG_TEST(rcc_resets_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
