/* SPDX-License-Identifier: MIT */
/*
 * A way in which programs reach the device of a session: files for programs of this machine
 * (FUSE), or a protocol for others. The session has at most one; all turn to its usbfs.
 */
#ifndef BRIDGE_FRONT_H
#define BRIDGE_FRONT_H

#include <poll.h>

#include "usbfs.h"

#define FRONT_DESCRIPTORS 2

struct front; /* each way's own */

struct front_ops {
    /* The callbacks for usbfs_init(). */
    void (*answer)(void *request, int result);
    void (*completed)(struct usbfs_file *file);

    /* Makes the way; `where` is a path or a port, for those that need one. NULL, with one line in
     * `error`, when that fails. */
    struct front *(*open)(struct usbfs *usbfs, const char *where, char *error, size_t error_size);
    void (*close)(struct front *front);

    /* These return NULL, or what failed; errno says why. */
    const char *(*plug)(struct front *front); /* the device of usbfs is there */
    const char *(*unplug)(struct front *front);
    const char *(*change)(struct front *front); /* its settings in use are others; or NULL */
    /* Serves all requests that wait at its descriptors, without waiting itself. */
    const char *(*serve)(struct front *front, const struct pollfd fds[FRONT_DESCRIPTORS]);

    /* What to wait for before serve(); unused entries are left alone. */
    void (*watch)(struct front *front, struct pollfd fds[FRONT_DESCRIPTORS]);
};

extern const struct front_ops front_fuse, front_usbredir, front_usbip;

#endif
