/* SPDX-License-Identifier: MIT */
#include "transfer.h"

#include <errno.h>
#include <stdlib.h>

#include "pcap.h"
#include "status.h"

struct usbfs_transfer *transfer_new(struct usbfs_file *file, const struct usbfs_call *call,
                                    uint32_t size)
{
    struct usbfs_transfer *t = calloc(1, sizeof *t + size);
    if (!t)
        return NULL;
    t->file = file;
    t->call = *call;
    t->deadline = UINT64_MAX;
    t->id = -1;
    t->size = size;
    return t;
}

bool transfer_is_in(const struct usbfs_transfer *t)
{
    return (t->urb.type == L072_CONTROL ? t->urb.setup[0] : t->urb.endpoint) & 0x80;
}

bool transfer_same_endpoint(const struct usbfs_transfer *a, const struct usbfs_transfer *b)
{
    return a->urb.endpoint == b->urb.endpoint;
}

void transfer_start(struct usbfs_transfer *t, struct usb_device *dev)
{
    uint32_t left = t->size - t->moved;
    /* Parts are multiples of every packet size, so they join without a short packet between. */
    t->urb.size = left < L072_URB_MAX ? left : L072_URB_MAX;
    t->urb.zero_packet = t->zero_packet && t->urb.size == left;
    t->urb.data = t->data + t->moved;
    t->id = pcap_submit(dev->pcap, dev->board, &t->urb);
    if (t->id == L072_ERR_VALUE)
        transfer_end(t, dev, -EINVAL);
    else if (t->id == L072_ERR_GONE)
        transfer_end(t, dev, -ESHUTDOWN);
}

void transfer_check(struct usbfs_transfer *t, struct usb_device *dev)
{
    uint32_t actual = 0;
    enum l072_urb_status status =
        pcap_take(dev->pcap, dev->board, t->id, t->data + t->moved, t->urb.size, &actual);
    if (status == L072_URB_PENDING)
        return;
    t->id = -1;
    t->moved += actual;
    if (status == L072_URB_OK && actual == t->urb.size && t->moved < t->size)
        transfer_start(t, dev);
    else
        transfer_end(t, dev, status_errno(status));
}

void transfer_end(struct usbfs_transfer *t, struct usb_device *dev, int status)
{
    uint32_t actual = 0;
    if (t->done)
        return;
    if (t->id >= 0) {
        l072_urb_cancel(dev->board, t->id);
        pcap_take(dev->pcap, dev->board, t->id, t->data + t->moved, t->urb.size, &actual);
        t->moved += actual;
    }
    t->id = -1;
    t->done = true;
    t->status = status;
}
