/* SPDX-License-Identifier: MIT */
/*
 * The sleeps of the command last simulated time. The kernel tells of each nanosleep() of the
 * command and its children (seccomp user notification), and the session ends it when the board has
 * come so far. A program that waits as long as a device has asked it to need not wait longer than
 * that takes to simulate. Sleeps of more than SLEEPS_LONGEST are left alone: they are meant for
 * people.
 */
#ifndef BRIDGE_SLEEPS_H
#define BRIDGE_SLEEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLEEPS_MAX     16                      /* at a time; more last host time */
#define SLEEPS_LONGEST UINT64_C(1000000000000) /* picoseconds */

struct sleeps {
    int listener; /* descriptor that is readable when somebody goes to sleep; -1: none */
    size_t count;
    struct sleep {
        uint64_t id;  /* of the kernel */
        uint64_t due; /* simulated time, picoseconds */
    } sleep[SLEEPS_MAX];
};

/* From now on the sleeps of processes started by this one come here; it must not sleep itself.
 * Where the kernel does not allow it, all sleeps last host time. */
void sleeps_open(struct sleeps *sleeps);
void sleeps_close(struct sleeps *sleeps);

/* Takes a sleep that begins at simulated time `now`; to be called when the listener is readable. */
void sleeps_serve(struct sleeps *sleeps, uint64_t now);
/* Ends those that are due; with `all`, lets the rest go on in host time. */
void sleeps_end(struct sleeps *sleeps, uint64_t now, bool all);

#endif
