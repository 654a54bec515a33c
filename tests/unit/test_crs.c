/* SPDX-License-Identifier: MIT */
/* Clock recovery system (RM0376 CRS). */
#include "board_rig.h"

enum { CR = 0x40006C00, CFGR = 0x40006C04, ISR = 0x40006C08, ICR = 0x40006C0C };
enum { SYNCOKIE = 1, CEN = 0x20, AUTOTRIMEN = 0x40, SWSYNC = 0x80 };
enum { SYNCOKF = 1, SYNCWARNF = 2, ERRF = 4, ESYNCF = 8, SYNCERR = 0x100, SYNCMISS = 0x200 };
enum { FEDIR = 0x8000 };

/* HSI48 on, and the CRS running with its reset values: made for the start of frame. */
static void start(struct board *b)
{
    set_bits(b, R_APB2ENR, 1);
    set_bits(b, R_APB1ENR, 1 << 27);
    store(b, SYSCFG_CFGR3, 1 << 13);
    store(b, R_CRRCR, 1);
    run(b, 10 * PS_PER_US);
    set_bits(b, CR, AUTOTRIMEN | CEN | SYNCOKIE);
}

static void frames(struct board *b, unsigned count, uint64_t period)
{
    uint64_t next = l072_now(handle(b));

    for (unsigned i = 0; i < count; i++) {
        crs_usb_sof(b);
        next += period;
        run_until(b, next);
    }
}

static void wakes_up_ready_for_start_of_frame(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB1ENR, 1 << 27);
    assert_int_equal(load(b, CR), 0x2000);
    assert_int_equal(load(b, CFGR), 0x2022BB7F);
}

static void frames_of_a_millisecond_are_ok(void **state)
{
    struct board *b = *state;

    start(b);
    frames(b, 4, PS_PER_MS);
    assert_int_equal(load(b, ISR) & 0xFFFF & ~UINT32_C(0x8000), SYNCOKF | ESYNCF);
    assert_int_equal(load(b, CR), 0x2000 | AUTOTRIMEN | CEN | SYNCOKIE);
    assert_true(b->nvic.line[IRQ_RCC_CRS]);
    store(b, ICR, SYNCOKF | ESYNCF);
    assert_false(b->nvic.line[IRQ_RCC_CRS]);
}

static void late_frames_warn(void **state)
{
    struct board *b = *state;

    start(b);
    frames(b, 2, PS_PER_MS + 5 * PS_PER_US); /* 240 cycles: 7 times FELIM */
    assert_true(load(b, ISR) & SYNCWARNF);
    assert_in_range(load(b, ISR) >> 16, 239, 290);
}

/* FEDIR: 1 when the SYNC comes before the counter has reached 0. */
static void error_has_a_direction(void **state)
{
    struct board *b = *state;

    start(b);
    frames(b, 2, PS_PER_MS + 2 * PS_PER_US);
    assert_false(load(b, ISR) & FEDIR);
    frames(b, 3, PS_PER_MS - 2 * PS_PER_US);
    assert_true(load(b, ISR) & FEDIR);
    assert_in_range(load(b, ISR) >> 16, 48, 144); /* 2 us of 48 MHz, an instruction more or less */
}

static void frames_are_divided(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB1ENR, 1 << 27);
    store(b, CFGR, 0x2222BB7F); /* every fourth */
    start(b);
    frames(b, 16, PS_PER_MS / 4);
    assert_int_equal(load(b, ISR) & (SYNCOKF | SYNCWARNF | ERRF), SYNCOKF);
}

static void missing_frame_is_an_error(void **state)
{
    struct board *b = *state;

    start(b);
    frames(b, 2, PS_PER_MS);
    run(b, PS_PER_MS);
    assert_int_equal(load(b, ISR) & (ERRF | SYNCMISS), ERRF | SYNCMISS);
    store(b, ICR, ERRF);
    assert_int_equal(load(b, ISR) & (ERRF | SYNCMISS), 0);
}

static void far_too_early_is_an_error(void **state)
{
    struct board *b = *state;

    start(b);
    set_bits(b, CR, SWSYNC);
    run(b, PS_PER_MS / 2);
    set_bits(b, CR, SWSYNC);
    assert_int_equal(load(b, ISR) & (ERRF | SYNCERR), ERRF | SYNCERR);
}

static void limits_are_fixed_while_it_runs(void **state)
{
    struct board *b = *state;

    start(b);
    store(b, CFGR, 0);
    assert_stop(b, L072_STOP_RULE);
    assert_int_equal(load(b, CFGR), 0x2022BB7F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOARD_TEST(wakes_up_ready_for_start_of_frame),
        BOARD_TEST(frames_of_a_millisecond_are_ok),
        BOARD_TEST(late_frames_warn),
        BOARD_TEST(error_has_a_direction),
        BOARD_TEST(frames_are_divided),
        BOARD_TEST(missing_frame_is_an_error),
        BOARD_TEST(far_too_early_is_an_error),
        BOARD_TEST(limits_are_fixed_while_it_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
