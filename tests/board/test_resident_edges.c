/* SPDX-License-Identifier: MIT */
/*
 * Corners of the resident bootloader's memories: what is put off, what is in the works, what is
 * left alone, how long it takes, and what protection does to it.
 */
#include <string.h>

#include "dfuhost.h"
#include "resident.h"

enum { OUT = 0x21, IN = 0xA1 }; /* class requests to the interface */
enum { OLD = 0xA5, NEW = 0x5A };
#define BLOCK DFU_TRANSFER_SIZE

static struct {
    struct scenario s;
    struct resident_host h;
    uint8_t block[BLOCK]; /* NEW all over */
} t;

static void listen(void)
{
    scenario_listen(&t.s);
    assert_true(resident_in_dfu(&t.s));
    t.h = (struct resident_host){.s = &t.s};
}

/* 16 KB of something that has no seal, behind the bootloader. */
static void begin(bool lenient)
{
    static uint8_t old[16 * 1024];
    const struct l072_config config = {.seed = 1, .lenient = lenient};

    scenario_begin(&t.s, &config, "build/boot.elf");
    memset(old, OLD, sizeof old);
    memset(t.block, NEW, sizeof t.block);
    assert_int_equal(l072_load(t.s.board, APP_BASE, old, sizeof old), 0);
    l072_power(t.s.board, true);
    listen();
}

static int start(void **state)
{
    (void)state;
    begin(false);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    l072_destroy(t.s.board);
    return 0;
}

/* With the button held. */
static void power_on_to_dfu(void)
{
    l072_power(t.s.board, false);
    l072_power(t.s.board, true);
    assert_int_equal(l072_drive_pin(t.s.board, "PA0", true), 0);
    listen();
    assert_int_equal(l072_drive_pin(t.s.board, "PA0", false), 0);
}

static void wait_ms(unsigned ms)
{
    assert_true(usb_device_run(&t.s.device, ms * MS));
}

static void point(uint32_t address)
{
    assert_true(resident_command(&t.h, DFUSE_SET_ADDRESS, address));
}

static void erase(uint32_t address)
{
    assert_true(resident_command(&t.h, DFUSE_ERASE, address));
}

static void put(uint16_t block, uint16_t size)
{
    assert_true(resident_dnload(&t.h, block, t.block, size));
}

static unsigned told_ms(void)
{
    assert_int_equal(resident_request(&t.h, IN, DFU_GETSTATUS, 0, t.h.status, DFU_STATUS_SIZE),
                     L072_URB_OK);
    return t.h.status[1] | (unsigned)t.h.status[2] << 8 | (unsigned)t.h.status[3] << 16;
}

/* Asks again and again: its last page is in the works when this returns. */
static void put_at_once(uint16_t block, uint16_t size)
{
    assert_int_equal(resident_request(&t.h, OUT, DFU_DNLOAD, block, t.block, size), L072_URB_OK);
    do
        told_ms();
    while (t.h.status[4] == DFU_DNBUSY);
    assert_int_equal(t.h.status[4], DFU_DNLOAD_IDLE);
}

static void ask(uint8_t request)
{
    assert_int_equal(resident_request(&t.h, OUT, request, 0, NULL, 0), L072_URB_OK);
}

static uint8_t there(uint32_t address)
{
    uint8_t byte = 0;

    assert_int_equal(l072_peek(t.s.board, address, &byte, 1), 0);
    return byte;
}

static void assert_there(uint32_t address, uint32_t end, uint8_t byte)
{
    for (; address < end; address++)
        if (there(address) != byte)
            fail_msg("0x%08X is 0x%02X, and not 0x%02X", address, there(address), byte);
}

static uint32_t word(uint32_t address)
{
    uint32_t word = 0;

    assert_int_equal(l072_peek(t.s.board, address, &word, sizeof word), 0);
    return word;
}

/* ---- Put off, or in the works ---------------------------------------------------------------- */

/* The last page of a block, while the buffer of the block has another use, and later. */
static void what_is_being_written_reads_as_written(void **state)
{
    uint8_t back[BLOCK];

    (void)state;
    for (unsigned ms = 0; ms < 20; ms++) {
        l072_power(t.s.board, false);
        l072_power(t.s.board, true);
        listen();
        memset(t.block, NEW ^ (int)ms, sizeof t.block); /* another each time */
        point(APP_BASE);
        put_at_once(2, BLOCK);
        wait_ms(ms);
        point(APP_BASE - FLASH_PAGE_SIZE);
        ask(DFU_ABORT);
        assert_int_equal(resident_request(&t.h, IN, DFU_UPLOAD, 2, back, BLOCK), L072_URB_OK);
        assert_memory_equal(back + FLASH_PAGE_SIZE, t.block, BLOCK - FLASH_PAGE_SIZE);
        ask(DFU_ABORT);
        point(APP_BASE);
        ask(DFU_ABORT);
        assert_int_equal(resident_request(&t.h, IN, DFU_UPLOAD, 2, back, BLOCK), L072_URB_OK);
        assert_memory_equal(back, t.block, BLOCK);
    }
}

/* Without a leave: when the host has nothing to do. */
static void what_is_erased_is_erased_in_the_end(void **state)
{
    (void)state;
    erase(SEAL_BASE + BOOT_SECTOR);
    erase(SEAL_BASE + 2 * BOOT_SECTOR);
    wait_ms(300);
    assert_there(APP_BASE, APP_BASE + 16 * 1024, OLD);
    ask(DFU_ABORT);
    wait_ms(300);
    assert_there(APP_BASE, SEAL_BASE + BOOT_SECTOR, OLD);
    assert_there(SEAL_BASE + BOOT_SECTOR, SEAL_BASE + 3 * BOOT_SECTOR, 0);
    assert_there(SEAL_BASE + 3 * BOOT_SECTOR, APP_BASE + 16 * 1024, OLD);
}

/* Files have holes. */
static void what_the_host_leaves_out_is_erased(void **state)
{
    uint32_t sector = SEAL_BASE + BOOT_SECTOR;

    (void)state;
    erase(sector);
    point(sector + 1024);
    put(2, 1024);
    wait_ms(20);
    assert_there(sector, sector + 1024, 0);
    assert_there(sector + 1024, sector + 2048, NEW);
    ask(DFU_ABORT);
    wait_ms(200);
    assert_there(sector + 1024, sector + 2048, NEW);
    assert_there(sector + 2048, sector + BOOT_SECTOR, 0);
}

/* The first one sent ends where the image does. */
static void the_seal_is_as_long_as_what_was_sent(void **state)
{
    static struct resident_image image;

    (void)state;
    resident_image(&image, 1, 6000);
    for (uint32_t at = 4096; at != 0u - 2048; at -= 2048)
        assert_true(dfuhost_write(&t.s.device, APP_BASE + at, image.bytes + at,
                                  at == 4096 ? 6000 - 4096 : 2048));
    assert_true(dfuhost_leave(&t.s.device, APP_BASE));
    wait_ms(100);
    assert_true(resident_in_app(&t.s, 1));
    assert_int_equal(word(SEAL_BASE), 6000);
}

/* There is nothing to end, and no error. */
static void leaving_an_empty_chip_is_a_reset(void **state)
{
    (void)state;
    assert_int_equal(resident_request(&t.h, OUT, DFU_DNLOAD, 2, NULL, 0), L072_URB_OK);
    t.s.resets = 0;
    assert_true(resident_tell(&t.h));
    wait_ms(30);
    assert_int_equal(t.s.resets, 1);
    assert_true(resident_in_dfu(&t.s));
}

/* ---- Operations that are not needed ---------------------------------------------------------- */

static uint32_t operations_of(void (*work)(void))
{
    uint32_t before = resident_operations(t.s.board);

    work();
    wait_ms(20);
    return resident_operations(t.s.board) - before;
}

static void put_block(void)
{
    put(2, 1024);
}

static void flash_that_is_empty_is_not_erased(void **state)
{
    (void)state;
    point(APP_BASE + 64 * 1024);
    assert_int_equal(operations_of(put_block), 2 * 1024 / FLASH_PAGE_SIZE);
}

static void what_is_to_be_empty_is_not_written(void **state)
{
    (void)state;
    memset(t.block, 0, sizeof t.block);
    point(APP_BASE);
    assert_int_equal(operations_of(put_block), 1024 / FLASH_PAGE_SIZE);
}

static void select_eeprom(uint8_t old)
{
    uint8_t bytes[64];

    memset(bytes, old, sizeof bytes);
    assert_int_equal(l072_load(t.s.board, EEPROM_BASE, bytes, sizeof bytes), 0);
    assert_true(resident_select(&t.s, ALTERNATE_EEPROM));
    point(EEPROM_BASE);
}

static void eeprom_that_stays_is_not_written(void **state)
{
    (void)state;
    select_eeprom(NEW);
    put(2, 64);
    assert_int_equal(operations_of(put_block), 1024 / 4 - 64 / 4);
}

static void the_rest_of_an_eeprom_word_stays(void **state)
{
    (void)state;
    select_eeprom(OLD);
    put(2, 5);
    assert_there(EEPROM_BASE, EEPROM_BASE + 5, NEW);
    assert_there(EEPROM_BASE + 5, EEPROM_BASE + 64, OLD);
}

/* ---- Time ------------------------------------------------------------------------------------ */

/* Sends it, and asks until it is done: the time told first is enough, and none is absurd. */
static void time_of(uint16_t block, uint16_t size, unsigned most)
{
    uint8_t bytes[BLOCK];
    uint64_t begun, end;

    memset(bytes, 0x77, sizeof bytes);
    assert_int_equal(resident_request(&t.h, OUT, DFU_DNLOAD, block, bytes, size), L072_URB_OK);
    unsigned told = told_ms();
    begun = l072_now(t.s.board);
    while (t.h.status[4] == DFU_DNBUSY) {
        assert_true(usb_device_run(&t.s.device, MS / 4));
        assert_in_range(told_ms(), 0, most);
    }
    end = l072_now(t.s.board);
    assert_in_range((end - begun) / MS, 0, told);
    assert_in_range(told, 1, most);
}

static void the_time_of_blocks_in_a_row(void **state)
{
    (void)state;
    point(APP_BASE);
    put_at_once(2, BLOCK);
    time_of(3, BLOCK, 160);
    time_of(4, BLOCK, 160);
}

static void the_time_of_an_eeprom_block(void **state)
{
    (void)state;
    select_eeprom(OLD);
    time_of(2, 64, 16 * 2 * 13 / 4 + 1);
}

/* Until it is off the bus. */
static void the_time_of_a_leave(void **state)
{
    static struct resident_image image;
    uint64_t begun;

    (void)state;
    resident_image(&image, 1, 6000);
    assert_true(dfuhost_write(&t.s.device, APP_BASE, image.bytes, image.size));
    wait_ms(20);
    assert_int_equal(resident_request(&t.h, OUT, DFU_DNLOAD, 2, NULL, 0), L072_URB_OK);
    begun = l072_now(t.s.board);
    unsigned told = told_ms();
    while (l072_usb_attached(t.s.board))
        assert_true(usb_device_run(&t.s.device, MS / 4));
    assert_in_range((l072_now(t.s.board) - begun) / MS, 0, told);
    assert_in_range(told, 1, 60);
}

/* ---- Protection ------------------------------------------------------------------------------ */

/* The host's own would protect the whole flash if it were wrong. */
static void complements_of_options_are_made(void **state)
{
    uint32_t wrprot2 = 0xFFFF8000; /* sector 47 */

    (void)state;
    assert_true(resident_select(&t.s, ALTERNATE_OPTIONS));
    point(OPTION_BASE + 16);
    assert_true(resident_dnload(&t.h, 2, &wrprot2, sizeof wrprot2));
    assert_int_equal(word(OPTION_BASE + 16), 0x7FFF8000);
}

static void what_is_write_protected_is_an_error(void **state)
{
    uint32_t wrprot1 = 0xFFF70008; /* sector 3 */

    (void)state;
    stop(NULL);
    begin(true);
    assert_int_equal(l072_load(t.s.board, OPTION_BASE + 8, &wrprot1, sizeof wrprot1), 0);
    power_on_to_dfu();
    point(FLASH_BASE + 3 * BOOT_SECTOR);
    assert_false(resident_dnload(&t.h, 2, t.block, 256));
    assert_int_equal(t.h.status[0], DFU_ERR_PROG);
    wait_ms(20);
    ask(DFU_CLRSTATUS);
    point(FLASH_BASE + 2 * BOOT_SECTOR);
    (void)resident_dnload(&t.h, 2, t.block, 256); /* of the page that came after the error */
    ask(DFU_CLRSTATUS);
    point(FLASH_BASE + 2 * BOOT_SECTOR);
    put(2, 256);
}

static void readable(uint8_t alternate, uint32_t address, enum l072_urb_status status)
{
    uint8_t bytes[16];

    assert_true(resident_select(&t.s, alternate));
    point(address);
    ask(DFU_ABORT);
    assert_int_equal(resident_request(&t.h, IN, DFU_UPLOAD, 2, bytes, sizeof bytes), status);
    ask(status == L072_URB_OK ? DFU_ABORT : DFU_CLRSTATUS);
}

static void read_all(enum l072_urb_status status)
{
    readable(ALTERNATE_FLASH, APP_BASE, status);
    readable(ALTERNATE_EEPROM, EEPROM_BASE, status);
    readable(ALTERNATE_OPTIONS, OPTION_BASE, status);
    readable(ALTERNATE_DEVICE, 0x1FF80050, status);
}

/* With a watchdog that runs from reset on, too. */
static void readout_protection_lets_updates_pass(void **state)
{
    static struct resident_image image;

    (void)state;
    resident_image(&image, 1, 6000);
    read_all(L072_URB_OK);
    assert_int_equal(l072_set_option(t.s.board, "RDP", 0xBB), 0);
    assert_int_equal(l072_set_option(t.s.board, "WDG_SW", 0), 0);
    power_on_to_dfu();
    read_all(L072_URB_STALL);
    assert_true(resident_select(&t.s, ALTERNATE_FLASH));
    assert_true(resident_download(&t.s, &image));
    assert_true(resident_holds(t.s.board, &image));
    assert_int_equal(word(SEAL_BASE), 6000);
}

#define EDGE_TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EDGE_TEST(what_is_being_written_reads_as_written),
        EDGE_TEST(what_is_erased_is_erased_in_the_end),
        EDGE_TEST(what_the_host_leaves_out_is_erased),
        EDGE_TEST(the_seal_is_as_long_as_what_was_sent),
        EDGE_TEST(leaving_an_empty_chip_is_a_reset),
        EDGE_TEST(flash_that_is_empty_is_not_erased),
        EDGE_TEST(what_is_to_be_empty_is_not_written),
        EDGE_TEST(eeprom_that_stays_is_not_written),
        EDGE_TEST(the_rest_of_an_eeprom_word_stays),
        EDGE_TEST(the_time_of_blocks_in_a_row),
        EDGE_TEST(the_time_of_an_eeprom_block),
        EDGE_TEST(the_time_of_a_leave),
        EDGE_TEST(complements_of_options_are_made),
        EDGE_TEST(what_is_write_protected_is_an_error),
        EDGE_TEST(readout_protection_lets_updates_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
