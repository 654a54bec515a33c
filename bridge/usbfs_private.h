/* SPDX-License-Identifier: MIT */
/* Between usbfs.c (the device, its files and transfers) and usbfs_ioctl.c (what clients ask). */
#ifndef BRIDGE_USBFS_PRIVATE_H
#define BRIDGE_USBFS_PRIVATE_H

#include "usbfs.h"

/* Takes a transfer off the list, ended or not, and frees it. */
void usbfs_drop(struct usbfs_transfer *t);
/* The first transfer of the file that can be reaped; NULL: none. */
struct usbfs_transfer *usbfs_reapable(const struct usbfs_file *file);

/* From now on the configuration of this value is in use, each interface in alternate setting 0; or
 * none, when the device has none of this value, or it is -1. */
void usbfs_configure(struct usbfs *fs, int value);
/* Tells the owner what is new of the settings in use. */
void usbfs_changed(const struct usbfs *fs);
/* Ends the transfers of all endpoints but endpoint 0. */
void usbfs_disable_endpoints(struct usbfs *fs);

/* Hands a finished URB to the client that calls REAPURB: 0, -EAGAIN, -ENODEV or -EFAULT. */
int usbfs_reap(struct usbfs_file *file, const struct usbfs_call *call);
/* The result of a finished transfer for the ioctl that waits for it. */
int usbfs_call_result(const struct usbfs_transfer *t);

#endif
