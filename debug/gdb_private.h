/* SPDX-License-Identifier: MIT */
/* Between the files of the GDB server. */
#ifndef DEBUG_GDB_PRIVATE_H
#define DEBUG_GDB_PRIVATE_H

#include "gdb.h"

#define GDB_PACKET 4096 /* bytes between '$' and '#', told as PacketSize */
#define GDB_POINTS 64   /* break- and watchpoints */

/* By number, as the protocol has them. */
enum gdb_signal {
    GDB_SIGINT = 2,
    GDB_SIGILL = 4,
    GDB_SIGTRAP = 5,
    GDB_SIGBUS = 10,
    GDB_SIGSEGV = 11,
};

enum gdb_mode { GDB_HALTED, GDB_STEPPING, GDB_RUNNING };

/* The digit of Z and z packets. */
enum gdb_point_type {
    GDB_SOFTWARE_BREAK = '0',
    GDB_HARDWARE_BREAK = '1',
    GDB_WRITE_WATCH = '2',
    GDB_READ_WATCH = '3',
    GDB_ACCESS_WATCH = '4',
};

struct gdb_point {
    char type; /* enum gdb_point_type */
    uint32_t address, size;
};

/* What has come in and is no packet yet. */
struct gdb_input {
    char data[GDB_PACKET + 4];
    size_t size;
};

struct gdb {
    struct l072 *board;
    int listener, client; /* client: -1, none */
    struct gdb_input input;
    bool acknowledge; /* until QStartNoAckMode */
    bool awaited;     /* the client waits for a stop reply */
    enum gdb_mode mode;
    bool first;                      /* the next instruction is the first since the halt */
    uint32_t range_start, range_end; /* stepping goes on between these addresses */
    char why[32];                    /* last stop reply */
    struct gdb_point point[GDB_POINTS];
    size_t points;
};

/* ---- gdb_packet.c: bytes --------------------------------------------------------------------- */

enum gdb_received { GDB_NOTHING, GDB_INTERRUPT, GDB_DAMAGED, GDB_COMMAND };

/* Takes the next packet or Ctrl-C from the input; unescaped, with a NUL behind it. */
enum gdb_received gdb_take(struct gdb_input *input, char command[GDB_PACKET + 1], size_t *size);
/* Sends a packet. A client that does not take it is dropped. */
void gdb_send(struct gdb *gdb, const char *data, size_t size);
__attribute__((format(printf, 2, 3))) void gdb_reply(struct gdb *gdb, const char *format, ...);
/* The answer to a command that tells no more. */
void gdb_result(struct gdb *gdb, bool ok);
/* Sends text for the console, which may be done only while the client waits for a stop reply or
 * the end of a monitor command. */
void gdb_print(struct gdb *gdb, const char *text);

/* Hexadecimal, two digits a byte; `hex` has room for 2 * size + 1. */
void gdb_to_hex(const uint8_t *data, size_t size, char *hex);
/* Returns the number of bytes, at most `size`. */
size_t gdb_from_hex(const char *hex, uint8_t *data, size_t size);
/* Takes a hexadecimal number, and `end` behind it, from *text. */
bool gdb_number(const char **text, char end, uint32_t *value);

/* ---- gdb_command.c, gdb_memory.c, gdb_monitor.c ---------------------------------------------- */

void gdb_command(struct gdb *gdb, const char *command, size_t size);
/* Commands that begin with m, M, X, and with vFlash; `arguments` is what follows. */
void gdb_read_memory(struct gdb *gdb, const char *arguments, size_t size);
void gdb_write_hex(struct gdb *gdb, const char *arguments, size_t size);
void gdb_write_binary(struct gdb *gdb, const char *arguments, size_t size);
void gdb_flash_erase(struct gdb *gdb, const char *arguments, size_t size);
void gdb_flash_write(struct gdb *gdb, const char *arguments, size_t size);
/* qRcmd */
void gdb_reset_halt(struct gdb *gdb);
void gdb_monitor(struct gdb *gdb, const char *arguments, size_t size);
/* qXfer:features and qXfer:memory-map; NULL: no such object. To be freed by the caller. */
char *gdb_target_xml(void);
char *gdb_memory_map(const struct l072 *board);

/* ---- gdb_point.c: break- and watchpoints ----------------------------------------------------- */

/* False: no room, or no such type. */
bool gdb_point_add(struct gdb *gdb, const struct gdb_point *point);
void gdb_point_remove(struct gdb *gdb, const struct gdb_point *point);
/* The breakpoint at the PC; NULL: none. */
const struct gdb_point *gdb_break_here(const struct gdb *gdb);
/* The watchpoint that the next instruction hits; NULL: none. */
const struct gdb_point *gdb_watch_ahead(const struct gdb *gdb);

/* ---- gdb.c ----------------------------------------------------------------------------------- */

void gdb_halt(struct gdb *gdb, enum gdb_signal signal);
void gdb_resume(struct gdb *gdb, enum gdb_mode mode);
void gdb_drop(struct gdb *gdb);

#endif
