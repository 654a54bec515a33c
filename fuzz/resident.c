/* SPDX-License-Identifier: MIT */
/*
 * Any host against the resident bootloader, build/boot.elf, on the simulated board: control
 * transfers that know the states of DFU, its commands and the edges of the memories, some of them
 * mutated, cancelled, or interrupted by a bus reset, the cable or the power. Runs from the
 * repository root.
 *
 *     fuzz-resident REQUESTS [SEED]    in rounds of 200, each with the next SEED, from 1
 *
 * After each request: the board runs, the answer came in time, the state is one that can follow,
 * and nothing was written where nothing may be. What is found is told with its seed and request.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resident.h"
#include "image.h"

#define ROUND 200u

/* Where rounds begin. */
enum start { EMPTY, INSTALLED, INSTALLED_64_KB, STARTS };

/* xorshift32 */
uint32_t next(struct fuzz *f)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 17;
    f->random ^= f->random << 5;
    return f->random;
}

uint32_t below(struct fuzz *f, uint32_t n)
{
    return next(f) % n;
}

bool still_busy(const struct fuzz *f)
{
    return f->request - f->last_cancel < 4;
}

bool one_in(struct fuzz *f, uint32_t n)
{
    return below(f, n) == 0;
}

void found(struct fuzz *f, const char *format, ...)
{
    va_list arguments;

    if (f->failed)
        return;
    f->failed = true;
    printf("seed %u, request %u: ", f->seed, f->request);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

/* ---- Rounds ---------------------------------------------------------------------------------- */

static void wait_as_told(struct fuzz *f, const struct request *r)
{
    uint32_t ms = r->data[1] | (uint32_t)r->data[2] << 8;

    if (r->setup[0] == IN && r->setup[1] == DFU_GETSTATUS && !one_in(f, 4))
        run(f, (ms > 1000 ? 1000 : ms) * MS);
}

static void one_request(struct fuzz *f)
{
    struct request r;
    bool cancel = one_in(f, 40);
    uint32_t size = 0;
    enum l072_urb_status status;

    memset(&r, 0, sizeof r);
    make_request(f, &r);
    status = send(f, &r, &size, cancel ? below(f, 1500) * L072_PS_PER_US : PATIENCE);
    if (status == L072_URB_CANCELLED && cancel) {
        f->states = ALL_SET;
        f->cancelled++;
        f->last_cancel = f->request;
        run(f, MS);
    } else if (status == L072_URB_ERROR && still_busy(f)) {
        f->states = ALL_SET;
        run(f, 200 * MS);
    } else if (status != L072_URB_OK && status != L072_URB_STALL && !f->gone) {
        found(f, "%s (SETUP %02X %02X %02X%02X %02X%02X %02X%02X): %s",
              status == L072_URB_CANCELLED ? "no answer in time" : "no answer", r.setup[0],
              r.setup[1], r.setup[3], r.setup[2], r.setup[5], r.setup[4], r.setup[7], r.setup[6],
              l072_stop(f->board)->reason);
    } else {
        follow(f, &r, status, size);
        wait_as_told(f, &r);
    }
}

static void disturb(struct fuzz *f)
{
    switch (below(f, 300)) {
    case 0:
    case 1:
    case 2:
        bus_reset(f);
        f->gone = true;
        break;
    case 3:
        l072_usb_plug(f->board, false);
        run(f, below(f, 20) * MS);
        l072_usb_plug(f->board, true);
        f->gone = true;
        break;
    case 4: power_cycle(f); break;
    default: break;
    }
}

static void one_round(struct fuzz *f, const struct l072 *start, uint32_t requests)
{
    f->random = f->seed * 2654435761u + 1;
    l072_assign(f->board, start);
    f->alternates = SET(ALTERNATE_FLASH) | (f->seed & 4 ? SET(ALTERNATE_EEPROM) : 0) |
                    (f->seed & 8 ? SET(ALTERNATE_OPTIONS) : 0) | SET(ALTERNATE_DEVICE);
    remember(f);
    f->states = SET(DFU_IDLE);
    f->gone = true;
    f->last_cancel = UINT32_MAX / 2;
    for (f->request = 1; f->request <= requests && !f->failed; f->request++) {
        disturb(f);
        if (f->gone)
            enumerate(f);
        one_request(f);
        check(f);
    }
    power_cycle(f);
    check(f);
}

/* ---- Boards ---------------------------------------------------------------------------------- */

static uint32_t crc32(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xFFFFFFFF;

    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

static void load(struct l072 *board, const char *path, bool seal)
{
    struct image image;
    struct error error;

    if (!image_load(&image, path, IMAGE_FLASH, &error)) {
        fprintf(stderr, "%s\n", error.text);
        exit(2);
    }
    for (size_t i = 0; i < image.count; i++) {
        const struct image_segment *segment = &image.segment[i];
        uint32_t size = segment->size & ~3u, crc = crc32(segment->data, size);
        const uint32_t words[] = {size, crc, ~size, ~crc};

        l072_load(board, segment->address, segment->data, segment->size);
        if (seal)
            l072_load(board, SEAL_BASE, words, sizeof words);
    }
    image_free(&image);
}

static struct l072 *board_at(enum start start)
{
    const char *part = start == INSTALLED_64_KB ? "l072x8" : "l072xz";
    struct l072 *board = l072_create(&(struct l072_config){.part = part, .seed = 1});

    load(board, "build/boot.elf", false);
    if (start != EMPTY)
        load(board, "build/examples/resident-1.elf", true);
    l072_power(board, true);
    l072_drive_pin(board, "PA0", true);
    return board;
}

int main(int argc, char *argv[])
{
    uint32_t requests = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 20000;
    uint32_t first = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 1;
    struct l072 *start[STARTS];
    static struct fuzz f;
    uint32_t done = 0;

    for (enum start i = EMPTY; i < STARTS; i++)
        start[i] = board_at(i);
    f.board = l072_clone(start[EMPTY]);
    for (f.seed = first; done < requests && !f.failed; f.seed++) {
        uint32_t left = requests - done;

        one_round(&f, start[f.seed % STARTS], left < ROUND ? left : ROUND);
        done += f.request - 1;
    }
    for (enum start i = EMPTY; i < STARTS; i++)
        l072_destroy(start[i]);
    l072_destroy(f.board);
    printf("%u requests from seed %u on: %u answered, %u stalled, %u cancelled; the device was "
           "enumerated %u times\n",
           done, first, f.answered, f.stalled, f.cancelled, f.enumerated);
    return f.failed;
}
