/* SPDX-License-Identifier: MIT */
/*
 * The deepest stack of the resident bootloader, in bytes, for `make size`: of a run in which a host
 * asks for all that there is, and while the flash is busy too.
 *   stack IMAGE     the bootloader as plain bytes
 */
#include <stdio.h>
#include <string.h>

#include "boot/public.h"
#include "dfuhost.h"
#include "measure.h"

#define BLOCK   2048u
#define MS      L072_PS_PER_MS
#define SECOND  L072_PS_PER_S
#define TIMEOUT (5 * SECOND)
#define DNLOAD  1
#define DNBUSY  4

struct host {
    struct l072 *board;
    struct usb_device device;
    uint8_t image[BLOCK];
};

/* Requests that have an answer, or none: where a host looks whether there is one. */
static const struct request {
    const char *what;
    uint8_t type, code;
    uint16_t value, index, length;
    uint8_t data[5];
} requests[] = {
    {"GET_STATUS",             0x80, 0,  0,      0,      2,    {0}                      },
    {"... of the interface",   0x81, 0,  0,      0,      2,    {0}                      },
    {"BOS",                    0x80, 6,  0x0F00, 0,      255,  {0}                      },
    {"memory string",          0x80, 6,  0x0304, 0x0409, 255,  {0}                      },
    {"no such string",         0x80, 6,  0x03EE, 0x0409, 255,  {0}                      },
    {"MS OS 2.0",              0xC0, 1,  0,      7,      255,  {0}                      },
    {"WebUSB URL",             0xC0, 1,  1,      2,      255,  {0}                      },
    {"GET_INTERFACE",          0x81, 10, 0,      0,      1,    {0}                      },
    {"SET_INTERFACE: options", 0x01, 11, 2,      0,      0,    {0}                      },
    {"UPLOAD: get commands",   0xA1, 2,  0,      0,      64,   {0}                      },
    {"ABORT",                  0x21, 6,  0,      0,      0,    {0}                      },
    {"UPLOAD: option bytes",   0xA1, 2,  2,      0,      2048, {0}                      },
    {"SET_INTERFACE: device",  0x01, 11, 3,      0,      0,    {0}                      },
    {"set address",            0x21, 1,  0,      0,      5,    {0x21, 80, 0, 0xF8, 0x1F}},
    {"GETSTATUS",              0xA1, 3,  0,      0,      6,    {0}                      },
    {"GETSTATUS",              0xA1, 3,  0,      0,      6,    {0}                      },
    {"ABORT",                  0x21, 6,  0,      0,      0,    {0}                      },
    {"UPLOAD: device",         0xA1, 2,  2,      0,      2048, {0}                      },
    {"GETSTATE",               0xA1, 5,  0,      0,      1,    {0}                      },
    {"DETACH: refused",        0x21, 0,  1000,   0,      0,    {0}                      },
    {"CLRSTATUS",              0x21, 4,  0,      0,      0,    {0}                      },
    {"read unprotect",         0x21, 1,  0,      0,      1,    {0x92}                   },
    {"GETSTATUS",              0xA1, 3,  0,      0,      6,    {0}                      },
    {"GETSTATUS: refused",     0xA1, 3,  0,      0,      6,    {0}                      },
    {"CLRSTATUS",              0x21, 4,  0,      0,      0,    {0}                      },
};

static enum l072_urb_status send(struct host *h, const struct request *r, void *data)
{
    const uint8_t setup[] = {r->type,
                             r->code,
                             (uint8_t)r->value,
                             (uint8_t)(r->value >> 8),
                             (uint8_t)r->index,
                             (uint8_t)(r->index >> 8),
                             (uint8_t)r->length,
                             (uint8_t)(r->length >> 8)};

    return usb_device_control(&h->device, setup, data, NULL, TIMEOUT);
}

static bool send_all(struct host *h)
{
    uint8_t data[BLOCK];

    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        memcpy(data, requests[i].data, sizeof requests[i].data);
        enum l072_urb_status status = send(h, &requests[i], data);
        if (status != L072_URB_OK && status != L072_URB_STALL) {
            fprintf(stderr, "stack: no answer to %s\n", requests[i].what);
            return false;
        }
    }
    return true;
}

/* A block that is sent, behind a word that sets the address, and asked for without a pause until it
 * is written. */
static bool write_asking(struct host *h, uint32_t address)
{
    static const struct request status = {.type = 0xA1, .code = 3, .length = 6};
    const struct request block = {.type = 0x21, .code = DNLOAD, .value = 2, .length = BLOCK};
    uint8_t answer[6], word[4];

    memcpy(word, h->image, sizeof word);
    if (!dfuhost_write(&h->device, address, word, sizeof word) ||
        send(h, &block, h->image) != L072_URB_OK)
        return false;
    do {
        if (send(h, &status, answer) != L072_URB_OK)
            return false;
    } while (answer[4] == DNBUSY);
    return answer[0] == 0;
}

/* ---- The run --------------------------------------------------------------------------------- */

static bool in_dfu(struct host *h)
{
    return usb_device_run(&h->device, 5 * MS) && usb_device_wait(&h->device, SECOND) &&
           dfuhost_in_dfu(&h->device);
}

/* Bytes that differ with `seed`, and a reset vector. */
static void make_image(struct host *h, uint8_t seed)
{
    const uint32_t vectors[] = {SRAM_BASE + 0x1000, APP_BASE + 9, 0xE7FEE7FE}; /* B . */

    memset(h->image, seed, BLOCK);
    memcpy(h->image, vectors, sizeof vectors);
}

static bool update(struct host *h, uint8_t seed)
{
    make_image(h, seed);
    return in_dfu(h) && dfuhost_start(&h->device, ALTERNATE_FLASH) &&
           dfuhost_erase_units(&h->device, APP_BASE, BLOCK, BOOT_SECTOR) &&
           write_asking(h, APP_BASE) && dfuhost_leave(&h->device, APP_BASE) &&
           usb_device_run(&h->device, 100 * MS);
}

static bool upload(struct host *h)
{
    uint8_t back[BLOCK];

    return dfuhost_start(&h->device, ALTERNATE_FLASH) &&
           dfuhost_read(&h->device, APP_BASE, back, BLOCK) && memcmp(back, h->image, BLOCK) == 0;
}

static bool eeprom(struct host *h)
{
    return dfuhost_start(&h->device, ALTERNATE_EEPROM) && write_asking(h, EEPROM_BASE);
}

/* Option bytes, which count after a leave: the last sector of the smallest part is protected. */
static bool options(struct host *h)
{
    uint8_t wrprot1[4] = {0x00, 0x80, 0, 0};

    return dfuhost_start(&h->device, ALTERNATE_OPTIONS) &&
           dfuhost_write(&h->device, OPTION_BASE + 8, wrprot1, sizeof wrprot1) &&
           dfuhost_leave(&h->device, OPTION_BASE) && usb_device_run(&h->device, 100 * MS);
}

/* An application is installed, another over it, and everything else is done. */
static bool run(struct host *h)
{
    if (!in_dfu(h) || !update(h, 0x55) || l072_drive_pin(h->board, "PA0", true) != 0)
        return false;
    l072_reset(h->board);
    if (!update(h, 0xAA) || !in_dfu(h) || !send_all(h) || !upload(h) || !eeprom(h))
        return false;
    return options(h) && in_dfu(h);
}

int main(int argc, char **argv)
{
    static struct host h;
    static uint8_t bytes[16384];
    struct l072_counters counters;
    unsigned size = argc == 2 ? measure_file(argv[1], bytes, sizeof bytes) : 0;

    h.board = l072_create(&(struct l072_config){.seed = 1});
    if (!h.board || !size || l072_load(h.board, FLASH_BASE, bytes, size) != 0)
        return 2;
    l072_power(h.board, true);
    usb_device_init(&h.device, h.board);
    bool good = run(&h);
    if (!good)
        fprintf(stderr, "stack: the run fails: %s\n", l072_stop(h.board)->reason);
    l072_get_counters(h.board, &counters);
    printf("%u\n", counters.stack_depth);
    l072_destroy(h.board);
    return good ? 0 : 2;
}
