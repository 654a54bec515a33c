/* SPDX-License-Identifier: MIT */
/* Between usbfs.c (the device, its files and transfers) and usbfs_ioctl.c (what clients ask). */
#ifndef BRIDGE_USBFS_PRIVATE_H
#define BRIDGE_USBFS_PRIVATE_H

#include "usbfs.h"

/* Takes a transfer off the list, ended or not, and frees it. */
void usbfs_drop(struct usbfs_transfer *t);
/* The first transfer of the file that can be reaped; NULL: none. */
struct usbfs_transfer *usbfs_reapable(const struct usbfs_file *file);

/* Hands a finished URB to the client that calls REAPURB: 0, -EAGAIN, -ENODEV or -EFAULT. */
int usbfs_reap(struct usbfs_file *file, const struct usbfs_call *call);
/* The result of a finished transfer for the ioctl that waits for it. */
int usbfs_call_result(const struct usbfs_transfer *t);

#endif
