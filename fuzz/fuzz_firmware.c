/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as firmware, for a few simulated milliseconds, with a host at the USB port.
 *
 * Byte 0: flags. Bytes 1 to 8: what r0 to r7 point at (table below). The rest: code. All exceptions
 * lead to the middle of it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "l072.h"

#define RUN_PS  (3 * L072_PS_PER_MS)
#define FLASH   0x08000000u
#define CODE    0xCCu
#define TABLE   0x0F00u
#define HEAD    9u
#define VECTORS 48u

enum flag { STRICT = 1, CLOCKED = 2, V40 = 4, BOOT0 = 8, PRESSED = 16, SMALL = 32 };

/* RM0376 table 3; the core's of ARMv6-M. The memories at their ends. */
static const uint32_t places[] = {
    0x40000000, 0x40000400, 0x40001000, 0x40001400, 0x40002800, 0x40002C00, 0x40003000, 0x40004400,
    0x40004800, 0x40004C00, 0x40005000, 0x40005C00, 0x40005C40, 0x40006000, 0x400063C0, 0x40006C00,
    0x40007000, 0x40010000, 0x40010400, 0x40010800, 0x40011400, 0x40013800, 0x40015800, 0x40020000,
    0x40021000, 0x40021020, 0x40022000, 0x40023000, 0x40025000, 0x50000000, 0x50001C00, 0xE000E010,
    0xE000E100, 0xE000E400, 0xE000ED00, 0xE000ED90, 0x08000000, 0x08017FC0, 0x08018000, 0x0802FFC0,
    0x08080000, 0x080817C0, 0x1FF00000, 0x1FF80000, 0x20000000, 0x20001000, 0x20004FC0, 0x00000000,
    0xFFFFFFF0, 0x89ABCDEF, 0x02030405, 0x0000FFFF, 0x000000FF, 0x00000001,
};
#define PLACES (sizeof(places) / sizeof(places[0]))

static void load(struct l072 *board, const uint8_t *data, uint32_t size)
{
    /* ldr r0, =TABLE; ldm r0, {r0-r7}; b CODE */
    static const uint16_t prologue[] = {0x4801, 0xC8FF, 0xE002, 0xBF00, TABLE, FLASH >> 16};
    uint32_t vector[VECTORS] = {0x20001000, FLASH + sizeof vector + 1};
    uint32_t table[8];

    for (unsigned i = 2; i < VECTORS; i++)
        vector[i] = FLASH + CODE + (size / 4 & ~1u) + 1;
    for (unsigned i = 0; i < 8; i++)
        table[i] = places[data[1 + i] % PLACES];
    size = size - HEAD < TABLE - CODE ? size - HEAD : TABLE - CODE;
    assert(l072_load(board, FLASH, vector, sizeof vector) == 0);
    assert(l072_load(board, FLASH + sizeof vector, prologue, sizeof prologue) == 0);
    assert(l072_load(board, FLASH + TABLE, table, sizeof table) == 0);
    assert(l072_load(board, FLASH + CODE, data + HEAD, size) == 0);
}

/* All peripherals have their clock; the 48 MHz of USB runs (RM0376, RCC and SYSCFG). */
static void clock_all(struct l072 *board)
{
    static const uint32_t store[][2] = {
        {0x4002102C, ~0u    },
        {0x40021030, ~0u    },
        {0x40021034, ~0u    },
        {0x40021038, ~0u    },
        {0x40010020, 0x2001 },
        {0x40021008, 1      },
        {0x4002104C, 1 << 26}
    };

    for (unsigned i = 0; i < sizeof(store) / sizeof(store[0]); i++)
        bus_write((struct board *)board, store[i][0], 4, store[i][1]);
}

static void host(struct l072 *board, const struct l072_event *event)
{
    struct l072_urb urb = {
        .type = L072_CONTROL, .max_packet = 64, .setup = {0x80, 6, 0, 1}
    };

    if (event->kind == L072_EVENT_USB_ATTACH)
        l072_usb_reset(board, L072_PS_PER_MS / 10);
    urb.size = urb.setup[6] = 18;
    if (l072_usb_attached(board))
        l072_urb_submit(board, &urb);
    if (event->kind == L072_EVENT_URB)
        l072_urb_take(board, (int)event->value, NULL, 0, NULL);
}

static void run(struct l072 *board)
{
    uint64_t end = l072_now(board) + RUN_PS, before = 0;
    struct l072_event event;
    enum l072_why why;

    for (unsigned turns = 0; turns < 3000; turns++) {
        why = l072_run(board, end);
        while (l072_next_event(board, &event))
            host(board, &event);
        assert(l072_now(board) >= before);
        before = l072_now(board);
        if (why != L072_EVENTS)
            break;
    }
    assert(why != L072_TIME || l072_now(board) >= end);
    assert((why == L072_STOPPED) == (l072_stop(board)->kind != L072_STOP_NONE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct l072_config config = {.seed = 1};
    struct l072 *board;

    if (size < HEAD)
        return 0;
    config.lenient = !(data[0] & STRICT);
    config.rom = data[0] & V40 ? L072_ROM_V40 : L072_ROM_V41;
    config.boot0 = data[0] & BOOT0;
    config.part = data[0] & SMALL ? l072_part_name(0) : NULL;
    board = l072_create(&config);
    assert(board);
    load(board, data, (uint32_t)size);
    l072_power(board, true);
    if (data[0] & CLOCKED)
        clock_all(board);
    l072_drive_pin(board, "PA0", data[0] & PRESSED);
    run(board);
    l072_destroy(board);
    return 0;
}
