/* SPDX-License-Identifier: MIT */
/* Every setting of the clock tree: a row for each value of its fields (RM0376 RCC). */
#include "board_rig.h"

enum { DIVEN = 8, HSI16_4_MHZ = HSI16ON | DIVEN };

static uint64_t period_of(uint32_t hz)
{
    return (PS_PER_S + hz / 2) / hz;
}

static void each_msi_range(void **state)
{
    static const uint32_t hz[7] = {65536, 131072, 262144, 524288, 1048576, 2097152, 4194304};
    struct board *b = *state;

    for (uint32_t range = 0; range < 7; range++) {
        store(b, R_ICSCR, range << 13);
        assert_int_equal(b->time.period_ps, period_of(hz[range]));
        assert_no_stop(b);
    }
    store(b, R_ICSCR, 7 << 13);
    assert_stop(b, L072_STOP_RULE);
    assert_int_equal(load(b, R_ICSCR), 6 << 13);
}

/* From 4 MHz, so that few are beyond 96 MHz: those complain, and run. */
static void each_pll_multiplier(void **state)
{
    static const uint32_t factor[9] = {3, 4, 6, 8, 12, 16, 24, 32, 48};
    struct board *b = *state;

    set_bits(b, R_CR, HSI16_4_MHZ);
    run(b, 10 * PS_PER_US);
    for (uint32_t i = 0; i < 9; i++) {
        store(b, R_CR, load(b, R_CR) & ~(uint32_t)PLLON);
        store(b, R_CFGR, i << 18 | 1 << 22);
        set_bits(b, R_CR, PLLON);
        if (factor[i] > 24)
            assert_stop(b, L072_STOP_RULE);
        assert_int_equal(rcc_vco_hz(b), 0);
        run(b, 200 * PS_PER_US);
        assert_int_equal(rcc_vco_hz(b), 4000000 * factor[i]);
        assert_no_stop(b);
    }
}

static void each_pll_divider(void **state)
{
    struct board *b = *state;

    store(b, R_FLASH_ACR, 1);
    set_bits(b, R_CR, HSI16ON);
    for (uint32_t i = 1; i < 4; i++) {
        store(b, R_CFGR, 1 << 18 | i << 22); /* x 4 */
        set_bits(b, R_CR, PLLON);
        run(b, 200 * PS_PER_US);
        set_bits(b, R_CFGR, SW_PLL);
        assert_int_equal(b->time.period_ps, period_of(64000000 / (i + 1)));
        store(b, R_CFGR, load(b, R_CFGR) & ~(uint32_t)3); /* MSI */
        store(b, R_CR, load(b, R_CR) & ~(uint32_t)PLLON);
    }
    assert_no_stop(b);
}

static void each_prescaler(void **state)
{
    static const uint32_t ahb[16] = {1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 16, 64, 128, 256, 512};
    static const uint32_t apb[8] = {1, 1, 1, 1, 2, 4, 8, 16};
    struct board *b = *state;

    set_bits(b, R_APB1ENR, 1);
    set_bits(b, R_APB2ENR, 4);
    set_bits(b, R_CR, HSI16ON);
    run(b, 10 * PS_PER_US);
    for (uint32_t i = 0; i < 16; i++) {
        store(b, R_CFGR, SW_HSI16 | i << 4);
        assert_int_equal(b->time.period_ps, 62500 * ahb[i]);
    }
    for (uint32_t i = 0; i < 8; i++) {
        store(b, R_CFGR, i << 8 | (7 - i) << 11); /* PPRE1, PPRE2 */
        assert_int_equal(rcc_pclk_cycles(b, RCC_GATE_TIM2), apb[i]);
        assert_int_equal(rcc_pclk_cycles(b, RCC_GATE_TIM21), apb[7 - i]);
    }
    assert_no_stop(b);
}

static void hsi16_divided_by_4(void **state)
{
    struct board *b = *state;

    set_bits(b, R_CR, HSI16_4_MHZ);
    store(b, R_CFGR, SW_HSI16);
    run(b, 10 * PS_PER_US);
    assert_int_equal(b->time.period_ps, 250000);
    assert_true(load(b, R_CR) & 0x10); /* HSI16DIVF */
    store(b, R_CR, load(b, R_CR) & ~(uint32_t)DIVEN);
    assert_int_equal(b->time.period_ps, 62500);
    assert_false(load(b, R_CR) & 0x10);
}

/* What is switched on is ready after its start-up time, neither a tenth earlier nor later, and
 * raises its own flag in CIFR. */
static const struct {
    const char *name;
    uint32_t where, on, ready, flag;
    uint64_t us;
} sources[] = {
    {"LSI",   R_CSR,   1 << 0,  1 << 1,  1 << 0, 200    },
    {"LSE",   R_CSR,   1 << 8,  1 << 9,  1 << 1, 2000000},
    {"HSI16", R_CR,    1 << 0,  1 << 2,  1 << 2, 6      },
    {"HSE",   R_CR,    1 << 16, 1 << 17, 1 << 3, 2000   },
    {"PLL",   R_CR,    1 << 24, 1 << 25, 1 << 4, 160    },
    {"MSI",   R_CR,    1 << 8,  1 << 9,  1 << 5, 6      },
    {"HSI48", R_CRRCR, 1 << 0,  1 << 1,  1 << 6, 6      },
};

static void each_source_starts_in_its_time(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB1ENR, 1 << 28);
    set_bits(b, R_APB2ENR, 1);
    store(b, PWR_CR, 0x1100); /* DBP */
    store(b, SYSCFG_CFGR3, 1 << 13);
    store(b, R_CFGR, SW_HSI16 | 1 << 22); /* PLL: x 3 / 2 */
    for (unsigned i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        uint32_t old = load(b, sources[i].where) & ~sources[i].on;
        uint64_t ps = sources[i].us * PS_PER_US;

        store(b, sources[i].where, old);
        store(b, R_CICR, UINT32_MAX);
        store(b, R_CIER, sources[i].flag);
        if (load(b, sources[i].where) & sources[i].ready)
            fail_msg("%s is ready while off", sources[i].name);
        store(b, sources[i].where, old | sources[i].on);
        run(b, ps - ps / 10);
        if (load(b, sources[i].where) & sources[i].ready)
            fail_msg("%s is ready too early", sources[i].name);
        run(b, ps / 5);
        if (!(load(b, sources[i].where) & sources[i].ready))
            fail_msg("%s is not ready", sources[i].name);
        assert_int_equal(load(b, R_CIFR), sources[i].flag);
    }
    assert_no_stop(b);
}

/* The set-up of ST's eval boards: 8 MHz x 12 is the 96 MHz that USB needs, by 3 for SYSCLK. */
static void hse_drives_sysclk_the_pll_and_usb(void **state)
{
    struct board *b = *state;

    store(b, R_FLASH_ACR, 1);
    set_bits(b, R_CR, HSEON);
    run(b, 3 * PS_PER_MS);
    store(b, R_CFGR, SW_HSE);
    assert_int_equal(load(b, R_CFGR) >> 2 & 3, SW_HSE);
    assert_int_equal(b->time.period_ps, 125000);
    set_bits(b, R_CFGR, 1 << 16 | 4 << 18 | 2 << 22);
    set_bits(b, R_CR, PLLON);
    run(b, 200 * PS_PER_US);
    assert_int_equal(rcc_vco_hz(b), 96000000);
    assert_true(rcc_usb_clock(b));
    set_bits(b, R_CFGR, SW_PLL);
    assert_int_equal(b->time.period_ps, 31250);
    store(b, R_CR, load(b, R_CR) & ~(uint32_t)(HSEON | PLLON)); /* in use: stays */
    assert_int_equal(load(b, R_CR) & (HSEON | PLLON), HSEON | PLLON);
    assert_no_stop(b);
}

/* RTCCLK is HSE by 2, 4, 8 or 16 (RTCPRE). */
static void hse_drives_the_rtc(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB1ENR, 1 << 28);
    store(b, PWR_CR, 0x1100); /* DBP */
    store(b, R_CSR, 3 << 16 | 1 << 18);
    assert_int_equal(rcc_rtc_hz(b), 0);
    for (uint32_t rtcpre = 0; rtcpre < 4; rtcpre++) {
        store(b, R_CR, MSION | HSEON | rtcpre << 20);
        run(b, 3 * PS_PER_MS);
        assert_int_equal(rcc_rtc_hz(b), 4000000 >> rtcpre);
    }
}

static void without_a_crystal_hse_warns_and_never_starts(void **state)
{
    struct board *b = *state;
    struct l072_event event;

    b->rcc.hse_hz = 0;
    while (l072_next_event((struct l072 *)b, &event))
        continue;
    set_bits(b, R_CR, HSEON);
    assert_true(l072_next_event((struct l072 *)b, &event));
    assert_int_equal(event.kind, L072_EVENT_WARNING);
    assert_int_equal(event.value, L072_STOP_CRYSTAL);
    store(b, R_CFGR, SW_HSE | 1 << 16 | 4 << 18 | 2 << 22);
    set_bits(b, R_CR, PLLON);
    run(b, 10 * PS_PER_MS);
    assert_int_equal(load(b, R_CR) & (HSERDY | PLLRDY), 0);
    assert_int_equal(load(b, R_CFGR) >> 2 & 3, 0);
    assert_no_stop(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOARD_TEST(each_msi_range),
        BOARD_TEST(each_pll_multiplier),
        BOARD_TEST(each_pll_divider),
        BOARD_TEST(each_prescaler),
        BOARD_TEST(hsi16_divided_by_4),
        BOARD_TEST(each_source_starts_in_its_time),
        BOARD_TEST(hse_drives_sysclk_the_pll_and_usb),
        BOARD_TEST(hse_drives_the_rtc),
        BOARD_TEST(without_a_crystal_hse_warns_and_never_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
