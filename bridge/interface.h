/* SPDX-License-Identifier: MIT */
/* The interfaces and endpoints of the device on show, and who claimed them. */
#ifndef BRIDGE_INTERFACE_H
#define BRIDGE_INTERFACE_H

#include "usbfs.h"

/* The descriptor after `at`, or the first when `at` is NULL, of the configuration in use. NULL at
 * the end, and in a device that is not configured. */
const uint8_t *interface_next(const struct usbfs *fs, const uint8_t *at);
/* Interfaces of that configuration, as it says itself. */
uint8_t interface_count(const struct usbfs *fs);

/* Alternate settings of interface `number`; 0 when there is no such interface. */
unsigned interface_alternates(const struct usbfs *fs, unsigned number);

/* True when an interface descriptor is of a setting in use. */
bool interface_in_use(const struct usbfs *fs, const uint8_t *interface);

/* The descriptor of an endpoint of the settings in use, and the number of its interface; NULL
 * when there is none. address: as in bEndpointAddress. */
const uint8_t *interface_endpoint(const struct usbfs *fs, unsigned address, unsigned *number);

/* Sets the data toggles of interface `number` back to DATA0; of all interfaces: -1. */
void interface_clear_toggles(const struct usbfs *fs, int number);

/* Claims an interface for a file: 0, -ENOENT or -EBUSY. As in the kernel, transfers call it too,
 * for clients that did not claim before use. */
int interface_claim(struct usbfs_file *file, unsigned number);
/* 0, or -EINVAL when the file has not claimed it. */
int interface_release(struct usbfs_file *file, unsigned number);
/* A request to an interface or endpoint is for its owner only; vendor requests are not. */
int interface_claim_recipient(struct usbfs_file *file, const uint8_t setup[8]);

#endif
