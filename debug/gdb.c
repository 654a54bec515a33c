/* SPDX-License-Identifier: MIT */
/* The client comes and goes; the board runs and halts. */
#include "gdb_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PC = 15 };
enum { BKPT = 0xBE }; /* upper byte of the instruction */

/* A stop as the signal that a program on Linux would get. */
static const uint8_t stop_signal[] = {
    [L072_STOP_NONE] = GDB_SIGTRAP,        [L072_STOP_UNMAPPED] = GDB_SIGSEGV,
    [L072_STOP_NOT_MODELLED] = GDB_SIGBUS, [L072_STOP_NO_CLOCK] = GDB_SIGBUS,
    [L072_STOP_MISALIGNED] = GDB_SIGBUS,   [L072_STOP_WIDTH] = GDB_SIGBUS,
    [L072_STOP_UNDEFINED] = GDB_SIGILL,    [L072_STOP_STATE] = GDB_SIGILL,
    [L072_STOP_EXECUTE] = GDB_SIGSEGV,     [L072_STOP_LOCKUP] = GDB_SIGSEGV,
    [L072_STOP_FLASH] = GDB_SIGBUS,        [L072_STOP_USB] = GDB_SIGBUS,
    [L072_STOP_RULE] = GDB_SIGBUS,
};

/* ---- Halted and running ---------------------------------------------------------------------- */

static void halt_because(struct gdb *gdb)
{
    gdb->mode = GDB_HALTED;
    if (gdb->awaited)
        gdb_reply(gdb, "%s", gdb->why);
    gdb->awaited = false;
}

void gdb_halt(struct gdb *gdb, enum gdb_signal signal)
{
    snprintf(gdb->why, sizeof(gdb->why), "T%02x", signal);
    halt_because(gdb);
}

static void halt_watch(struct gdb *gdb, const struct gdb_point *point)
{
    const char *name = point->type == GDB_WRITE_WATCH  ? "watch"
                       : point->type == GDB_READ_WATCH ? "rwatch"
                                                       : "awatch";
    snprintf(gdb->why, sizeof(gdb->why), "T%02x%s:%x;", GDB_SIGTRAP, name, point->address);
    halt_because(gdb);
}

static void halt_stopped(struct gdb *gdb)
{
    const struct l072_stop *stop = l072_stop(gdb->board);
    uint32_t op = 0;
    if (gdb->awaited) {
        gdb_print(gdb, stop->reason);
        gdb_print(gdb, "\n");
    }
    bool bkpt = stop->kind == L072_STOP_UNDEFINED && l072_read(gdb->board, stop->pc, 2, &op) == 0 &&
                op >> 8 == BKPT;
    gdb_halt(gdb, bkpt ? GDB_SIGTRAP : (enum gdb_signal)stop_signal[stop->kind]);
}

void gdb_resume(struct gdb *gdb, enum gdb_mode mode)
{
    gdb->mode = mode;
    gdb->first = true;
}

static uint64_t instructions(const struct l072 *board)
{
    struct l072_counters counters;
    l072_get_counters(board, &counters);
    return counters.instructions;
}

/* One instruction, exception entry, or sleep to the next event. */
static void step(struct gdb *gdb)
{
    uint32_t pc = l072_register(gdb->board, PC);
    uint64_t before = instructions(gdb->board);
    if (!gdb->first && gdb_break_here(gdb)) {
        gdb_halt(gdb, GDB_SIGTRAP);
        return;
    }
    const struct gdb_point *watch = gdb_watch_ahead(gdb);
    if (l072_step(gdb->board) == L072_STOPPED)
        return;
    bool executed = instructions(gdb->board) != before;
    bool asleep = !executed && l072_register(gdb->board, PC) == pc;
    pc = l072_register(gdb->board, PC);
    if (asleep)
        return;
    gdb->first = false;
    if (watch && executed)
        halt_watch(gdb, watch);
    else if (gdb->mode == GDB_STEPPING && (pc < gdb->range_start || pc >= gdb->range_end))
        gdb_halt(gdb, GDB_SIGTRAP);
}

void gdb_run(struct gdb *gdb, uint64_t *until)
{
    if (gdb->client < 0)
        return;
    /* A run of no time tells whether there are events or a stop. */
    while (gdb->mode != GDB_HALTED && l072_now(gdb->board) < *until &&
           l072_run(gdb->board, 0) == L072_TIME) {
        if (gdb->mode == GDB_RUNNING && gdb->points == 0)
            (void)l072_run(gdb->board, *until);
        else
            step(gdb);
    }
    if (gdb->mode != GDB_HALTED && l072_stop(gdb->board)->kind != L072_STOP_NONE)
        halt_stopped(gdb);
    if (gdb->mode == GDB_HALTED)
        *until = l072_now(gdb->board);
}

enum gdb_time gdb_time(const struct gdb *gdb)
{
    if (gdb->client < 0)
        return GDB_RUNS;
    switch (gdb->mode) {
    case GDB_HALTED: return GDB_STANDS;
    case GDB_STEPPING: return GDB_HURRIES;
    case GDB_RUNNING: break;
    }
    return GDB_RUNS;
}

/* ---- The client -------------------------------------------------------------------------------
 */

void gdb_drop(struct gdb *gdb)
{
    if (gdb->client >= 0)
        close(gdb->client);
    gdb->client = -1;
    gdb->points = 0;
    gdb->awaited = false;
    gdb_resume(gdb, GDB_RUNNING);
}

static void welcome(struct gdb *gdb)
{
    const int on = 1;
    int client = accept4(gdb->listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return;
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on,
                     sizeof(on)); /* only a matter of speed */
    gdb->client = client;
    gdb->input.size = 0;
    gdb->acknowledge = true;
    gdb_halt(gdb, GDB_SIGTRAP);
}

static void receive(struct gdb *gdb)
{
    struct gdb_input *input = &gdb->input;
    ssize_t size = recv(gdb->client, input->data + input->size, sizeof(input->data) - input->size,
                        MSG_DONTWAIT);
    if (size > 0)
        input->size += (size_t)size;
    else if (size == 0 || (errno != EAGAIN && errno != EINTR))
        gdb_drop(gdb);
}

static void acknowledge(struct gdb *gdb, char sign)
{
    if (gdb->acknowledge && send(gdb->client, &sign, 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
        gdb_drop(gdb);
}

void gdb_serve(struct gdb *gdb)
{
    char command[GDB_PACKET + 1];
    size_t size = 0;
    enum gdb_received what = GDB_DAMAGED;
    if (gdb->client < 0) {
        welcome(gdb);
        return;
    }
    receive(gdb);
    while (gdb->client >= 0 && (what = gdb_take(&gdb->input, command, &size)) != GDB_NOTHING) {
        if (what == GDB_INTERRUPT && gdb->mode != GDB_HALTED)
            gdb_halt(gdb, GDB_SIGINT);
        if (what == GDB_DAMAGED)
            acknowledge(gdb, '-');
        if (what != GDB_COMMAND)
            continue;
        acknowledge(gdb, '+');
        gdb_command(gdb, command, size);
    }
}

int gdb_descriptor(const struct gdb *gdb)
{
    return gdb->client >= 0 ? gdb->client : gdb->listener;
}

uint16_t gdb_port(const struct gdb *gdb)
{
    struct sockaddr_in address = {.sin_port = 0};
    socklen_t size = sizeof(address);
    if (getsockname(gdb->listener, (struct sockaddr *)&address, &size) != 0)
        return 0;
    return ntohs(address.sin_port);
}

static bool listen_at(struct gdb *gdb, uint16_t port)
{
    const int on = 1;
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    gdb->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return gdb->listener >= 0 &&
           setsockopt(gdb->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
           bind(gdb->listener, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
           listen(gdb->listener, 1) == 0;
}

struct gdb *gdb_open(struct l072 *board, uint16_t port, char *error, size_t error_size)
{
    struct gdb *gdb = calloc(1, sizeof(*gdb));
    if (!gdb) {
        snprintf(error, error_size, "no memory for the GDB server");
        return NULL;
    }
    gdb->board = board;
    gdb->client = -1;
    gdb->mode = GDB_RUNNING;
    if (listen_at(gdb, port))
        return gdb;
    snprintf(error, error_size, "cannot listen for GDB on 127.0.0.1:%u: %s", port, strerror(errno));
    gdb_close(gdb);
    return NULL;
}

void gdb_close(struct gdb *gdb)
{
    if (!gdb)
        return;
    gdb_reply(gdb, "W00");
    gdb_drop(gdb);
    if (gdb->listener >= 0)
        close(gdb->listener);
    free(gdb);
}
