/* SPDX-License-Identifier: MIT */
/*
 * What the ROM finds after dfuse_CheckAndRun(), called by a program that had switched on what it
 * could, against what it finds when BOOT0 starts it.
 */
#include "registers.h"
#include "scenario.h"

/* Runs to the first instruction in system memory. */
static struct l072 *at_rom_entry(const struct l072_config *config, const char *image)
{
    struct scenario s;
    struct l072_event event;

    scenario_begin(&s, config, image);
    l072_power(s.board, true);
    for (;;) {
        assert_true(l072_run(s.board, 100 * MS) != L072_TIME);
        assert_int_equal(l072_stop(s.board)->kind, L072_STOP_NONE);
        while (l072_next_event(s.board, &event))
            if (event.kind == L072_EVENT_ENTER_ROM)
                return s.board;
    }
}

static void the_rom_gets_a_chip_as_after_reset(void **state)
{
    struct l072 *found =
        at_rom_entry(&(struct l072_config){.seed = 1}, "build/examples/test/dirty.elf");
    struct l072 *expected =
        at_rom_entry(&(struct l072_config){.seed = 1, .boot0 = true}, "build/examples/app-1.elf");

    (void)state;
    registers_same(found, expected);
    l072_destroy(found);
    l072_destroy(expected);
}

/* From the pull-up off, by USBRST, to the ROM: what a host has to notice that the device left. */
static void the_pull_up_is_off_for_10_ms(void **state)
{
    struct scenario s;
    struct l072_event event;
    uint64_t detached = 0;

    (void)state;
    scenario_begin(&s, &(struct l072_config){.seed = 1}, "build/examples/test/dirty.elf");
    l072_power(s.board, true);
    for (bool in_rom = false; !in_rom;) {
        assert_int_equal(l072_run(s.board, 100 * MS), L072_EVENTS);
        while (l072_next_event(s.board, &event)) {
            if (event.kind == L072_EVENT_USB_DETACH)
                detached = event.time;
            in_rom |= event.kind == L072_EVENT_ENTER_ROM;
        }
    }
    assert_true(detached > 0);
    assert_in_range(event.time - detached, 10 * MS, 15 * MS);
    l072_destroy(s.board);
}

static void the_rom_works_afterwards(void **state)
{
    struct scenario s;

    (void)state;
    scenario_begin(&s, &(struct l072_config){.seed = 1}, "build/examples/test/dirty.elf");
    scenario_power_on(&s);
    assert_true(in_dfu(&s));
    l072_destroy(s.board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rom_gets_a_chip_as_after_reset),
        cmocka_unit_test(the_pull_up_is_off_for_10_ms),
        cmocka_unit_test(the_rom_works_afterwards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
