/* SPDX-License-Identifier: MIT */
/* One transfer of a usbfs client, carried out as transfers of the board's USB port. */
#ifndef BRIDGE_TRANSFER_H
#define BRIDGE_TRANSFER_H

#include "usbfs.h"

#define TRANSFER_MAX (1u << 20) /* data bytes of one client transfer at most */

struct usbfs_transfer {
    struct usbfs_transfer *next;
    struct usbfs_file *file;
    struct usbfs_call call; /* request set: this ioctl waits; not: it was USBDEVFS_SUBMITURB */
    uint64_t client_data;   /* address of the data in the client */
    uint64_t deadline;      /* picoseconds of simulated time; UINT64_MAX: none */
    struct l072_urb urb;    /* address, endpoint and setup packet; the part under way */
    bool zero_packet;       /* wanted after the last part */
    int id;                 /* of the part under way at the port; negative: none */
    bool done;
    int status;     /* when done: 0 or -errno */
    uint32_t moved; /* data bytes so far */
    uint32_t size;  /* of data */
    uint8_t data[];
};

/* A transfer of `size` data bytes, not yet started and in no list; NULL when memory is short. */
struct usbfs_transfer *transfer_new(struct usbfs_file *file, const struct usbfs_call *call,
                                    uint32_t size);
bool transfer_is_in(const struct usbfs_transfer *t);
/* True when both use the same endpoint: they must take turns. */
bool transfer_same_endpoint(const struct usbfs_transfer *a, const struct usbfs_transfer *b);

/* Starts the next part; when the port has no room, leaves it for the next call. */
void transfer_start(struct usbfs_transfer *t, struct usb_device *dev);
/* Sees how far the part under way came, and starts the one after it. */
void transfer_check(struct usbfs_transfer *t, struct usb_device *dev);
/* Ends the transfer, if it is not done, with `status`. */
void transfer_end(struct usbfs_transfer *t, struct usb_device *dev, int status);

#endif
