/* SPDX-License-Identifier: MIT */
/*
 * How long updates take, in simulated time and with the requests of dfu-util 0.11: by the resident
 * bootloader, whose targets these are, and by the stand-in for ST's ROM, to compare. Exact: one run
 * is enough.
 *
 * A download lasts from the first request of dfu-util to the device's leaving the bus, the last
 * flash operation included; an upload from the first request to the last.
 */
#include "dfu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/public.h"
#include "dfuhost.h"
#include "measure.h"

#define SIZE      131072u
#define CHANGED   1024u
#define SOMEWHERE (SIZE / 2 + 300)
#define MS        L072_PS_PER_MS

#define PAGE_S     9.6e-3 /* erase, and two half pages: 3.2 ms each (RM0376, Tprog) */
#define PHYSICS    (SIZE / FLASH_PAGE_SIZE * PAGE_S)
#define DEBOUNCE_S 0.1 /* of the host: USB 2.0 7.1.7.3 (TATTDB) */

struct way {
    const char *name, *image;
    bool boot0;
    uint32_t base, unit; /* where applications begin; what hosts are told to erase at once */
    bool has_targets;
    bool plain; /* DFU 1.1, without DfuSe */
};

struct bench {
    struct l072 *board;
    struct usb_device device;
    const struct way *way;
    uint64_t reset, attached, detached; /* picoseconds: the last of each */
    uint8_t image[SIZE], back[SIZE];
};

/* ---- The two bootloaders --------------------------------------------------------------------- */

static const struct way ways[] = {
    {"resident",   "build/boot.bin",           false, APP_BASE,   BOOT_SECTOR,     true,  false},
    {"... plain",  "build/boot-plain.bin",     false, APP_BASE,   0,               true,  true },
    {"ROM (V4.1)", "build/examples/app-1.bin", true,  FLASH_BASE, FLASH_PAGE_SIZE, false, false},
};

static void observe(void *context, const struct l072_event *event)
{
    struct bench *b = context;

    if (event->kind == L072_EVENT_RESET)
        b->reset = event->time;
    else if (event->kind == L072_EVENT_USB_ATTACH)
        b->attached = event->time;
    else if (event->kind == L072_EVENT_USB_DETACH)
        b->detached = event->time;
}

static bool begin(struct bench *b, const struct way *way)
{
    uint8_t image[16384];
    unsigned size = measure_file(way->image, image, sizeof image);

    b->way = way;
    b->board = l072_create(&(struct l072_config){.seed = 1, .boot0 = way->boot0});
    if (!b->board || !size || l072_load(b->board, FLASH_BASE, image, size) != 0)
        return false;
    l072_power(b->board, true);
    usb_device_init(&b->device, b->board);
    b->device.observe = observe;
    b->device.context = b;
    return usb_device_wait(&b->device, 1000 * MS) && dfuhost_in_dfu(&b->device);
}

/* Into DFU again, after an application was started: it stays by BOOT0, or by its pin. */
static bool again(struct bench *b)
{
    l072_reset(b->board);
    return l072_drive_pin(b->board, "PA0", true) == 0 && usb_device_run(&b->device, 5 * MS) &&
           usb_device_wait(&b->device, 1000 * MS) && dfuhost_in_dfu(&b->device);
}

/* ---- What is measured ------------------------------------------------------------------------ */

/* An application of random bytes that differ with `seed`, and that does nothing. */
static void make_image(struct bench *b, uint32_t seed)
{
    const uint32_t vectors[] = {SRAM_BASE + 0x1000, b->way->base + 9, 0xE7FEE7FE}; /* B . */

    for (uint32_t i = 0; i < SIZE; i++) {
        seed = seed * 1664525u + 1013904223u;
        b->image[i] = (uint8_t)(seed >> 24);
    }
    memcpy(b->image, vectors, sizeof vectors);
}

static double seconds(uint64_t ps)
{
    return 1e-12 * (double)ps;
}

static bool send(struct bench *b)
{
    struct usb_device *dev = &b->device;
    uint32_t base = b->way->base;

    if (b->way->plain)
        return dfuhost_plain_write(dev, b->image, SIZE) && dfuhost_plain_leave(dev);
    return dfuhost_erase_units(dev, base, SIZE, b->way->unit) &&
           dfuhost_write(dev, base, b->image, SIZE) && dfuhost_leave(dev, base);
}

static bool receive(struct bench *b)
{
    return b->way->plain ? dfuhost_plain_read(&b->device, b->back, SIZE)
                         : dfuhost_read(&b->device, b->way->base, b->back, SIZE);
}

/* Of b->image. */
static double download(struct bench *b)
{
    struct usb_device *dev = &b->device;
    uint64_t start;
    uint32_t base = b->way->base;

    if (!again(b))
        return -1;
    start = l072_now(b->board);
    if (!dfuhost_start(dev, 0) || !send(b) || !usb_device_run(dev, 100 * MS) ||
        b->detached < start || l072_peek(b->board, base, b->back, SIZE) != 0)
        return -1;
    return memcmp(b->back, b->image, SIZE) == 0 ? seconds(b->detached - start) : -1;
}

/* Over other content of as many bytes: each page is erased. */
static double download_all(struct bench *b)
{
    make_image(b, 1);
    if (download(b) < 0)
        return -1;
    make_image(b, 2);
    return download(b);
}

static double download_changed(struct bench *b)
{
    for (uint32_t i = 0; i < CHANGED; i++)
        b->image[SOMEWHERE + i] ^= 0x55;
    return download(b);
}

static double upload(struct bench *b)
{
    uint64_t start;

    memset(b->back, 0, SIZE);
    if (!again(b))
        return -1;
    start = l072_now(b->board);
    if (!dfuhost_start(&b->device, 0) || !receive(b) || memcmp(b->back, b->image, SIZE) != 0)
        return -1;
    return seconds(l072_now(b->board) - start);
}

static double attach(struct bench *b)
{
    return again(b) ? seconds(b->attached - b->reset) : -1;
}

/* To the end of SET_CONFIGURATION. Reset and recovery of the bus, 22 ms, are in it; how long a host
 * waits before them is its own affair. */
static double enumerate(struct bench *b)
{
    return again(b) ? seconds(l072_now(b->board) - b->reset) - DEBOUNCE_S : -1;
}

static const struct figure {
    const char *name;
    double (*measure)(struct bench *b);
    double limit, ratio; /* seconds; of them that are allowed */
} figures[] = {
    {"reset to the pull-up",             attach,           0.150,   1   },
    {"reset to configured, no debounce", enumerate,        0.150,   1   },
    {"128 KB over different content",    download_all,     PHYSICS, 1.05},
    {"the same again",                   download,         1.5,     1   },
    {"1 KB of it changed",               download_changed, 1.6,     1   },
    {"upload of 128 KB",                 upload,           1.5,     1   },
};

/* ---- Lines ----------------------------------------------------------------------------------- */

/* False: a target is missed. */
static bool print(struct bench *b, const struct figure *f)
{
    double value = f->measure(b), ratio = value / f->limit;
    bool met = !b->way->has_targets || ratio <= f->ratio;

    if (value < 0) {
        fprintf(stderr, "bench: %s, %s: failed\n", b->way->name, f->name);
        exit(2);
    }
    printf("%-10s  %-33s %7.3f s  limit %5.3f s  ratio %.3f", b->way->name, f->name, value,
           f->limit, ratio);
    if (b->way->has_targets)
        printf("  target at most %g%s", f->ratio, met ? "" : "  MISSED");
    printf("\n");
    fflush(stdout);
    return met;
}

bool dfu_print(void)
{
    struct bench *b = malloc(sizeof *b);
    bool good = true;

    printf("updates in simulated time, l072xz\n");
    for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++) {
        if (!b || !begin(b, &ways[w])) {
            fprintf(stderr, "bench: %s is not in DFU\n", ways[w].name);
            exit(2);
        }
        for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
            good = print(b, &figures[i]) && good;
        l072_destroy(b->board);
    }
    free(b);
    return good;
}
