/* SPDX-License-Identifier: MIT */
/* The GDB server as a guest of a session. */
#ifndef CLI_DEBUGGER_H
#define CLI_DEBUGGER_H

#include "bridge.h"
#include "error.h"
#include "gdb.h"

/* A TCP port, 0 to 65535. */
bool debugger_parse(const char *text, uint32_t *port, struct error *error);
/* Starts the server; NULL with an error. */
struct gdb *debugger_open(struct l072 *board, uint32_t port, struct error *error);
/* Tells on stderr where GDB connects. */
void debugger_tell(const struct gdb *gdb);
struct bridge_guest debugger_guest(struct gdb *gdb);

#endif
