/* SPDX-License-Identifier: MIT */
/* The messages udev sends to libudev's monitors when a device comes or goes. */
#ifndef BRIDGE_UEVENT_H
#define BRIDGE_UEVENT_H

#include <stdbool.h>
#include <stdint.h>

struct uevent {
    int fd; /* netlink socket of the session's network namespace */
    uint64_t seqnum;
};

/* Opens the socket; call after namespace_enter(). False: errno says why. */
bool uevent_open(struct uevent *uevent);
void uevent_close(struct uevent *uevent);

/* Tells whoever listens that the device whose device descriptor is `device` came ("add") or went
 * ("remove"). False: errno says why. */
bool uevent_send(struct uevent *uevent, const char *action, const uint8_t *device, unsigned devnum);

#endif
