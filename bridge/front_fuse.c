/* SPDX-License-Identifier: MIT */
/* Files for the command: FUSE on /dev/bus/usb, a private /sys, and the events of udev. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "front.h"
#include "fusefs.h"
#include "namespace.h"
#include "sysfs.h"
#include "uevent.h"

struct front {
    struct usbfs *usbfs;
    struct fusefs fusefs;
    struct uevent uevent;
};

static void close_fuse(struct front *f)
{
    fusefs_close(&f->fusefs);
    uevent_close(&f->uevent);
    free(f);
}

static bool set_up(struct front *f, char *error, size_t error_size)
{
    static const char udev[] = "/run/udev", control[] = "/run/udev/control";
    if (!namespace_enter(error, error_size) || !sysfs_create(error, error_size) ||
        !namespace_cover(udev, error, error_size) ||
        !fusefs_open(&f->fusefs, f->usbfs, error, error_size))
        return false;
    /* libudev listens to udevd only where this file says that one runs. */
    if (mknod(control, S_IFREG | 0644, 0) == 0 && uevent_open(&f->uevent))
        return true;
    snprintf(error, error_size, "cannot set up udev events: %s", strerror(errno));
    return false;
}

static struct front *open_fuse(struct usbfs *usbfs, const char *where, char *error,
                               size_t error_size)
{
    (void)where;
    struct front *f = calloc(1, sizeof *f);
    if (!f) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    f->usbfs = usbfs;
    f->uevent.fd = -1;
    if (set_up(f, error, error_size))
        return f;
    close_fuse(f);
    return NULL;
}

static const char *plug(struct front *f)
{
    if (!sysfs_add(f->usbfs))
        return "cannot describe the device in the private /sys";
    if (!uevent_send(&f->uevent, "add", f->usbfs->blob, f->usbfs->address))
        return "cannot send a udev event";
    return NULL;
}

static const char *unplug(struct front *f)
{
    if (!sysfs_remove())
        return "cannot remove the device from the private /sys";
    if (!uevent_send(&f->uevent, "remove", f->usbfs->blob, f->usbfs->address))
        return "cannot send a udev event";
    return NULL;
}

static const char *change(struct front *f)
{
    return sysfs_change(f->usbfs) ? NULL : "cannot describe the interfaces in the private /sys";
}

static const char *serve(struct front *f, const struct pollfd fds[FRONT_DESCRIPTORS])
{
    if (fds[0].revents && !fusefs_serve(&f->fusefs))
        return "the FUSE file system on /dev/bus/usb is gone";
    return NULL;
}

static void watch(struct front *f, struct pollfd fds[FRONT_DESCRIPTORS])
{
    fds[0] = (struct pollfd){fusefs_descriptor(&f->fusefs), POLLIN, 0};
}

const struct front_ops front_fuse = {
    .answer = fusefs_answer,
    .completed = fusefs_completed,
    .open = open_fuse,
    .close = close_fuse,
    .plug = plug,
    .unplug = unplug,
    .change = change,
    .serve = serve,
    .watch = watch,
};
