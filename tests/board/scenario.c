/* SPDX-License-Identifier: MIT */
#include "scenario.h"

#include <string.h>

#include "dfuhost.h"
#include "image.h"
#include "target.h"

#define FLASH 0x08000000u

static void scenario_observe(void *context, const struct l072_event *event)
{
    struct scenario *s = context;

    s->rom_entries += event->kind == L072_EVENT_ENTER_ROM;
    s->resets += event->kind == L072_EVENT_RESET;
    s->faults += event->kind == L072_EVENT_FAULT;
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

    assert_true(image_load(&image, path, FLASH, &error));
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

bool update(struct scenario *s, const uint8_t *image, uint32_t size)
{
    return dfuhost_erase(&s->device, FLASH, size) &&
           dfuhost_write(&s->device, FLASH, image, size) && dfuhost_leave(&s->device, FLASH);
}

uint32_t image_bytes(const char *path, uint8_t *bytes, uint32_t room)
{
    struct image image;
    struct error error;

    assert_true(image_load(&image, path, FLASH, &error));
    assert_int_equal(image.count, 1);
    assert_true(image.segment[0].size <= room);
    memcpy(bytes, image.segment[0].data, image.segment[0].size);
    uint32_t size = image.segment[0].size;
    image_free(&image);
    return size;
}
