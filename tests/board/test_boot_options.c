/* SPDX-License-Identifier: MIT */
/* The build options of the resident bootloader: build/boot-options.elf has all of them. */
#include "dfuhost.h"
#include "tiny.h"

#define SHIFT   BOOT_SIZE /* it takes two sectors, not one */
#define WAIT    500u      /* BOOT_DOUBLE_RESET */
#define OWN     3u        /* its sectors, a bit each */
#define WRPROT1 (OPTION_BASE + 8)

static struct {
    struct scenario s;
    struct resident_host h;
} t;

/* ---- Helpers --------------------------------------------------------------------------------- */

static uint32_t word_at(uint32_t address)
{
    uint32_t word = 0;

    assert_int_equal(l072_peek(t.s.board, address, &word, sizeof word), 0);
    return word;
}

/* An application of one instruction, and its seal, a sector further than others have theirs. */
static void load_application(void)
{
    struct tiny_app app = tiny_app(NULL, 0);

    app.words[1] += SHIFT;
    app.seal = tiny_seal(&app);
    assert_int_equal(l072_load(t.s.board, APP_BASE + SHIFT, app.words, sizeof app.words), 0);
    assert_int_equal(l072_load(t.s.board, SEAL_BASE + SHIFT, &app.seal, sizeof app.seal), 0);
}

static bool in_application(void)
{
    return l072_register(t.s.board, 15) >= APP_BASE + SHIFT &&
           l072_register(t.s.board, 15) < FLASH_BASE + 0x10000;
}

/* ---- Tests ----------------------------------------------------------------------------------- */

/* ... when it is first in DFU mode, and never again. */
static void it_protects_its_sectors(void **state)
{
    uint32_t operations;

    (void)state;
    scenario_power_on(&t.s);
    assert_true(resident_in_dfu(&t.s));
    assert_int_equal(word_at(WRPROT1), ~OWN << 16 | OWN);
    operations = resident_operations(t.s.board);
    l072_power(t.s.board, false);
    scenario_power_on(&t.s);
    assert_true(resident_in_dfu(&t.s));
    assert_int_equal(resident_operations(t.s.board), operations);
}

static void a_second_reset_keeps_it(void **state)
{
    (void)state;
    load_application();
    scenario_power_on(&t.s);
    usb_device_run(&t.s.device, WAIT * MS / 2);
    assert_false(in_application());
    l072_reset(t.s.board);
    assert_true(resident_in_dfu(&t.s));
}

static void a_late_one_does_not(void **state)
{
    (void)state;
    load_application();
    l072_power(t.s.board, true);
    resident_run(t.s.board, (WAIT + WAIT / 10) * MS);
    assert_true(in_application());
    l072_reset(t.s.board);
    resident_run(t.s.board, (WAIT + WAIT / 10) * MS);
    assert_true(in_application());
}

/* The seal alone would let it start. */
static void a_damaged_application_does_not_start(void **state)
{
    uint32_t word;

    (void)state;
    load_application();
    word = word_at(APP_BASE + SHIFT + 128) ^ 0x10000;
    assert_int_equal(l072_load(t.s.board, APP_BASE + SHIFT + 128, &word, sizeof word), 0);
    scenario_power_on(&t.s);
    assert_true(resident_in_dfu(&t.s));
}

static bool write_option(uint32_t value)
{
    value |= ~value << 16;
    return resident_command(&t.h, DFUSE_SET_ADDRESS, OPTION_BASE) &&
           resident_dnload(&t.h, 2, &value, sizeof value);
}

static void to_options(void)
{
    t.h = (struct resident_host){.s = &t.s};
    scenario_power_on(&t.s);
    assert_true(resident_in_dfu(&t.s));
    assert_true(resident_select(&t.s, ALTERNATE_OPTIONS));
}

static void readout_protection_goes_to_level_1_only(void **state)
{
    static const uint16_t refused[] = {0x00CC, 0x01AA, 0x01BB}; /* level 2, WPRMOD, both kinds */
    uint8_t bytes[64];

    (void)state;
    to_options();
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_false(write_option(refused[i]));
        assert_int_equal(t.h.status[0], DFU_ERR_VENDOR);
        resident_request(&t.h, 0x21, DFU_CLRSTATUS, 0, NULL, 0);
    }
    assert_true(write_option(0x00BB));
    l072_power(t.s.board, false);
    to_options();
    assert_true(resident_command(&t.h, DFUSE_SET_ADDRESS, OPTION_BASE));
    resident_request(&t.h, 0x21, DFU_ABORT, 0, NULL, 0);
    assert_int_equal(resident_request(&t.h, 0xA1, DFU_UPLOAD, 2, bytes, sizeof bytes),
                     L072_URB_STALL);
    assert_true(resident_tell(&t.h));
    assert_int_equal(t.h.status[0], DFU_ERR_VENDOR);
}

static int start(void **state)
{
    (void)state;
    scenario_begin(&t.s, &(struct l072_config){.seed = 1}, "build/boot-options.elf");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    l072_destroy(t.s.board);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_protects_its_sectors, start, stop),
        cmocka_unit_test_setup_teardown(a_second_reset_keeps_it, start, stop),
        cmocka_unit_test_setup_teardown(a_late_one_does_not, start, stop),
        cmocka_unit_test_setup_teardown(a_damaged_application_does_not_start, start, stop),
        cmocka_unit_test_setup_teardown(readout_protection_goes_to_level_1_only, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
