/* SPDX-License-Identifier: MIT */
#include "scenario.h"

#include <string.h>

#include "image.h"
#include "target.h"

static void scenario_observe(void *context, const struct l072_event *event)
{
    struct scenario *s = context;

    s->rom_entries += event->kind == L072_EVENT_ENTER_ROM;
    s->resets += event->kind == L072_EVENT_RESET;
}

void scenario_listen(struct scenario *s)
{
    usb_device_init(&s->device, s->board);
    s->device.observe = scenario_observe;
    s->device.context = s;
}

static void load_image(struct l072 *board, const char *path)
{
    struct image image;
    struct error error;

    assert_true(image_load(&image, path, 0x08000000, &error));
    assert_true(target_load(board, &image, &error));
    image_free(&image);
}

void scenario_begin(struct scenario *s, const struct l072_config *config, const char *image)
{
    *s = (struct scenario){.board = l072_create(config)};
    assert_non_null(s->board);
    load_image(s->board, image);
}

void scenario_power_on(struct scenario *s)
{
    l072_power(s->board, true);
    scenario_listen(s);
}

void press(struct scenario *s, const char *pin)
{
    assert_int_equal(l072_drive_pin(s->board, pin, true), 0);
    usb_device_run(&s->device, 50 * MS);
    assert_int_equal(l072_drive_pin(s->board, pin, false), 0);
}

static uint16_t vendor(const struct scenario *s)
{
    return (uint16_t)(s->device.blob[8] | s->device.blob[9] << 8);
}

static uint16_t release(const struct scenario *s)
{
    return (uint16_t)(s->device.blob[12] | s->device.blob[13] << 8);
}

/* A millisecond first, in which a device that is about to leave leaves. */
static bool ready(struct scenario *s)
{
    return usb_device_run(&s->device, MS) && usb_device_wait(&s->device, 2000 * MS);
}

bool in_dfu(struct scenario *s)
{
    return ready(s) && vendor(s) == 0x0483;
}

bool in_app(struct scenario *s, unsigned version)
{
    return ready(s) && vendor(s) == 0x1209 && release(s) == version << 8;
}

/* ---- DfuSe, with the requests of dfu-util 0.11 ----------------------------------------------- */

enum { DNLOAD = 1, GETSTATUS = 3, ABORT = 6, DFU_ERROR_STATE = 10 };

static bool request(struct scenario *s, uint8_t type, uint8_t code, uint16_t value, void *data,
                    uint16_t size)
{
    uint8_t setup[8] = {type, code, (uint8_t)value, (uint8_t)(value >> 8),
                        0,    0,    (uint8_t)size,  (uint8_t)(size >> 8)};

    return usb_device_control(&s->device, setup, data, NULL, 5000 * MS) == L072_URB_OK;
}

/* One DNLOAD and its polls; `last` stops at the first status, as the device leaves then. */
static bool download_block(struct scenario *s, uint16_t block, void *data, uint16_t size, bool last)
{
    uint8_t status[6] = {0};

    if (!request(s, 0x21, DNLOAD, block, data, size))
        return false;
    do {
        if (!request(s, 0xA1, GETSTATUS, 0, status, 6))
            return false;
        usb_device_run(&s->device, (status[1] | (uint64_t)status[2] << 8) * MS);
    } while (status[4] == 4 && !last);
    return status[4] != DFU_ERROR_STATE;
}

static bool dfuse_command(struct scenario *s, uint8_t code, uint32_t address)
{
    uint8_t command[5] = {code, (uint8_t)address, (uint8_t)(address >> 8), (uint8_t)(address >> 16),
                          (uint8_t)(address >> 24)};

    return download_block(s, 0, command, sizeof command, false);
}

bool update(struct scenario *s, uint8_t *image, uint32_t size)
{
    const uint32_t base = 0x08000000;

    for (uint32_t at = 0; at < size; at += 128)
        if (!dfuse_command(s, 0x41, base + at))
            return false;
    for (uint32_t at = 0; at < size; at += 2048) {
        uint32_t left = size - at < 2048 ? size - at : 2048;

        if (!dfuse_command(s, 0x21, base + at) ||
            !download_block(s, 2, image + at, (uint16_t)left, false))
            return false;
    }
    return request(s, 0x21, ABORT, 0, NULL, 0) && dfuse_command(s, 0x21, base) &&
           download_block(s, 2, NULL, 0, true);
}

uint32_t image_bytes(const char *path, uint8_t *bytes, uint32_t room)
{
    struct image image;
    struct error error;

    assert_true(image_load(&image, path, 0x08000000, &error));
    assert_int_equal(image.count, 1);
    assert_true(image.segment[0].size <= room);
    memcpy(bytes, image.segment[0].data, image.segment[0].size);
    uint32_t size = image.segment[0].size;
    image_free(&image);
    return size;
}
