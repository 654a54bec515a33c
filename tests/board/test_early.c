/* SPDX-License-Identifier: MIT */
/*
 * A host that does not wait as long as it was told to, but asks again and again while the flash is
 * written: it hears that the bootloader is busy, and what it sent is written all the same.
 */
#include <string.h>

#include "dfuhost.h"
#include "tiny.h"

#define BLOCK 2048u
enum { IN = 0xA1, OUT = 0x21, DNLOAD = 1, GETSTATUS = 3, STATE_DNBUSY = 4, STATE_DNLOAD_IDLE = 5 };

static struct {
    struct scenario s;
    uint8_t block[BLOCK];
} t;

static void request(uint8_t type, uint8_t code, uint16_t value, uint16_t length, void *data)
{
    const uint8_t setup[] = {type, code, (uint8_t)value,  0,
                             0,    0,    (uint8_t)length, (uint8_t)(length >> 8)};
    enum l072_urb_status status = usb_device_control(&t.s.device, setup, data, NULL, 1000 * MS);

    if (status != L072_URB_OK)
        fail_msg("request %u: status %d; %s", code, status, l072_stop(t.s.board)->reason);
}

/* Sends the block, which goes to APP_BASE, and asks every `pause`. Returns the answers "busy". */
static unsigned write_asking(uint64_t pause)
{
    uint8_t answer[6];
    unsigned busy = 0;

    request(OUT, DNLOAD, 2, BLOCK, t.block);
    for (request(IN, GETSTATUS, 0, sizeof answer, answer); answer[4] == STATE_DNBUSY; busy++) {
        assert_true(usb_device_run(&t.s.device, pause));
        request(IN, GETSTATUS, 0, sizeof answer, answer);
    }
    assert_int_equal(answer[0], 0);
    assert_int_equal(answer[4], STATE_DNLOAD_IDLE);
    return busy;
}

static void asking_does_no_harm(void **state)
{
    static const uint64_t pauses[] = {0, MS / 8, MS, 7 * MS, 50 * MS};
    uint8_t found[BLOCK];

    (void)state;
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        memset(t.block, 0x11 << i, sizeof t.block);
        assert_true(dfuhost_start(&t.s.device, ALTERNATE_FLASH));
        assert_true(dfuhost_erase_units(&t.s.device, APP_BASE, BLOCK, BOOT_SECTOR));
        assert_true(write_asking(pauses[i]) > 1);
        assert_true(usb_device_run(&t.s.device, 10 * MS)); /* the last page comes after the block */
        assert_int_equal(l072_peek(t.s.board, APP_BASE, found, sizeof found), 0);
        assert_memory_equal(found, t.block, sizeof found);
    }
}

/* Over an application with a seal, which goes first: the time that the host is told is enough. */
static void the_time_that_it_tells_is_enough(void **state)
{
    struct tiny_app app = tiny_app(NULL, 0);
    uint8_t old[BLOCK];

    (void)state;
    memset(old, 0xA5, sizeof old);
    memset(t.block, 0x5A, sizeof t.block);
    assert_int_equal(l072_load(t.s.board, APP_BASE, old, sizeof old), 0);
    tiny_load(t.s.board, &app);
    assert_true(dfuhost_start(&t.s.device, ALTERNATE_FLASH));
    assert_true(dfuhost_erase_units(&t.s.device, APP_BASE, BLOCK, BOOT_SECTOR));

    uint8_t answer[6];
    request(OUT, DNLOAD, 2, BLOCK, t.block);
    request(IN, GETSTATUS, 0, sizeof answer, answer);
    assert_int_equal(answer[4], STATE_DNBUSY);
    assert_true(usb_device_run(&t.s.device, (answer[1] | answer[2] << 8) * MS));
    request(IN, GETSTATUS, 0, sizeof answer, answer);
    assert_int_equal(answer[4], STATE_DNLOAD_IDLE);
}

static int start(void **state)
{
    (void)state;
    scenario_begin(&t.s, &(struct l072_config){.seed = 1}, "build/boot.elf");
    scenario_power_on(&t.s);
    return resident_in_dfu(&t.s) ? 0 : -1;
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
        cmocka_unit_test_setup_teardown(asking_does_no_harm, start, stop),
        cmocka_unit_test_setup_teardown(the_time_that_it_tells_is_enough, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
