/* SPDX-License-Identifier: MIT */
/* The stand-in of ST's ROM on the simulated board, seen from a USB host. */
#ifndef ROM_RIG_H
#define ROM_RIG_H

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
#define HOST_RAM   0x20001000u
#define TIMEOUT_PS (2 * L072_PS_PER_S)

enum alternate { FLASH_ALT, OPTION_ALT, EEPROM_ALT };

struct rig {
    struct l072 *board;
    struct usb_device dev;
    struct l072_event seen[8]; /* the last one of each kind */
};

static inline void observe(void *context, const struct l072_event *event)
{
    ((struct rig *)context)->seen[event->kind] = *event;
}

static inline void start(struct rig *r)
{
    l072_power(r->board, true);
    memset(r->seen, 0, sizeof r->seen);
    usb_device_init(&r->dev, r->board);
    r->dev.observe = observe;
    r->dev.context = r;
}

static inline struct rig *make_board(const struct l072_config *config)
{
    static struct rig rig;
    rig.board = l072_create(config);
    assert_non_null(rig.board);
    return &rig;
}

static inline struct rig *make(const char *part, enum l072_rom rom, bool boot0)
{
    return make_board(&(struct l072_config){.part = part, .rom = rom, .seed = 7, .boot0 = boot0});
}

static inline int teardown(void **state)
{
    l072_destroy(((struct rig *)*state)->board);
    return 0;
}

static inline int v41(void **state)
{
    *state = make("l072xz", L072_ROM_V41, true);
    return 0;
}

static inline int v41_lenient(void **state)
{
    *state = make_board(&(struct l072_config){.seed = 7, .boot0 = true, .lenient = true});
    return 0;
}

static inline int v40(void **state)
{
    *state = make("l072xz", L072_ROM_V40, true);
    return 0;
}

/* BOOT0 low: the hardware starts the ROM because of BFB2. */
static inline int v41_bfb2(void **state)
{
    struct rig *r = make("l072xz", L072_ROM_V41, false);
    assert_int_equal(l072_set_option(r->board, "BFB2", 1), 0);
    *state = r;
    return 0;
}

/* A program that does nothing: two vectors and an endless loop. */
static inline void load_program(struct rig *r, uint32_t address, uint32_t word0)
{
    uint32_t image[] = {word0, BANK1 + 8 + 1, 0xE7FEE7FE};
    assert_int_equal(l072_load(r->board, address, image, sizeof image), 0);
}

static inline void start_dfu(struct rig *r)
{
    start(r);
    assert_true(usb_device_wait(&r->dev, TIMEOUT_PS));
}

/* ---- Requests -------------------------------------------------------------------------------- */

static inline enum l072_urb_status request(struct rig *r, uint8_t type, uint8_t code,
                                           uint16_t value, void *data, uint16_t length)
{
    uint8_t setup[8] = {type, code, (uint8_t)value,  (uint8_t)(value >> 8),
                        0,    0,    (uint8_t)length, (uint8_t)(length >> 8)};
    return usb_device_control(&r->dev, setup, data, NULL, TIMEOUT_PS);
}

/* Polls as hosts do, until the device is busy no more. Returns bStatus << 8 | bState. */
static inline unsigned result(struct rig *r)
{
    uint8_t s[6];
    do {
        assert_int_equal(request(r, 0xA1, DFU_GETSTATUS, 0, s, 6), L072_URB_OK);
        usb_device_run(&r->dev, (s[1] | s[2] << 8) * L072_PS_PER_MS);
    } while (s[4] == DFU_DNBUSY);
    return (unsigned)s[0] << 8 | s[4];
}

static inline unsigned download(struct rig *r, uint16_t block, void *data, uint16_t length)
{
    assert_int_equal(request(r, 0x21, DFU_DNLOAD, block, data, length), L072_URB_OK);
    return result(r);
}

static inline unsigned command(struct rig *r, uint8_t code, uint32_t address)
{
    uint8_t bytes[5] = {code, (uint8_t)address, (uint8_t)(address >> 8), (uint8_t)(address >> 16),
                        (uint8_t)(address >> 24)};
    return download(r, 0, bytes, sizeof bytes);
}

static inline void select_alternate(struct rig *r, enum alternate alternate)
{
    assert_int_equal(request(r, 0x01, 11, (uint16_t)alternate, NULL, 0), L072_URB_OK);
}

static inline void clear_status(struct rig *r)
{
    assert_int_equal(request(r, 0x21, DFU_CLRSTATUS, 0, NULL, 0), L072_URB_OK);
}

#define DONE          (DFU_OK << 8 | DFU_DNLOAD_IDLE)
#define ERROR(status) ((status) << 8 | DFU_ERROR)

static inline uint32_t peek_word(struct rig *r, uint32_t address)
{
    uint32_t word;
    assert_int_equal(l072_peek(r->board, address, &word, sizeof word), 0);
    return word;
}

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
