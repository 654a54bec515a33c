/* SPDX-License-Identifier: MIT */
/*
 * Two runs with the same input are identical to the bit, and so is a run from a snapshot: the whole
 * update of an application, button to new version, compared over the whole state of the board.
 */
#include <string.h>

#include "board.h"
#include "scenario.h"

static struct {
    uint8_t image[65536];
    uint32_t size;
} t;

static void begin(struct scenario *s, uint32_t seed)
{
    scenario_begin(s, &(struct l072_config){.seed = seed}, "build/examples/test/reset-hidden.elf");
    scenario_power_on(s);
    assert_true(in_app(s, 1));
}

static void story(struct scenario *s)
{
    scenario_listen(s);
    assert_true(in_app(s, 1));
    press(s, "PA1");
    assert_true(in_dfu(s));
    assert_true(update(s, t.image, t.size));
    assert_true(in_app(s, 2));
}

/* A struct l072 is its struct board: see sim/l072.c. */
static bool identical(const struct scenario *one, const struct scenario *other)
{
    return memcmp(one->board, other->board, sizeof(struct board)) == 0;
}

static void same_input_same_state(void **state)
{
    struct scenario one, other, third;

    (void)state;
    begin(&one, 1);
    begin(&other, 1);
    begin(&third, 2);
    assert_true(identical(&one, &other));
    assert_false(identical(&one, &third));
    story(&one);
    story(&other);
    assert_true(identical(&one, &other));
    l072_destroy(one.board);
    l072_destroy(other.board);
    l072_destroy(third.board);
}

static void restored_board_does_the_same_again(void **state)
{
    struct scenario s, after;
    struct l072 *snapshot;

    (void)state;
    begin(&s, 1);
    snapshot = l072_clone(s.board);
    story(&s);
    after.board = l072_clone(s.board);
    l072_assign(s.board, snapshot);
    assert_memory_equal(s.board, snapshot, sizeof(struct board));
    story(&s);
    assert_true(identical(&s, &after));
    l072_destroy(s.board);
    l072_destroy(after.board);
    l072_destroy(snapshot);
}

static int read_image(void **state)
{
    (void)state;
    t.size = image_bytes("build/examples/app-2.elf", t.image, sizeof t.image);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_input_same_state),
        cmocka_unit_test(restored_board_does_the_same_again),
    };

    return cmocka_run_group_tests(tests, read_image, NULL);
}
