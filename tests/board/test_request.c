/* SPDX-License-Identifier: MIT */
/* The request token and the hand-over, with the real firmware on the simulated board. */
#include "scenario.h"

#define HIDDEN_IMAGE "build/examples/test/reset-hidden.elf"
#define RTC_IMAGE    "build/examples/test/rtc-hidden.elf"

static void random_ram_at_power_on_is_no_request(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 1000; seed++) {
        struct scenario s;

        scenario_begin(&s, &(struct l072_config){.seed = seed}, HIDDEN_IMAGE);
        scenario_power_on(&s);
        assert_true(usb_device_run(&s.device, 3 * MS));
        assert_int_equal(s.rom_entries, 0);
        assert_true(l072_usb_attached(s.board));
        l072_destroy(s.board);
    }
}

static void is_consumed_once(const char *image)
{
    struct scenario s;

    scenario_begin(&s, &(struct l072_config){.seed = 1}, image);
    scenario_power_on(&s);
    assert_true(in_app(&s, 1));
    press(&s, "PA0");
    assert_true(in_dfu(&s));
    l072_reset(s.board);
    assert_true(in_app(&s, 1));
    assert_int_equal(s.rom_entries, 1);
    l072_destroy(s.board);
}

static void a_request_in_ram_is_consumed_once(void **state)
{
    (void)state;
    is_consumed_once(HIDDEN_IMAGE);
}

static void a_request_in_a_backup_register_is_consumed_once(void **state)
{
    (void)state;
    is_consumed_once(RTC_IMAGE);
}

static void the_latch_outlives_power_and_is_cleared_by_the_application(void **state)
{
    struct scenario s;
    static uint8_t image[65536];
    uint32_t size = image_bytes("build/examples/app-2.elf", image, sizeof image);

    (void)state;
    scenario_begin(&s, &(struct l072_config){.seed = 1}, HIDDEN_IMAGE);
    scenario_power_on(&s);
    assert_true(in_app(&s, 1));
    press(&s, "PA1");
    assert_true(in_dfu(&s));
    for (int i = 0; i < 3; i++) {
        l072_power(s.board, false);
        scenario_power_on(&s);
        assert_true(in_dfu(&s));
    }
    assert_true(update(&s, image, size));
    assert_true(in_app(&s, 2));
    l072_power(s.board, false);
    s.rom_entries = 0;
    scenario_power_on(&s);
    assert_true(in_app(&s, 2));
    assert_int_equal(s.rom_entries, 0);
    l072_destroy(s.board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_ram_at_power_on_is_no_request),
        cmocka_unit_test(a_request_in_ram_is_consumed_once),
        cmocka_unit_test(a_request_in_a_backup_register_is_consumed_once),
        cmocka_unit_test(the_latch_outlives_power_and_is_cleared_by_the_application),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
