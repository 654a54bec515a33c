/* SPDX-License-Identifier: MIT */
/* Clocks, gates and resets (RM0376 RCC). */
#include "board_rig.h"

static void wakes_up_on_msi_at_2_mhz(void **state)
{
    struct board *b = *state;

    assert_int_equal(load(b, R_CR), 0x300);
    assert_int_equal(load(b, R_CFGR), 0);
    assert_int_equal(load(b, R_CSR), RESET_POWER | RESET_PIN);
    assert_int_equal(b->time.period_ps, 476837); /* 2.097152 MHz */
}

static void ready_follows_on_after_the_startup_time(void **state)
{
    struct board *b = *state;

    set_bits(b, R_CR, HSI16ON);
    assert_false(load(b, R_CR) & HSI16RDY);
    run(b, 7 * PS_PER_US);
    assert_true(load(b, R_CR) & HSI16RDY);
    store(b, R_CR, MSION);
    assert_false(load(b, R_CR) & HSI16RDY);
}

static void switch_waits_until_the_clock_is_ready(void **state)
{
    struct board *b = *state;

    set_bits(b, R_CR, HSI16ON);
    store(b, R_CFGR, SW_HSI16);
    assert_int_equal(load(b, R_CFGR), SW_HSI16);
    run(b, 7 * PS_PER_US);
    assert_int_equal(load(b, R_CFGR), SW_HSI16 | SWS_HSI16);
    assert_int_equal(b->time.period_ps, 62500);
}

static void clock_in_use_cannot_be_switched_off(void **state)
{
    struct board *b = *state;

    set_bits(b, R_CR, HSI16ON);
    store(b, R_CR, HSI16ON); /* MSI is SYSCLK */
    assert_true(load(b, R_CR) & MSION);
    assert_no_stop(b);
}

/* sboot_stm32: HSI16 x 6 / 4 = 24 MHz, USB from VCO / 2, by bytes, SWS never polled. */
static void sboot_clock_setup(void **state)
{
    struct board *b = *state;

    store(b, R_FLASH_ACR, 1);
    set_bits(b, R_CFGR, 2 << 18 | 3 << 22);
    assert_true(bus_write(b, R_CR, 1, HSI16ON));
    run(b, 10 * PS_PER_US);
    assert_true(bus_write(b, R_CR + 3, 1, PLLON >> 24));
    assert_false(rcc_usb_clock(b));
    run(b, 200 * PS_PER_US);
    assert_true(load(b, R_CR) & PLLRDY);
    assert_true(rcc_usb_clock(b));
    assert_true(bus_write(b, R_CFGR, 1, SW_PLL));
    assert_int_equal(b->time.period_ps, 41667);
    assert_no_stop(b);
}

static void pll_needs_its_source(void **state)
{
    struct board *b = *state;

    set_bits(b, R_CFGR, PLL_64MHZ_BY_2);
    set_bits(b, R_CR, PLLON);
    run(b, PS_PER_MS);
    assert_false(load(b, R_CR) & PLLRDY);
    set_bits(b, R_CR, HSI16ON);
    run(b, PS_PER_MS);
    assert_true(load(b, R_CR) & PLLRDY);
    assert_false(rcc_usb_clock(b)); /* the VCO is not at 96 MHz */
}

static void pll_on_cannot_be_changed(void **state)
{
    struct board *b = *state;

    set_bits(b, R_CFGR, PLL_64MHZ_BY_2);
    set_bits(b, R_CR, PLLON);
    store(b, R_CFGR, PLL_96MHZ_BY_3);
    assert_stop(b, L072_STOP_RULE);
    assert_int_equal(load(b, R_CFGR), PLL_64MHZ_BY_2);
}

static void pll_beyond_96_mhz_is_refused(void **state)
{
    struct board *b = *state;

    set_bits(b, R_CFGR, 3 << 18 | 3 << 22); /* x 8 */
    set_bits(b, R_CR, PLLON);
    assert_stop(b, L072_STOP_RULE);
}

static void reserved_pll_setting_never_locks(void **state)
{
    struct board *b = *state;

    b->lenient = true;
    set_bits(b, R_CFGR, 15 << 18 | 1 << 22);
    set_bits(b, R_CR, HSI16ON | PLLON);
    store(b, R_CFGR, load(b, R_CFGR) | SW_PLL);
    run(b, PS_PER_MS);
    assert_false(load(b, R_CR) & PLLRDY);
}

static void start_pll_at_32_mhz(struct board *b)
{
    set_bits(b, R_CFGR, PLL_96MHZ_BY_3);
    set_bits(b, R_CR, HSI16ON | PLLON);
    run(b, PS_PER_MS);
    set_bits(b, R_CFGR, SW_PLL);
    assert_int_equal(load(b, R_CFGR) & SWS_PLL, SWS_PLL);
    assert_int_equal(b->time.period_ps, 31250);
}

static void more_than_16_mhz_needs_a_wait_state(void **state)
{
    struct board *b = *state;

    start_pll_at_32_mhz(b);
    assert_stop(b, L072_STOP_RULE);
}

static void the_wait_state_must_stay(void **state)
{
    struct board *b = *state;

    store(b, R_FLASH_ACR, 1);
    store(b, R_FLASH_ACR, 0);
    store(b, R_FLASH_ACR, 1);
    start_pll_at_32_mhz(b);
    assert_no_stop(b);
    store(b, R_FLASH_ACR, 0);
    assert_stop(b, L072_STOP_FLASH);
}

static void system_reset_goes_back_to_msi(void **state)
{
    struct board *b = *state;

    store(b, R_FLASH_ACR, 1);
    start_pll_at_32_mhz(b);
    set_bits(b, R_APB1ENR, 1 << 28);
    board_request_reset(b, RESET_SOFTWARE);
    run(b, PS_PER_US);
    assert_int_equal(load(b, R_CR), 0x300);
    assert_int_equal(load(b, R_APB1ENR), 0);
    assert_int_equal(b->time.period_ps, 476837);
    assert_no_stop(b);
}

/* Either order: ST HAL sets HSI48ON first, the Arduino core of GrumpyOldPizza ENREF_HSI48. */
static void hsi48_needs_its_reference(void **state)
{
    struct board *b = *state;

    store(b, R_CRRCR, 1);
    store(b, R_CCIPR, 1 << 26);
    run(b, PS_PER_MS);
    assert_int_equal(load(b, R_CRRCR), 1);
    set_bits(b, R_APB2ENR, 1);
    store(b, SYSCFG_CFGR3, 1 << 13);
    run(b, 7 * PS_PER_US);
    assert_int_equal(load(b, R_CRRCR), 3);
    assert_true(rcc_usb_clock(b));
    store(b, SYSCFG_CFGR3, 0);
    assert_false(rcc_usb_clock(b));
}

/* libopencm3 waits for REF_HSI48_RDYF before HSI48ON, whatever the manual of today names. */
static void each_use_of_vrefint_has_its_ready_flag(void **state)
{
    static const struct {
        unsigned enable, ready;
    } use[] = {
        {0,  30},
        {8,  28},
        {9,  27},
        {12, 29},
        {13, 26}
    };
    struct board *b = *state;

    set_bits(b, R_APB2ENR, 1);
    for (unsigned i = 0; i < sizeof use / sizeof use[0]; i++) {
        store(b, SYSCFG_CFGR3, 1u << use[i].enable);
        assert_int_equal(load(b, SYSCFG_CFGR3),
                         1u << use[i].enable | 1u << use[i].ready | 1u << 30);
    }
    store(b, SYSCFG_CFGR3, 0);
    assert_int_equal(load(b, SYSCFG_CFGR3), 0);
}

static void reset_flags_add_up_until_rmvf(void **state)
{
    struct board *b = *state;

    board_request_reset(b, RESET_SOFTWARE);
    run(b, PS_PER_US);
    assert_int_equal(load(b, R_CSR), RESET_POWER | RESET_PIN | RESET_SOFTWARE);
    set_bits(b, R_CSR, 1 << 23);
    store(b, R_CSR, 0);
    assert_int_equal(load(b, R_CSR), 0);
    board_request_reset(b, RESET_OPTIONS);
    run(b, PS_PER_US);
    assert_int_equal(load(b, R_CSR), RESET_PIN | RESET_OPTIONS);
}

static void ready_interrupt_is_flagged_when_enabled(void **state)
{
    struct board *b = *state;

    store(b, R_CIER, 1 << 2);
    set_bits(b, R_CR, HSI16ON);
    run(b, 7 * PS_PER_US);
    assert_int_equal(load(b, R_CIFR), 1 << 2);
    assert_true(b->nvic.line[IRQ_RCC_CRS]);
    store(b, R_CICR, 1 << 2);
    assert_int_equal(load(b, R_CIFR), 0);
    assert_false(b->nvic.line[IRQ_RCC_CRS]);
}

static void peripheral_without_its_clock_stops_the_board(void **state)
{
    struct board *b = *state;

    assert_string_equal(rcc_gate_name(RCC_GATE_USB), "RCC_APB1ENR.USBEN");
    (void)load(b, PWR_CR);
    assert_stop(b, L072_STOP_NO_CLOCK);
    set_bits(b, R_APB1ENR, 1 << 28);
    assert_int_equal(load(b, PWR_CR), 0x1000);
    assert_no_stop(b);
}

static void reset_bit_resets_the_peripheral(void **state)
{
    struct board *b = *state;

    set_bits(b, R_IOPENR, 1);
    store(b, GPIOA, 0);
    store(b, R_IOPRSTR, 1);
    assert_true(rcc_in_reset(b, RCC_GATE_GPIOA));
    store(b, R_IOPRSTR, 0);
    assert_false(rcc_in_reset(b, RCC_GATE_GPIOA));
    assert_int_equal(load(b, GPIOA), 0xEBFFFCFF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOARD_TEST(wakes_up_on_msi_at_2_mhz),
        BOARD_TEST(ready_follows_on_after_the_startup_time),
        BOARD_TEST(switch_waits_until_the_clock_is_ready),
        BOARD_TEST(clock_in_use_cannot_be_switched_off),
        BOARD_TEST(sboot_clock_setup),
        BOARD_TEST(pll_needs_its_source),
        BOARD_TEST(pll_on_cannot_be_changed),
        BOARD_TEST(pll_beyond_96_mhz_is_refused),
        BOARD_TEST(reserved_pll_setting_never_locks),
        BOARD_TEST(more_than_16_mhz_needs_a_wait_state),
        BOARD_TEST(the_wait_state_must_stay),
        BOARD_TEST(system_reset_goes_back_to_msi),
        BOARD_TEST(hsi48_needs_its_reference),
        BOARD_TEST(each_use_of_vrefint_has_its_ready_flag),
        BOARD_TEST(reset_flags_add_up_until_rmvf),
        BOARD_TEST(ready_interrupt_is_flagged_when_enabled),
        BOARD_TEST(peripheral_without_its_clock_stops_the_board),
        BOARD_TEST(reset_bit_resets_the_peripheral),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
