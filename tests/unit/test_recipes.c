/* SPDX-License-Identifier: MIT */
/*
 * Clocks as shipping firmware brings them up, access by access, and what the voltage range of
 * PWR_CR.VOS allows: beyond it the board warns, and goes on as the chip does.
 */
#include "board_rig.h"

enum { RANGE_1 = 1 << 11, RANGE_2 = 2 << 11, RANGE_3 = 3 << 11, VOS = 3 << 11, VOSF = 1 << 4 };
enum { CRS_CR = 0x40006C00, CRS_CFGR = 0x40006C04, PRFTEN = 2 };

enum verb { END, PUT, SET, CLEAR, PUT_BYTE, WAIT_SET, WAIT_CLEAR };

struct step {
    enum verb verb;
    uint32_t address, bits;
};

/* SWS: WAIT_SET waits for all of the bits. */
static const struct recipe {
    const char *firmware;
    uint64_t period_ps; /* of HCLK, in the end */
    unsigned warnings;
    struct step step[24];
} recipes[] = {
    {"sboot_stm32",
     41667, 0,
     {{SET, R_APB1ENR, 1 << 28},
      {PUT, PWR_CR, RANGE_1},
      {WAIT_CLEAR, PWR_CSR, VOSF},
      {PUT, R_FLASH_ACR, 1},
      {SET, R_CFGR, 2 << 18 | 3 << 22}, /* HSI16 x 6 / 4 */
      {PUT_BYTE, R_CR, HSI16ON},
      {WAIT_SET, R_CR, HSI16RDY},
      {PUT_BYTE, R_CR + 3, PLLON >> 24},
      {WAIT_SET, R_CR, PLLRDY},
      {PUT_BYTE, R_CFGR, SW_PLL}, /* SWS is not polled; USB runs on VCO / 2 */
      {END, 0, 0}}},
    {"MicroPython, which stays in range 2",
     31250, 1,
     {{SET, R_APB1ENR, 1 << 28},
      {SET, R_FLASH_ACR, 1},
      {WAIT_SET, R_FLASH_ACR, 1},
      {SET, R_CR, HSI16ON},
      {WAIT_SET, R_CR, HSI16RDY},
      {SET, R_CFGR, 1 << 18 | 1 << 22}, /* x 4 / 2 */
      {SET, R_CR, PLLON},
      {WAIT_SET, R_CR, PLLRDY},
      {SET, R_CFGR, SW_PLL},
      {WAIT_SET, R_CFGR, SWS_PLL},
      {SET, R_CRRCR, 1},
      {SET, R_APB2ENR, 1},
      {SET, SYSCFG_CFGR3, 1 << 13},
      {WAIT_SET, R_CRRCR, 2},
      {SET, R_CCIPR, 1 << 26},
      {SET, R_APB1ENR, 1 << 27},
      {PUT, CRS_CFGR, 0x2022BB7F},
      {PUT, CRS_CR, 0x2060},
      {END, 0, 0}}},
    {"Arduino core of GrumpyOldPizza",
     31250, 0,
     {{SET, R_APB1ENR, 1 << 28},
      {PUT, PWR_CR, RANGE_1 | 1 << 8},
      {WAIT_CLEAR, PWR_CSR, VOSF},
      {WAIT_SET, PWR_CR, 1 << 8}, /* DBP */
      {SET, R_CSR, 1 << 23},
      {CLEAR, R_CSR, 1 << 23}, /* RMVF */
      {PUT, R_FLASH_ACR, 1 | PRFTEN},
      {SET, R_CR, HSI16ON},
      {WAIT_SET, R_CR, HSI16RDY},
      {SET, R_CFGR, 1 << 18 | 1 << 22},
      {SET, R_CR, PLLON},
      {WAIT_SET, R_CR, PLLRDY},
      {SET, R_CFGR, SW_PLL},
      {WAIT_SET, R_CFGR, SWS_PLL},
      {SET, R_APB2ENR, 1},
      {SET, SYSCFG_CFGR3, 1},
      {WAIT_SET, SYSCFG_CFGR3, 1 << 30}, /* VREFINT_RDYF */
      {SET, SYSCFG_CFGR3, 1 << 13},
      {SET, R_CRRCR, 1},
      {WAIT_SET, R_CRRCR, 2},
      {SET, R_CCIPR, 1 << 26},
      {SET, R_APB1ENR, 1 << 27},
      {SET, CRS_CR, 0x60},
      {END, 0, 0}}},
};

static void wait_until(struct board *b, const char *firmware, const struct step *step)
{
    uint32_t wanted = step->verb == WAIT_SET ? step->bits : 0;

    for (unsigned us = 0; us < 2000; us++) {
        if ((load(b, step->address) & step->bits) == wanted)
            return;
        (void)l072_run(handle(b), l072_now(handle(b)) + PS_PER_US);
    }
    fail_msg("%s waits for 0x%08X in vain", firmware, (unsigned)step->address);
}

static void take(struct board *b, const char *firmware, const struct step *step)
{
    switch (step->verb) {
    case PUT: store(b, step->address, step->bits); break;
    case SET: set_bits(b, step->address, step->bits); break;
    case CLEAR: store(b, step->address, load(b, step->address) & ~step->bits); break;
    case PUT_BYTE: assert_true(bus_write(b, step->address, 1, step->bits)); break;
    default: wait_until(b, firmware, step); break;
    }
}

/* Warnings about the voltage since the last look; there must be no others. */
static unsigned take_warnings(struct board *b)
{
    struct l072_event event;
    unsigned count = 0;

    while (l072_next_event(handle(b), &event)) {
        if (event.kind != L072_EVENT_WARNING)
            continue;
        assert_int_equal(event.value, L072_STOP_VOLTAGE);
        count++;
    }
    return count;
}

static void clocks_come_up_as_shipping_firmware_does_it(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof recipes / sizeof recipes[0]; i++) {
        const struct recipe *recipe = &recipes[i];
        unsigned warnings = 0;
        void *board = NULL;
        struct board *b;

        assert_int_equal(make_board(&board), 0);
        b = board;
        (void)take_warnings(b);
        for (const struct step *step = recipe->step; step->verb != END; step++) {
            take(b, recipe->firmware, step);
            warnings += take_warnings(b);
        }
        if (b->time.period_ps != recipe->period_ps || warnings != recipe->warnings)
            fail_msg("%s: HCLK of %llu ps, %u warnings", recipe->firmware,
                     (unsigned long long)b->time.period_ps, warnings);
        assert_true(rcc_usb_clock(b));
        assert_no_stop(b);
        (void)destroy_board(&board);
    }
}

/* The Arduino core's way into the ROM's DFU: MEM_MODE, then SP and PC from its vector table. */
static void mem_mode_hands_over_to_the_rom(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB2ENR, 1);
    store(b, SYSCFG_CFGR1, 1);
    assert_int_equal(load(b, 0), peek(b, 0x1FF00000));
    assert_int_equal(load(b, 4), peek(b, 0x1FF00004));
    assert_int_equal(load(b, 4) >> 20, 0x1FF);
    assert_no_stop(b);
}

/* ---- Voltage ranges -------------------------------------------------------------------------- */

enum { PLL_3 = 0 << 18 | 3 << 22, PLL_6 = 2 << 18 | 3 << 22, HPRE_2 = 8 << 4, USBEN = 1 << 23 };
enum { DIVEN = 8 };

static const struct limit {
    const char *text;
    uint32_t vos, latency, cr, cfgr;
    unsigned warnings;
} limits[] = {
    {"range 1, 16 MHz, 0 WS", RANGE_1, 0, HSI16ON,                 SW_HSI16,          0},
    {"range 1, VCO 96 MHz",   RANGE_1, 1, HSI16ON | PLLON,         PLL_6 | SW_PLL,    0},
    {"range 2, 8 MHz, 0 WS",  RANGE_2, 0, HSI16ON,                 SW_HSI16 | HPRE_2, 0},
    {"range 2, 16 MHz, 0 WS", RANGE_2, 0, HSI16ON,                 SW_HSI16,          1},
    {"range 2, 16 MHz, 1 WS", RANGE_2, 1, HSI16ON,                 SW_HSI16,          0},
    {"range 2, VCO 48 MHz",   RANGE_2, 1, HSI16ON | PLLON,         PLL_3 | SW_PLL,    0},
    {"range 2, VCO 96 MHz",   RANGE_2, 1, HSI16ON | PLLON,         PLL_6,             1},
    {"range 3, 4 MHz, 0 WS",  RANGE_3, 0, HSI16ON | DIVEN,         SW_HSI16,          0},
    {"range 3, 8 MHz, 1 WS",  RANGE_3, 1, HSI16ON,                 SW_HSI16 | HPRE_2, 1},
    {"range 3, VCO 12 MHz",   RANGE_3, 0, HSI16ON | DIVEN | PLLON, PLL_3,             0},
    {"range 3, VCO 48 MHz",   RANGE_3, 0, HSI16ON | PLLON,         PLL_3,             1},
};

static void a_clock_beyond_the_voltage_range_warns_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const struct limit *limit = &limits[i];
        void *board = NULL;
        struct board *b;
        unsigned warnings = 0;

        assert_int_equal(make_board(&board), 0);
        b = board;
        (void)take_warnings(b);
        set_bits(b, R_APB1ENR, 1 << 28);
        store(b, PWR_CR, limit->vos);
        store(b, R_FLASH_ACR, limit->latency);
        store(b, R_CFGR, limit->cfgr);
        set_bits(b, R_CR, limit->cr);
        while (l072_run(handle(b), PS_PER_MS) == L072_EVENTS)
            warnings += take_warnings(b);
        if (warnings != limit->warnings)
            fail_msg("%s: %u warnings", limit->text, warnings);
        assert_no_stop(b);
        (void)destroy_board(&board);
    }
}

static void the_range_and_the_wait_state_count_too(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB1ENR, 1 << 28);
    store(b, PWR_CR, RANGE_1);
    set_bits(b, R_CR, HSI16ON);
    store(b, R_CFGR, SW_HSI16);
    run(b, 20 * PS_PER_US);
    (void)take_warnings(b);
    store(b, PWR_CR, RANGE_2); /* too slow a flash */
    assert_int_equal(take_warnings(b), 1);
    store(b, R_FLASH_ACR, 1);
    assert_int_equal(take_warnings(b), 0);
    store(b, R_FLASH_ACR, 0);
    assert_int_equal(take_warnings(b), 1);
    l072_reset(handle(b));
    assert_int_equal(take_warnings(b), 0);
}

/* The fastest MSI is 4.194 MHz. */
static void range_3_has_room_for_every_msi_range(void **state)
{
    struct board *b = *state;

    (void)take_warnings(b);
    set_bits(b, R_APB1ENR, 1 << 28);
    store(b, PWR_CR, RANGE_3);
    for (uint32_t range = 0; range < 7; range++)
        store(b, R_ICSCR, range << 13);
    assert_int_equal(take_warnings(b), 0);
}

static void usb_wants_range_1(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB2ENR, 1);
    store(b, SYSCFG_CFGR3, 1 << 13);
    store(b, R_CRRCR, 1);
    store(b, R_CCIPR, 1 << 26);
    run(b, 10 * PS_PER_US);
    assert_int_equal(take_warnings(b), 0); /* HSI48 alone may run */
    set_bits(b, R_APB1ENR, USBEN);
    assert_int_equal(take_warnings(b), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_come_up_as_shipping_firmware_does_it),
        BOARD_TEST(mem_mode_hands_over_to_the_rom),
        cmocka_unit_test(a_clock_beyond_the_voltage_range_warns_once),
        BOARD_TEST(the_range_and_the_wait_state_count_too),
        BOARD_TEST(range_3_has_room_for_every_msi_range),
        BOARD_TEST(usb_wants_range_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
