/* SPDX-License-Identifier: MIT */
/*
 * Signals of a board over simulated time as a value change dump (IEEE 1364-2005, 18.2) for GTKWave
 * and others: power, reset, in system memory, CPU asleep, flash busy, USB attached, pins.
 */
#ifndef DEBUG_VCD_H
#define DEBUG_VCD_H

#include <stdbool.h>

#include "l072.h"

struct vcd;

/* Creates the file and asks the board for its signals. NULL with errno set when that fails. */
struct vcd *vcd_open(const char *path, struct l072 *board);
/* To be called for every event of the board, in order. */
void vcd_event(struct vcd *vcd, const struct l072_event *event);
/* Ends the file at simulated time `now`. False with errno set when it could not be written. */
bool vcd_close(struct vcd *vcd, uint64_t now);

#endif
