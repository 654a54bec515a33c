/* SPDX-License-Identifier: MIT */
/* The running RTC: calendar, alarms, wake-up timer and their clocks (RM0376 RTC). */
#include "board_rig.h"
#include "core.h"

enum {
    TR = 0x40002800,
    DR = 0x40002804,
    CR = 0x40002808,
    ISR = 0x4000280C,
    PRER = 0x40002810,
    WUTR = 0x40002814,
    ALRMAR = 0x4000281C,
    ALRMBR = 0x40002820,
    WPR = 0x40002824,
    SSR = 0x40002828,
    ALRMBSSR = 0x40002848,
    EXTI_IMR = 0x40010400,
    EXTI_RTSR = 0x40010408,
    EXTI_PR = 0x40010414,
};
enum { DBP = 0x100, LSEON = 0x100, LSERDY = 0x200, RTCSEL_LSE = 1 << 16, RTCSEL_LSI = 2 << 16 };
enum { RTCEN = 1 << 18, RTCRST = 1 << 19, LSION = 1 };
enum { INIT = 0x80, INITF = 0x40, RSF = 0x20, ALRAF = 0x100, ALRBF = 0x200, WUTF = 0x400 };
enum { ALRAE = 0x100, ALRBE = 0x200, WUTE = 0x400, ALRAIE = 0x1000, WUTIE = 0x4000, FMT = 0x40 };
enum { BYPSHAD = 0x20 };

#define SECOND PS_PER_S

/* The CPU sleeps, so that hours of simulated time take none. */
static void open_rtc(struct board *b, uint32_t clock)
{
    exception_sleep(b, CPU_WFI);
    set_bits(b, R_APB1ENR, 1 << 28);
    set_bits(b, PWR_CR, DBP);
    set_bits(b, R_CSR, clock | RTCEN);
    store(b, WPR, 0xCA);
    store(b, WPR, 0x53);
}

static void set_calendar(struct board *b, uint32_t tr, uint32_t dr, uint32_t prer)
{
    store(b, ISR, INIT);
    assert_false(load(b, ISR) & INITF);
    run(b, 100 * PS_PER_US);
    assert_true(load(b, ISR) & INITF);
    store(b, PRER, prer);
    store(b, TR, tr);
    store(b, DR, dr);
    store(b, ISR, 0);
}

/* On LSE, started at the time given. */
static void start(struct board *b, uint32_t tr, uint32_t dr)
{
    open_rtc(b, LSEON | RTCSEL_LSE);
    run(b, 2 * SECOND + PS_PER_MS);
    assert_true(load(b, R_CSR) & LSERDY);
    set_calendar(b, tr, dr, 0x007F00FF);
}

static void assert_calendar(struct board *b, uint32_t tr, uint32_t dr)
{
    assert_int_equal(load(b, TR), tr);
    assert_int_equal(load(b, DR), dr);
}

static void calendar_counts_over_every_field(void **state)
{
    static const struct {
        uint32_t tr, dr, next_tr, next_dr;
    } cases[] = {
        {0x000000, 0x2101,   0x000001, 0x2101  },
        {0x095959, 0x2101,   0x100000, 0x2101  },
        {0x235959, 0x23E228, 0x000000, 0x232301}, /* 28 February 23, Sunday */
        {0x235959, 0x24E228, 0x000000, 0x242229}, /* a leap year */
        {0x235959, 0x239130, 0x000000, 0x23B201}, /* 30 November, Thursday */
        {0x235959, 0x99B231, 0x000000, 0x00C101}, /* 31 December 99, Friday */
    };
    struct board *b = *state;

    start(b, 0, 0x2101);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set_calendar(b, cases[i].tr, cases[i].dr, 0x007F00FF);
        run(b, SECOND - PS_PER_MS);
        assert_calendar(b, cases[i].tr, cases[i].dr);
        run(b, 2 * PS_PER_MS);
        assert_calendar(b, cases[i].next_tr, cases[i].next_dr);
    }
    assert_no_stop(b);
}

static void twelve_hours_have_am_and_pm(void **state)
{
    struct board *b = *state;

    start(b, 0, 0x2101);
    store(b, CR, FMT);
    set_calendar(b, 0x115959, 0x2101, 0x007F00FF);
    run(b, SECOND + PS_PER_MS);
    assert_calendar(b, 0x520000, 0x2101); /* 12 PM */
    run(b, 3600 * SECOND);
    assert_calendar(b, 0x410000, 0x2101);
    run(b, 11 * 3600 * SECOND);
    assert_calendar(b, 0x120000, 0x4102); /* 12 AM */
}

static void subseconds_count_down(void **state)
{
    struct board *b = *state;

    start(b, 0, 0x2101);
    assert_int_equal(load(b, SSR), 255);
    (void)load(b, DR);
    run(b, SECOND / 4 + PS_PER_US);
    assert_int_equal(load(b, SSR), 191);
}

static void a_read_locks_the_higher_registers(void **state)
{
    struct board *b = *state;

    start(b, 0x235959, 0x2101);
    (void)load(b, SSR);
    run(b, SECOND + PS_PER_MS);
    assert_calendar(b, 0x235959, 0x2101);
    assert_calendar(b, 0x000000, 0x4102);
    store(b, CR, BYPSHAD);
    (void)load(b, TR);
    run(b, SECOND);
    assert_int_equal(load(b, TR), 1);
}

static void lsi_is_37_khz(void **state)
{
    struct board *b = *state;

    set_bits(b, R_CSR, LSION);
    run(b, PS_PER_MS);
    open_rtc(b, RTCSEL_LSI);
    set_calendar(b, 0, 0x2101, 124 << 16 | 295); /* 125 x 296 */
    run(b, 100 * SECOND - PS_PER_MS);
    assert_calendar(b, 0x000139, 0x2101);
    run(b, 2 * PS_PER_MS);
    assert_calendar(b, 0x000140, 0x2101);
}

static void calendar_goes_on_through_a_reset(void **state)
{
    struct board *b = *state;

    start(b, 0, 0x2101);
    l072_reset(handle(b));
    exception_sleep(b, CPU_WFI);
    run(b, 5 * SECOND + PS_PER_MS);
    assert_true(load(b, R_CSR) & LSERDY);
    assert_calendar(b, 5, 0x2101);
    open_rtc(b, 0);
    set_bits(b, R_CSR, RTCRST);
    run(b, 5 * SECOND);
    assert_calendar(b, 0, 0x2101);
}

static void calendar_is_set_in_init_mode_alone(void **state)
{
    struct board *b = *state;

    start(b, 0, 0x2101);
    store(b, TR, 1);
    assert_stop(b, L072_STOP_RULE);
    store(b, ISR, INIT);
    run(b, SECOND * 2);
    assert_calendar(b, 0, 0x2101); /* stands still */
    store(b, ISR, 0);
    assert_false(load(b, ISR) & RSF);
    run(b, 31 * PS_PER_US);
    assert_true(load(b, ISR) & RSF);
}

static void alarm_pends_its_line_and_interrupt(void **state)
{
    struct board *b = *state;

    start(b, 0, 0x2101);
    set_bits(b, EXTI_IMR, 1 << 17);
    set_bits(b, EXTI_RTSR, 1 << 17);
    store(b, ALRMAR, 0x80000103); /* 00:01:03 on any day */
    store(b, CR, ALRAE | ALRAIE);
    run(b, 63 * SECOND - PS_PER_MS);
    assert_false(load(b, ISR) & ALRAF);
    run(b, 2 * PS_PER_MS);
    assert_true(load(b, ISR) & ALRAF);
    assert_true(b->nvic.line[IRQ_RTC]);
    store(b, WPR, 0xFF);
    store(b, ISR, ~(uint32_t)ALRAF);
    store(b, EXTI_PR, 1 << 17);
    assert_false(load(b, ISR) & ALRAF);
    assert_false(b->nvic.line[IRQ_RTC]);
    assert_no_stop(b);
}

static void alarm_registers_wait_for_the_alarm_to_be_off(void **state)
{
    struct board *b = *state;

    start(b, 0, 0x2101);
    store(b, CR, ALRAE);
    store(b, ALRMAR, 1);
    assert_stop(b, L072_STOP_RULE);
    assert_int_equal(load(b, ALRMAR), 0);
    store(b, ALRMBR, 0x40);
    assert_no_stop(b);
}

static void alarm_compares_day_and_subseconds(void **state)
{
    struct board *b = *state;

    start(b, 0x235959, 0x2101);           /* Monday */
    store(b, ALRMBR, 0x42000000);         /* Tuesday 00:00:00 */
    store(b, ALRMBSSR, 0x0F000000 | 191); /* a quarter second on */
    store(b, CR, ALRBE);
    run(b, SECOND + SECOND / 4 - PS_PER_MS);
    assert_false(load(b, ISR) & ALRBF);
    run(b, 2 * PS_PER_MS);
    assert_true(load(b, ISR) & ALRBF);
}

/* WDSEL: day 4 is a Thursday, not the fourth. */
static void alarm_compares_the_weekday(void **state)
{
    struct board *b = *state;

    start(b, 0x235958, 0x8103);                          /* Thursday the third */
    store(b, ALRMBR, 0xC4808080 & ~(UINT32_C(1) << 31)); /* any time of a Thursday */
    store(b, CR, ALRBE);
    run(b, SECOND + PS_PER_MS);
    assert_true(load(b, ISR) & ALRBF);
    run(b, 2 * SECOND); /* Friday the fourth */
    store(b, ISR, ~(uint32_t)ALRBF);
    run(b, 2 * SECOND);
    assert_false(load(b, ISR) & ALRBF);
}

static void calendar_stands_without_rtcen(void **state)
{
    struct board *b = *state;

    start(b, 0, 0x2101);
    store(b, R_CSR, load(b, R_CSR) & ~(uint32_t)RTCEN);
    run(b, 5 * SECOND);
    assert_calendar(b, 0, 0x2101);
}

static void wakeup_timer_reloads(void **state)
{
    struct board *b = *state;

    start(b, 0, 0x2101);
    set_bits(b, EXTI_IMR, 1 << 20);
    set_bits(b, EXTI_RTSR, 1 << 20);
    store(b, WUTR, 2047); /* 2048 x 16 ticks: a second */
    store(b, CR, WUTE | WUTIE);
    store(b, WUTR, 1);
    assert_stop(b, L072_STOP_RULE);
    for (unsigned i = 0; i < 3; i++) {
        run(b, SECOND - PS_PER_MS);
        assert_false(b->nvic.line[IRQ_RTC]);
        run(b, PS_PER_MS + PS_PER_US);
        assert_true(b->nvic.line[IRQ_RTC]);
        assert_true(load(b, ISR) & WUTF);
        store(b, ISR, ~(uint32_t)WUTF);
        store(b, EXTI_PR, 1 << 20);
    }
}

static void wakeup_timer_counts_seconds_or_eighths_of_ticks(void **state)
{
    static const struct {
        uint32_t select, wutr;
        uint64_t ps;
    } cases[] = {
        {1, 4095,  SECOND        },
        {2, 8191,  SECOND        },
        {3, 16383, SECOND        },
        {4, 9,     10 * SECOND   },
        {6, 0,     65537 * SECOND},
    };
    struct board *b = *state;

    start(b, 0, 0x2101);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        store(b, WUTR, cases[i].wutr);
        store(b, CR, cases[i].select);
        store(b, CR, cases[i].select | WUTE);
        run(b, cases[i].ps - PS_PER_MS);
        assert_false(load(b, ISR) & WUTF);
        run(b, 2 * PS_PER_MS);
        assert_true(load(b, ISR) & WUTF);
        store(b, ISR, 0);
        store(b, CR, 0);
    }
    assert_no_stop(b);
}

static void what_is_not_modelled_says_so(void **state)
{
    static const uint32_t writes[][2] = {
        {CR,         1 << 11},
        {0x4000282C, 1      },
        {0x4000283C, 1 << 15},
        {0x40002840, 1      }
    };
    struct board *b = *state;

    start(b, 0, 0x2101);
    for (unsigned i = 0; i < 4; i++) {
        store(b, writes[i][0], writes[i][1]);
        assert_stop(b, L072_STOP_NOT_MODELLED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOARD_TEST(calendar_counts_over_every_field),
        BOARD_TEST(twelve_hours_have_am_and_pm),
        BOARD_TEST(subseconds_count_down),
        BOARD_TEST(a_read_locks_the_higher_registers),
        BOARD_TEST(lsi_is_37_khz),
        BOARD_TEST(calendar_goes_on_through_a_reset),
        BOARD_TEST(calendar_is_set_in_init_mode_alone),
        BOARD_TEST(alarm_pends_its_line_and_interrupt),
        BOARD_TEST(alarm_registers_wait_for_the_alarm_to_be_off),
        BOARD_TEST(alarm_compares_day_and_subseconds),
        BOARD_TEST(alarm_compares_the_weekday),
        BOARD_TEST(calendar_stands_without_rtcen),
        BOARD_TEST(wakeup_timer_reloads),
        BOARD_TEST(wakeup_timer_counts_seconds_or_eighths_of_ticks),
        BOARD_TEST(what_is_not_modelled_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
