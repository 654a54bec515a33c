/* SPDX-License-Identifier: MIT */
/* `monitor` commands, spelled as those of OpenOCD. */
#include "gdb_private.h"

#include <string.h>

static void help(struct gdb *gdb);

static void halt(struct gdb *gdb)
{
    gdb_halt(gdb, GDB_SIGTRAP);
}

void gdb_reset_halt(struct gdb *gdb)
{
    if (!l072_powered(gdb->board))
        gdb_print(gdb, "the board has no power\n");
    l072_reset(gdb->board);
    halt(gdb);
}

static void reset_run(struct gdb *gdb)
{
    gdb_reset_halt(gdb);
    gdb_resume(gdb, GDB_RUNNING);
}

static const struct {
    const char *name, *text;
    void (*act)(struct gdb *gdb);
} commands[] = {
    {"reset halt", "pulse NRST and halt before the first instruction", gdb_reset_halt},
    {"reset init", "the same",                                         gdb_reset_halt},
    {"reset run",  "pulse NRST and run",                               reset_run     },
    {"reset",      "the same",                                         reset_run     },
    {"halt",       "halt",                                             halt          },
    {"help",       "this list",                                        help          },
};

static void help(struct gdb *gdb)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        gdb_print(gdb, commands[i].name);
        gdb_print(gdb, ": ");
        gdb_print(gdb, commands[i].text);
        gdb_print(gdb, "\n");
    }
}

void gdb_monitor(struct gdb *gdb, const char *arguments, size_t size)
{
    char name[32];
    if (size / 2 >= sizeof(name))
        size = 2 * (sizeof(name) - 1);
    name[gdb_from_hex(arguments, (uint8_t *)name, size / 2)] = '\0';
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(name, commands[i].name) != 0)
            continue;
        commands[i].act(gdb);
        gdb_reply(gdb, "OK");
        return;
    }
    gdb_print(gdb, "no such command; there are:\n");
    help(gdb);
    gdb_reply(gdb, "OK");
}
