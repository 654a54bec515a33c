/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "l072.h"

#define FLASH 0x08000000u

/* Simulated cycles of one run. */
#define CYCLES UINT64_C(50000000)
#define STARTS 20

#define DOWNLOAD                                                                                   \
    "head -c 65536 /dev/urandom >build/bench/64k.bin && "                                          \
    "exec build/dfuse sim --boot0 build/examples/app-1.elf -- "                                    \
    "dfu-util -d ,0483:df11 -a 0 -s 0x08000000 -D build/bench/64k.bin >build/bench/log 2>&1"

#define EXPLORE                                                                                    \
    "cat build/examples/app-2.bin build/bench/64k.bin | head -c 16384 >build/bench/16k.bin && "    \
    "exec build/dfuse explore --press PA1 build/examples/app-1.elf build/bench/16k.bin 2>&1"

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double measure_core_time(void)
{
    return seconds(CLOCK_THREAD_CPUTIME_ID);
}

unsigned measure_file(const char *path, void *data, unsigned size)
{
    FILE *file = fopen(path, "rb");
    size_t got = 0;

    if (file) {
        got = fread(data, 1, size, file);
        fclose(file);
    }
    if (got == 0)
        fprintf(stderr, "bench: cannot read %s\n", path);
    return (unsigned)got;
}

static struct l072 *start(const char *path)
{
    static const struct l072_config config = {.seed = 1};
    uint8_t image[8192];
    unsigned size = measure_file(path, image, sizeof image);
    struct l072 *board = size ? l072_create(&config) : NULL;

    if (!board)
        return NULL;
    if (l072_load(board, FLASH, image, size) != 0) {
        l072_destroy(board);
        return NULL;
    }
    l072_power(board, true);
    return board;
}

/* Keeps a host's request for the device descriptor under way. */
static void ask(struct l072 *board)
{
    static const struct l072_urb urb = {
        .type = L072_CONTROL,
        .max_packet = 64,
        .setup = {0x80, 6, 0, 1, 0, 0, 18, 0}, /* GET_DESCRIPTOR(DEVICE) */
        .size = 18,
    };

    for (int id = 0; id < L072_URBS; id++)
        (void)l072_urb_take(board, id, NULL, 0, NULL);
    (void)l072_urb_submit(board, &urb);
}

/* Runs for so many cycles; `usb`: with requests. False: the board stopped. */
static bool run(struct l072 *board, uint64_t cycles, bool usb)
{
    uint64_t end = l072_cycles(board) + cycles;
    struct l072_event event;

    while (l072_cycles(board) < end) {
        if (l072_run(board, l072_now(board) + L072_PS_PER_MS) == L072_STOPPED) {
            fprintf(stderr, "bench: the board stopped: %s\n", l072_stop(board)->reason);
            return false;
        }
        while (l072_next_event(board, &event))
            if (usb && event.kind == L072_EVENT_URB)
                ask(board);
    }
    return true;
}

/* Cycles and instructions a second of core time. */
static bool speed(struct l072 *board, bool usb, double *cycles, double *instructions)
{
    struct l072_counters before, after;
    double begin;
    bool ok;

    l072_get_counters(board, &before);
    begin = measure_core_time();
    ok = run(board, CYCLES, usb);
    double time = measure_core_time() - begin;
    l072_get_counters(board, &after);
    *cycles = (double)(after.cycles - before.cycles) / time;
    *instructions = (double)(after.instructions - before.instructions) / time;
    if (usb && after.usb_transactions - before.usb_transactions < CYCLES / 16000) {
        fprintf(stderr, "bench: there is no traffic on the bus\n");
        return false;
    }
    return ok;
}

static double loop(bool count_instructions)
{
    struct l072 *board = start("build/bench/loop.bin");
    double cycles, instructions;
    bool ok = board && speed(board, false, &cycles, &instructions);

    l072_destroy(board);
    if (!ok)
        return -1;
    return count_instructions ? instructions : cycles;
}

double measure_loop(void)
{
    return loop(false);
}

double measure_instructions(void)
{
    return loop(true);
}

double measure_busy(void)
{
    struct l072 *board = start("build/bench/busy.bin");
    double cycles, instructions;
    bool ok = board && run(board, 1000000, false);

    if (ok) {
        l072_usb_reset(board, 10 * L072_PS_PER_MS);
        ok = run(board, 1000000, false);
    }
    if (ok) {
        ask(board);
        ok = speed(board, true, &cycles, &instructions);
    }
    l072_destroy(board);
    return ok ? cycles : -1;
}

double measure_start(void)
{
    double begin = measure_core_time();

    for (int i = 0; i < STARTS; i++) {
        struct l072 *board = start("build/bench/loop.bin");

        if (!board || !run(board, 1, false))
            return -1;
        l072_destroy(board);
    }
    return 1e3 * (measure_core_time() - begin) / STARTS;
}

double measure_download(void)
{
    double begin = seconds(CLOCK_MONOTONIC);

    if (system(DOWNLOAD) != 0) {
        fprintf(stderr, "bench: dfu-util failed: see build/bench/log\n");
        return -1;
    }
    return seconds(CLOCK_MONOTONIC) - begin;
}

double measure_cuts(void)
{
    FILE *out = popen(EXPLORE, "r");
    char line[200];
    double cuts = -1;

    while (out && fgets(line, sizeof line, out))
        (void)sscanf(line, "%*f s, %lf cuts a second", &cuts);
    if (out && pclose(out) == 0)
        return cuts;
    fprintf(stderr, "bench: dfuse explore failed\n");
    return -1;
}
