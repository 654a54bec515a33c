/* SPDX-License-Identifier: MIT */
/*
 * A host or a cable misbehaves in the middle of an update by the ROM. That update fails, or is
 * whole; after a bus reset the next one succeeds.
 */
#include "scenario.h"

static const struct row {
    const char *name;
    enum l072_fault_kind kind,
        undo; /* undo, 400 ms after it was armed: L072_FAULT_NONE: nothing to undo */
    bool completes;
} rows[] = {
    {"wrong toggle",  L072_FAULT_TOGGLE,    L072_FAULT_NONE,   false},
    {"short packet",  L072_FAULT_SHORT,     L072_FAULT_NONE,   false},
    {"data too long", L072_FAULT_LONG,      L072_FAULT_NONE,   false},
    {"bus reset",     L072_FAULT_BUS_RESET, L072_FAULT_NONE,   false},
    {"unplugged",     L072_FAULT_UNPLUG,    L072_FAULT_PLUG,   false},
    {"suspend",       L072_FAULT_SUSPEND,   L072_FAULT_WAKE,   true },
    {"silence",       L072_FAULT_SILENCE,   L072_FAULT_RESUME, true },
};

static void one_row(const struct row *row, const uint8_t *image, uint32_t size)
{
    struct l072_fault fault = {.kind = row->kind, .operation = 40, .moment = L072_AFTER};
    struct l072_fault undo = {.kind = row->undo};
    struct scenario s;
    bool done;

    print_message("# %s\n", row->name);
    scenario_begin(&s, &(struct l072_config){.seed = 1, .boot0 = true}, "build/examples/app-1.elf");
    scenario_power_on(&s);
    assert_true(in_dfu(&s));
    assert_int_equal(l072_fault(s.board, &fault), 0);
    undo.time = l072_now(s.board) + 400 * MS;
    if (row->undo != L072_FAULT_NONE)
        assert_int_equal(l072_fault(s.board, &undo), 0);
    done = update(&s, image, size);
    if (done != row->completes)
        fail_msg("%s: the update %s", row->name, done ? "succeeds" : "fails");
    if (!done) {
        assert_true(usb_device_run(&s.device, 1000 * MS));
        usb_device_reset(&s.device);
        assert_true(in_dfu(&s));
        assert_true(update(&s, image, size));
    }
    assert_true(in_app(&s, 2));
    assert_int_equal(s.faults, row->undo == L072_FAULT_NONE ? 1 : 2);
    l072_destroy(s.board);
}

static void an_update_disturbed(void **state)
{
    static uint8_t image[65536];
    uint32_t size = image_bytes("build/examples/app-2.elf", image, sizeof image);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        one_row(&rows[i], image, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_disturbed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
