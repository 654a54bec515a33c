/* SPDX-License-Identifier: MIT */
/* Stop, Standby, and the events that wake from them (RM0376 PWR, EXTI). */
#include "board_rig.h"

enum { SCR = 0xE000ED10, ISER = 0xE000E100, SLEEPDEEP = 4 };
enum { EXTI_IMR = 0x40010400, EXTI_EMR = 0x40010404, EXTI_RTSR = 0x40010408 };
enum { EXTI_SWIER = 0x40010410, EXTI_PR = 0x40010414 };
enum { PDDS = 2, CWUF = 4, CSBF = 8, DBP = 0x100, FWU = 0x400, VOS2 = 0x1000 };
enum { WUF = 1, SBF = 2, EWUP1 = 0x100 };
enum { PC = 15, FLAG = 0x20000100 };
enum { RTC_CR = 0x40002808, RTC_WUTR = 0x40002814, RTC_WPR = 0x40002824 };
enum { STOPWUCK = 1 << 15, SW = 0xF };

#define MARK UINT32_C(0x5AFE5AFE)

/* Sleeps, then stores R0 to FLAG, and spins. */
static void load_sleeper(struct board *b, uint16_t hint)
{
    const uint16_t program[] = {hint, 0x6008, 0xE7FE}; /* hint; STR R0, [R1]; B . */

    assert_int_equal(l072_load(handle(b), 0x20000000, program, sizeof program), 0);
    b->cpu.r[0] = MARK;
    b->cpu.r[1] = FLAG;
    b->cpu.r[15] = 0x20000000;
    preset(b, FLAG, 0);
    bus_close_window(b);
    set_bits(b, R_APB1ENR, 1 << 28);
    set_bits(b, R_IOPENR, 1);
    set_bits(b, R_APB2ENR, 1);
    store(b, SCR, SLEEPDEEP);
}

enum { WFE = 0xBF20, WFI = 0xBF30 };

/* PA0 as EXTI line 0: an interrupt. */
static void arm_pin(struct board *b)
{
    store(b, GPIOA, 0xEBFFFCFC);
    store(b, EXTI_RTSR, 1);
    store(b, EXTI_IMR, 1);
    store(b, ISER, 1 << IRQ_EXTI0_1);
    b->cpu.primask = true; /* wakes without a handler */
}

static void set_pa0(struct board *b, bool level)
{
    assert_int_equal(l072_drive_pin(handle(b), "PA0", level), 0);
}

static void stop_halts_the_clock_until_a_pin_wakes(void **state)
{
    struct board *b = *state;
    uint64_t cycles;

    load_sleeper(b, WFI);
    arm_pin(b);
    run(b, PS_PER_MS);
    cycles = l072_cycles(handle(b));
    run(b, 100 * PS_PER_MS);
    assert_int_equal(l072_cycles(handle(b)), cycles);
    set_pa0(b, true);
    run(b, 4 * PS_PER_US);
    assert_int_equal(peek(b, FLAG), 0);
    run(b, 4 * PS_PER_US);
    assert_int_equal(peek(b, FLAG), MARK);
    assert_true(l072_cycles(handle(b)) > cycles);
    assert_no_stop(b);
}

static void stop_ends_on_msi_or_hsi16(void **state)
{
    static const struct {
        uint32_t cfgr, sw, cr;
    } cases[] = {
        {0,        0, 0x300},
        {STOPWUCK, 5, 5    },
    };
    struct board *b = *state;

    for (unsigned i = 0; i < 2; i++) {
        l072_reset(handle(b));
        set_pa0(b, false);
        load_sleeper(b, WFI);
        arm_pin(b);
        set_bits(b, R_CR, HSI16ON);
        store(b, R_CFGR, cases[i].cfgr);
        run(b, PS_PER_MS);
        set_pa0(b, true);
        run(b, 20 * PS_PER_US);
        assert_int_equal(load(b, R_CFGR) & SW, cases[i].sw);
        assert_int_equal(load(b, R_CR) & 0x305, cases[i].cr);
    }
}

static void uart_frame_waits_while_stopped(void **state)
{
    enum { USART2 = 0x40004400 };
    struct board *b = *state;

    load_sleeper(b, WFI);
    arm_pin(b);
    set_bits(b, R_APB1ENR, 1 << 17);
    store(b, USART2 + 0x0C, 218);
    store(b, USART2, 9);
    store(b, USART2 + 0x28, 'x');
    run(b, 100 * PS_PER_MS);
    set_pa0(b, true);
    run(b, 100 * PS_PER_US);
    assert_false(load(b, USART2 + 0x1C) & 0x40);
    run(b, PS_PER_MS);
    assert_true(load(b, USART2 + 0x1C) & 0x40);
}

static void a_pending_line_keeps_stop_from_being_entered(void **state)
{
    struct board *b = *state;

    load_sleeper(b, WFI);
    arm_pin(b);
    store(b, ISER + 0x80, 1 << IRQ_EXTI0_1);
    set_pa0(b, true);
    run(b, PS_PER_MS);
    assert_int_equal(peek(b, FLAG), MARK);
}

static void a_direct_line_wakes_by_its_level(void **state)
{
    struct board *b = *state;

    load_sleeper(b, WFI);
    store(b, EXTI_IMR, 1 << EXTI_LINE_USB_WAKEUP);
    store(b, ISER, UINT32_C(1) << IRQ_USB);
    b->cpu.primask = true;
    run(b, PS_PER_MS);
    exti_line(b, EXTI_LINE_USB_WAKEUP, true);
    run(b, 10 * PS_PER_US);
    assert_int_equal(peek(b, FLAG), MARK);
}

static void an_event_wakes_wfe_without_a_flag(void **state)
{
    struct board *b = *state;

    load_sleeper(b, WFE);
    b->cpu.event = false;
    arm_pin(b);
    store(b, EXTI_IMR, 0);
    store(b, EXTI_EMR, 1);
    run(b, PS_PER_MS);
    assert_int_equal(peek(b, FLAG), 0);
    set_pa0(b, true);
    run(b, 10 * PS_PER_US);
    assert_int_equal(peek(b, FLAG), MARK);
    assert_false(b->nvic.line[IRQ_EXTI0_1]);
}

static void a_software_event_sets_the_event_register(void **state)
{
    struct board *b = *state;

    b->cpu.event = false;
    store(b, EXTI_SWIER, 2);
    assert_false(b->cpu.event);
    store(b, EXTI_EMR, 1);
    store(b, EXTI_SWIER, 1);
    assert_true(b->cpu.event);
    assert_int_equal(load(b, EXTI_PR), 0);
}

static void enter_standby(struct board *b, uint32_t cr)
{
    load_sleeper(b, WFI);
    store(b, PWR_CR, VOS2 | CWUF | PDDS | cr);
    run(b, PS_PER_MS);
    assert_int_equal(b->pwr.mode, PWR_STANDBY);
}

/* The program in flash runs again: the one in RAM is gone. */
static void assert_restarted(struct board *b)
{
    assert_int_equal(b->pwr.mode, PWR_RUN);
    assert_int_equal(l072_register(handle(b), PC) >> 8, 0x080000);
    assert_int_not_equal(peek(b, 0x20000000) & 0xFFFF, WFI);
}

static void a_wakeup_pin_ends_standby(void **state)
{
    struct board *b = *state;
    uint32_t flags;

    set_bits(b, R_APB1ENR, 1 << 28);
    store(b, PWR_CSR, EWUP1);
    flags = load(b, R_CSR) | 1 << 23;
    store(b, R_CSR, flags);
    enter_standby(b, FWU);
    run(b, PS_PER_S);
    set_pa0(b, true);
    run(b, 60 * PS_PER_US);
    assert_int_equal(b->pwr.mode, PWR_WAKING_STANDBY);
    run(b, 10 * PS_PER_US);
    assert_restarted(b);
    assert_int_equal(load(b, R_CSR) & 0xFF000000, 0);
    set_bits(b, R_APB1ENR, 1 << 28);
    assert_int_equal(load(b, PWR_CSR) & (WUF | SBF | EWUP1), WUF | SBF | EWUP1);
    store(b, PWR_CR, VOS2 | CWUF | CSBF);
    assert_int_equal(load(b, PWR_CSR) & (WUF | SBF), 0);
    assert_no_stop(b);
}

static void each_wakeup_pin_has_its_enable(void **state)
{
    static const char *const pins[] = {"PA0", "PC13", "PE6"};
    struct board *b = *state;

    for (unsigned i = 0; i < 3; i++) {
        l072_power(handle(b), false);
        l072_power(handle(b), true);
        set_bits(b, R_APB1ENR, 1 << 28);
        store(b, PWR_CSR, EWUP1 << i);
        enter_standby(b, FWU);
        for (unsigned other = 0; other < 3; other++)
            if (other != i)
                assert_int_equal(l072_drive_pin(handle(b), pins[other], true), 0);
        run(b, PS_PER_MS);
        assert_int_equal(b->pwr.mode, PWR_STANDBY);
        assert_int_equal(l072_drive_pin(handle(b), pins[i], true), 0);
        run(b, PS_PER_MS);
        assert_restarted(b);
    }
}

/* FWU: without it the internal reference has to start first. */
static void standby_ends_later_without_fast_wakeup(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB1ENR, 1 << 28);
    store(b, PWR_CSR, EWUP1);
    enter_standby(b, 0);
    set_pa0(b, true);
    run(b, 2 * PS_PER_MS);
    assert_int_equal(b->pwr.mode, PWR_WAKING_STANDBY);
    run(b, PS_PER_MS);
    assert_restarted(b);
}

static void the_wakeup_timer_ends_standby_on_lsi(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB1ENR, 1 << 28);
    set_bits(b, PWR_CR, DBP);
    set_bits(b, R_CSR, 1);
    run(b, PS_PER_MS);
    set_bits(b, R_CSR, 2 << 16 | 1 << 18); /* RTCSEL LSI, RTCEN */
    store(b, RTC_WPR, 0xCA);
    store(b, RTC_WPR, 0x53);
    store(b, RTC_WUTR, 23124); /* 23125 x 16 of 37 kHz: 10 s */
    store(b, RTC_CR, 0x4400);  /* WUTE, WUTIE */
    enter_standby(b, DBP);
    run(b, 10 * PS_PER_S - 2 * PS_PER_MS);
    assert_int_equal(b->pwr.mode, PWR_STANDBY);
    run(b, 4 * PS_PER_MS);
    assert_restarted(b);
    set_bits(b, R_APB1ENR, 1 << 28);
    assert_int_equal(load(b, PWR_CSR) & (WUF | SBF), WUF | SBF);
}

static void reset_and_power_end_standby(void **state)
{
    struct board *b = *state;

    enter_standby(b, 0);
    l072_reset(handle(b));
    run(b, PS_PER_US);
    assert_restarted(b);
    set_bits(b, R_APB1ENR, 1 << 28);
    assert_int_equal(load(b, PWR_CSR) & (WUF | SBF), SBF);
    enter_standby(b, 0);
    l072_power(handle(b), false);
    l072_power(handle(b), true);
    run(b, PS_PER_US);
    assert_restarted(b);
    set_bits(b, R_APB1ENR, 1 << 28);
    assert_int_equal(load(b, PWR_CSR) & (WUF | SBF), 0);
}

static void a_pending_wakeup_keeps_standby_from_being_entered(void **state)
{
    struct board *b = *state;

    load_sleeper(b, WFI);
    store(b, PWR_CSR, EWUP1);
    set_pa0(b, true);
    store(b, PWR_CR, VOS2 | PDDS);
    run(b, PS_PER_MS);
    assert_int_equal(peek(b, FLAG), MARK);
}

static void options_make_the_modes_a_reset(void **state)
{
    static const char *const options[] = {"nRST_STOP", "nRST_STDBY"};
    struct board *b = *state;

    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(l072_set_option(handle(b), options[i], 0), 0);
        assert_int_equal(l072_set_option(handle(b), options[1 - i], 1), 0);
        l072_power(handle(b), false);
        l072_power(handle(b), true);
        load_sleeper(b, WFI);
        store(b, PWR_CR, VOS2 | (i ? PDDS : 0));
        run(b, PS_PER_MS);
        assert_int_equal(l072_register(handle(b), PC) >> 8, 0x080000);
        assert_true(load(b, R_CSR) >> 31); /* LPWRRSTF */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOARD_TEST(stop_halts_the_clock_until_a_pin_wakes),
        BOARD_TEST(stop_ends_on_msi_or_hsi16),
        BOARD_TEST(uart_frame_waits_while_stopped),
        BOARD_TEST(a_pending_line_keeps_stop_from_being_entered),
        BOARD_TEST(a_direct_line_wakes_by_its_level),
        BOARD_TEST(an_event_wakes_wfe_without_a_flag),
        BOARD_TEST(a_software_event_sets_the_event_register),
        BOARD_TEST(a_wakeup_pin_ends_standby),
        BOARD_TEST(each_wakeup_pin_has_its_enable),
        BOARD_TEST(standby_ends_later_without_fast_wakeup),
        BOARD_TEST(the_wakeup_timer_ends_standby_on_lsi),
        BOARD_TEST(reset_and_power_end_standby),
        BOARD_TEST(a_pending_wakeup_keeps_standby_from_being_entered),
        BOARD_TEST(options_make_the_modes_a_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
