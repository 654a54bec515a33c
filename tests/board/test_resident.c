/* SPDX-License-Identifier: MIT */
/* The resident bootloader writes what must be written, and nothing else. */
#include <string.h>

#include "dfuhost.h"
#include "resident.h"

static struct {
    struct resident_image image;
    struct l072 *before; /* the image runs */
} t;

static void begin(struct scenario *s)
{
    *s = (struct scenario){.board = l072_clone(t.before)};
    scenario_listen(s);
    assert_true(resident_in_app(s, 1));
    assert_true(resident_detach(s));
}

static void the_same_image_again_touches_nothing(void **state)
{
    struct scenario s;
    uint32_t before;

    (void)state;
    begin(&s);
    before = resident_operations(s.board);
    assert_true(resident_download(&s, &t.image));
    assert_true(resident_in_app(&s, 1));
    assert_int_equal(resident_operations(s.board), before);
    l072_destroy(s.board);
}

/* Only what is behind the old end is new: the seal is of all. */
static void an_application_may_grow_at_its_end(void **state)
{
    struct resident_image longer = t.image;
    struct scenario s;
    struct seal seal;

    (void)state;
    longer.size += 4;
    memset(longer.bytes + t.image.size, 0x5A, 4);
    begin(&s);
    assert_true(resident_download(&s, &longer));
    assert_true(resident_in_app(&s, 1));
    assert_int_equal(l072_peek(s.board, SEAL_BASE, &seal, sizeof seal), 0);
    assert_int_equal(seal.length, longer.size);
    l072_destroy(s.board);
}

/* Pages of the bootloader, of its seal, and what is behind the flash. */
static void it_refuses_what_is_not_the_application(void **state)
{
    static const uint32_t addresses[] = {FLASH_BASE, SEAL_BASE - FLASH_PAGE_SIZE, SEAL_BASE,
                                         FLASH_BASE + 192 * 1024};
    struct scenario s;
    uint32_t before;

    (void)state;
    begin(&s);
    before = resident_operations(s.board);
    for (unsigned i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        l072_reset(s.board);
        assert_int_equal(l072_drive_pin(s.board, "PA0", true), 0);
        assert_true(resident_in_dfu(&s));
        assert_false(dfuhost_write(&s.device, addresses[i], t.image.bytes, 128));
    }
    assert_int_equal(resident_operations(s.board), before);
    l072_destroy(s.board);
}

static int install(void **state)
{
    struct scenario s;

    (void)state;
    resident_image(&t.image, 1, 0);
    resident_begin(&s, "l072xz", 1);
    assert_true(resident_download(&s, &t.image));
    assert_true(resident_in_app(&s, 1));
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
        cmocka_unit_test(an_application_may_grow_at_its_end),
        cmocka_unit_test(it_refuses_what_is_not_the_application),
    };

    return cmocka_run_group_tests(tests, install, tidy);
}
