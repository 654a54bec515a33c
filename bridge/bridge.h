/* SPDX-License-Identifier: MIT */
/*
 * Puts the simulated board on the USB of a real program: unmodified, any number of processes; or
 * of another kernel. The program and its children run in a private mount and network namespace,
 * in which /dev/bus/usb, /sys and the udev events show one bus with the board on it.
 */
#ifndef BRIDGE_H
#define BRIDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "l072.h"

enum bridge_pace {
    /* As fast as the host can while a transfer is pending or the command sleeps (sleeps.h), else
     * host time. */
    BRIDGE_PACE_FREE,
    BRIDGE_PACE_REAL, /* simulated time never runs ahead of host time */
};

enum bridge_way {
    BRIDGE_FILES,    /* files for the command; for nobody without a command */
    BRIDGE_USBREDIR, /* usbredir protocol: virtual machines */
    BRIDGE_USBIP,    /* USB/IP protocol: the kernel of another machine */
};

/* What a guest of the session wants of simulated time. */
enum bridge_time {
    BRIDGE_TIME_RUNS,    /* nothing */
    BRIDGE_TIME_HURRIES, /* that it runs on at full speed: the guest waits for the board */
    BRIDGE_TIME_STANDS,  /* that it stands still, and is not made up for later */
};

/* Somebody else whom the session serves between slices of simulated time: a debugger. */
struct bridge_guest {
    int (*descriptor)(void *context); /* to be polled for reading, or -1; asked anew each time */
    void (*serve)(void *context);     /* it is readable */
    enum bridge_time (*time)(void *context);
    void *context;
};

struct pcap;

struct bridge {
    struct l072 *board; /* powered; the caller owns it */
    enum bridge_pace pace;
    enum bridge_way way;
    const char *where; /* path of the socket, or [ADDRESS:]PORT; NULL for BRIDGE_FILES */
    struct pcap *pcap; /* where transfers are recorded; NULL: nowhere */
    /* Called for every event of the board, in order. Returns false to end the session. */
    bool (*observe)(void *context, const struct l072_event *event);
    /* Called before every slice of simulated time, which ends at *until (picoseconds) at the
     * latest; may lower *until and act on the board (press a button). NULL: not needed. */
    void (*before_slice)(void *context, struct l072 *board, uint64_t *until);
    /* Called once when the board has stopped, before the command is asked to end. NULL: no. */
    void (*stopped)(void *context);
    void *context;
    const struct bridge_guest *guest; /* NULL: none */
};

/*
 * Runs `command` (argv, NULL-terminated) with the board on its USB until it ends, or without a
 * command (NULL) runs the board until SIGINT or SIGTERM. The command is started when the device is
 * configured, or after a second of simulated time without one; then it is waited for, but is sent
 * SIGTERM when the board stops or observe() returns false. Call it once in a process, which must be
 * single-threaded: with a command it stays in the private namespaces.
 * Returns the command's exit status (128 + n when signal n ended it; 127, with one line in `error`,
 * when it cannot be executed); 0 without a command, or when the board ended before its start; or
 * -1, with one line in `error`, when the session cannot be set up. Otherwise `error` is empty.
 */
int bridge_run(const struct bridge *bridge, char *const command[], char *error, size_t error_size);

#endif
