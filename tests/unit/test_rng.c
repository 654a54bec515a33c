/* SPDX-License-Identifier: MIT */
/* Random number generator (RM0376 RNG), from HSI48. */
#include "board_rig.h"

enum { CR = 0x40025000, SR = 0x40025004, DR = 0x40025008 };
enum { RNGEN = 4, IE = 8, DRDY = 1, CECS = 2, CEIS = 0x20 };
enum { HSI48ON = 1, HSI48SEL = 1 << 26 };

static void enable(struct board *b)
{
    set_bits(b, 0x40021030, 1 << 20); /* RCC_AHBENR.RNGEN */
}

static int make_rng(void **state)
{
    struct board *b;

    if (make_board(state) != 0)
        return -1;
    b = *state;
    set_bits(b, R_APB2ENR, 1);              /* SYSCFG */
    set_bits(b, SYSCFG_CFGR3, 1 | 1 << 13); /* EN_VREFINT, ENREF_HSI48 */
    set_bits(b, R_CRRCR, HSI48ON);
    set_bits(b, R_CCIPR, HSI48SEL);
    run(b, PS_PER_MS);
    enable(b);
    return 0;
}

static uint32_t next(struct board *b)
{
    run(b, 2 * PS_PER_US);
    assert_int_equal(load(b, SR), DRDY);
    return load(b, DR);
}

static void number_takes_40_cycles_of_48_mhz(void **state)
{
    struct board *b = *state;

    assert_int_equal(load(b, SR), 0);
    run(b, 10 * PS_PER_US);
    assert_int_equal(load(b, SR), 0); /* off */
    store(b, CR, RNGEN);
    assert_true(b->time.due[EVENT_RNG] - time_now(b) == 40 * PS_PER_S / 48000000);
    (void)next(b);
    assert_int_equal(load(b, SR), 0); /* reading DR clears DRDY */
}

static void numbers_differ(void **state)
{
    struct board *b = *state;
    uint32_t first, second;

    store(b, CR, RNGEN);
    first = next(b);
    second = next(b);
    assert_true(first != second && first && second);
}

static void same_seed_gives_the_same_numbers(void **state)
{
    void *other;
    uint32_t first;

    store(*state, CR, RNGEN);
    first = next(*state);
    assert_int_equal(make_rng(&other), 0);
    store(other, CR, RNGEN);
    assert_int_equal(next(other), first);
    destroy_board(&other);
}

static void data_ready_interrupts(void **state)
{
    struct board *b = *state;

    store(b, CR, RNGEN | IE);
    assert_false(b->nvic.line[29]);
    run(b, 2 * PS_PER_US);
    assert_true(b->nvic.line[29]);
    (void)load(b, DR);
    assert_false(b->nvic.line[29]);
    store(b, CR, RNGEN); /* without IE */
    run(b, 2 * PS_PER_US);
    assert_int_equal(load(b, SR), DRDY);
    assert_false(b->nvic.line[29]);
}

static void switched_off_keeps_its_number(void **state)
{
    struct board *b = *state;

    store(b, CR, RNGEN);
    run(b, 2 * PS_PER_US);
    store(b, CR, 0);
    assert_int_equal(load(b, SR), DRDY);
    (void)load(b, DR);
    run(b, 10 * PS_PER_US);
    assert_int_equal(load(b, SR), 0);
}

static void early_read_stops_the_board(void **state)
{
    struct board *b = *state;

    store(b, CR, RNGEN);
    assert_int_equal(load(b, DR), 0);
    assert_stop(b, L072_STOP_RULE);
}

static void lost_clock_is_reported(void **state)
{
    struct board *b = *state;

    store(b, CR, RNGEN | IE);
    store(b, R_CRRCR, 0);
    run(b, 10 * PS_PER_US);
    assert_int_equal(load(b, SR), CECS | CEIS);
    assert_true(b->nvic.line[29]);
    set_bits(b, R_CRRCR, HSI48ON);
    run(b, 10 * PS_PER_US);
    assert_int_equal(load(b, SR), DRDY | CEIS);
    store(b, SR, 0);
    assert_int_equal(load(b, SR), DRDY);
    assert_no_stop(b);
}

static void needs_48_mhz(void **state)
{
    struct board *b = *state;

    enable(b);
    store(b, CR, RNGEN);
    assert_stop(b, L072_STOP_NO_CLOCK);
    run(b, 10 * PS_PER_US);
    assert_int_equal(load(b, SR), CECS | CEIS);
}

static void rcc_resets_it(void **state)
{
    struct board *b = *state;

    store(b, CR, RNGEN | IE);
    run(b, 2 * PS_PER_US);
    store(b, 0x40021020, 1 << 20); /* RCC_AHBRSTR.RNGRST */
    assert_false(b->nvic.line[29]);
    store(b, 0x40021020, 0);
    run(b, 10 * PS_PER_US);
    assert_int_equal(load(b, CR), 0);
    assert_int_equal(load(b, SR), 0);
}

#define RNG_TEST(function) cmocka_unit_test_setup_teardown(function, make_rng, destroy_board)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RNG_TEST(number_takes_40_cycles_of_48_mhz),
        RNG_TEST(numbers_differ),
        RNG_TEST(same_seed_gives_the_same_numbers),
        RNG_TEST(data_ready_interrupts),
        RNG_TEST(switched_off_keeps_its_number),
        RNG_TEST(early_read_stops_the_board),
        RNG_TEST(lost_clock_is_reported),
        BOARD_TEST(needs_48_mhz),
        RNG_TEST(rcc_resets_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
