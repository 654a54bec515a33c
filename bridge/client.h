/* SPDX-License-Identifier: MIT */
/*
 * A client of usbfs in this process: what a protocol for other kernels needs. Its requests are
 * ioctls on its own memory, so the rules of usbfs hold for it as for every other client.
 */
#ifndef BRIDGE_CLIENT_H
#define BRIDGE_CLIENT_H

#include "usbfs.h"

struct client_transfer; /* private */

/* A request of the peer, and its result. */
struct client_request {
    uint64_t id;      /* the peer's */
    uint32_t tag;     /* free for the owner */
    uint8_t endpoint; /* bit 7: IN */
    uint8_t setup[8]; /* for endpoint 0 and 0x80 */
    void *data;       /* OUT: to send, copied; in done(): what was read */
    uint32_t size;    /* bytes of it, or wanted; in done(): moved */
    bool zero_packet; /* bulk OUT: end with an empty packet when size is a multiple */
    int status;       /* in done(): 0 or -errno */
};

struct client_waiter {
    bool ended;
    int result;
};

struct client {
    /* Set by the owner. Called once for each request, from client_run(). */
    void (*done)(void *context, const struct client_request *request);
    void *context;

    /* Private. */
    struct usbfs *usbfs;
    struct usbfs_file *file; /* NULL: closed */
    struct client_transfer *transfers;
    struct client_waiter reset;
};

/* Opens the device, which must be plugged. False: memory is short. */
bool client_open(struct client *client, struct usbfs *usbfs);
/* Ends all requests, without done(). */
void client_close(struct client *client);

/* Starts a request. SET_CONFIGURATION, SET_INTERFACE and CLEAR_FEATURE(ENDPOINT_HALT) also do for
 * this side of the bus what they do for the device's. False: memory is short. */
bool client_submit(struct client *client, const struct client_request *request);
/* Resets the device; nobody is told the result. */
void client_reset(struct client *client);
/* Ends the requests with this id, with -ECONNRESET. False: there is none. Call client_run() first:
 * some may have ended. */
bool client_cancel(struct client *client, uint64_t id);

/* Calls done() for what has ended. */
void client_run(struct client *client);

/* The usbfs_init() callbacks of such clients. */
void client_answer(void *request, int result);
void client_completed(struct usbfs_file *file);

#endif
