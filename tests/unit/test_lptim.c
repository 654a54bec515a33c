/* SPDX-License-Identifier: MIT */
/* Low-power timer (RM0376 LPTIM). It runs on LSI: a clock lasts 27.03 us. */
#include "board_rig.h"

enum { BASE = 0x40007C00, ISR = BASE, ICR = BASE + 4, IER = BASE + 8, CFGR = BASE + 0xC };
enum { CR = BASE + 0x10, CMP = BASE + 0x14, ARR = BASE + 0x18, CNT = BASE + 0x1C };
enum { CMPM = 1, ARRM = 2, CMPOK = 8, ARROK = 0x10, ENABLE = 1, SNGSTRT = 2, CNTSTRT = 4 };
enum { SEL_LSI = 1 << 18, LSION = 1, LSI_HZ = 37000, IRQ = 13 };
enum { EXTI_IMR = 0x40010400, SLEEPDEEP = 4 };
#define SCR 0xE000ED10u

static int make_lptim(void **state)
{
    if (make_board(state) != 0)
        return -1;
    set_bits(*state, R_APB1ENR, 0x80000000 | 1 << 28); /* LPTIM1EN, PWREN */
    set_bits(*state, R_CSR, LSION);
    run(*state, L072_PS_PER_MS);
    set_bits(*state, R_CCIPR, SEL_LSI);
    return 0;
}

static void start(struct board *b, uint32_t cmp, uint32_t arr, uint32_t how)
{
    store(b, CR, ENABLE);
    store(b, CMP, cmp);
    store(b, ARR, arr);
    store(b, CR, ENABLE | how);
}

static void clocks(struct board *b, uint64_t n)
{
    run(b, n * L072_PS_PER_S / LSI_HZ);
}

static void counts_lsi_and_its_fractions(void **state)
{
    struct board *b = *state;

    start(b, 0, 0xFFFF, CNTSTRT);
    clocks(b, 1000);
    assert_in_range(load(b, CNT), 999, 1001);
    store(b, CR, 0);
    assert_int_equal(load(b, CNT), 0);
    store(b, CFGR, 3 << 9); /* PRESC: by 8 */
    start(b, 0, 0xFFFF, CNTSTRT);
    clocks(b, 1000);
    assert_in_range(load(b, CNT), 124, 126);
}

static void counts_the_apb_clock_by_default(void **state)
{
    struct board *b = *state;

    store(b, R_CCIPR, 0);
    start(b, 0, 0xFFFF, CNTSTRT);
    run(b, 10 * L072_PS_PER_MS); /* MSI, 2.097 MHz */
    assert_in_range(load(b, CNT), 20960, 20980);
}

static void goes_round_and_tells_each_time(void **state)
{
    struct board *b = *state;

    store(b, IER, ARRM);
    start(b, 50, 99, CNTSTRT);
    clocks(b, 98);
    assert_int_equal(load(b, ISR) & (ARRM | CMPM), CMPM);
    assert_false(b->nvic.line[IRQ]);
    clocks(b, 3);
    assert_true(b->nvic.line[IRQ]);
    store(b, ICR, ARRM | CMPM);
    assert_false(b->nvic.line[IRQ]);
    assert_in_range(load(b, CNT), 0, 2);
    clocks(b, 97);
    assert_false(b->nvic.line[IRQ]);
    clocks(b, 4);
    assert_true(b->nvic.line[IRQ]);
}

static void a_compare_value_interrupts(void **state)
{
    struct board *b = *state;

    store(b, IER, CMPM);
    start(b, 500, 0xFFFF, CNTSTRT);
    clocks(b, 498);
    assert_false(b->nvic.line[IRQ]);
    clocks(b, 4);
    assert_true(b->nvic.line[IRQ]);
}

static void one_shot_stops_at_the_end(void **state)
{
    struct board *b = *state;

    start(b, 0, 99, SNGSTRT);
    clocks(b, 350);
    assert_int_equal(load(b, ISR) & ARRM, ARRM);
    assert_int_equal(load(b, CNT), 0);
    store(b, ICR, ARRM);
    store(b, CR, ENABLE | SNGSTRT);
    clocks(b, 50);
    assert_in_range(load(b, CNT), 48, 52);
}

static void a_written_value_is_confirmed_two_clocks_later(void **state)
{
    struct board *b = *state;

    store(b, IER, CMPOK);
    store(b, CR, ENABLE);
    store(b, CMP, 7);
    store(b, ARR, 9);
    assert_false(load(b, ISR) & (CMPOK | ARROK));
    assert_false(b->nvic.line[IRQ]);
    clocks(b, 3);
    assert_true(b->nvic.line[IRQ]);
    assert_int_equal(load(b, ISR) & (CMPOK | ARROK), CMPOK | ARROK);
}

static void runs_through_stop_and_ends_it(void **state)
{
    struct board *b = *state;

    preset(b, 0x08000008, 0xE7FDBF30); /* WFI; B to it */
    store(b, EXTI_IMR, UINT32_C(1) << 29);
    store(b, SCR, SLEEPDEEP);
    store(b, IER, ARRM);
    start(b, 0, 3699, CNTSTRT);
    run(b, 50 * L072_PS_PER_MS);
    assert_int_equal(b->pwr.mode, PWR_STOP);
    run(b, 45 * L072_PS_PER_MS);
    assert_int_equal(b->pwr.mode, PWR_STOP);
    run(b, 10 * L072_PS_PER_MS);
    assert_int_not_equal(b->pwr.mode, PWR_STOP);
    assert_true(load(b, ISR) & ARRM);
}

static void a_clock_that_stops_holds_it(void **state)
{
    struct board *b = *state;
    uint32_t before;

    start(b, 0, 0xFFFF, CNTSTRT);
    clocks(b, 100);
    store(b, R_CSR, load(b, R_CSR) & ~(uint32_t)LSION);
    before = load(b, CNT);
    clocks(b, 100);
    assert_int_equal(load(b, CNT), before);
    set_bits(b, R_CSR, LSION);
    run(b, L072_PS_PER_MS);
    assert_true(load(b, CNT) > before);
}

static void rules_and_limits_stop_the_board(void **state)
{
    struct board *b = *state;

    store(b, ARR, 5); /* ENABLE is 0 */
    assert_stop(b, L072_STOP_RULE);
    store(b, CR, ENABLE);
    store(b, CFGR, 0);
    assert_stop(b, L072_STOP_RULE);
    store(b, CR, 0);
    store(b, CFGR, 1 << 24); /* ENC */
    assert_stop(b, L072_STOP_NOT_MODELLED);
    load(b, BASE + 0x20);
    assert_stop(b, L072_STOP_NOT_MODELLED);
}

#define LPTIM_TEST(function) cmocka_unit_test_setup_teardown(function, make_lptim, destroy_board)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LPTIM_TEST(counts_lsi_and_its_fractions),
        LPTIM_TEST(counts_the_apb_clock_by_default),
        LPTIM_TEST(goes_round_and_tells_each_time),
        LPTIM_TEST(a_compare_value_interrupts),
        LPTIM_TEST(one_shot_stops_at_the_end),
        LPTIM_TEST(a_written_value_is_confirmed_two_clocks_later),
        LPTIM_TEST(runs_through_stop_and_ends_it),
        LPTIM_TEST(a_clock_that_stops_holds_it),
        LPTIM_TEST(rules_and_limits_stop_the_board),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
