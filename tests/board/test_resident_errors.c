/* SPDX-License-Identifier: MIT */
/* What must not be sealed, what must be, and whether the times that hosts are told suffice. */
#include <string.h>

#include "dfuhost.h"
#include "tiny.h"

enum { OUT = 0x21, IN = 0xA1 }; /* class requests to the interface */

static struct {
    struct scenario s;
    struct resident_host h;
} t;

static void begin(bool lenient)
{
    const struct l072_config config = {.seed = 1, .lenient = lenient};

    scenario_begin(&t.s, &config, "build/boot.elf");
    scenario_power_on(&t.s);
    t.h = (struct resident_host){.s = &t.s};
    assert_true(resident_in_dfu(&t.s));
}

static int stop(void **state)
{
    (void)state;
    l072_destroy(t.s.board);
    return 0;
}

/* At power-on, with the button held. */
static void power_on_to_dfu(void)
{
    l072_power(t.s.board, false);
    scenario_power_on(&t.s);
    assert_int_equal(l072_drive_pin(t.s.board, "PA0", true), 0);
    assert_true(resident_in_dfu(&t.s));
    assert_int_equal(l072_drive_pin(t.s.board, "PA0", false), 0);
}

static struct seal seal(void)
{
    struct seal seal;

    assert_int_equal(l072_peek(t.s.board, SEAL_BASE, &seal, sizeof seal), 0);
    return seal;
}

static bool sealed(void)
{
    return seal().length == ~seal().not_length && seal().crc == ~seal().not_crc;
}

static void protect_sector(unsigned sector)
{
    uint32_t word = 1u << sector;

    word |= ~word << 16;
    assert_int_equal(l072_load(t.s.board, OPTION_BASE + 8, &word, sizeof word), 0);
    power_on_to_dfu();
}

/* ---- Length ---------------------------------------------------------------------------------- */

/* The same but for what is added to its end: the last block is the first that differs. */
static void more_at_the_end_is_sealed_too(void **state)
{
    static struct resident_image longer;

    (void)state;
    begin(false);
    resident_image(&longer, 1, 6000);
    longer.size = 5000;
    assert_true(resident_download(&t.s, &longer));
    assert_true(resident_in_app(&t.s, 1));
    assert_int_equal(seal().length, 5000);
    assert_true(resident_detach(&t.s));
    longer.size = 6000;
    assert_true(resident_download(&t.s, &longer));
    assert_true(resident_in_app(&t.s, 1));
    assert_int_equal(seal().length, 6000);
}

/* In one block, and with its code where there was nothing before. */
static void a_longer_one_starts(void **state)
{
    struct tiny_app app = tiny_app(NULL, 0);
    uint32_t words[256];

    (void)state;
    begin(false);
    assert_true(dfuhost_write(&t.s.device, APP_BASE, (uint8_t *)app.words, sizeof app.words));
    assert_true(dfuhost_leave(&t.s.device, APP_BASE));
    assert_true(usb_device_run(&t.s.device, 200 * MS));
    power_on_to_dfu();
    for (unsigned i = 0; i < 256; i++)
        words[i] = 0xE7FEE7FE; /* B . */
    words[0] = SRAM_BASE + 0x1000;
    words[1] = APP_BASE + 4 * 200 + 1;
    for (unsigned i = 0; i < 3; i++) { /* at the latest when it is sent again */
        assert_true(dfuhost_write(&t.s.device, APP_BASE, (uint8_t *)words, sizeof words));
        assert_true(dfuhost_leave(&t.s.device, APP_BASE));
        assert_true(usb_device_run(&t.s.device, 200 * MS));
        if (l072_register(t.s.board, 15) == words[1] - 1)
            return;
        power_on_to_dfu();
    }
    fail_msg("it never starts");
}

/* ---- Errors of the flash --------------------------------------------------------------------- */

static void what_is_not_written_is_not_sealed(void **state)
{
    static struct resident_image image;

    (void)state;
    begin(true);
    resident_image(&image, 1, 0x2080 - 0x1100); /* one page in sector 2 */
    protect_sector(2);
    (void)resident_download(&t.s, &image);
    assert_false(resident_holds(t.s.board, &image));
    assert_false(sealed());
}

static void a_seal_that_stays_keeps_its_application(void **state)
{
    static struct resident_image image;
    uint8_t other[64];

    (void)state;
    begin(true);
    resident_image(&image, 1, 6000);
    assert_true(resident_download(&t.s, &image));
    assert_true(resident_in_app(&t.s, 1));
    protect_sector(1);
    memset(other, 0x5A, sizeof other);
    resident_command(&t.h, DFUSE_SET_ADDRESS, APP_BASE + 4096);
    resident_dnload(&t.h, 2, other, sizeof other);
    usb_device_run(&t.s.device, 50 * MS);
    assert_true(!sealed() || resident_holds(t.s.board, &image));
}

/* ---- Time ------------------------------------------------------------------------------------ */

static uint64_t told_ms(void)
{
    return t.h.status[1] | (uint64_t)t.h.status[2] << 8 | (uint64_t)t.h.status[3] << 16;
}

/* How long it is busy, milliseconds, asked again each. */
static uint64_t busy_ms(void)
{
    uint64_t start = l072_now(t.s.board);

    do {
        assert_true(usb_device_run(&t.s.device, MS / 4));
        assert_int_equal(resident_request(&t.h, IN, DFU_GETSTATUS, 0, t.h.status, 6), L072_URB_OK);
    } while (t.h.status[4] == DFU_DNBUSY);
    return (l072_now(t.s.board) - start) / MS;
}

static void old_content(void)
{
    static uint8_t old[16 * 1024];

    memset(old, 0xA5, sizeof old);
    assert_int_equal(l072_load(t.s.board, APP_BASE, old, sizeof old), 0);
}

/* DNLOAD and GETSTATUS at once, with the last page of a block still in the works. */
static void check_time(const char *what, uint16_t block, const void *data, uint16_t size)
{
    uint8_t bytes[2048];
    uint64_t told, busy;

    memcpy(bytes, data, size);
    assert_int_equal(resident_request(&t.h, OUT, DFU_DNLOAD, block, bytes, size), L072_URB_OK);
    assert_int_equal(resident_request(&t.h, IN, DFU_GETSTATUS, 0, t.h.status, 6), L072_URB_OK);
    told = told_ms();
    busy = busy_ms();
    print_message("# %s: told %u ms, busy for %u ms\n", what, (unsigned)told, (unsigned)busy);
    if (busy > told + 1)
        fail_msg("%s", what);
}

static void begin_time(uint32_t address, uint16_t size)
{
    uint8_t block[2048];

    begin(false);
    old_content();
    memset(block, 0x5A, sizeof block);
    resident_command(&t.h, DFUSE_SET_ADDRESS, address);
    assert_true(resident_dnload(&t.h, 2, block, size));
}

static void the_time_of_a_next_short_block(void **state)
{
    uint8_t block[2048];

    (void)state;
    memset(block, 0x11, sizeof block);
    begin_time(APP_BASE, 64);
    check_time("64 bytes after 64", 3, block, 64);
}
/* A GETSTATUS that is not heard out, and an ABORT: the first page was never written. */
static void what_was_only_counted_counts_not(void **state)
{
    uint8_t block[2048];
    struct l072_urb urb = {
        .type = L072_CONTROL,
        .max_packet = 64,
        .setup = {IN, DFU_GETSTATUS, 0, 0, 0, 0, 6},
        .size = 6
    };
    int id;

    (void)state;
    begin(false);
    old_content(); /* of an update that was cut off, say */
    uint32_t vectors[2] = {SRAM_BASE + 0x1000, APP_BASE + 0x41};
    assert_int_equal(l072_load(t.s.board, APP_BASE, vectors, 8), 0);
    memset(block, 0x5A, sizeof block);
    resident_command(&t.h, DFUSE_SET_ADDRESS, APP_BASE);
    assert_int_equal(resident_request(&t.h, OUT, DFU_DNLOAD, 2, block, 2048), L072_URB_OK);
    urb.address = t.s.device.address;
    id = l072_urb_submit(t.s.board, &urb);
    assert_true(id >= 0);
    usb_device_run(&t.s.device, MS / 5);
    l072_urb_cancel(t.s.board, id);
    usb_device_run(&t.s.device, 10 * MS);
    l072_urb_take(t.s.board, id, NULL, 0, NULL);
    assert_int_equal(resident_request(&t.h, OUT, DFU_ABORT, 0, NULL, 0), L072_URB_OK);
    assert_true(resident_tell(&t.h));
    assert_int_equal(t.h.status[4], DFU_IDLE);
    resident_command(&t.h, DFUSE_SET_ADDRESS, APP_BASE + 2048);
    assert_true(resident_dnload(&t.h, 2, block, 128));
    usb_device_run(&t.s.device, 20 * MS);
    resident_request(&t.h, OUT, DFU_DNLOAD, 2, NULL, 0);
    resident_poll(&t.h);
    usb_device_run(&t.s.device, 200 * MS);
    assert_false(sealed());
}

/* An application with data at the end of 192 KB: the CRC takes longer than is told. */
static void the_time_of_a_leave_with_much_to_check(void **state)
{
    static struct resident_image image;
    uint64_t told, start;

    (void)state;
    begin(false);
    resident_image(&image, 1, 6000);
    assert_true(dfuhost_write(&t.s.device, APP_BASE, image.bytes, image.size));
    assert_true(dfuhost_write(&t.s.device, FLASH_BASE + 192 * 1024 - 128, image.bytes, 128));
    usb_device_run(&t.s.device, 20 * MS);
    assert_int_equal(resident_request(&t.h, OUT, DFU_DNLOAD, 2, NULL, 0), L072_URB_OK);
    start = l072_now(t.s.board);
    assert_int_equal(resident_request(&t.h, IN, DFU_GETSTATUS, 0, t.h.status, 6), L072_URB_OK);
    told = told_ms();
    while (l072_usb_attached(t.s.board))
        usb_device_run(&t.s.device, MS / 4);
    start = (l072_now(t.s.board) - start) / MS;
    print_message("# leave, 188 KB: told %u ms, there for %u ms\n", (unsigned)told,
                  (unsigned)start);
    assert_true(start <= told + 1);
}

/* ST's ROM may start it with its clocks: 32 MHz from the PLL. */
static void it_starts_from_the_clocks_of_the_rom(void **state)
{
    static const uint32_t writes[][2] = {
        {0x40022000, 1         }, /* FLASH_ACR: LATENCY */
        {0x40021000, 0x301     }, /* RCC_CR: HSI16 */
        {0x4002100C, 0x440000  }, /* RCC_CFGR: HSI16 * 4 / 2 */
        {0x40021000, 0x01000301}, /* RCC_CR: PLL */
        {0x4002100C, 0x440003  }, /* RCC_CFGR: PLL */
    };
    uint32_t entry;

    (void)state;
    begin(false);
    l072_reset(t.s.board);
    l072_step(t.s.board);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(l072_write(t.s.board, writes[i][0], 4, writes[i][1]), 0);
        resident_run(t.s.board, MS / 10);
    }
    assert_int_equal(l072_peek(t.s.board, FLASH_BASE + 4, &entry, 4), 0);
    l072_set_register(t.s.board, 15, entry & ~1u);
    scenario_listen(&t.s);
    assert_true(resident_in_dfu(&t.s));
}

#define EDGE_TEST(f) cmocka_unit_test_teardown(f, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EDGE_TEST(more_at_the_end_is_sealed_too),
        EDGE_TEST(a_longer_one_starts),
        EDGE_TEST(what_is_not_written_is_not_sealed),
        EDGE_TEST(a_seal_that_stays_keeps_its_application),
        EDGE_TEST(what_was_only_counted_counts_not),
        EDGE_TEST(the_time_of_a_next_short_block),
        EDGE_TEST(the_time_of_a_leave_with_much_to_check),
        EDGE_TEST(it_starts_from_the_clocks_of_the_rom),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
