/* SPDX-License-Identifier: MIT */
/* Input capture of TIM21: how firmware measures LSI and LSE (RM0376 TIM21_OR, TIMx_CCMR1). */
#include "tim_rig.h"

enum {
    TIM21_OR = TIM21 + 0x50,
    TI1_GPIO = 0,
    TI1_MSI = 3 << 2,
    TI1_LSE = 4 << 2,
    TI1_LSI = 5 << 2
};
enum { CC1S_TI1 = 1, IC1PSC_8 = 3 << 2, CC1E = 1, BOTH_EDGES = 0xA, CC1OF = 0x200 };
enum { DBP = 1 << 8, PWREN = 1 << 28, LSION = 1, LSEON = 1 << 8 };
enum { LSI_HZ = 37000, LSE_HZ = 32768, MSI_HZ = 2097152, HSI_HZ = 16000000 };

/* TIM21 counts HSI16 and captures every eighth edge of `ti1`. */
static void start_capture(struct board *b, uint32_t ti1)
{
    set_bits(b, R_CR, HSI16ON);
    run(b, L072_PS_PER_MS);
    store(b, R_CFGR, SW_HSI16);
    set_bits(b, R_CSR, LSION);
    run(b, L072_PS_PER_MS);
    store(b, TIM21_OR, ti1);
    start(b, TIM21, 0, 0xFFFF, 0);
    store(b, TIM21 + CCMR1, CC1S_TI1 | IC1PSC_8);
    store(b, TIM21 + CCER, CC1E);
}

/* Waits for a capture as firmware does, tells its value. */
static uint32_t next_capture(struct board *b)
{
    store(b, TIM21 + SR, 0);
    for (unsigned us = 0; us < 1000 && !(load(b, TIM21 + SR) & CC1IF); us++)
        run(b, L072_PS_PER_US);
    return load(b, TIM21 + CC1);
}

static uint32_t clocks_between_captures(struct board *b)
{
    uint32_t first = next_capture(b);

    return (next_capture(b) - first) & 0xFFFF;
}

static void lsi_is_measured(void **state)
{
    struct board *b = *state;

    start_capture(b, TI1_LSI);
    for (unsigned i = 0; i < 20; i++)
        assert_in_range(clocks_between_captures(b), 8 * HSI_HZ / LSI_HZ, 8 * HSI_HZ / LSI_HZ + 1);
}

static void lse_is_measured(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB1ENR, PWREN);
    set_bits(b, PWR_CR, DBP);
    set_bits(b, R_CSR, LSEON);
    run(b, 2 * L072_PS_PER_S + L072_PS_PER_MS);
    start_capture(b, TI1_LSE);
    assert_in_range(clocks_between_captures(b), 8 * HSI_HZ / LSE_HZ, 8 * HSI_HZ / LSE_HZ + 1);
}

static void a_clock_that_is_off_has_no_edges(void **state)
{
    struct board *b = *state;

    start_capture(b, TI1_LSE);
    run(b, L072_PS_PER_MS);
    assert_false(load(b, TIM21 + SR) & CC1IF);
}

static void reading_the_value_clears_the_flag(void **state)
{
    struct board *b = *state;

    start_capture(b, TI1_LSI);
    run(b, 250 * L072_PS_PER_US);
    assert_int_equal(load(b, TIM21 + SR) & (CC1IF | CC1OF), CC1IF);
    load(b, TIM21 + CC1);
    assert_false(load(b, TIM21 + SR) & CC1IF);
    run(b, 500 * L072_PS_PER_US);
    assert_int_equal(load(b, TIM21 + SR) & (CC1IF | CC1OF),
                     CC1IF | CC1OF); /* two, and nobody looked */
}

static void the_value_is_read_only(void **state)
{
    struct board *b = *state;
    uint32_t value;

    start_capture(b, TI1_LSI);
    value = next_capture(b);
    store(b, TIM21 + CC1, value ^ 0x55);
    assert_int_equal(load(b, TIM21 + CC1), value);
}

static void a_capture_interrupts_on_time(void **state)
{
    struct board *b = *state;

    start_capture(b, TI1_LSI);
    next_capture(b);
    store(b, TIM21 + DIER, CC1IF);
    run(b, 8 * L072_PS_PER_S / LSI_HZ - 3 * L072_PS_PER_US);
    assert_false(b->nvic.line[20]);
    run(b, 5 * L072_PS_PER_US);
    assert_true(b->nvic.line[20]);
    load(b, TIM21 + CC1);
    assert_false(b->nvic.line[20]);
}

static void a_compare_value_does_not_match_in_input_mode(void **state)
{
    struct board *b = *state;

    start_capture(b, TI1_LSE); /* which is off */
    store(b, TIM21 + DIER, CC1IF);
    run(b, 10 * L072_PS_PER_MS); /* the counter goes through all values twice */
    assert_false(b->nvic.line[20]);
}

static void other_inputs_stop_the_board(void **state)
{
    struct board *b = *state;

    start_capture(b, TI1_GPIO);
    assert_stop(b, L072_STOP_NOT_MODELLED);
    store(b, TIM21_OR, TI1_MSI);
    store(b, TIM21 + CCER, CC1E | BOTH_EDGES);
    assert_stop(b, L072_STOP_NOT_MODELLED);
    store(b, TIM21 + CCMR1, 2); /* TI2 */
    assert_stop(b, L072_STOP_NOT_MODELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TIM_TEST(lsi_is_measured),
        TIM_TEST(lse_is_measured),
        TIM_TEST(a_clock_that_is_off_has_no_edges),
        TIM_TEST(reading_the_value_clears_the_flag),
        TIM_TEST(the_value_is_read_only),
        TIM_TEST(a_capture_interrupts_on_time),
        TIM_TEST(a_compare_value_does_not_match_in_input_mode),
        TIM_TEST(other_inputs_stop_the_board),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
