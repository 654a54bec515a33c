/* SPDX-License-Identifier: MIT */
/* What /sys shows of the bus: a root hub "usb1" and, while it is there, the device "1-1". */
#ifndef BRIDGE_SYSFS_H
#define BRIDGE_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usbfs.h"

/* Path of the device below /sys, as udev's DEVPATH names it. */
#define SYSFS_DEVPATH "/devices/l072/usb1/1-1"

/* The properties of a device as its `uevent` attribute and udev events list them: "NAME=value\n"
 * lines. Returns their length. */
size_t sysfs_properties(char *text, size_t size, const uint8_t *device, unsigned devnum);

/* Covers the parts of /sys that describe USB and adds the root hub. After namespace_enter(). */
bool sysfs_create(char *error, size_t error_size);
/* Adds the device on show; its devnum is its address. False: errno says why. */
bool sysfs_add(const struct usbfs *fs);
/* Follows a change of its configuration or alternate settings. Between two configurations it has
 * to be called when there is none: that removes the interfaces. */
bool sysfs_change(const struct usbfs *fs);
/* Removes the device again. */
bool sysfs_remove(void);

#endif
