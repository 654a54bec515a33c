/* SPDX-License-Identifier: MIT */
/* The stand-in of ST's ROM: which bank it starts, how it presents itself, how it leaves. */
#include "rom_rig.h"

#include <stdio.h>

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

static void serial_is_made_of_the_unique_id(struct rig *r)
{
    const uint32_t uid = 0x1FF80050;
    char serial[16];
    snprintf(serial, sizeof serial, "%08X%04X", peek_word(r, uid) + peek_word(r, uid + 8),
             peek_word(r, uid + 4) >> 16);
    assert_string_equal(r->dev.string[USB_SERIAL], serial);
}

static void identity(void **state)
{
    static const uint8_t functional[] = {9, 0x21, 0x0B, 255, 0, 0x00, 0x08, 0x1A, 0x01};
    struct rig *r = *state;
    start_dfu(r);
    assert_memory_equal(r->dev.blob + 8, "\x83\x04\x11\xDF\x00\x22", 6);
    assert_string_equal(r->dev.string[USB_MANUFACTURER], "STMicroelectronics");
    assert_string_equal(r->dev.string[USB_PRODUCT], "STM32  BOOTLOADER");
    serial_is_made_of_the_unique_id(r);
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

/* Not a matter of DFU: refused, and the state stays. */
static void a_vendor_request_is_no_dfu_request(void **state)
{
    struct rig *r = *state;
    uint8_t bytes[40];
    start_dfu(r);
    assert_int_equal(request(r, 0xC0, 0x20, 0, bytes, sizeof bytes), L072_URB_STALL);
    assert_int_equal(request(r, 0xA1, DFU_GETSTATE, 0, bytes, 1), L072_URB_OK);
    assert_int_equal(bytes[0], DFU_IDLE);
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
        TEST(a_vendor_request_is_no_dfu_request, v41),
        TEST(leave_starts_the_image, v41),
        TEST(leave_without_an_image_resets, v41),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
