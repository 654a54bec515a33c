/* SPDX-License-Identifier: MIT */
/* What the bench measures: one run each; a negative result is a failure, told on stderr. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

/* Simulated cycles a second of one core's time: a loop, and a loop with interrupts. */
double measure_loop(void);
double measure_busy(void);
/* Milliseconds to make a board and to start it. */
double measure_start(void);
/* Seconds on the clock of the wall for a real dfu-util to download 64 KB. */
double measure_download(void);
/* Power cuts in an update of 16 KB, with recovery, a second on the clock of the wall, on all cores.
 */
double measure_cuts(void);
/* Instructions a second of the same loop: here, and in Unicorn with a hook that counts them. */
double measure_instructions(void);
double measure_unicorn(void);

/* Seconds that this thread has had a core. */
double measure_core_time(void);
/* Reads a file of at most `size` bytes; returns its size, or 0. */
unsigned measure_file(const char *path, void *data, unsigned size);

#endif
