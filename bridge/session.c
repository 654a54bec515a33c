/* SPDX-License-Identifier: MIT */
#include "bridge.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "child.h"
#include "device.h"
#include "fusefs.h"
#include "namespace.h"
#include "sysfs.h"
#include "uevent.h"
#include "usbfs.h"

/* Picoseconds. */
#define SLICE  (250 * L072_PS_PER_US) /* of simulated time between two looks at the outside */
#define IDLE   (5 * L072_PS_PER_MS)   /* sleep while nothing is pending */
#define SETTLE L072_PS_PER_S          /* simulated time in which the device may appear */
/* Lag behind host time that is made up for; more is forgotten (the process was stopped). */
#define LAG (100 * L072_PS_PER_MS)

struct session {
    const struct bridge *bridge;
    char *const *command; /* NULL: none */
    struct usb_device device;
    struct usbfs usbfs;
    struct fusefs fusefs;
    struct uevent uevent;
    struct child child;
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

/* ---- The device comes and goes --------------------------------------------------------------- */

static void plug(struct session *s)
{
    usbfs_plug(&s->usbfs);
    if (!s->command)
        return;
    if (!sysfs_add(&s->device))
        fail(s, "cannot describe the device in the private /sys");
    else if (!uevent_send(&s->uevent, "add", s->usbfs.blob, s->usbfs.address))
        fail(s, "cannot send a udev event");
}

static void unplug(struct session *s)
{
    usbfs_unplug(&s->usbfs);
    if (!s->command)
        return;
    if (!sysfs_remove())
        fail(s, "cannot remove the device from the private /sys");
    else if (!uevent_send(&s->uevent, "remove", s->usbfs.blob, s->usbfs.address))
        fail(s, "cannot send a udev event");
}

/* The device on show is still there: ready, or being reset. */
static bool still_there(const struct session *s)
{
    switch (s->device.state) {
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

/* Something waits for the board: a client, the enumeration, or the start of the command. */
static bool busy(const struct session *s)
{
    enum usb_device_state state = s->device.state;
    return state == USB_DEVICE_DEBOUNCE || state == USB_DEVICE_RESET ||
           state == USB_DEVICE_ENUMERATE || usbfs_busy(&s->usbfs) ||
           (s->command && s->child.pid == 0);
}

/* The simulated time up to which the board may run by now. */
static uint64_t allowed(struct session *s)
{
    uint64_t board = l072_now(s->bridge->board), host = host_now();
    bool flat_out = s->bridge->pace == BRIDGE_PACE_FREE && busy(s);
    uint64_t limit = s->pace_board + (host - s->pace_host);
    if (!flat_out && limit < board + LAG)
        return limit;
    s->pace_board = board;
    s->pace_host = host;
    return board + SLICE;
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
    if (l072_run(board, until) == L072_STOPPED) {
        s->over = true;
        if (s->bridge->stopped)
            s->bridge->stopped(s->bridge->context);
    }
    usb_device_poll(&s->device);
    follow_device(s);
}

/* Runs the board as far as it may. When it follows host time this comes before what clients ask
 * now: the time in which they were silent has passed for the board too. */
static void run_board(struct session *s)
{
    uint64_t limit = allowed(s);
    while (!s->over && l072_now(s->bridge->board) < limit)
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
    struct pollfd fds[] = {
        {s->child.signals,              POLLIN, 0},
        {fusefs_descriptor(&s->fusefs), POLLIN, 0}
    };
    uint64_t sleep = busy(s) ? SLICE : IDLE;
    if (allowed(s) >= l072_now(s->bridge->board) + SLICE)
        sleep = 0;
    struct timespec timeout = {.tv_nsec = (long)(sleep / 1000)};
    if (ppoll(fds, 2, s->over ? NULL : &timeout, NULL) < 0)
        return;
    run_board(s);
    if (fds[0].revents)
        child_signals(&s->child);
    if (fds[1].revents && !fusefs_serve(&s->fusefs))
        fail(s, "the FUSE file system on /dev/bus/usb is gone");
    follow_device(s);
}

/* True while there is something to run or to wait for. */
static bool alive(const struct session *s)
{
    if (child_running(&s->child))
        return true;
    return !s->over && s->child.killer == 0 && s->child.status < 0;
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
}

static bool set_up(struct session *s)
{
    static const char udev[] = "/run/udev", control[] = "/run/udev/control";
    if (!child_open(&s->child)) {
        fail(s, "cannot take signals");
        return false;
    }
    if (!s->command)
        return true;
    if (!namespace_enter(s->error, s->error_size) || !sysfs_create(s->error, s->error_size) ||
        !namespace_cover(udev, s->error, s->error_size) ||
        !fusefs_open(&s->fusefs, &s->usbfs, s->error, s->error_size))
        return false;
    /* libudev listens to udevd only where this file says that one runs. */
    if (mknod(control, S_IFREG | 0644, 0) != 0 || !uevent_open(&s->uevent)) {
        fail(s, "cannot set up udev events");
        return false;
    }
    return true;
}

static void tear_down(struct session *s)
{
    s->over = true;
    follow_device(s);
    fusefs_close(&s->fusefs);
    usbfs_free(&s->usbfs);
    uevent_close(&s->uevent);
    child_close(&s->child);
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
        .uevent.fd = -1,
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
    usbfs_init(&s.usbfs, &s.device, fusefs_answer, fusefs_completed);
    if (set_up(&s))
        loop(&s);
    tear_down(&s);
    return result(&s);
}
