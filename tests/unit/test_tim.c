/* SPDX-License-Identifier: MIT */
/* Timers: counter, update events, compare channels. */
#include "tim_rig.h"

/* ---- Counting -------------------------------------------------------------------------------- */

static void every_timer_counts_its_clock(void **state)
{
    struct board *b = *state;

    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(load(b, timers[i].base + ARR), 0xFFFF);
        store(b, timers[i].base + CR1, CEN);
        assert_int_equal(load(b, timers[i].base + CNT), 0);
        counts_cycles(b, timers[i].base);
        store(b, timers[i].base + CR1, 0);
    }
}

static void prescaler_divides(void **state)
{
    struct board *b = *state;
    uint64_t cycles;

    start(b, TIM3, 9, 0xFFFF, 0);
    cycles = pass(b, 1234);
    assert_int_equal(load(b, TIM3 + CNT), cycles / 10);
    cycles += pass(b, 7); /* the rest of the division is not lost */
    assert_int_equal(load(b, TIM3 + CNT), cycles / 10);
}

static void new_prescaler_waits_for_the_update(void **state)
{
    struct board *b = *state;
    uint64_t cycles;

    start(b, TIM3, 0, 99, 0);
    store(b, TIM3 + PSC, 3);
    cycles = pass(b, 50);
    assert_int_equal(load(b, TIM3 + CNT), cycles);
    cycles += pass(b, 100);
    assert_int_equal(load(b, TIM3 + CNT), (cycles - 100) / 4);
}

static void arr_plus_one_counts_a_period(void **state)
{
    struct board *b = *state;
    uint64_t cycles;

    start(b, TIM6, 0, 999, 0);
    cycles = pass(b, 990);
    assert_int_equal(load(b, TIM6 + SR), 0);
    cycles += pass(b, 20);
    assert_int_equal(load(b, TIM6 + SR), UIF);
    assert_int_equal(load(b, TIM6 + CNT), cycles - 1000);
    cycles += pass(b, 1000000); /* in one step */
    assert_int_equal(load(b, TIM6 + CNT), cycles % 1000);
}

static void counts_down(void **state)
{
    struct board *b = *state;
    uint64_t cycles;

    store(b, TIM3 + CR1, DOWN); /* UG loads ARR */
    start(b, TIM3, 0, 999, DOWN);
    cycles = pass(b, 300);
    assert_int_equal(load(b, TIM3 + CNT), 999 - cycles);
    assert_int_equal(load(b, TIM3 + SR) & UIF, 0);
    cycles += pass(b, 1000);
    assert_int_equal(load(b, TIM3 + CNT), 999 - (cycles - 1000));
    assert_int_equal(load(b, TIM3 + SR) & UIF, UIF);
}

static void arr_of_zero_blocks(void **state)
{
    struct board *b = *state;

    start(b, TIM6, 0, 0, 0);
    pass(b, 1000);
    assert_int_equal(load(b, TIM6 + CNT), 0);
    assert_int_equal(load(b, TIM6 + SR), 0);
    store(b, TIM6 + ARR, 0xFFFF);
    counts_cycles(b, TIM6);
}

static void all_are_16_bits_wide(void **state)
{
    struct board *b = *state;

    store(b, TIM2 + ARR, 0x12345);
    assert_int_equal(load(b, TIM2 + ARR), 0x2345);
    store(b, TIM2 + CNT, 0x12345);
    assert_int_equal(load(b, TIM2 + CNT), 0x2345);
}

static void counter_above_arr_goes_round(void **state)
{
    struct board *b = *state;
    uint64_t cycles;

    start(b, TIM3, 0, 0xFFFF, 0);
    store(b, TIM3 + CNT, 0xFF00);
    store(b, TIM3 + ARR, 999); /* no preload */
    cycles = pass(b, 0x80);
    assert_int_equal(load(b, TIM3 + CNT), 0xFF00 + cycles);
    cycles += pass(b, 0x100);
    assert_int_equal(load(b, TIM3 + CNT), cycles - 0x100);
}

static void preloaded_arr_waits_for_the_update(void **state)
{
    struct board *b = *state;
    uint64_t cycles;

    start(b, TIM6, 0, 999, ARPE);
    store(b, TIM6 + ARR, 499);
    assert_int_equal(load(b, TIM6 + ARR), 499);
    cycles = pass(b, 900);
    assert_int_equal(load(b, TIM6 + CNT), cycles);
    cycles += pass(b, 700);
    assert_int_equal(load(b, TIM6 + CNT), cycles - 1500);
}

static void one_pulse_stops_at_the_update(void **state)
{
    struct board *b = *state;

    start(b, TIM7, 0, 99, OPM);
    pass(b, 1000);
    assert_int_equal(load(b, TIM7 + CNT), 0);
    assert_int_equal(load(b, TIM7 + CR1), OPM);
    assert_int_equal(load(b, TIM7 + SR), UIF);
}

static void stopped_counter_keeps_its_value(void **state)
{
    struct board *b = *state;
    uint64_t cycles;

    start(b, TIM21, 0, 0xFFFF, 0);
    cycles = pass(b, 100);
    store(b, TIM21 + CR1, 0);
    pass(b, 1000);
    assert_int_equal(load(b, TIM21 + CNT), cycles);
    store(b, TIM21 + CR1, CEN);
    cycles += pass(b, 100);
    assert_int_equal(load(b, TIM21 + CNT), cycles);
}

/* ---- Update events --------------------------------------------------------------------------- */

static void udis_forbids_the_event_not_the_restart(void **state)
{
    struct board *b = *state;
    uint64_t cycles;

    start(b, TIM3, 0, 99, UDIS | ARPE);
    store(b, TIM3 + ARR, 49);
    cycles = pass(b, 1050);
    assert_int_equal(load(b, TIM3 + CNT), cycles % 100);
    assert_int_equal(load(b, TIM3 + SR) & UIF, 0);
}

static void software_update_restarts(void **state)
{
    struct board *b = *state;

    start(b, TIM3, 99, 999, ARPE);
    pass(b, 5050);
    store(b, TIM3 + PSC, 0);
    store(b, TIM3 + EGR, UG);
    assert_int_equal(load(b, TIM3 + EGR), 0);
    assert_int_equal(load(b, TIM3 + CNT), 0);
    assert_int_equal(load(b, TIM3 + SR) & UIF, UIF);
    counts_cycles(b, TIM3);
}

static void urs_keeps_the_flag_for_overflows(void **state)
{
    struct board *b = *state;

    start(b, TIM6, 0, 99, URS);
    store(b, TIM6 + EGR, UG);
    assert_int_equal(load(b, TIM6 + SR), 0);
    pass(b, 100);
    assert_int_equal(load(b, TIM6 + SR), UIF);
}

static void software_raises_the_other_flags(void **state)
{
    struct board *b = *state;

    store(b, TIM2 + EGR, CC1G | TG);
    assert_int_equal(load(b, TIM2 + SR), CC1IF | TIF);
    store(b, TIM21 + EGR, 0x5E); /* it has no channels 3 and 4 */
    assert_int_equal(load(b, TIM21 + SR), CC1IF | CC2IF | TIF);
    assert_int_equal(load(b, TIM2 + CNT), 0);
}

/* ---- Compare --------------------------------------------------------------------------------- */

static void compare_flag_rises_at_its_value(void **state)
{
    struct board *b = *state;

    store(b, TIM3 + CC1, 500);
    store(b, TIM3 + CC2, 700);
    store(b, TIM3 + CC3, 999);
    store(b, TIM3 + CC4, 0);
    start(b, TIM3, 0, 999, 0);
    pass(b, 490);
    assert_int_equal(load(b, TIM3 + SR), 0);
    pass(b, 20);
    assert_int_equal(load(b, TIM3 + SR), CC1IF);
    pass(b, 200);
    assert_int_equal(load(b, TIM3 + SR), CC1IF | CC2IF);
    pass(b, 285);
    assert_int_equal(load(b, TIM3 + SR), CC1IF | CC2IF);
    pass(b, 20);
    assert_int_equal(load(b, TIM3 + SR), CC1IF | CC2IF | CC3IF | CC4IF | UIF);
}

static void compare_value_above_arr_matches_at_the_overflow(void **state)
{
    struct board *b = *state;

    store(b, TIM21 + CC1, 0x8000);
    store(b, TIM21 + CC2, 0x10);
    start(b, TIM21, 0, 999, 0);
    pass(b, 990);
    assert_int_equal(load(b, TIM21 + SR), CC2IF);
    pass(b, 20);
    assert_int_equal(load(b, TIM21 + SR), CC1IF | CC2IF | UIF);
}

static void compare_matches_counting_down(void **state)
{
    struct board *b = *state;

    store(b, TIM22 + CR1, DOWN);
    store(b, TIM22 + CC1, 600);
    store(b, TIM22 + CC2, 100);
    start(b, TIM22, 0, 999, DOWN);
    pass(b, 390);
    assert_int_equal(load(b, TIM22 + SR), 0);
    pass(b, 20);
    assert_int_equal(load(b, TIM22 + SR), CC1IF);
    pass(b, 500);
    assert_int_equal(load(b, TIM22 + SR), CC1IF | CC2IF);
}

static void preloaded_compare_waits_for_the_update(void **state)
{
    struct board *b = *state;

    store(b, TIM2 + CCMR2, 0x0808); /* OC3PE, OC4PE */
    store(b, TIM2 + CC3, 900);
    store(b, TIM2 + CC4, 900);
    store(b, TIM2 + CC1, 900);
    store(b, TIM2 + CC2, 900);
    start(b, TIM2, 0, 999, 0);
    store(b, TIM2 + CC1, 100);
    store(b, TIM2 + CC3, 100);
    assert_int_equal(load(b, TIM2 + CC3), 100);
    pass(b, 200);
    assert_int_equal(load(b, TIM2 + SR), CC1IF);
    pass(b, 700);
    assert_int_equal(load(b, TIM2 + SR), CC1IF | CC2IF | CC3IF | CC4IF);
    pass(b, 110);
    store(b, TIM2 + SR, 0);
    pass(b, 100);
    assert_int_equal(load(b, TIM2 + SR), CC1IF | CC3IF);
}

static void flags_are_cleared_by_zeros(void **state)
{
    struct board *b = *state;

    store(b, TIM3 + EGR, 0x5F);
    assert_int_equal(load(b, TIM3 + SR), 0x5F);
    store(b, TIM3 + SR, ~(uint32_t)CC1IF);
    assert_int_equal(load(b, TIM3 + SR), 0x5D);
    assert_true(bus_write(b, TIM3 + SR, 2, (uint16_t)~UIF));
    assert_int_equal(load(b, TIM3 + SR), 0x5C);
    store(b, TIM3 + SR, 0xFFFFFFFF);
    assert_int_equal(load(b, TIM3 + SR), 0x5C);
}

/* ---- All together ---------------------------------------------------------------------------- */

/* A random setting, and a random change of the preloads a little later. */
static void set_at_random(struct board *b, uint32_t base, uint32_t seed)
{
    static const uint8_t modes[] = {0, DOWN, ARPE, OPM, UDIS, ARPE | DOWN, ARPE | UDIS, OPM | DOWN};

    store(b, base + CR1, modes[seed % 8]);
    store(b, base + CCMR1, seed & 0x0808); /* OC1PE, OC2PE */
    store(b, base + CC1, seed >> 3 & 31);
    store(b, base + CC2, seed >> 8 & 31);
    store(b, base + CC3, seed >> 13 & 31);
    store(b, base + CC4, seed >> 18 & 31);
    start(b, base, seed >> 23 & 3, seed >> 25 & 31, modes[seed % 8]);
}

static void change_at_random(struct board *b, uint32_t base, uint32_t seed)
{
    store(b, base + PSC, seed >> 4 & 3);
    store(b, base + ARR, seed >> 6 & 31);
    store(b, base + CC1, seed >> 11 & 31);
    store(b, base + CC3, seed >> 16 & 31);
}

/* TIM2 is left alone, TIM3 interrupts and is read all the time: they must not differ. */
static void looking_changes_nothing(void **state)
{
    static const uint32_t compared[] = {CR1, SR, CNT};
    struct board *b = *state;

    for (unsigned i = 0; i < 300; i++) {
        uint32_t setting = board_random(b), change = board_random(b);

        set_at_random(b, TIM2, setting);
        set_at_random(b, TIM3, setting);
        store(b, TIM3 + DIER, 0x1F);
        for (unsigned n = 0; n < 40 + setting % 200; n++) {
            if (n == change % 64) {
                change_at_random(b, TIM2, change);
                change_at_random(b, TIM3, change);
            }
            pass(b, 1);
            (void)load(b, TIM3 + CNT);
        }
        for (unsigned r = 0; r < 3; r++)
            assert_int_equal(load(b, TIM2 + compared[r]), load(b, TIM3 + compared[r]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TIM_TEST(every_timer_counts_its_clock),
        TIM_TEST(prescaler_divides),
        TIM_TEST(new_prescaler_waits_for_the_update),
        TIM_TEST(arr_plus_one_counts_a_period),
        TIM_TEST(counts_down),
        TIM_TEST(arr_of_zero_blocks),
        TIM_TEST(all_are_16_bits_wide),
        TIM_TEST(counter_above_arr_goes_round),
        TIM_TEST(preloaded_arr_waits_for_the_update),
        TIM_TEST(one_pulse_stops_at_the_update),
        TIM_TEST(stopped_counter_keeps_its_value),
        TIM_TEST(udis_forbids_the_event_not_the_restart),
        TIM_TEST(software_update_restarts),
        TIM_TEST(urs_keeps_the_flag_for_overflows),
        TIM_TEST(software_raises_the_other_flags),
        TIM_TEST(compare_flag_rises_at_its_value),
        TIM_TEST(compare_value_above_arr_matches_at_the_overflow),
        TIM_TEST(compare_matches_counting_down),
        TIM_TEST(preloaded_compare_waits_for_the_update),
        TIM_TEST(flags_are_cleared_by_zeros),
        TIM_TEST(looking_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
