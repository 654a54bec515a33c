/* SPDX-License-Identifier: MIT */
#include "corners.h"

#include <string.h>

struct corner t;

void listen_again(void)
{
    scenario_listen(&t.s);
    assert_true(resident_in_dfu(&t.s));
    t.h = (struct resident_host){.s = &t.s};
}

void begin(bool lenient)
{
    static uint8_t old[16 * 1024];
    const struct l072_config config = {.seed = 1, .lenient = lenient};

    scenario_begin(&t.s, &config, "build/boot.elf");
    memset(old, OLD, sizeof old);
    memset(t.block, NEW, sizeof t.block);
    assert_int_equal(l072_load(t.s.board, APP_BASE, old, sizeof old), 0);
    l072_power(t.s.board, true);
    listen_again();
}

int start(void **state)
{
    (void)state;
    begin(false);
    return 0;
}

int stop(void **state)
{
    (void)state;
    l072_destroy(t.s.board);
    return 0;
}

void power_on_to_dfu(void)
{
    l072_power(t.s.board, false);
    l072_power(t.s.board, true);
    assert_int_equal(l072_drive_pin(t.s.board, "PA0", true), 0);
    listen_again();
    assert_int_equal(l072_drive_pin(t.s.board, "PA0", false), 0);
}

void wait_ms(unsigned ms)
{
    assert_true(usb_device_run(&t.s.device, ms * MS));
}

void point(uint32_t address)
{
    assert_true(resident_command(&t.h, DFUSE_SET_ADDRESS, address));
}

void erase(uint32_t address)
{
    assert_true(resident_command(&t.h, DFUSE_ERASE, address));
}

void put(uint16_t block, uint16_t size)
{
    assert_true(resident_dnload(&t.h, block, t.block, size));
}

unsigned told_ms(void)
{
    assert_int_equal(resident_request(&t.h, IN, DFU_GETSTATUS, 0, t.h.status, DFU_STATUS_SIZE),
                     L072_URB_OK);
    return t.h.status[1] | (unsigned)t.h.status[2] << 8 | (unsigned)t.h.status[3] << 16;
}

void put_at_once(uint16_t block, uint16_t size)
{
    assert_int_equal(resident_request(&t.h, OUT, DFU_DNLOAD, block, t.block, size), L072_URB_OK);
    do
        told_ms();
    while (t.h.status[4] == DFU_DNBUSY);
    assert_int_equal(t.h.status[4], DFU_DNLOAD_IDLE);
}

enum dfu_status leave(void)
{
    assert_int_equal(resident_request(&t.h, OUT, DFU_DNLOAD, 2, NULL, 0), L072_URB_OK);
    assert_true(resident_poll(&t.h));
    return (enum dfu_status)t.h.status[0];
}

void ask(uint8_t request)
{
    assert_int_equal(resident_request(&t.h, OUT, request, 0, NULL, 0), L072_URB_OK);
}

static uint8_t there(uint32_t address)
{
    uint8_t byte = 0;

    assert_int_equal(l072_peek(t.s.board, address, &byte, 1), 0);
    return byte;
}

void assert_there(uint32_t address, uint32_t end, uint8_t byte)
{
    for (; address < end; address++)
        if (there(address) != byte)
            fail_msg("0x%08X is 0x%02X, and not 0x%02X", address, there(address), byte);
}

uint32_t word(uint32_t address)
{
    uint32_t word = 0;

    assert_int_equal(l072_peek(t.s.board, address, &word, sizeof word), 0);
    return word;
}
