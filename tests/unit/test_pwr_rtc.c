/* SPDX-License-Identifier: MIT */
/* Power control, the RTC domain and its write protection, SYSCFG (RM0376 PWR, RTC, SYSCFG). */
#include "board_rig.h"

enum { DBP = 0x100, VOS_RANGE_1 = 0x800, VOSF = 0x10, REGLPF = 0x20 };
enum { RTC_CR = 0x40002808, RTC_WPR = 0x40002824, BKP0R = 0x40002850 };
enum { LSION = 1, RTCSEL_LSI = 2 << 16, RTCEN = 1 << 18, RTCRST = 1 << 19 };

static void open_rtc_domain(struct board *b)
{
    set_bits(b, R_APB1ENR, 1 << 28);
    set_bits(b, PWR_CR, DBP);
}

static void voltage_range_takes_time_to_change(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB1ENR, 1 << 28);
    store(b, PWR_CR, VOS_RANGE_1);
    assert_true(load(b, PWR_CSR) & VOSF);
    run(b, 11 * PS_PER_US);
    assert_false(load(b, PWR_CSR) & VOSF);
    store(b, PWR_CR, 0);
    assert_stop(b, L072_STOP_RULE);
    assert_int_equal(load(b, PWR_CR), VOS_RANGE_1);
}

/* Drivers poll REGLPF on the way in and out of low-power run. */
static void low_power_run_shows_in_reglpf(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB1ENR, 1 << 28);
    assert_false(load(b, PWR_CSR) & REGLPF);
    store(b, PWR_CR, 0x5001); /* LPRUN, LPSDSR */
    assert_true(load(b, PWR_CSR) & REGLPF);
    store(b, PWR_CR, 0x1000);
    assert_false(load(b, PWR_CSR) & REGLPF);
}

static void backup_registers_need_dbp(void **state)
{
    struct board *b = *state;

    store(b, BKP0R, 1);
    assert_stop(b, L072_STOP_RULE);
    assert_int_equal(load(b, BKP0R), 0);
    open_rtc_domain(b);
    store(b, BKP0R + 16, 0xCAFE1234);
    assert_int_equal(load(b, BKP0R + 16), 0xCAFE1234);
    assert_no_stop(b);
}

static void backup_registers_survive_reset_but_not_power_loss(void **state)
{
    struct board *b = *state;

    open_rtc_domain(b);
    store(b, BKP0R, 0x55AA1122);
    l072_reset(handle(b));
    assert_int_equal(load(b, BKP0R), 0x55AA1122);
    assert_false(pwr_dbp(b));
    l072_power(handle(b), false);
    l072_power(handle(b), true);
    assert_int_equal(load(b, BKP0R), 0);
}

static void rtc_domain_reset_clears_clock_choice_and_backup(void **state)
{
    struct board *b = *state;

    open_rtc_domain(b);
    set_bits(b, R_CSR, RTCSEL_LSI | RTCEN);
    store(b, BKP0R, 1);
    l072_reset(handle(b));
    assert_int_equal(load(b, R_CSR) & (RTCSEL_LSI | RTCEN), RTCSEL_LSI | RTCEN);
    open_rtc_domain(b);
    set_bits(b, R_CSR, RTCRST);
    assert_int_equal(load(b, R_CSR) & (RTCSEL_LSI | RTCEN | RTCRST), RTCRST);
    assert_int_equal(load(b, BKP0R), 0);
}

static void rtc_bits_of_csr_need_dbp(void **state)
{
    struct board *b = *state;

    set_bits(b, R_CSR, RTCEN);
    assert_stop(b, L072_STOP_RULE);
    assert_false(load(b, R_CSR) & RTCEN);
    set_bits(b, R_CSR, LSION);
    assert_no_stop(b);
}

static void rtc_registers_need_the_keys(void **state)
{
    struct board *b = *state;

    open_rtc_domain(b);
    store(b, RTC_CR, 1 << 18);
    assert_stop(b, L072_STOP_RULE);
    store(b, RTC_WPR, 0xCA);
    store(b, RTC_WPR, 0x53);
    store(b, RTC_CR, 1 << 18); /* the BKP flag */
    assert_int_equal(load(b, RTC_CR), 1 << 18);
    assert_no_stop(b);
    store(b, RTC_WPR, 0xFF);
    store(b, RTC_CR, 0);
    assert_stop(b, L072_STOP_RULE);
    store(b, RTC_WPR, 0x53); /* the second key after a wrong one */
    store(b, RTC_CR, 0);
    assert_stop(b, L072_STOP_RULE);
}

static void mem_mode_chooses_what_is_at_zero(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB2ENR, 1);
    assert_int_equal(load(b, 0), 0x20001000);
    store(b, SYSCFG_CFGR1, 3);
    l072_load(handle(b), 0x20000000, "\x78\x56\x34\x12", 4);
    assert_int_equal(load(b, 0), 0x12345678);
    store(b, R_APB2RSTR, 1);
    store(b, R_APB2RSTR, 0);
    assert_int_equal(load(b, SYSCFG_CFGR1), 0); /* back to BOOT_MODE */
}

static void boot_mode_shows_what_the_pins_chose(void **state)
{
    struct board *b = *state;

    b->boot0 = true;
    l072_reset(handle(b));
    set_bits(b, R_APB2ENR, 1);
    assert_int_equal(load(b, SYSCFG_CFGR1), 0x101);
    store(b, SYSCFG_CFGR1, 0);
    assert_int_equal(load(b, SYSCFG_CFGR1), 0x100);
}

static void mem_mode_2_shows_the_flash(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB2ENR, 1);
    store(b, SYSCFG_CFGR1, 2);
    assert_int_equal(load(b, 0), 0x20001000);
}

/* BOOT1 is the inverse of nBOOT1: with both BOOT0 and BOOT1 the SRAM is at 0. */
static void nboot1_chooses_rom_or_sram(void **state)
{
    struct board *b = *state;

    b->boot0 = true;
    assert_int_equal(l072_set_option(handle(b), "nBOOT1", 0), 0);
    l072_power(handle(b), false);
    l072_power(handle(b), true);
    b->stop = (struct l072_stop){0}; /* random SRAM is no vector table */
    set_bits(b, R_APB2ENR, 1);
    assert_int_equal(load(b, SYSCFG_CFGR1), 0x303);
    assert_int_equal(load(b, 0), peek(b, 0x20000000));
}

static void bank_swap_takes_the_eeprom_along(void **state)
{
    struct board *b = *state;

    preset(b, 0x08080000, 1);
    preset(b, 0x08080C00, 2);
    set_bits(b, R_APB2ENR, 1);
    store(b, SYSCFG_CFGR1, 8);
    assert_int_equal(load(b, 0x08080000), 2);
    assert_int_equal(load(b, 0x08080C00), 1);
    assert_int_equal(load(b, 0x00080000), 2); /* the alias follows */
    assert_int_equal(load(b, 0), 0);
}

static void bank_swap_exists_with_two_banks_only(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB2ENR, 1);
    store(b, SYSCFG_CFGR1, 8);
    assert_true(syscfg_ufb(b));
    assert_int_equal(load(b, 0x08018000), 0x20001000);
    b->part.bank2 = 0;
    store(b, SYSCFG_CFGR1, 0);
    assert_int_equal(load(b, SYSCFG_CFGR1), 8);
}

static void ref_lock_freezes_cfgr3(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB2ENR, 1);
    store(b, SYSCFG_CFGR3, 1);
    assert_int_equal(load(b, SYSCFG_CFGR3), 0x40000001); /* VREFINT_RDYF */
    set_bits(b, SYSCFG_CFGR3, UINT32_C(1) << 31);
    store(b, SYSCFG_CFGR3, 0);
    assert_int_equal(load(b, SYSCFG_CFGR3), 0xC0000001);
}

static void idcode_is_that_of_the_part(void **state)
{
    assert_int_equal(load(*state, 0x40015800), 0x20086447);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOARD_TEST(voltage_range_takes_time_to_change),
        BOARD_TEST(low_power_run_shows_in_reglpf),
        BOARD_TEST(backup_registers_need_dbp),
        BOARD_TEST(backup_registers_survive_reset_but_not_power_loss),
        BOARD_TEST(rtc_domain_reset_clears_clock_choice_and_backup),
        BOARD_TEST(rtc_bits_of_csr_need_dbp),
        BOARD_TEST(rtc_registers_need_the_keys),
        BOARD_TEST(mem_mode_chooses_what_is_at_zero),
        BOARD_TEST(boot_mode_shows_what_the_pins_chose),
        BOARD_TEST(mem_mode_2_shows_the_flash),
        BOARD_TEST(nboot1_chooses_rom_or_sram),
        BOARD_TEST(bank_swap_takes_the_eeprom_along),
        BOARD_TEST(bank_swap_exists_with_two_banks_only),
        BOARD_TEST(ref_lock_freezes_cfgr3),
        BOARD_TEST(idcode_is_that_of_the_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
