/* SPDX-License-Identifier: MIT */
/* Corners of the resident bootloader's memories: what is put off, what is in the works, what is
 * left alone, and how long it takes. */
#include <string.h>

#include "corners.h"
#include "dfuhost.h"

/* ---- Put off, or in the works ---------------------------------------------------------------- */

/* The last page of a block, while the buffer of the block has another use, and later. */
static void what_is_being_written_reads_as_written(void **state)
{
    uint8_t back[BLOCK];

    (void)state;
    for (unsigned ms = 0; ms < 20; ms++) {
        l072_power(t.s.board, false);
        l072_power(t.s.board, true);
        listen_again();
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
    assert_int_equal(word(SEAL_BASE + 4), resident_crc32(image.bytes, 6000));
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

/* Sector by sector, as no host does. */
static void sectors_are_erased_in_any_order(void **state)
{
    (void)state;
    erase(SEAL_BASE + 2 * BOOT_SECTOR);
    erase(SEAL_BASE);
    ask(DFU_ABORT);
    wait_ms(300);
    assert_there(APP_BASE, SEAL_BASE + BOOT_SECTOR, 0);
    assert_there(SEAL_BASE + BOOT_SECTOR, SEAL_BASE + 2 * BOOT_SECTOR, OLD);
    assert_there(SEAL_BASE + 2 * BOOT_SECTOR, SEAL_BASE + 3 * BOOT_SECTOR, 0);
}

/* What is sealed is not a program: the seal stays until something is to change. */
static void a_part_behind_a_useless_seal_does_not_start(void **state)
{
    static struct resident_image image;

    (void)state;
    point(APP_BASE);
    put(2, BLOCK);
    assert_int_equal(leave(), DFU_ERR_FIRMWARE);
    ask(DFU_CLRSTATUS);
    resident_image(&image, 1, 6000);
    assert_true(dfuhost_write(&t.s.device, APP_BASE, image.bytes, BLOCK));
    wait_ms(20);
    l072_power(t.s.board, false);
    l072_power(t.s.board, true);
    listen_again();
}

/* The betaflight configurator means ABORT. */
static void clrstatus_ends_a_download(void **state)
{
    (void)state;
    point(APP_BASE);
    ask(DFU_CLRSTATUS);
    (void)told_ms();
    assert_int_equal(t.h.status[0], DFU_OK);
    assert_int_equal(t.h.status[4], DFU_IDLE);
}

/* Hubs do not see a shorter absence. */
static void it_is_off_the_bus_for_ten_milliseconds(void **state)
{
    uint64_t gone;

    (void)state;
    assert_int_equal(resident_request(&t.h, OUT, DFU_DNLOAD, 2, NULL, 0), L072_URB_OK);
    assert_true(resident_tell(&t.h));
    while (l072_usb_attached(t.s.board))
        resident_run(t.s.board, MS / 4);
    gone = l072_now(t.s.board);
    while (!l072_usb_attached(t.s.board))
        resident_run(t.s.board, MS / 4);
    assert_in_range((l072_now(t.s.board) - gone) / MS, 9, 20);
}

static void flash_is_locked_afterwards(void **state)
{
    uint32_t pecr;

    (void)state;
    point(APP_BASE);
    put(2, BLOCK);
    wait_ms(20);
    assert_int_equal(l072_read(t.s.board, (uint32_t)(uintptr_t)&FLASH->PECR, 4, &pecr), 0);
    assert_int_equal(pecr, FLASH_PECR_PELOCK | FLASH_PECR_PRGLOCK | FLASH_PECR_OPTLOCK);
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

/* A short block over the end of a page takes longer than was told: what is told then is still a
 * time. */
static void no_time_is_absurd(void **state)
{
    (void)state;
    point(APP_BASE + FLASH_PAGE_SIZE - 32);
    put_at_once(2, 64);
    put_at_once(3, 64);
    assert_int_equal(resident_request(&t.h, OUT, DFU_DNLOAD, 4, t.block, 64), L072_URB_OK);
    do {
        assert_in_range(told_ms(), 0, 200);
        assert_true(usb_device_run(&t.s.device, MS / 4));
    } while (t.h.status[4] == DFU_DNBUSY);
    assert_int_equal(t.h.status[4], DFU_DNLOAD_IDLE);
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
    assert_in_range(told, 1, 80);
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
        EDGE_TEST(sectors_are_erased_in_any_order),
        EDGE_TEST(a_part_behind_a_useless_seal_does_not_start),
        EDGE_TEST(clrstatus_ends_a_download),
        EDGE_TEST(it_is_off_the_bus_for_ten_milliseconds),
        EDGE_TEST(flash_is_locked_afterwards),
        EDGE_TEST(flash_that_is_empty_is_not_erased),
        EDGE_TEST(what_is_to_be_empty_is_not_written),
        EDGE_TEST(eeprom_that_stays_is_not_written),
        EDGE_TEST(the_rest_of_an_eeprom_word_stays),
        EDGE_TEST(the_time_of_blocks_in_a_row),
        EDGE_TEST(no_time_is_absurd),
        EDGE_TEST(the_time_of_an_eeprom_block),
        EDGE_TEST(the_time_of_a_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
