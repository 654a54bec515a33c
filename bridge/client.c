/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/usbdevice_fs.h>

#include "descriptor.h"
#include "interface.h"
#include "transfer.h"

#define SETUP_SIZE sizeof(((struct client_request *)0)->setup)

struct client_transfer {
    struct client_transfer *next;
    struct client_request request;
    struct client_waiter waiter;
    bool cancelled;
    uint8_t *buffer;         /* behind this struct: setup packet, for control; data */
    struct usbdevfs_urb urb; /* must be last: it ends in an array of any length */
};

/* Performs an ioctl; `waiter` gets the answer, now or later. */
static void call(const struct client *c, unsigned command, const void *argument,
                 struct client_waiter *waiter)
{
    struct usbfs_call ioctl = {getpid(), command, (uintptr_t)argument, waiter};
    usbfs_ioctl(c->file, &ioctl);
}

void client_answer(void *request, int result)
{
    struct client_waiter *waiter = request;
    *waiter = (struct client_waiter){true, result};
}

/* client_run() looks for itself. */
void client_completed(struct usbfs_file *file)
{
    (void)file;
}

/* ---- Requests -------------------------------------------------------------------------------- */

static bool is_control(const struct client_request *r)
{
    return (r->endpoint & ENDPOINT_NUMBER_MASK) == 0;
}

/* The ioctl for a request that concerns this side of the bus too; 0: none. As usbip-host of Linux
 * does it (drivers/usb/usbip/stub_rx.c, tweak_special_requests). */
static unsigned special(const uint8_t setup[8])
{
    bool default_pipe = (setup[4] & ENDPOINT_NUMBER_MASK) == 0;
    static const struct {
        uint8_t type, request;
        unsigned ioctl;
    } table[] = {
        {REQUEST_TO_DEVICE,    SET_CONFIGURATION, USBDEVFS_SETCONFIGURATION},
        {REQUEST_TO_INTERFACE, SET_INTERFACE,     USBDEVFS_SETINTERFACE    },
        {REQUEST_TO_ENDPOINT,  CLEAR_FEATURE,     USBDEVFS_CLEAR_HALT      },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].type == setup[0] && table[i].request == setup[1])
            return setup[1] == CLEAR_FEATURE && default_pipe ? 0 : table[i].ioctl;
    return 0;
}

static unsigned char urb_type(const struct client *c, const struct client_request *r)
{
    unsigned number;
    const uint8_t *endpoint = interface_endpoint(c->usbfs, r->endpoint, &number);
    if (is_control(r))
        return USBDEVFS_URB_TYPE_CONTROL;
    if (endpoint &&
        (endpoint[ENDPOINT_bmAttributes] & ENDPOINT_TRANSFER_MASK) == ENDPOINT_INTERRUPT)
        return USBDEVFS_URB_TYPE_INTERRUPT;
    return USBDEVFS_URB_TYPE_BULK;
}

static void call_submit(const struct client *c, struct client_transfer *t)
{
    const struct client_request *r = &t->request;
    size_t head = is_control(r) ? SETUP_SIZE : 0;
    struct client_waiter submitted;

    memcpy(t->buffer, r->setup, head);
    if (!(r->endpoint & REQUEST_DIR_IN) && r->size > 0)
        memcpy(t->buffer + head, r->data, r->size);
    t->urb = (struct usbdevfs_urb){
        .type = urb_type(c, r),
        .endpoint = is_control(r) ? 0 : r->endpoint,
        .flags = r->zero_packet ? USBDEVFS_URB_ZERO_PACKET : 0,
        .buffer = t->buffer,
        .buffer_length = (int)(head + r->size),
        .usercontext = t,
    };
    call(c, USBDEVFS_SUBMITURB, &t->urb, &submitted);
    if (submitted.result != 0)
        t->waiter = submitted;
}

static void call_special(const struct client *c, struct client_transfer *t, unsigned ioctl)
{
    const uint8_t *setup = t->request.setup;
    unsigned value = le16(setup + 2), index = le16(setup + 4);
    struct usbdevfs_setinterface interface = {index, value};
    switch (ioctl) {
    case USBDEVFS_SETINTERFACE: call(c, ioctl, &interface, &t->waiter); break;
    case USBDEVFS_CLEAR_HALT: call(c, ioctl, &index, &t->waiter); break;
    default:
        /* The peer's kernel has let go of all interfaces, or it would not ask. */
        for (unsigned i = 0; i < USBFS_INTERFACES; i++)
            interface_release(c->file, i);
        call(c, ioctl, &value, &t->waiter);
    }
    /* What the descriptors do not know: the device itself says no. */
    if (t->waiter.ended && t->waiter.result == -EINVAL) {
        t->waiter.ended = false;
        call_submit(c, t);
    }
}

bool client_submit(struct client *c, const struct client_request *request)
{
    bool fits = request->size <= TRANSFER_MAX;
    struct client_transfer *t = calloc(1, sizeof *t + SETUP_SIZE + (fits ? request->size : 0));
    struct client_transfer **end = &c->transfers;
    unsigned ioctl = is_control(request) ? special(request->setup) : 0;
    if (!t)
        return false;
    t->request = *request;
    t->buffer = (uint8_t *)(t + 1);
    while (*end)
        end = &(*end)->next;
    *end = t;
    if (!c->file || !fits)
        client_answer(&t->waiter, fits ? -ENODEV : -EINVAL);
    else if (ioctl)
        call_special(c, t, ioctl);
    else
        call_submit(c, t);
    return true;
}

void client_reset(struct client *c)
{
    if (c->file)
        call(c, USBDEVFS_RESET, NULL, &c->reset);
}

bool client_cancel(struct client *c, uint64_t id)
{
    struct client_waiter discarded;
    bool found = false;
    for (struct client_transfer *t = c->transfers; t; t = t->next) {
        if (t->request.id != id || t->waiter.ended)
            continue;
        found = true;
        t->cancelled = true;
        if (t->urb.usercontext)
            call(c, USBDEVFS_DISCARDURB, &t->urb, &discarded);
        else
            usbfs_interrupt(c->usbfs, &t->waiter);
    }
    return found;
}

/* ---- Results --------------------------------------------------------------------------------- */

static void reap(const struct client *c)
{
    struct usbdevfs_urb *urb = NULL;
    struct client_waiter reaped = {0};
    while (c->file && reaped.result == 0) {
        call(c, USBDEVFS_REAPURBNDELAY, &urb, &reaped);
        if (reaped.result != 0)
            break;
        struct client_transfer *t = urb->usercontext;
        client_answer(&t->waiter, urb->status);
        t->request.size = (uint32_t)urb->actual_length;
    }
}

static struct client_transfer *take_ended(struct client *c)
{
    struct client_transfer **link = &c->transfers;
    while (*link && !(*link)->waiter.ended)
        link = &(*link)->next;
    struct client_transfer *t = *link;
    if (t)
        *link = t->next;
    return t;
}

void client_run(struct client *c)
{
    struct client_transfer *t;
    reap(c);
    while ((t = take_ended(c)) != NULL) {
        t->request.status = t->cancelled ? -ECONNRESET : t->waiter.result;
        t->request.data = t->buffer + (is_control(&t->request) ? SETUP_SIZE : 0);
        if (t->request.status != 0 && !t->urb.usercontext)
            t->request.size = 0;
        c->done(c->context, &t->request);
        free(t);
    }
}

bool client_open(struct client *c, struct usbfs *usbfs)
{
    c->usbfs = usbfs;
    c->file = usbfs_open(usbfs);
    return c->file;
}

void client_close(struct client *c)
{
    struct client_transfer *t;
    if (c->file)
        usbfs_close(c->file);
    c->file = NULL;
    while ((t = c->transfers) != NULL) {
        c->transfers = t->next;
        free(t);
    }
}
