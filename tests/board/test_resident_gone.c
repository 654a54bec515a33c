/* SPDX-License-Identifier: MIT */
/* The cable is pulled, or the bus reset, at every transfer of a download: the bootloader goes on
 * without its host, and is there for the next one. */
#include "resident.h"

static struct {
    struct resident_image image[3]; /* by version */
    struct l072 *before;            /* in DFU, version 1 is installed */
} t;

struct disturbed {
    const struct l072 *board;
    struct l072 *trial;
    bool unplug;
    unsigned times, in_dfu, in_new;
};

static bool is_whole(const struct l072 *board, unsigned version)
{
    return version < 3 && resident_holds(board, &t.image[version]);
}

static void disturb(struct disturbed *d)
{
    unsigned seen;

    if (d->unplug) {
        l072_usb_plug(d->trial, false);
        resident_run(d->trial, 5 * MS);
        l072_usb_plug(d->trial, true);
    }
    seen = resident_look(d->trial);
    if (seen == RESIDENT_BRICK) /* it was about to leave */
        seen = resident_look(d->trial);
    d->times++;
    d->in_dfu += seen == 0;
    d->in_new += seen == 2;
    if (seen && (seen != 2 || !is_whole(d->trial, 2)))
        fail_msg("transfer %u: version %u", d->times, seen);
    if (resident_stray(t.before, d->trial, SEAL_BASE, 6 * BOOT_SECTOR))
        fail_msg("transfer %u: more than the target is written", d->times);
    l072_power(d->trial, false);
    l072_power(d->trial, true);
    seen = resident_look(d->trial);
    if (seen && !is_whole(d->trial, seen))
        fail_msg("transfer %u, power-on: version %u", d->times, seen);
}

static void observe(void *context, const struct l072_event *event)
{
    struct disturbed *d = context;

    if (event->kind != L072_EVENT_URB)
        return;
    l072_assign(d->trial, d->board);
    disturb(d);
}

static void at_every_transfer(bool unplug)
{
    struct scenario s = {.board = l072_clone(t.before)};
    struct disturbed d = {.board = s.board, .trial = l072_clone(t.before), .unplug = unplug};

    scenario_listen(&s);
    assert_true(resident_in_dfu(&s));
    s.device.observe = observe;
    s.device.context = &d;
    assert_true(resident_download(&s, &t.image[2]));
    s.device.observe = NULL;
    assert_true(resident_in_app(&s, 2));
    l072_destroy(d.trial);
    l072_destroy(s.board);
    print_message("# %s at %u transfers: %u times in DFU, %u times in the new version\n",
                  unplug ? "unplugged" : "bus reset", d.times, d.in_dfu, d.in_new);
    assert_true(d.in_dfu > 10);
}

static void unplugged_at_every_transfer(void **state)
{
    (void)state;
    at_every_transfer(true);
}

static void bus_reset_at_every_transfer(void **state)
{
    (void)state;
    at_every_transfer(false);
}

static int install(void **state)
{
    struct scenario s;

    (void)state;
    resident_image(&t.image[1], 1, 4000);
    resident_image(&t.image[2], 2, 5000);
    resident_begin(&s, "l072xz", 1);
    assert_true(resident_download(&s, &t.image[1]));
    assert_true(resident_in_app(&s, 1));
    assert_true(resident_detach(&s));
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
        cmocka_unit_test(unplugged_at_every_transfer),
        cmocka_unit_test(bus_reset_at_every_transfer),
    };

    return cmocka_run_group_tests(tests, install, tidy);
}
