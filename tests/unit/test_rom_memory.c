/* SPDX-License-Identifier: MIT */
/* The stand-in of ST's ROM: flash, EEPROM, option bytes, read protection. */
#include "rom_rig.h"

/* ---- Memory ---------------------------------------------------------------------------------- */

static void download_and_upload(void **state)
{
    struct rig *r = *state;
    uint8_t data[2048], back[2048];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    start_dfu(r);
    for (uint32_t page = 0; page < 2 * sizeof data; page += 128)
        assert_int_equal(command(r, DFUSE_ERASE, BANK1 + page), DONE);
    assert_int_equal(command(r, DFUSE_SET_ADDRESS, BANK1), DONE);
    assert_int_equal(download(r, 2, data, sizeof data), DONE);
    assert_int_equal(download(r, 3, data, 20), DONE);
    assert_int_equal(request(r, 0x21, DFU_ABORT, 0, NULL, 0), L072_URB_OK);
    assert_int_equal(request(r, 0xA1, DFU_UPLOAD, 2, back, sizeof back), L072_URB_OK);
    assert_memory_equal(back, data, sizeof data);
    assert_int_equal(l072_peek(r->board, BANK1 + 2048, back, 20), 0);
    assert_memory_equal(back, data, 20);
}

/* 128 bytes are left where 2048 are asked for: an empty packet ends the transfer. */
static void upload_at_the_end_of_flash(void **state)
{
    struct rig *r = *state;
    uint8_t bytes[2048], setup[8] = {0xA1, DFU_UPLOAD, 2, 0, 0, 0, 0x00, 0x08};
    uint32_t actual;
    start_dfu(r);
    assert_int_equal(command(r, DFUSE_SET_ADDRESS, BANK1 + 192 * 1024 - 128), DONE);
    assert_int_equal(request(r, 0x21, DFU_ABORT, 0, NULL, 0), L072_URB_OK);
    assert_int_equal(usb_device_control(&r->dev, setup, bytes, &actual, TIMEOUT_PS), L072_URB_OK);
    assert_int_equal(actual, 128);
}

static void half_pages_make_it_fast(void **state)
{
    struct rig *r = *state;
    uint8_t data[2048];
    memset(data, 0x5A, sizeof data);
    start_dfu(r);
    assert_int_equal(command(r, DFUSE_SET_ADDRESS, BANK1), DONE);
    uint64_t before = l072_now(r->board);
    assert_int_equal(download(r, 2, data, sizeof data), DONE);
    assert_in_range(l072_now(r->board) - before, 102 * L072_PS_PER_MS, 140 * L072_PS_PER_MS);
}

static void erase_takes_any_address(void **state)
{
    struct rig *r = *state;
    uint8_t page[128];
    memset(page, 0x5A, sizeof page);
    start_dfu(r);
    for (uint32_t offset = 1; offset < sizeof page; offset += 42) {
        assert_int_equal(l072_load(r->board, BANK1 + 4096, page, sizeof page), 0);
        assert_int_equal(command(r, DFUSE_ERASE, BANK1 + 4096 + offset), DONE);
        assert_int_equal(peek_word(r, BANK1 + 4096), 0);
        assert_int_equal(peek_word(r, BANK1 + 4096 + 124), 0);
    }
}

static void refused(void **state)
{
    struct rig *r = *state;
    uint8_t mass_erase = DFUSE_ERASE;
    uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    start_dfu(r);
    assert_int_equal(download(r, 0, &mass_erase, 1), ERROR(DFU_ERR_TARGET));
    clear_status(r);
    assert_int_equal(command(r, DFUSE_SET_ADDRESS, 0x40000000), ERROR(DFU_ERR_TARGET));
    clear_status(r);
    assert_int_equal(command(r, DFUSE_SET_ADDRESS, BANK1 + 4), DONE);
    assert_int_equal(download(r, 2, data, 8), ERROR(DFU_ERR_TARGET)); /* not aligned to 8 */
}

static void eeprom(void **state)
{
    struct rig *r = *state;
    uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    start_dfu(r);
    select_alternate(r, EEPROM_ALT);
    assert_int_equal(command(r, DFUSE_SET_ADDRESS, EEPROM + 0xC00), DONE);
    assert_int_equal(download(r, 2, data, 8), DONE);
    data[0] = 9;
    assert_int_equal(download(r, 2, data, 8), DONE); /* no erase in between */
    assert_int_equal(peek_word(r, EEPROM + 0xC00), 0x04030209);
    assert_int_equal(command(r, DFUSE_ERASE, EEPROM), ERROR(DFU_ERR_TARGET));
}

/* The whole block, BFB2 set in it; the chip resets by itself. */
static void option_bytes(void **state)
{
    struct rig *r = *state;
    uint8_t block[32];
    start_dfu(r);
    select_alternate(r, OPTION_ALT);
    assert_int_equal(command(r, DFUSE_SET_ADDRESS, OPTIONS), DONE);
    l072_peek(r->board, OPTIONS, block, sizeof block);
    block[4] |= 0x80;
    block[6] &= 0x7F;
    assert_int_equal(request(r, 0x21, DFU_DNLOAD, 2, block, sizeof block), L072_URB_OK);
    uint8_t status[6];
    assert_int_equal(request(r, 0xA1, DFU_GETSTATUS, 0, status, 6), L072_URB_OK);
    usb_device_run(&r->dev, 100 * L072_PS_PER_MS);
    assert_int_equal(r->seen[L072_EVENT_RESET].value >> 25 & 1, 1); /* OBLRSTF */
    assert_int_equal(peek_word(r, OPTIONS + 4), 0x7F0080F0 | 0x0F0000);
}

static void read_protection(void **state)
{
    struct rig *r = *state;
    uint8_t bytes[64];
    assert_int_equal(l072_set_option(r->board, "RDP", 0xBB), 0);
    start_dfu(r);
    assert_int_equal(request(r, 0xA1, DFU_UPLOAD, 2, bytes, 64), L072_URB_STALL);
    assert_int_equal(result(r), ERROR(DFU_ERR_VENDOR));
    clear_status(r);
    assert_int_equal(command(r, DFUSE_ERASE, BANK1), ERROR(DFU_ERR_VENDOR));
    clear_status(r);
    assert_int_equal(command(r, DFUSE_SET_ADDRESS, BANK1), DONE);
}

/* AN3156: nothing happens, and it is reported as a success. */
static void write_protected_pages(void **state)
{
    const uint32_t sector_0 = 0xFFFE0001;
    uint8_t data[64] = {1};
    struct rig *r = *state;
    assert_int_equal(l072_load(r->board, OPTIONS + 8, &sector_0, 4), 0);
    load_program(r, BANK1, HIDDEN);
    start_dfu(r);
    assert_int_equal(command(r, DFUSE_ERASE, BANK1), DONE);
    assert_int_equal(command(r, DFUSE_SET_ADDRESS, BANK1), DONE);
    assert_int_equal(download(r, 2, data, sizeof data), DONE);
    assert_int_equal(peek_word(r, BANK1), HIDDEN);
}

static void read_unprotect_resets_to_level_0(void **state)
{
    struct rig *r = *state;
    uint8_t code = DFUSE_READ_UNPROTECT, status[6];
    assert_int_equal(l072_set_option(r->board, "RDP", 0xBB), 0);
    start_dfu(r);
    assert_int_equal(request(r, 0x21, DFU_DNLOAD, 0, &code, 1), L072_URB_OK);
    assert_int_equal(request(r, 0xA1, DFU_GETSTATUS, 0, status, 6), L072_URB_OK);
    usb_device_run(&r->dev, 100 * L072_PS_PER_MS);
    assert_int_equal(peek_word(r, OPTIONS) & 0xFF, 0xAA);
    assert_true(usb_device_wait(&r->dev, TIMEOUT_PS));
    assert_int_equal(command(r, DFUSE_ERASE, BANK1), DONE);
}

/* AN3156: only RAM is cleared then. */
static void read_unprotect_of_an_unprotected_chip(void **state)
{
    struct rig *r = *state;
    uint8_t code = DFUSE_READ_UNPROTECT, status[6];
    load_program(r, BANK1, HIDDEN);
    start_dfu(r);
    assert_int_equal(request(r, 0x21, DFU_DNLOAD, 0, &code, 1), L072_URB_OK);
    assert_int_equal(request(r, 0xA1, DFU_GETSTATUS, 0, status, 6), L072_URB_OK);
    usb_device_run(&r->dev, 100 * L072_PS_PER_MS);
    assert_int_equal(r->seen[L072_EVENT_RESET].detail >> 28 & 1, 1); /* SFTRSTF */
    assert_int_equal(peek_word(r, HOST_RAM), 0);
    assert_int_equal(peek_word(r, STACK_TOP - 4), 0);
    assert_int_equal(peek_word(r, BANK1), HIDDEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(download_and_upload, v41),
        TEST(upload_at_the_end_of_flash, v41),
        TEST(half_pages_make_it_fast, v41),
        TEST(erase_takes_any_address, v41),
        TEST(refused, v41),
        TEST(eeprom, v41),
        TEST(option_bytes, v41),
        TEST(read_protection, v41),
        TEST(read_unprotect_resets_to_level_0, v41),
        TEST(write_protected_pages, v41_lenient),
        TEST(read_unprotect_of_an_unprotected_chip, v41),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
