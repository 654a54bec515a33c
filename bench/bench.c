/* SPDX-License-Identifier: MIT */
/* `make bench`: prints how fast the simulator is, and how fast updates are on it, beside the
 * targets of both. Exit status 1 when one is missed: of the simulator, which shares its computer
 * with others, by more than a fifth. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "dfu.h"
#include "measure.h"

#define RUNS   5
#define MARGIN 1.2

static const struct figure {
    const char *name, *unit;
    double (*measure)(void);
    double scale, target;
    bool at_least; /* else at most */
} figures[] = {
    {"CPU loop",                       "Mcycles/s", measure_loop,     1e-6, 200, true },
    {"... with USB and SysTick",       "Mcycles/s", measure_busy,     1e-6, 100, true },
    {"create and start a board",       "ms",        measure_start,    1,    5,   false},
    {"dfu-util downloads 64 KB, ROM",  "s",         measure_download, 1,    3,   false},
    {"power cuts of 16 KB, all cores", "cuts/s",    measure_cuts,     1,    100, true },
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double (*measure)(void))
{
    double result[RUNS];

    for (int i = 0; i < RUNS; i++) {
        result[i] = measure();
        if (result[i] < 0)
            exit(2);
    }
    qsort(result, RUNS, sizeof result[0], compare);
    return result[RUNS / 2];
}

/* False: missed by more than the margin. */
static bool print(const struct figure *f)
{
    double value = f->scale * median(f->measure);
    bool met = f->at_least ? value >= f->target : value <= f->target;
    bool near = f->at_least ? value * MARGIN >= f->target : value <= f->target * MARGIN;

    printf("%-30s %8.2f %-9s  target %s %g%s\n", f->name, value, f->unit,
           f->at_least ? "at least" : "at most", f->target, met ? "" : "  MISSED");
    fflush(stdout);
    return near;
}

int main(void)
{
    bool good = dfu_print();

    printf("median of %d, one core unless it says so\n", RUNS);
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        good = print(&figures[i]) && good;
    double ours = median(measure_instructions), unicorn = median(measure_unicorn);
    printf("%-30s %8.2f times Unicorn with a counting hook (%.1f against %.1f Minstructions/s)\n",
           "the same loop", ours / unicorn, ours * 1e-6, unicorn * 1e-6);
    return good ? 0 : 1;
}
