/* SPDX-License-Identifier: MIT */
/* Commands: GDB manual, appendix E.2 Packets and E.4 General Query Packets. */
#include "gdb_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGISTERS 21 /* numbered as by l072_register() */

/* ---- Registers ------------------------------------------------------------------------------- */

static void put_register(const struct gdb *gdb, unsigned n, char hex[9])
{
    uint32_t value = l072_register(gdb->board, n);
    uint8_t bytes[4];
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    gdb_to_hex(bytes, sizeof(bytes), hex);
}

static bool take_register(struct gdb *gdb, unsigned n, const char *hex)
{
    uint8_t bytes[4];
    uint32_t value = 0;
    if (n >= REGISTERS || gdb_from_hex(hex, bytes, sizeof(bytes)) != sizeof(bytes))
        return false;
    for (unsigned i = 0; i < sizeof(bytes); i++)
        value |= (uint32_t)bytes[i] << 8 * i;
    /* Writing a PC that is the same would end sleep. */
    if (l072_register(gdb->board, n) != value)
        l072_set_register(gdb->board, n, value);
    return true;
}

static void read_registers(struct gdb *gdb, const char *arguments, size_t size)
{
    char hex[8 * REGISTERS + 1];
    (void)arguments;
    (void)size;
    for (unsigned n = 0; n < REGISTERS; n++)
        put_register(gdb, n, hex + 8 * (size_t)n);
    gdb_reply(gdb, "%s", hex);
}

static void write_registers(struct gdb *gdb, const char *arguments, size_t size)
{
    bool ok = size == 8 * REGISTERS;
    for (unsigned n = 0; ok && n < REGISTERS; n++)
        ok = take_register(gdb, n, arguments + 8 * (size_t)n);
    gdb_result(gdb, ok);
}

static void read_register(struct gdb *gdb, const char *arguments, size_t size)
{
    char hex[9] = "E01";
    uint32_t n;
    (void)size;
    if (gdb_number(&arguments, '\0', &n) && n < REGISTERS)
        put_register(gdb, n, hex);
    gdb_reply(gdb, "%s", hex);
}

static void write_register(struct gdb *gdb, const char *arguments, size_t size)
{
    uint32_t n;
    (void)size;
    gdb_result(gdb, gdb_number(&arguments, '=', &n) && take_register(gdb, n, arguments));
}

/* ---- Halt and resume ------------------------------------------------------------------------- */

static void last_stop(struct gdb *gdb, const char *arguments, size_t size)
{
    (void)arguments;
    (void)size;
    gdb_reply(gdb, "%s", gdb->why);
}

/* Stepping goes on inside the range: empty, one instruction. */
static void resume(struct gdb *gdb, enum gdb_mode mode, uint32_t start, uint32_t end)
{
    gdb->range_start = start;
    gdb->range_end = end;
    gdb->awaited = true;
    gdb_resume(gdb, mode);
}

static void resume_range(struct gdb *gdb, const char *range)
{
    uint32_t start, end;
    if (gdb_number(&range, ',', &start) &&
        (gdb_number(&range, '\0', &end) || gdb_number(&range, ':', &end)))
        resume(gdb, GDB_STEPPING, start, end);
    else
        gdb_result(gdb, false);
}

/* The first action is for the only thread. Signals are for programs of an operating system. */
static void resume_as_told(struct gdb *gdb, const char *arguments, size_t size)
{
    (void)size;
    switch (arguments[0]) {
    case 'c':
    case 'C': resume(gdb, GDB_RUNNING, 0, 0); break;
    case 's':
    case 'S': resume(gdb, GDB_STEPPING, 0, 0); break;
    case 'r': resume_range(gdb, arguments + 1); break;
    default: gdb_result(gdb, false);
    }
}

static void detach(struct gdb *gdb, const char *arguments, size_t size)
{
    (void)arguments;
    (void)size;
    gdb_result(gdb, true);
    gdb_drop(gdb);
}

/* A board cannot be killed: it runs on. */
static void kill_board(struct gdb *gdb, const char *arguments, size_t size)
{
    (void)arguments;
    (void)size;
    gdb_drop(gdb);
}

static void kill_process(struct gdb *gdb, const char *arguments, size_t size)
{
    (void)arguments;
    (void)size;
    gdb->points = 0;
    gdb_resume(gdb, GDB_RUNNING);
    gdb_result(gdb, true);
}

/* Whatever the program is called. */
static void restart(struct gdb *gdb, const char *arguments, size_t size)
{
    gdb_reset_halt(gdb);
    last_stop(gdb, arguments, size);
}

/* ---- Break- and watchpoints ------------------------------------------------------------------ */

static bool parse_point(struct gdb_point *point, const char *arguments)
{
    point->type = arguments[0];
    if (point->type < GDB_SOFTWARE_BREAK || point->type > GDB_ACCESS_WATCH || arguments[1] != ',')
        return false;
    arguments += 2;
    return gdb_number(&arguments, ',', &point->address) &&
           gdb_number(&arguments, '\0', &point->size);
}

static void insert_point(struct gdb *gdb, const char *arguments, size_t size)
{
    struct gdb_point point;
    (void)size;
    gdb_result(gdb, parse_point(&point, arguments) && gdb_point_add(gdb, &point));
}

static void remove_point(struct gdb *gdb, const char *arguments, size_t size)
{
    struct gdb_point point;
    bool ok = parse_point(&point, arguments);
    (void)size;
    if (ok)
        gdb_point_remove(gdb, &point);
    gdb_result(gdb, ok);
}

/* ---- Objects --------------------------------------------------------------------------------- */

/* `arguments` is OFFSET,LENGTH; frees `object`. */
static void send_object(struct gdb *gdb, char *object, const char *arguments)
{
    uint32_t offset, length;
    bool ok = object && gdb_number(&arguments, ',', &offset) &&
              gdb_number(&arguments, '\0', &length) && offset <= strlen(object);
    if (ok) {
        const char *from = object + offset;
        if (length > GDB_PACKET / 2)
            length = GDB_PACKET / 2;
        gdb_reply(gdb, "%c%.*s", strlen(from) > length ? 'm' : 'l', (int)length, from);
    } else {
        gdb_result(gdb, false);
    }
    free(object);
}

static void send_features(struct gdb *gdb, const char *arguments, size_t size)
{
    (void)size;
    send_object(gdb, gdb_target_xml(), arguments);
}

static void send_memory_map(struct gdb *gdb, const char *arguments, size_t size)
{
    (void)size;
    send_object(gdb, gdb_memory_map(gdb->board), arguments);
}

static void stop_acknowledging(struct gdb *gdb, const char *arguments, size_t size)
{
    (void)arguments;
    (void)size;
    gdb_result(gdb, true);
    gdb->acknowledge = false;
}

/* ---- All ------------------------------------------------------------------------------------- */

struct command {
    const char *prefix; /* the first that fits, so longer ones stand before shorter */
    const char *reply;  /* always the same, or NULL */
    void (*answer)(struct gdb *gdb, const char *arguments, size_t size);
};

#define SUPPORTED                                                                                  \
    "PacketSize=1000;QStartNoAckMode+;qXfer:features:read+;qXfer:memory-map:read+;vContSupported+"

/* H and T are about threads: there is one. */
static const struct command commands[] = {
    {"qSupported",                      SUPPORTED,         NULL              },
    {"qXfer:features:read:target.xml:", NULL,              send_features     },
    {"qXfer:memory-map:read::",         NULL,              send_memory_map   },
    {"qRcmd,",                          NULL,              gdb_monitor       },
    {"qAttached",                       "1",               NULL              },
    {"QStartNoAckMode",                 NULL,              stop_acknowledging},
    {"vCont?",                          "vCont;c;C;s;S;r", NULL              },
    {"vCont;",                          NULL,              resume_as_told    },
    {"vFlashErase:",                    NULL,              gdb_flash_erase   },
    {"vFlashWrite:",                    NULL,              gdb_flash_write   },
    {"vFlashDone",                      "OK",              NULL              },
    {"vKill",                           NULL,              kill_process      },
    {"vRun",                            NULL,              restart           },
    {"?",                               NULL,              last_stop         },
    {"!",                               "OK",              NULL              },
    {"H",                               "OK",              NULL              },
    {"T",                               "OK",              NULL              },
    {"g",                               NULL,              read_registers    },
    {"G",                               NULL,              write_registers   },
    {"p",                               NULL,              read_register     },
    {"P",                               NULL,              write_register    },
    {"m",                               NULL,              gdb_read_memory   },
    {"M",                               NULL,              gdb_write_hex     },
    {"X",                               NULL,              gdb_write_binary  },
    {"Z",                               NULL,              insert_point      },
    {"z",                               NULL,              remove_point      },
    {"D",                               NULL,              detach            },
    {"k",                               NULL,              kill_board        },
};

void gdb_command(struct gdb *gdb, const char *command, size_t size)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        const struct command *c = &commands[i];
        size_t length = strlen(c->prefix);
        if (strncmp(command, c->prefix, length) != 0)
            continue;
        if (c->reply)
            gdb_reply(gdb, "%s", c->reply);
        else
            c->answer(gdb, command + length, size - length);
        return;
    }
    gdb_send(gdb, "", 0); /* what is not known gets an empty answer */
}
