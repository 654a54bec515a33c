/* SPDX-License-Identifier: MIT */
/* The stand-in of ST's ROM on the simulated board, seen from a USB host. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "../../bridge/device.h"
#include "../../dfu/dfu.h"
#include "l072.h"

#define BANK1      0x08000000u
#define BANK2      0x08018000u
#define EEPROM     0x08080000u
#define OPTIONS    0x1FF80000u
#define HIDDEN     0xBE00BE00u
#define STACK_TOP  0x20005000u
#define TIMEOUT_PS (2 * L072_PS_PER_S)

enum alternate { FLASH_ALT, OPTION_ALT, EEPROM_ALT };

struct rig {
    struct l072 *board;
    struct usb_device dev;
    struct l072_event seen[8]; /* the last one of each kind */
};

static void observe(void *context, const struct l072_event *event)
{
    ((struct rig *)context)->seen[event->kind] = *event;
}

static void start(struct rig *r)
{
    l072_power(r->board, true);
    memset(r->seen, 0, sizeof r->seen);
    usb_device_init(&r->dev, r->board);
    r->dev.observe = observe;
    r->dev.context = r;
}

static struct rig *make(const char *part, enum l072_rom rom, bool boot0)
{
    static struct rig rig;
    struct l072_config config = {.part = part, .rom = rom, .seed = 7, .boot0 = boot0};
    rig.board = l072_create(&config);
    assert_non_null(rig.board);
    return &rig;
}

static int teardown(void **state)
{
    l072_destroy(((struct rig *)*state)->board);
    return 0;
}

static int v41(void **state)
{
    *state = make("l072xz", L072_ROM_V41, true);
    return 0;
}

static int v40(void **state)
{
    *state = make("l072xz", L072_ROM_V40, true);
    return 0;
}

/* BOOT0 low: the hardware starts the ROM because of BFB2. */
static int v41_bfb2(void **state)
{
    struct rig *r = make("l072xz", L072_ROM_V41, false);
    assert_int_equal(l072_set_option(r->board, "BFB2", 1), 0);
    *state = r;
    return 0;
}

/* A program that does nothing: two vectors and an endless loop. */
static void load_program(struct rig *r, uint32_t address, uint32_t word0)
{
    uint32_t image[] = {word0, BANK1 + 8 + 1, 0xE7FEE7FE};
    assert_int_equal(l072_load(r->board, address, image, sizeof image), 0);
}

static void start_dfu(struct rig *r)
{
    start(r);
    assert_true(usb_device_wait(&r->dev, TIMEOUT_PS));
}

/* ---- Requests -------------------------------------------------------------------------------- */

static enum l072_urb_status request(struct rig *r, uint8_t type, uint8_t code, uint16_t value,
                                    void *data, uint16_t length)
{
    uint8_t setup[8] = {type, code, (uint8_t)value,  (uint8_t)(value >> 8),
                        0,    0,    (uint8_t)length, (uint8_t)(length >> 8)};
    return usb_device_control(&r->dev, setup, data, NULL, TIMEOUT_PS);
}

/* Polls as hosts do, until the device is busy no more. Returns bStatus << 8 | bState. */
static unsigned result(struct rig *r)
{
    uint8_t s[6];
    do {
        assert_int_equal(request(r, 0xA1, DFU_GETSTATUS, 0, s, 6), L072_URB_OK);
        usb_device_run(&r->dev, (s[1] | s[2] << 8) * L072_PS_PER_MS);
    } while (s[4] == DFU_DNBUSY);
    return (unsigned)s[0] << 8 | s[4];
}

static unsigned download(struct rig *r, uint16_t block, void *data, uint16_t length)
{
    assert_int_equal(request(r, 0x21, DFU_DNLOAD, block, data, length), L072_URB_OK);
    return result(r);
}

static unsigned command(struct rig *r, uint8_t code, uint32_t address)
{
    uint8_t bytes[5] = {code, (uint8_t)address, (uint8_t)(address >> 8), (uint8_t)(address >> 16),
                        (uint8_t)(address >> 24)};
    return download(r, 0, bytes, sizeof bytes);
}

static void select_alternate(struct rig *r, enum alternate alternate)
{
    assert_int_equal(request(r, 0x01, 11, (uint16_t)alternate, NULL, 0), L072_URB_OK);
}

static void clear_status(struct rig *r)
{
    assert_int_equal(request(r, 0x21, DFU_CLRSTATUS, 0, NULL, 0), L072_URB_OK);
}

#define DONE          (DFU_OK << 8 | DFU_DNLOAD_IDLE)
#define ERROR(status) ((status) << 8 | DFU_ERROR)

static uint32_t peek_word(struct rig *r, uint32_t address)
{
    uint32_t word;
    assert_int_equal(l072_peek(r->board, address, &word, sizeof word), 0);
    return word;
}

/* ---- Bank check ------------------------------------------------------------------------------ */

static void hidden_and_empty_images_stay_in_dfu(void **state)
{
    struct rig *r = *state;
    load_program(r, BANK1, HIDDEN);
    start_dfu(r);
    assert_int_equal(r->seen[L072_EVENT_LEAVE_ROM].value, 0);
}

static void visible_image_is_started(void **state)
{
    struct rig *r = *state;
    load_program(r, BANK1, STACK_TOP);
    start(r);
    usb_device_run(&r->dev, 200 * L072_PS_PER_MS);
    assert_int_equal(r->seen[L072_EVENT_LEAVE_ROM].value, BANK1 + 8);
    assert_int_equal(l072_register(r->board, 17), STACK_TOP);
    assert_false(l072_usb_attached(r->board));
}

static void bank2_comes_first(void **state)
{
    struct rig *r = *state;
    load_program(r, BANK1, STACK_TOP);
    load_program(r, BANK2, STACK_TOP - 0x100);
    start(r);
    usb_device_run(&r->dev, L072_PS_PER_MS);
    assert_int_equal(l072_register(r->board, 17), STACK_TOP - 0x100);
    assert_int_equal(r->seen[L072_EVENT_LEAVE_ROM].value, BANK1 + 8); /* the banks are swapped */
}

static void bank2_of_a_128_kb_part(void **state)
{
    struct rig *r = make("l072xb", L072_ROM_V41, false);
    *state = r;
    assert_int_equal(l072_set_option(r->board, "BFB2", 1), 0);
    load_program(r, BANK1 + 0x10000, STACK_TOP);
    start(r);
    usb_device_run(&r->dev, L072_PS_PER_MS);
    assert_int_equal(l072_register(r->board, 17), STACK_TOP);
}

static int no_setup(void **state)
{
    *state = NULL;
    return 0;
}

static void bounds_of_a_valid_stack_pointer(void **state)
{
    static const struct {
        uint32_t sp;
        bool valid;
    } rows[] = {
        {0x20000000, true },
        {0x20005000, true },
        {0x20004FF8, true },
        {0x20005004, false},
        {0x1FFFFFFC, false},
        {0x00000000, false},
        {0xFFFFFFFF, false},
        {HIDDEN,     false},
    };
    struct rig *r = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        l072_power(r->board, false);
        load_program(r, BANK1, rows[i].sp);
        start(r);
        usb_device_run(&r->dev, L072_PS_PER_MS);
        assert_int_equal(r->seen[L072_EVENT_LEAVE_ROM].value != 0, rows[i].valid);
    }
}

static void boot0_stays_whatever_the_banks_hold(void **state)
{
    load_program(*state, BANK1, STACK_TOP);
    load_program(*state, BANK2, STACK_TOP);
    start_dfu(*state);
}

static void v40_checks_nothing(void **state)
{
    load_program(*state, BANK1, STACK_TOP);
    start_dfu(*state);
    assert_int_equal(peek_word(*state, 0x1FF01FFC) >> 16 & 0xFF, 0x40);
}

/* ---- Identity -------------------------------------------------------------------------------- */

static void string_is(struct rig *r, uint8_t index, const char *text)
{
    uint8_t d[255] = {0};
    assert_int_equal(request(r, 0x80, 6, 0x0300 | index, d, sizeof d), L072_URB_OK);
    assert_int_equal(d[0], 2 + 2 * strlen(text));
    for (size_t i = 0; i < strlen(text); i++)
        assert_int_equal(d[2 + 2 * i] | d[3 + 2 * i] << 8, text[i]);
}

static void identity(void **state)
{
    static const uint8_t functional[] = {9, 0x21, 0x0B, 255, 0, 0x00, 0x08, 0x1A, 0x01};
    struct rig *r = *state;
    start_dfu(r);
    assert_memory_equal(r->dev.blob + 8, "\x83\x04\x11\xDF\x00\x22", 6);
    assert_string_equal(r->dev.string[USB_MANUFACTURER], "STMicroelectronics");
    assert_string_equal(r->dev.string[USB_PRODUCT], "STM32  BOOTLOADER");
    assert_int_equal(strlen(r->dev.string[USB_SERIAL]), 12);
    assert_memory_equal(r->dev.blob + r->dev.blob_size - 9, functional, 9);
    string_is(r, r->dev.blob[18 + 9 + 8], "@Internal Flash  /0x08000000/1536*128g");
    string_is(r, r->dev.blob[18 + 18 + 8], "@Option Bytes  /0x1FF80000/01*032 e");
    string_is(r, r->dev.blob[18 + 27 + 8], "@DATA Memory /0x08080000/2*3Ke");
    assert_int_equal(peek_word(r, 0x1FF01FFC) >> 16 & 0xFF, 0x41);
}

static void starts_in_0_61_ms(void **state)
{
    struct rig *r = *state;
    start_dfu(r);
    uint64_t attached = r->seen[L072_EVENT_USB_ATTACH].time;
    assert_in_range(attached, 600 * L072_PS_PER_US, 630 * L072_PS_PER_US);
}

static void get_command(void **state)
{
    uint8_t bytes[4];
    start_dfu(*state);
    assert_int_equal(request(*state, 0xA1, DFU_UPLOAD, 0, bytes, 4), L072_URB_OK);
    assert_memory_equal(bytes, "\x00\x21\x41\x92", 4);
}

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

/* ---- Leave ----------------------------------------------------------------------------------- */

static void leave_starts_the_image(void **state)
{
    struct rig *r = *state;
    load_program(r, BANK1, HIDDEN);
    start_dfu(r);
    assert_int_equal(command(r, DFUSE_SET_ADDRESS, BANK1), DONE);
    assert_int_equal(download(r, 2, NULL, 0), DFU_MANIFEST);
    assert_int_equal(r->seen[L072_EVENT_LEAVE_ROM].value, BANK1 + 8);
    assert_int_equal(l072_register(r->board, 17), HIDDEN & ~3u);
    assert_false(l072_usb_attached(r->board));
    assert_int_equal(l072_stop(r->board)->kind, L072_STOP_NONE);
}

static void leave_without_an_image_resets(void **state)
{
    struct rig *r = *state;
    start_dfu(r);
    assert_int_equal(download(r, 0, NULL, 0), DFU_MANIFEST);
    usb_device_run(&r->dev, L072_PS_PER_MS);
    assert_int_equal(r->seen[L072_EVENT_RESET].value >> 28 & 1, 1); /* SFTRSTF */
    assert_true(usb_device_wait(&r->dev, TIMEOUT_PS));
}

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hidden_and_empty_images_stay_in_dfu, v41_bfb2),
        TEST(visible_image_is_started, v41_bfb2),
        TEST(bank2_comes_first, v41_bfb2),
        TEST(bank2_of_a_128_kb_part, no_setup),
        TEST(bounds_of_a_valid_stack_pointer, v41_bfb2),
        TEST(boot0_stays_whatever_the_banks_hold, v41),
        TEST(v40_checks_nothing, v40),
        TEST(identity, v41),
        TEST(starts_in_0_61_ms, v41),
        TEST(get_command, v41),
        TEST(download_and_upload, v41),
        TEST(upload_at_the_end_of_flash, v41),
        TEST(half_pages_make_it_fast, v41),
        TEST(refused, v41),
        TEST(eeprom, v41),
        TEST(option_bytes, v41),
        TEST(read_protection, v41),
        TEST(read_unprotect_resets_to_level_0, v41),
        TEST(leave_starts_the_image, v41),
        TEST(leave_without_an_image_resets, v41),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
