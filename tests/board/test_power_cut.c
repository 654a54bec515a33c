/* SPDX-License-Identifier: MIT */
/*
 * A latched update, with the power cut at 200 points from the button to the new version running,
 * and at 100 points of the first 25 ms, in which the option byte is written. After each cut the
 * board comes back in DFU, where a second update completes, or in a working application.
 */
#include "scenario.h"

static struct {
    uint8_t image[65536];
    uint32_t size;
    struct l072 *before; /* the old version runs */
    uint64_t start, end; /* of the story, picoseconds */
    unsigned in_dfu, in_old, in_new;
} t;

/* The whole story; stops early wherever the power goes. True when the new version runs. */
static bool story(struct scenario *s)
{
    press(s, "PA1");
    return in_dfu(s) && update(s, t.image, t.size) && in_app(s, 2);
}

static void count_outcome(struct scenario *s, uint64_t cut)
{
    if (in_dfu(s)) {
        t.in_dfu++;
        if (!update(s, t.image, t.size) || !in_app(s, 2))
            fail_msg("cut at %llu ps: the second update fails", (unsigned long long)cut);
    } else if (in_app(s, 1)) {
        t.in_old++;
    } else if (in_app(s, 2)) {
        t.in_new++;
    } else {
        fail_msg("cut at %llu ps: neither DFU nor an application", (unsigned long long)cut);
    }
}

static void cut_the_power(uint64_t from, uint64_t to, unsigned cuts)
{
    struct scenario s = {.board = l072_clone(t.before)};

    t.in_dfu = t.in_old = t.in_new = 0;
    for (unsigned i = 0; i < cuts; i++) {
        uint64_t cut = from + (to - from) / cuts * i;

        l072_assign(s.board, t.before);
        scenario_listen(&s);
        assert_true(in_app(&s, 1));
        assert_int_equal(
            l072_fault(s.board, &(struct l072_fault){.kind = L072_FAULT_CUT, .time = cut}), 0);
        (void)story(&s);
        l072_power(s.board, false);
        scenario_power_on(&s);
        count_outcome(&s, cut);
    }
    l072_destroy(s.board);
    print_message("# %u cuts: %u end in DFU, %u in the old version, %u in the new one\n", cuts,
                  t.in_dfu, t.in_old, t.in_new);
    assert_int_equal(t.in_dfu + t.in_old + t.in_new, cuts);
}

static void at_200_points_of_an_update(void **state)
{
    (void)state;
    cut_the_power(t.start, t.end, 200);
    assert_true(t.in_dfu > 100);
}

static void at_100_points_around_the_latch(void **state)
{
    (void)state;
    cut_the_power(t.start, t.start + 25 * MS, 100);
    assert_true(t.in_dfu > 0 && t.in_old > 0);
}

/* The story once without a cut, for its times. */
static int rehearse(void **state)
{
    struct scenario s;

    (void)state;
    t.size = image_bytes("build/examples/app-2.elf", t.image, sizeof t.image);
    scenario_begin(&s, &(struct l072_config){.seed = 1}, "build/examples/test/reset-hidden.elf");
    scenario_power_on(&s);
    assert_true(in_app(&s, 1));
    t.before = l072_clone(s.board);
    scenario_listen(&s);
    assert_true(in_app(&s, 1)); /* as each run of cut_the_power() begins */
    t.start = l072_now(s.board);
    assert_true(story(&s));
    t.end = l072_now(s.board);
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
        cmocka_unit_test(at_200_points_of_an_update),
        cmocka_unit_test(at_100_points_around_the_latch),
    };

    return cmocka_run_group_tests(tests, rehearse, tidy);
}
