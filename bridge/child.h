/* SPDX-License-Identifier: MIT */
/* The command of a session, and the signals that concern it. */
#ifndef BRIDGE_CHILD_H
#define BRIDGE_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CHILD_NOT_FOUND 127 /* exit status, as of a shell */

struct child {
    int signals; /* descriptor that is readable when child_signals() has something to do */
    sigset_t old_mask;
    pid_t pid;  /* 0: not started */
    int status; /* exit status, 128 + n after signal n; -1 while it runs or was not started */
    int killer; /* SIGINT, SIGTERM or SIGHUP that came while no command ran; 0: none */
};

/* Takes SIGCHLD, SIGINT, SIGTERM and SIGHUP over. False: errno says why. */
bool child_open(struct child *child);
/* Gives them back. */
void child_close(struct child *child);

/* Starts `command`, which then runs or has the status CHILD_NOT_FOUND and a line in `error`.
 * False, with a line in `error`, when no process can be made. */
bool child_start(struct child *child, char *const command[], char *error, size_t error_size);
bool child_running(const struct child *child);
/* Handles the signals that came: passes them to the command, or notes its end. */
void child_signals(struct child *child);
/* Asks the command, if it runs, to end. */
void child_terminate(const struct child *child);

#endif
