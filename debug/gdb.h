/* SPDX-License-Identifier: MIT */
/*
 * A server of GDB's remote serial protocol for the simulated board, one client at a time, on the
 * loopback interface. It never waits: the owner polls its descriptor and calls it.
 *
 * While a client is connected and the board is halted, simulated time must stand still.
 */
#ifndef DEBUG_GDB_H
#define DEBUG_GDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l072.h"

struct gdb;

/* Listens on TCP port `port`, 0: one that is free. NULL, with one line in `error`, when it cannot.
 * The board is the caller's. */
struct gdb *gdb_open(struct l072 *board, uint16_t port, char *error, size_t error_size);
/* Tells the client, if any, that the program ended. */
void gdb_close(struct gdb *gdb);
uint16_t gdb_port(const struct gdb *gdb);

/* To be polled for reading; it changes as clients come and go. */
int gdb_descriptor(const struct gdb *gdb);
/* Takes what waits at the descriptor. A new client halts the board. */
void gdb_serve(struct gdb *gdb);

enum gdb_time {
    GDB_RUNS,    /* as without a debugger */
    GDB_HURRIES, /* the client waits for a step */
    GDB_STANDS,  /* the board is halted */
};
enum gdb_time gdb_time(const struct gdb *gdb);

/*
 * Runs the board in place of l072_run() while a client is connected: to *until, or until the board
 * has events or halts; then *until is the time of the halt. A stop of the board is a halt that GDB
 * shows as a signal, with the reason as text.
 */
void gdb_run(struct gdb *gdb, uint64_t *until);

#endif
