/* SPDX-License-Identifier: MIT */
#include "resident.h"

#include <stdio.h>
#include <string.h>

#include "dfuhost.h"

#define LEAVE (100 * MS) /* the seal is written, and the bus is left for a while */

/* USB 2.0 chapter 9 */
enum { SET_INTERFACE = 11, GET_DESCRIPTOR = 6 };
enum { DESCRIPTOR_DEVICE = 1, DESCRIPTOR_CONFIGURATION = 2 };
enum { DEVICE_RELEASE = 12, FIRST_PROTOCOL = 9 + 7 };
enum { OUT_CLASS_INTERFACE = 0x21, IN_CLASS_INTERFACE = 0xA1 };
enum { PROTOCOL_RUNTIME = 1, PROTOCOL_DFU = 2 };

void resident_image(struct resident_image *image, unsigned version, uint32_t size)
{
    char path[64];

    snprintf(path, sizeof path, "build/examples/resident-%u.elf", version);
    image->version = version;
    image->size = image_bytes(path, image->bytes, sizeof image->bytes);
    for (; image->size < size; image->size++)
        image->bytes[image->size] =
            (uint8_t)(image->size * (35 + 2 * version) + image->size / 256 + 1);
}

void resident_begin(struct scenario *s, const char *part, uint32_t seed)
{
    scenario_begin(s, &(struct l072_config){.part = part, .seed = seed}, "build/boot.elf");
    scenario_power_on(s);
    assert_true(resident_in_dfu(s));
}

static bool ready(struct scenario *s)
{
    return usb_device_run(&s->device, MS) && usb_device_wait(&s->device, 2000 * MS);
}

bool resident_in_dfu(struct scenario *s)
{
    return ready(s) && dfuhost_in_dfu(&s->device);
}

bool resident_in_app(struct scenario *s, unsigned version)
{
    return in_app(s, version) && dfuhost_in_runtime(&s->device);
}

bool resident_detach(struct scenario *s)
{
    return dfuhost_detach(&s->device) && usb_device_run(&s->device, 5 * MS) && resident_in_dfu(s);
}

bool resident_select(struct scenario *s, uint8_t alternate)
{
    const uint8_t setup[8] = {0x01, SET_INTERFACE, alternate};

    return usb_device_control(&s->device, setup, NULL, NULL, 1000 * MS) == L072_URB_OK;
}

bool resident_download(struct scenario *s, const struct resident_image *image)
{
    return dfuhost_erase(&s->device, APP_BASE, image->size) &&
           dfuhost_write(&s->device, APP_BASE, image->bytes, image->size) &&
           dfuhost_leave(&s->device, APP_BASE) && usb_device_run(&s->device, LEAVE);
}

/* ---- Request by request ---------------------------------------------------------------------- */

enum l072_urb_status resident_request(struct resident_host *h, uint8_t type, uint8_t code,
                                      uint16_t value, void *data, uint16_t size)
{
    const uint8_t setup[8] = {type, code, (uint8_t)value, (uint8_t)(value >> 8),
                              0,    0,    (uint8_t)size,  (uint8_t)(size >> 8)};
    uint64_t start = l072_now(h->s->board);
    enum l072_urb_status status = usb_device_control(&h->s->device, setup, data, NULL, 5000 * MS);

    if (l072_now(h->s->board) - start > h->slowest)
        h->slowest = l072_now(h->s->board) - start;
    return status;
}

bool resident_tell(struct resident_host *h)
{
    if (resident_request(h, IN_CLASS_INTERFACE, DFU_GETSTATUS, 0, h->status, sizeof h->status) !=
        L072_URB_OK)
        return false;
    usb_device_run(&h->s->device, (h->status[1] | (uint64_t)h->status[2] << 8) * MS);
    return true;
}

bool resident_poll(struct resident_host *h)
{
    do
        if (!resident_tell(h))
            return false;
    while (h->status[4] == DFU_DNBUSY || h->status[4] == DFU_MANIFEST);
    return true;
}

bool resident_dnload(struct resident_host *h, uint16_t block, const void *data, uint16_t size)
{
    uint8_t bytes[2 * DFU_TRANSFER_SIZE];

    memcpy(bytes, data, size);
    return resident_request(h, OUT_CLASS_INTERFACE, DFU_DNLOAD, block, bytes, size) ==
               L072_URB_OK &&
           resident_poll(h) && h->status[4] == DFU_DNLOAD_IDLE;
}

bool resident_command(struct resident_host *h, uint8_t command, uint32_t address)
{
    const uint8_t bytes[] = {command, (uint8_t)address, (uint8_t)(address >> 8),
                             (uint8_t)(address >> 16), (uint8_t)(address >> 24)};

    return resident_dnload(h, 0, bytes, sizeof bytes);
}

/* ---- Quick ----------------------------------------------------------------------------------- */

void resident_run(struct l072 *board, uint64_t ps)
{
    uint64_t end = l072_now(board) + ps;
    struct l072_event event;

    while (l072_now(board) < end && l072_run(board, end) != L072_STOPPED)
        while (l072_next_event(board, &event))
            ;
}

static bool get_descriptor(struct l072 *board, uint8_t type, uint8_t *bytes, uint8_t size)
{
    const struct l072_urb urb = {
        .type = L072_CONTROL,
        .max_packet = 64,
        .setup = {0x80, GET_DESCRIPTOR, 0, type, 0, 0, size},
        .size = size
    };
    enum l072_urb_status status = L072_URB_PENDING;
    uint32_t actual = 0;
    int id = l072_urb_submit(board, &urb);

    for (unsigned ms = 0; status == L072_URB_PENDING && ms < 20; ms++) {
        resident_run(board, MS);
        status = l072_urb_take(board, id, bytes, size, &actual);
    }
    return status == L072_URB_OK && actual == size;
}

unsigned resident_look(struct l072 *board)
{
    uint8_t device[18], configuration[9 + 9];

    for (unsigned ms = 0; !l072_usb_attached(board) && ms < 200; ms++)
        resident_run(board, MS);
    l072_usb_reset(board, 3 * MS);
    resident_run(board, 4 * MS);
    if (!get_descriptor(board, DESCRIPTOR_DEVICE, device, sizeof device) ||
        !get_descriptor(board, DESCRIPTOR_CONFIGURATION, configuration, sizeof configuration))
        return RESIDENT_BRICK;
    switch (configuration[FIRST_PROTOCOL]) {
    case PROTOCOL_DFU: return 0;
    case PROTOCOL_RUNTIME: return device[DEVICE_RELEASE + 1];
    default: return RESIDENT_BRICK;
    }
}

bool resident_holds(const struct l072 *board, const struct resident_image *image)
{
    uint8_t there[RESIDENT_ROOM];

    return image->version && l072_peek(board, APP_BASE, there, image->size) == 0 &&
           memcmp(there, image->bytes, image->size) == 0;
}

#define BLOCK 1024u

/* In one memory; all have sizes that are multiples of 32. */
static uint32_t stray(const struct l072 *a, const struct l072 *b, uint32_t base, uint32_t end,
                      uint32_t address, uint32_t size)
{
    uint8_t in_a[BLOCK], in_b[BLOCK];

    for (uint32_t at = base, step; at < end; at += step) {
        step = end - at < BLOCK ? end - at : BLOCK;
        assert_int_equal(l072_peek(a, at, in_a, step), 0);
        assert_int_equal(l072_peek(b, at, in_b, step), 0);
        if (memcmp(in_a, in_b, step) == 0)
            continue;
        for (uint32_t i = 0; i < step; i++)
            if (in_a[i] != in_b[i] && at + i - address >= size)
                return at + i;
    }
    return 0;
}

uint32_t resident_stray(const struct l072 *a, const struct l072 *b, uint32_t address, uint32_t size)
{
    struct l072_geometry g;
    uint32_t found;

    l072_get_geometry(a, &g);
    found = stray(a, b, g.flash_base, g.flash_base + g.flash_size, address, size);
    if (!found)
        found = stray(a, b, g.eeprom_base, g.eeprom_base + g.eeprom_size, address, size);
    return found ? found : stray(a, b, OPTION_BASE, OPTION_BASE + 32, address, size);
}

uint32_t resident_operations(const struct l072 *board)
{
    struct l072_counters counters;

    l072_get_counters(board, &counters);
    return counters.flash_operations;
}

uint32_t resident_crc32(const void *data, size_t size)
{
    const uint8_t *byte = data;
    uint32_t crc = UINT32_MAX;

    for (; size; size--) {
        crc ^= *byte++;
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}
