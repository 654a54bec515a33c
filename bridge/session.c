/* SPDX-License-Identifier: MIT */
#include "bridge.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "child.h"
#include "device.h"
#include "front.h"
#include "sleeps.h"
#include "usbfs.h"

/* Picoseconds. */
#define SLICE  (250 * L072_PS_PER_US) /* of simulated time between two looks at the outside */
#define FRAME  L072_PS_PER_MS         /* sleep while an interrupt endpoint is listened to */
#define IDLE   (5 * L072_PS_PER_MS)   /* ... while nothing is pending */
#define RUN_ON (20 * L072_PS_PER_MS)  /* behind the end of the command */
#define SETTLE L072_PS_PER_S          /* simulated time in which the device may appear */
/* Lag behind host time that is made up for; more is forgotten (the process was stopped). */
#define LAG (100 * L072_PS_PER_MS)

/* What turn() waits for. */
enum { FD_SIGNALS, FD_GUEST, FD_SLEEPS, FD_FRONT, FDS = FD_FRONT + FRONT_DESCRIPTORS };

struct session {
    const struct bridge *bridge;
    char *const *command; /* NULL: none */
    struct usb_device device;
    struct usbfs usbfs;
    const struct front_ops *ops; /* NULL: nobody is to reach the device */
    struct front *front;         /* NULL: not open */
    struct child child;
    struct sleeps sleeps;           /* of the command */
    uint64_t settled;               /* simulated time at which the command starts at the latest */
    uint64_t pace_board, pace_host; /* one moment on both clocks */
    bool over;                      /* the board runs no more */
    bool failed;                    /* ... because the session broke */
    char *error;                    /* first failure of the session; empty: none */
    size_t error_size;
};

static void fail(struct session *s, const char *what)
{
    if (s->error[0] == '\0')
        snprintf(s->error, s->error_size, "%s: %s", what, strerror(errno));
    s->failed = true;
    s->over = true;
}

/* what: failed, by errno; NULL: nothing. */
static void fail_if(struct session *s, const char *what)
{
    if (what)
        fail(s, what);
}

/* ---- The device comes and goes --------------------------------------------------------------- */

static void plug(struct session *s)
{
    usbfs_plug(&s->usbfs);
    if (s->front)
        fail_if(s, s->ops->plug(s->front));
}

static void unplug(struct session *s)
{
    usbfs_unplug(&s->usbfs);
    if (s->front)
        fail_if(s, s->ops->unplug(s->front));
}

static void change(void *context)
{
    struct session *s = context;
    if (s->front && s->ops->change)
        fail_if(s, s->ops->change(s->front));
}

/* The device on show is still there: ready, or being reset. */
static bool still_there(const struct session *s)
{
    switch (s->device.state) {
    case USB_DEVICE_PORT:
    case USB_DEVICE_RESET:
    case USB_DEVICE_ENUMERATE:
    case USB_DEVICE_READY: return !s->over && s->device.generation == s->usbfs.generation;
    default: return false;
    }
}

static void follow_device(struct session *s)
{
    if (s->usbfs.plugged && !still_there(s))
        unplug(s);
    if (!s->usbfs.plugged && !s->over && usb_device_ready(&s->device))
        plug(s);
    usbfs_run(&s->usbfs);
}

/* ---- Time ------------------------------------------------------------------------------------ */

static uint64_t host_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * L072_PS_PER_S + (uint64_t)t.tv_nsec * 1000;
}

static enum bridge_time guest_time(const struct session *s)
{
    const struct bridge_guest *guest = s->bridge->guest;
    return guest ? guest->time(guest->context) : BRIDGE_TIME_RUNS;
}

static bool stands(const struct session *s)
{
    return guest_time(s) == BRIDGE_TIME_STANDS;
}

/* Something waits for the board: a client, a guest, the enumeration, or the command's start. */
static bool busy(const struct session *s)
{
    enum usb_device_state state = s->device.state;
    return state == USB_DEVICE_DEBOUNCE || state == USB_DEVICE_PORT || state == USB_DEVICE_RESET ||
           state == USB_DEVICE_ENUMERATE || usbfs_busy(&s->usbfs) ||
           (s->command && s->child.pid == 0) || guest_time(s) == BRIDGE_TIME_HURRIES ||
           s->sleeps.count > 0;
}

/* The simulated time up to which the board may run by now. */
static uint64_t allowed(struct session *s)
{
    uint64_t board = l072_now(s->bridge->board), host = host_now();
    bool flat_out = s->bridge->pace == BRIDGE_PACE_FREE && busy(s);
    uint64_t limit = s->pace_board + (host - s->pace_host);
    if (!flat_out && !stands(s) && limit < board + LAG)
        return limit;
    s->pace_board = board;
    s->pace_host = host;
    return stands(s) ? board : board + SLICE;
}

static bool on_event(struct session *s, const struct l072_event *event)
{
    return !s->bridge->observe || s->bridge->observe(s->bridge->context, event);
}

static void observe(void *context, const struct l072_event *event)
{
    struct session *s = context;
    if (!s->over && !on_event(s, event))
        s->over = true;
}

/* Runs the board for at most a slice, not beyond `limit`. */
static void run_slice(struct session *s, uint64_t limit)
{
    struct l072 *board = s->bridge->board;
    uint64_t until = l072_now(board) + SLICE;
    if (until > limit)
        until = limit;
    if (until > usb_device_due(&s->device))
        until = usb_device_due(&s->device);
    if (s->bridge->before_slice)
        s->bridge->before_slice(s->bridge->context, board, &until);
    bool stopped = !stands(s) && l072_run(board, until) == L072_STOPPED;
    usb_device_poll(&s->device); /* observers get the events that led to a stop, too */
    if (stopped) {
        s->over = true;
        if (s->bridge->stopped)
            s->bridge->stopped(s->bridge->context);
    }
    follow_device(s);
}

/* Runs the board as far as it may. When it follows host time this comes before what clients ask
 * now: the time in which they were silent has passed for the board too. */
static void run_board(struct session *s)
{
    uint64_t limit = allowed(s);
    while (!s->over && !stands(s) && l072_now(s->bridge->board) < limit)
        run_slice(s, limit);
}

/* ---- The session ----------------------------------------------------------------------------- */

/* The command starts when it can see the device, or when there seems to be none. */
static void start_command(struct session *s)
{
    bool settled = usb_device_ready(&s->device) || s->device.state == USB_DEVICE_FAILED ||
                   l072_now(s->bridge->board) >= s->settled;
    if (!s->command || s->child.pid != 0 || s->over || !settled)
        return;
    if (!child_start(&s->child, s->command, s->error, s->error_size))
        s->over = true;
}

/* Sleeps until something is to be done, lets the board catch up, and serves who asked. */
static void turn(struct session *s)
{
    const struct bridge_guest *guest = s->bridge->guest;
    struct pollfd fds[FDS] = {
        {s->child.signals,                               POLLIN, 0},
        {guest ? guest->descriptor(guest->context) : -1, POLLIN, 0},
        {s->sleeps.listener,                             POLLIN, 0},
        {-1,                                             0,      0},
        {-1,                                             0,      0},
    };
    if (s->front)
        s->ops->watch(s->front, fds + FD_FRONT);
    uint64_t sleep = busy(s) ? SLICE : usbfs_listens(&s->usbfs) ? FRAME : IDLE;
    if (allowed(s) >= l072_now(s->bridge->board) + SLICE)
        sleep = 0;
    struct timespec timeout = {.tv_nsec = (long)(sleep / 1000)};
    if (ppoll(fds, FDS, s->over ? NULL : &timeout, NULL) < 0)
        return;
    run_board(s);
    if (fds[FD_SIGNALS].revents)
        child_signals(&s->child);
    if (fds[FD_SLEEPS].revents & POLLIN)
        sleeps_serve(&s->sleeps, l072_now(s->bridge->board));
    sleeps_end(&s->sleeps, l072_now(s->bridge->board), s->over);
    if (s->front)
        fail_if(s, s->ops->serve(s->front, fds + FD_FRONT));
    if (fds[FD_GUEST].revents) {
        guest->serve(guest->context);
        usb_device_poll(&s->device); /* it may have reset the board */
    }
    follow_device(s);
}

/* True while there is something to run or to wait for. */
static bool alive(const struct session *s)
{
    if (child_running(&s->child))
        return true;
    return !s->over && s->child.killer == 0 && s->child.status < 0;
}

/* What the device still does when its last answer is out and the command has ended, such as writing
 * the last page of a download. Nobody pulls a plug that fast. */
static void run_on(struct session *s)
{
    uint64_t limit = l072_now(s->bridge->board) + RUN_ON;
    while (!s->over && !stands(s) && l072_now(s->bridge->board) < limit)
        run_slice(s, limit);
}

static void loop(struct session *s)
{
    bool terminated = false;
    while (alive(s)) {
        turn(s);
        start_command(s);
        if (s->over && !terminated)
            child_terminate(&s->child);
        terminated = s->over;
    }
    if (s->command && s->child.killer == 0)
        run_on(s);
}

static bool set_up(struct session *s)
{
    if (!child_open(&s->child)) {
        fail(s, "cannot take signals");
        return false;
    }
    if (!s->ops)
        return true;
    s->front = s->ops->open(&s->usbfs, s->bridge->where, s->error, s->error_size);
    if (s->front && s->command && s->bridge->pace == BRIDGE_PACE_FREE)
        sleeps_open(&s->sleeps);
    return s->front;
}

static void tear_down(struct session *s)
{
    s->over = true;
    follow_device(s);
    if (s->front)
        s->ops->close(s->front);
    usbfs_free(&s->usbfs);
    sleeps_close(&s->sleeps);
    child_close(&s->child);
}

static const struct front_ops *front_of(enum bridge_way way, bool command)
{
    switch (way) {
    case BRIDGE_USBREDIR: return &front_usbredir;
    case BRIDGE_USBIP: return &front_usbip;
    default: return command ? &front_fuse : NULL;
    }
}

static int result(const struct session *s)
{
    if (s->failed || (s->child.status < 0 && s->error[0] != '\0'))
        return -1;
    if (s->child.status >= 0)
        return s->child.status;
    return s->command && s->child.killer != 0 ? 128 + s->child.killer : 0;
}

int bridge_run(const struct bridge *bridge, char *const command[], char *error, size_t error_size)
{
    struct session s = {
        .bridge = bridge,
        .command = command,
        .sleeps.listener = -1,
        .ops = front_of(bridge->way, command),
        .settled = l072_now(bridge->board) + SETTLE,
        .pace_board = l072_now(bridge->board),
        .pace_host = host_now(),
        .error = error,
        .error_size = error_size,
    };
    error[0] = '\0';
    usb_device_init(&s.device, bridge->board);
    s.device.observe = observe;
    s.device.context = &s;
    s.device.pcap = bridge->pcap;
    usbfs_init(&s.usbfs, &s.device, s.ops ? s.ops->answer : NULL, s.ops ? s.ops->completed : NULL);
    s.usbfs.changed = change;
    s.usbfs.context = &s;
    if (set_up(&s))
        loop(&s);
    tear_down(&s);
    return result(&s);
}
