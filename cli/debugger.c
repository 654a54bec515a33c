/* SPDX-License-Identifier: MIT */
#include "debugger.h"

#include <stdio.h>

#include "cli.h"

bool debugger_parse(const char *text, uint32_t *port, struct error *error)
{
    return (parse_u32(text, port) && *port <= UINT16_MAX) ||
           error_set(error, "--gdb: '%s' is no TCP port; write 3333, or 0 for any free one", text);
}

struct gdb *debugger_open(struct l072 *board, uint32_t port, struct error *error)
{
    return gdb_open(board, (uint16_t)port, error->text, sizeof(error->text));
}

void debugger_tell(const struct gdb *gdb)
{
    fprintf(stderr, "for GDB: target extended-remote :%u\n", gdb_port(gdb));
}

static int descriptor(void *context)
{
    return gdb_descriptor(context);
}

static void serve(void *context)
{
    gdb_serve(context);
}

static enum bridge_time time_wanted(void *context)
{
    switch (gdb_time(context)) {
    case GDB_HURRIES: return BRIDGE_TIME_HURRIES;
    case GDB_STANDS: return BRIDGE_TIME_STANDS;
    case GDB_RUNS: break;
    }
    return BRIDGE_TIME_RUNS;
}

struct bridge_guest debugger_guest(struct gdb *gdb)
{
    return (struct bridge_guest){descriptor, serve, time_wanted, gdb};
}
