/* SPDX-License-Identifier: MIT */
/* Timers: interrupts, clocks, resets, limits. */
#include "tim_rig.h"

/* ---- Interrupts ------------------------------------------------------------------------------ */

static void update_interrupts_on_time(void **state)
{
    struct board *b = *state;

    for (unsigned i = 0; i < 6; i++) {
        start(b, timers[i].base, 1, 499, 0);
        store(b, timers[i].base + DIER, UIF);
        pass(b, 990);
        assert_false(b->nvic.line[timers[i].irq]);
        pass(b, 20);
        assert_true(b->nvic.line[timers[i].irq]);
        store(b, timers[i].base + SR, 0);
        assert_false(b->nvic.line[timers[i].irq]);
        pass(b, 1000);
        assert_true(b->nvic.line[timers[i].irq]);
        store(b, timers[i].base + DIER, 0);
        assert_false(b->nvic.line[timers[i].irq]);
    }
}

static void compare_interrupts_in_each_period(void **state)
{
    struct board *b = *state;

    store(b, TIM21 + CC2, 300);
    start(b, TIM21, 0, 999, 0);
    store(b, TIM21 + DIER, CC2IF);
    pass(b, 290);
    assert_false(b->nvic.line[20]);
    pass(b, 20);
    assert_true(b->nvic.line[20]);
    store(b, TIM21 + SR, 0);
    pass(b, 980);
    assert_false(b->nvic.line[20]);
    pass(b, 20);
    assert_true(b->nvic.line[20]);
}

static void no_event_without_an_interrupt(void **state)
{
    struct board *b = *state;

    start(b, TIM3, 0, 9, 0);
    pass(b, 100);
    assert_true(b->time.due[EVENT_TIM3] == NEVER);
    store(b, TIM3 + DIER, UIF); /* the flag is up already */
    assert_true(b->nvic.line[16]);
    assert_true(b->time.due[EVENT_TIM3] == NEVER);
}

/* Main sleeps for ever; every interrupt clears TIM6_SR and counts in R7. */
static void load_sleeper(struct board *b)
{
    static const uint16_t code[] = {
        0xBF30, /* C0: WFI */
        0xE7FD, /*     B C0 */
        0x4802, /* C4: LDR R0, =TIM6 */
        0x2100, /*     MOVS R1, #0 */
        0x6101, /*     STR R1, [R0, #SR] */
        0x3701, /*     ADDS R7, #1 */
        0x4770, /*     BX LR */
        0xBF00, /*     NOP */
    };
    uint32_t vectors[48] = {0x20001000, 0x080000C1};

    for (unsigned i = 2; i < 48; i++)
        vectors[i] = 0x080000C5;
    assert_int_equal(l072_load(handle(b), 0x08000000, vectors, sizeof vectors), 0);
    assert_int_equal(l072_load(handle(b), 0x080000C0, code, sizeof code), 0);
    preset(b, 0x080000D0, TIM6);
    board_request_reset(b, RESET_SOFTWARE);
    pass(b, 1);
    set_bits(b, R_APB1ENR, 1 << 4);
    store(b, 0xE000E100, 1 << 17); /* NVIC_ISER */
    b->cpu.r[7] = 0;
}

static void interrupts_wake_the_cpu_from_sleep(void **state)
{
    struct board *b = *state;

    load_sleeper(b);
    start(b, TIM6, 0, 999, 0);
    store(b, TIM6 + DIER, UIF);
    pass(b, 10500);
    assert_int_equal(b->cpu.r[7], 10);
    assert_no_stop(b);
}

static void stands_in_stop_mode(void **state)
{
    struct board *b = *state;

    load_sleeper(b);
    start(b, TIM6, 0, 999, 0);
    store(b, TIM6 + DIER, UIF);
    store(b, 0xE000ED10, 4); /* SCR.SLEEPDEEP: from the next WFI on */
    pass(b, 1000000);
    assert_int_equal(b->cpu.r[7], 1); /* it slept lightly before */
    assert_in_range(load(b, TIM6 + CNT), 0, 100);
    assert_true(b->time.due[EVENT_TIM6] == NEVER);
    assert_no_stop(b);
}

/* ---- Clocks ---------------------------------------------------------------------------------- */

static void divided_apb_clock_is_doubled(void **state)
{
    struct board *b = *state;
    uint64_t cycles;

    store(b, R_CFGR, 5 << 8 | 4 << 11); /* PCLK1: by 4, PCLK2: by 2 */
    start(b, TIM3, 0, 0xFFFF, 0);
    start(b, TIM21, 0, 0xFFFF, 0);
    cycles = pass(b, 1000);
    assert_int_equal(load(b, TIM3 + CNT), cycles / 2);
    assert_int_equal(load(b, TIM21 + CNT), cycles);
}

static void follows_a_new_hclk(void **state)
{
    struct board *b = *state;
    uint64_t cycles;

    start(b, TIM3, 0, 9999, 0);
    store(b, TIM3 + DIER, UIF);
    cycles = pass(b, 1000);
    store(b, R_CFGR, 8 << 4); /* HPRE: by 2 */
    cycles += pass(b, 8990);
    assert_int_equal(load(b, TIM3 + CNT), cycles);
    assert_false(b->nvic.line[16]);
    pass(b, 20);
    assert_true(b->nvic.line[16]);
}

static void stands_without_its_clock(void **state)
{
    struct board *b = *state;
    uint64_t cycles;

    start(b, TIM6, 0, 0xFFFF, 0);
    cycles = pass(b, 100);
    store(b, R_APB1ENR, 0);
    pass(b, 1000);
    store(b, R_APB1ENR, 1 << 4);
    assert_int_equal(load(b, TIM6 + CNT), cycles);
    cycles += pass(b, 100);
    assert_int_equal(load(b, TIM6 + CNT), cycles);
}

static void rcc_resets_each(void **state)
{
    struct board *b = *state;

    for (unsigned i = 0; i < 6; i++) {
        uint32_t reset = timers[i].enable == R_APB1ENR ? R_APB1RSTR : R_APB2RSTR;

        start(b, timers[i].base, 0, 99, 0);
        store(b, timers[i].base + DIER, UIF);
        pass(b, 200);
        store(b, reset, 1u << timers[i].bit);
        assert_false(b->nvic.line[timers[i].irq]);
        store(b, reset, 0);
        assert_int_equal(load(b, timers[i].base + CR1), 0);
        assert_int_equal(load(b, timers[i].base + ARR), 0xFFFF);
        pass(b, 100);
        assert_int_equal(load(b, timers[i].base + CNT), 0);
    }
}

static void nothing_survives_a_system_reset(void **state)
{
    struct board *b = *state;

    start(b, TIM3, 0, 9, 0);
    store(b, TIM3 + DIER, UIF);
    board_request_reset(b, RESET_SOFTWARE);
    pass(b, 100);
    assert_false(b->nvic.pending >> (16 + 16) & 1);
    set_bits(b, R_APB1ENR, 0x33);
    pass(b, 100);
    assert_int_equal(load(b, TIM3 + CNT), 0);
    store(b, TIM3 + CR1, CEN);
    counts_cycles(b, TIM3);
}

/* ---- Limits ---------------------------------------------------------------------------------- */

/* An update that is 2^64 ps away, within a cycle, is not due now. */
static void far_updates_do_not_overflow(void **state)
{
    struct board *b = *state;

    store(b, R_ICSCR, 0);                         /* MSI: 65 kHz */
    store(b, R_CFGR, 15 << 4 | 7 << 8 | 7 << 11); /* HCLK: 128 Hz, timers: 16 Hz */
    run(b, PS_PER_S);
    start(b, TIM3, 16854, 17510, 0);
    store(b, TIM3 + DIER, UIF);
    run(b, 2000 * PS_PER_S);
    assert_int_equal(load(b, TIM3 + CNT), 1);
    assert_false(b->nvic.line[16]);
}

static void unknown_registers_and_modes_stop_the_board(void **state)
{
    static const struct {
        uint32_t address, value;
    } refused[] = {
        {TIM6 + SMCR,      0     }, /* basic timers have no slave mode */
        {TIM6 + CC1,       0     },
        {TIM21 + CC3,      0     },
        {TIM2 + 0x48,      0     }, /* DCR */
        {TIM2 + 0x4C,      0     }, /* DMAR */
        {TIM2 + 0x400 - 4, 0     },
        {TIM3 + CR1,       0x20  }, /* CMS */
        {TIM3 + SMCR,      7     }, /* external clock 1 */
        {TIM3 + SMCR,      0x4000}, /* external clock 2 */
        {TIM3 + CCMR1,     0x0001}, /* CC1S: input */
        {TIM3 + CCMR2,     0x0100},
        {TIM3 + DIER,      0x0200}, /* CC1DE */
    };
    struct board *b = *state;

    for (unsigned i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        store(b, refused[i].address, refused[i].value);
        assert_stop(b, L072_STOP_NOT_MODELLED);
    }
    assert_true(bus_write(b, TIM3 + EGR, 1, UG));
    assert_stop(b, L072_STOP_WIDTH);
}

/* ST's HAL looks whether a channel of TIM6 is still on before it stops the counter. */
static void registers_of_larger_timers_read_as_0(void **state)
{
    struct board *b = *state;

    assert_int_equal(load(b, TIM6 + CCER), 0);
    assert_int_equal(load(b, TIM7 + SMCR), 0);
    assert_int_equal(load(b, TIM21 + CC4), 0);
    assert_int_equal(b->stop.kind, L072_STOP_NONE);
    load(b, TIM6 + 0x30); /* RCR, which no timer has */
    assert_stop(b, L072_STOP_NOT_MODELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TIM_TEST(update_interrupts_on_time),
        TIM_TEST(compare_interrupts_in_each_period),
        TIM_TEST(no_event_without_an_interrupt),
        TIM_TEST(interrupts_wake_the_cpu_from_sleep),
        TIM_TEST(stands_in_stop_mode),
        TIM_TEST(divided_apb_clock_is_doubled),
        TIM_TEST(follows_a_new_hclk),
        TIM_TEST(stands_without_its_clock),
        TIM_TEST(rcc_resets_each),
        TIM_TEST(nothing_survives_a_system_reset),
        TIM_TEST(far_updates_do_not_overflow),
        TIM_TEST(unknown_registers_and_modes_stop_the_board),
        TIM_TEST(registers_of_larger_timers_read_as_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
