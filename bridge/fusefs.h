/* SPDX-License-Identifier: MIT */
/* /dev/bus/usb as a FUSE file system: a directory 001 with the root hub and the device, whose file
 * takes the ioctls of usbfs. The root hub cannot be opened: it has no requests of its own. */
#ifndef BRIDGE_FUSEFS_H
#define BRIDGE_FUSEFS_H

#include <stdbool.h>
#include <stddef.h>

#include "usbfs.h"

struct fuse_session;
struct fuse_buf;

struct fusefs {
    struct usbfs *usbfs;
    struct fuse_session *session;
    struct fuse_buf *buffer; /* of the request in work */
};

/* Mounts it; call after namespace_enter(). False, with one line in `error`, when that fails. */
bool fusefs_open(struct fusefs *fs, struct usbfs *usbfs, char *error, size_t error_size);
void fusefs_close(struct fusefs *fs);

/* The descriptor to wait for. */
int fusefs_descriptor(const struct fusefs *fs);
/* Serves all requests that wait, without waiting itself. False: the mount is gone. */
bool fusefs_serve(struct fusefs *fs);

/* The usbfs_init() callbacks of this front-end. */
void fusefs_answer(void *request, int result);
void fusefs_completed(struct usbfs_file *file);

#endif
