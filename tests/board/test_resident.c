/* SPDX-License-Identifier: MIT */
/*
 * The resident bootloader: installed on an empty chip it stays in DFU, takes an application, and
 * updates it with the power cut before, inside and after every operation of the flash.
 */
#include "dfuhost.h"
#include "scenario.h"

#define MORE     7000u /* bytes of the new image */
#define APP_BASE 0x08002100u
#define LEAVE    (100 * MS) /* the seal is written, and the bus is left for a while */

static struct {
    uint8_t old_image[8192], new_image[8192];
    uint32_t old_size, new_size;
    struct l072 *before; /* the old version runs */
    unsigned in_dfu, in_old, in_new;
} t;

static bool ready(struct scenario *s)
{
    return usb_device_run(&s->device, MS) && usb_device_wait(&s->device, 2000 * MS);
}

static bool in_bootloader(struct scenario *s)
{
    return ready(s) && dfuhost_in_dfu(&s->device);
}

/* From the application. */
static bool into_bootloader(struct scenario *s)
{
    return dfuhost_detach(&s->device) && usb_device_run(&s->device, 5 * MS) && in_bootloader(s);
}

static bool in_version(struct scenario *s, unsigned version)
{
    return in_app(s, version) && dfuhost_in_runtime(&s->device);
}

static bool download(struct scenario *s, const uint8_t *image, uint32_t size)
{
    return dfuhost_erase(&s->device, APP_BASE, size) &&
           dfuhost_write(&s->device, APP_BASE, image, size) &&
           dfuhost_leave(&s->device, APP_BASE) && usb_device_run(&s->device, LEAVE);
}

/* From the old version to the new one; stops early wherever the power goes. */
static bool story(struct scenario *s)
{
    return into_bootloader(s) && download(s, t.new_image, t.new_size) && in_version(s, 2);
}

static uint32_t operations(const struct l072 *board)
{
    struct l072_counters counters;

    l072_get_counters(board, &counters);
    return counters.flash_operations;
}

static void begin(struct scenario *s)
{
    l072_assign(s->board, t.before);
    scenario_listen(s);
    assert_true(in_version(s, 1));
}

static void cut_at(struct scenario *s, uint32_t operation, enum l072_moment moment)
{
    const struct l072_fault cut = {
        .kind = L072_FAULT_CUT, .operation = operation, .moment = moment};

    begin(s);
    assert_int_equal(l072_fault(s->board, &cut), 0);
    (void)story(s);
    l072_power(s->board, false);
    scenario_power_on(s);
    if (in_bootloader(s)) {
        t.in_dfu++;
        if (!download(s, t.new_image, t.new_size) || !in_version(s, 2))
            fail_msg("operation %u, moment %d: the second download fails", operation, moment);
    } else if (in_version(s, 1)) {
        t.in_old++;
    } else if (in_version(s, 2)) {
        t.in_new++;
    } else {
        fail_msg("operation %u, moment %d: neither DFU nor an application", operation, moment);
    }
}

static void no_power_cut_bricks(void **state)
{
    static const enum l072_moment moments[] = {L072_BEFORE, L072_TORN, L072_TORN_BUT_ONE,
                                               L072_AFTER};
    struct scenario s = {.board = l072_clone(t.before)};
    uint32_t first, last;

    (void)state;
    begin(&s);
    first = operations(s.board) + 1;
    assert_true(story(&s));
    last = operations(s.board);
    assert_true(last > first + 50);
    for (uint32_t n = first; n <= last; n++)
        for (unsigned i = 0; i < sizeof moments / sizeof moments[0]; i++)
            cut_at(&s, n, moments[i]);
    l072_destroy(s.board);
    print_message("# %u cuts: %u end in DFU, %u in the old version, %u in the new one\n",
                  t.in_dfu + t.in_old + t.in_new, t.in_dfu, t.in_old, t.in_new);
    assert_true(t.in_dfu > 0 && t.in_old > 0 && t.in_new > 0);
}

static void the_same_image_again_touches_nothing(void **state)
{
    struct scenario s = {.board = l072_clone(t.before)};
    uint32_t before;

    (void)state;
    begin(&s);
    before = operations(s.board);
    assert_true(into_bootloader(&s));
    assert_true(download(&s, t.old_image, t.old_size));
    assert_true(in_version(&s, 1));
    assert_int_equal(operations(s.board), before);
    l072_destroy(s.board);
}

/* Pages of the bootloader, of its seal, and what is behind the flash. */
static void it_refuses_what_is_not_the_application(void **state)
{
    static const uint32_t addresses[] = {0x08000000, 0x08001F80, 0x08002000, 0x08030000};
    struct scenario s = {.board = l072_clone(t.before)};
    uint32_t before;

    (void)state;
    begin(&s);
    before = operations(s.board);
    assert_true(into_bootloader(&s));
    for (unsigned i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        l072_reset(s.board);
        assert_int_equal(l072_drive_pin(s.board, "PA0", true), 0);
        assert_true(in_bootloader(&s));
        assert_false(dfuhost_write(&s.device, addresses[i], t.new_image, 128));
    }
    assert_int_equal(operations(s.board), before);
    l072_destroy(s.board);
}

/* An empty chip with the bootloader is in DFU, and takes the first application. */
static int install(void **state)
{
    struct scenario s;

    (void)state;
    t.old_size = image_bytes("build/examples/resident-1.elf", t.old_image, sizeof t.old_image);
    t.new_size = image_bytes("build/examples/resident-2.elf", t.new_image, sizeof t.new_image);
    /* Much of the two is the same, and is not written: more, that is not. */
    for (; t.new_size < MORE; t.new_size++)
        t.new_image[t.new_size] = (uint8_t)(t.new_size * 37 + t.new_size / 256 + 1);
    scenario_begin(&s, &(struct l072_config){.seed = 1}, "build/boot.elf");
    scenario_power_on(&s);
    assert_true(in_bootloader(&s));
    assert_true(download(&s, t.old_image, t.old_size));
    assert_true(in_version(&s, 1));
    t.before = l072_clone(s.board);
    l072_destroy(s.board);
    return 0;
}

static int tidy(void **state)
{
    (void)state;
    l072_destroy(t.before);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_image_again_touches_nothing),
        cmocka_unit_test(it_refuses_what_is_not_the_application),
        cmocka_unit_test(no_power_cut_bricks),
    };

    return cmocka_run_group_tests(tests, install, tidy);
}
