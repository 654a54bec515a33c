/* SPDX-License-Identifier: MIT */
/* What a device must do to satisfy every known host at once, a row a point. */
#include <stdlib.h>
#include <string.h>

#include "resident.h"
#include "usb/ch9.h"

enum { OUT = 0x21, IN = 0xA1 }; /* class requests to the interface */

static struct {
    struct resident_image old_image, new_image;
    struct l072 *before; /* in DFU, the old image is installed */
    struct scenario s;
    struct resident_host h;
    char serial[USB_DEVICE_STRING_MAX]; /* of the application */
} t;

static enum l072_urb_status send(uint16_t block, uint16_t size)
{
    uint8_t bytes[2 * DFU_TRANSFER_SIZE];

    memset(bytes, 0xC3, sizeof bytes);
    return resident_request(&t.h, OUT, DFU_DNLOAD, block, bytes, size);
}

static enum l072_urb_status upload(uint8_t *bytes, uint16_t block, uint16_t size)
{
    return resident_request(&t.h, IN, DFU_UPLOAD, block, bytes, size);
}

static bool told(enum dfu_status status, enum dfu_state state)
{
    return t.h.status[0] == status && t.h.status[4] == state;
}

static uint32_t poll_time(void)
{
    return t.h.status[1] | (uint32_t)t.h.status[2] << 8 | (uint32_t)t.h.status[3] << 16;
}

/* DNLOAD, busy with a time, done without one. */
static bool busy_then_idle(uint16_t block, uint16_t size)
{
    return send(block, size) == L072_URB_OK && resident_tell(&t.h) && told(DFU_OK, DFU_DNBUSY) &&
           poll_time() > 0 && resident_poll(&t.h) && told(DFU_OK, DFU_DNLOAD_IDLE) &&
           poll_time() == 0;
}

static bool point(uint32_t address)
{
    return resident_command(&t.h, DFUSE_SET_ADDRESS, address);
}

/* In flash there is what send() sends. */
static bool written(uint32_t address, uint32_t size)
{
    uint8_t byte = 0;

    usb_device_run(&t.s.device, 10 * MS); /* the last page of a block comes after it */
    for (uint32_t i = 0; i < size; i++)
        if (l072_peek(t.s.board, address + i, &byte, 1) != 0 || byte != 0xC3)
            return false;
    return true;
}

/* ---- Points ---------------------------------------------------------------------------------- */

static bool first_status_is_busy(void)
{
    return point(APP_BASE) && busy_then_idle(2, 1024) && busy_then_idle(3, 1024);
}

/* fwupd gives up after 1.5 s. Most of what there is in a row: erases, blocks, the end. */
static bool every_answer_is_quick(void)
{
    bool done = true;

    for (uint32_t at = 0; at < 8 * BOOT_SECTOR; at += BOOT_SECTOR)
        done = done && resident_command(&t.h, DFUSE_ERASE, APP_BASE + at);
    done = done && point(APP_BASE) && resident_dnload(&t.h, 2, t.new_image.bytes, 1024);
    done = done && resident_dnload(&t.h, 3, t.new_image.bytes + 1024, 1024);
    done = done && send(2, 0) == L072_URB_OK && resident_tell(&t.h);
    return done && t.h.slowest < 1500 * MS;
}

static bool blocks_count_or_not(void)
{
    return point(APP_BASE) && busy_then_idle(2, 256) && busy_then_idle(3, 256) &&
           busy_then_idle(4, 64) && point(APP_BASE + 576) && busy_then_idle(2, 256) &&
           written(APP_BASE, 832);
}

static bool any_empty_block_leaves(void)
{
    static const uint16_t values[] = {0, 1, 2, 3, 0xFFFF};

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (send(values[i], 0) != L072_URB_OK || !resident_tell(&t.h) ||
            !told(DFU_OK, DFU_MANIFEST) || !usb_device_run(&t.s.device, 100 * MS) ||
            !resident_in_app(&t.s, 1) || !resident_detach(&t.s))
            return false;
    return true;
}

static bool aborted(void)
{
    return resident_request(&t.h, OUT, DFU_ABORT, 0, NULL, 0) == L072_URB_OK &&
           resident_tell(&t.h) && told(DFU_OK, DFU_IDLE);
}

/* dfuIDLE, dfuDNLOAD-SYNC, dfuDNLOAD-IDLE, dfuUPLOAD-IDLE, dfuMANIFEST-SYNC. */
static bool abort_leads_to_idle(void)
{
    uint8_t bytes[64];

    return aborted() && send(2, 64) == L072_URB_OK && aborted() && point(APP_BASE) && aborted() &&
           upload(bytes, 2, sizeof bytes) == L072_URB_OK && aborted() &&
           send(2, 0) == L072_URB_OK && aborted();
}

static bool writes_erase(void)
{
    return point(APP_BASE) && busy_then_idle(2, 1024) && written(APP_BASE, 1024);
}

static bool erase_takes_any_address(void)
{
    uint32_t word = 1, at = APP_BASE + BOOT_SECTOR;

    return resident_command(&t.h, DFUSE_ERASE, at + 333) && aborted() &&
           usb_device_run(&t.s.device, 100 * MS) && l072_peek(t.s.board, at, &word, 4) == 0 &&
           word == 0;
}

static bool stalled(uint16_t block, uint16_t size)
{
    bool told_so = send(block, size) == L072_URB_STALL && resident_tell(&t.h) &&
                   told(DFU_ERR_STALLEDPKT, DFU_ERROR);

    return told_so && resident_request(&t.h, OUT, DFU_CLRSTATUS, 0, NULL, 0) == L072_URB_OK;
}

static bool wrong_blocks_stall(void)
{
    return stalled(1, 64) && stalled(2, DFU_TRANSFER_SIZE + 1);
}

/* ---- Points on descriptors ------------------------------------------------------------------- */

/* Reads string `index` in ASCII. */
static bool read_string(uint8_t index, char text[128])
{
    uint8_t bytes[255],
        setup[8] = {0x80, USB_GET_DESCRIPTOR, index, USB_STRING, 0x09, 0x04, sizeof bytes};
    uint32_t size = 0;

    if (usb_device_control(&t.s.device, setup, bytes, &size, 1000 * MS) != L072_URB_OK)
        return false;
    for (uint32_t i = 2; i < size; i += 2)
        text[i / 2 - 1] = (char)bytes[i];
    text[size / 2 - 1] = '\0';
    return true;
}

/* The descriptor behind `at`; NULL at the end. */
static const uint8_t *next_descriptor(const uint8_t *at)
{
    const uint8_t *end = t.s.device.blob + t.s.device.blob_size;

    at += at[0];
    return at < end ? at : NULL;
}

/* @name/0xADDRESS/COUNT*SIZE UNIT TYPE,... as fwupd reads it. */
static bool good_layout(const char *text)
{
    const char *segment = strrchr(text, '/');

    if (text[0] != '@' || !segment)
        return false;
    do {
        char *rest;
        unsigned long count = strtoul(segment + 1, &rest, 10);
        unsigned long size = *rest == '*' ? strtoul(rest + 1, &rest, 10) : 0;

        if (!count || count > 999 || !size || size > 999 || !strchr(" BKM", rest[0]) ||
            rest[1] < 'a' || rest[1] > 'g')
            return false;
        segment = rest + 2;
    } while (*segment == ',');
    return *segment == '\0';
}

static bool layouts_are_parsable(void)
{
    char text[128];

    for (const uint8_t *at = t.s.device.blob; at; at = next_descriptor(at))
        if (at[1] == USB_INTERFACE && (!read_string(at[8], text) || !good_layout(text)))
            return false;
    return true;
}

/* Behind all alternates, or NULL. */
static const uint8_t *functional(void)
{
    const uint8_t *last = t.s.device.blob;

    for (const uint8_t *at = last; at; at = next_descriptor(at))
        last = at;
    return last[1] == USB_DFU_FUNCTIONAL && last[0] == 9 ? last : NULL;
}

static bool blocks_are_not_too_large(void)
{
    const uint8_t *dfu = functional();
    unsigned size = dfu ? dfu[5] | (unsigned)dfu[6] << 8 : 0;

    return size >= 64 && size <= 4096 && !(dfu[2] & 0x80);
}

static bool version_and_protocol(void)
{
    const uint8_t *dfu = functional();

    for (const uint8_t *at = t.s.device.blob; at; at = next_descriptor(at))
        if (at[1] == USB_INTERFACE && at[7] != 2)
            return false;
    return dfu && (dfu[7] | (unsigned)dfu[8] << 8) == DFUSE_VERSION;
}

static bool one_serial_number(void)
{
    const char *serial = t.s.device.string[USB_SERIAL];

    return strspn(serial, "0123456789ABCDEF") == 12 && strlen(serial) == 12 &&
           strcmp(serial, t.serial) == 0;
}

/* ---- The list -------------------------------------------------------------------------------- */

static const struct row {
    const char *point;
    bool (*holds)(void);
} rows[] = {
    {"1 the first status is dfuDNBUSY with a time, the last has no time", first_status_is_busy    },
    {"2 no control transfer is held for 1.5 s",                           every_answer_is_quick   },
    {"3 block 2 and SET_ADDRESS, or blocks that count",                   blocks_count_or_not     },
    {"4 an empty DNLOAD with any wValue leaves, after an answer",         any_empty_block_leaves  },
    {"5 ABORT leads from any state but dfuERROR to dfuIDLE",              abort_leads_to_idle     },
    {"6 what is written need not be erased before",                       writes_erase            },
    {"7 erase takes any address in a sector",                             erase_takes_any_address },
    {"8 unknown and too long blocks: STALL, errSTALLEDPKT",               wrong_blocks_stall      },
    {"9 layout strings: counts up to 999, and a unit",                    layouts_are_parsable    },
    {"10 wTransferSize up to 4096, bit 7 of bmAttributes is 0",           blocks_are_not_too_large},
    {"11 bcdDFUVersion 011A, protocol 2, functional descriptor last",     version_and_protocol    },
    {"12 serial number of 12 digits, the same in application and DFU",    one_serial_number       },
};

static void it_suits_every_host(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        l072_assign(t.s.board, t.before);
        scenario_listen(&t.s);
        assert_true(resident_in_dfu(&t.s));
        t.h = (struct resident_host){.s = &t.s};
        if (rows[i].holds())
            continue;
        failed++;
        print_message("# point %s: bStatus %u, bState %u, %s\n", rows[i].point, t.h.status[0],
                      t.h.status[4], l072_stop(t.s.board)->reason);
    }
    assert_int_equal(failed, 0);
}

static int install(void **state)
{
    (void)state;
    resident_image(&t.old_image, 1, 4000);
    resident_image(&t.new_image, 2, 4000);
    resident_begin(&t.s, "l072xz", 1);
    assert_true(resident_download(&t.s, &t.old_image));
    assert_true(resident_in_app(&t.s, 1));
    strcpy(t.serial, t.s.device.string[USB_SERIAL]);
    assert_true(resident_detach(&t.s));
    t.before = l072_clone(t.s.board);
    return 0;
}

static int tidy(void **state)
{
    (void)state;
    l072_destroy(t.before);
    l072_destroy(t.s.board);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_suits_every_host),
    };

    return cmocka_run_group_tests(tests, install, tidy);
}
