/* SPDX-License-Identifier: MIT */
/*
 * The usbredir protocol, for virtual machines: the board is the "usb-host" of
 * docs/usb-redirection-protocol.md of the usbredir project. One guest at a time.
 *
 * SET_ADDRESS never arrives: QEMU answers it itself. The board has its own address, from the
 * enumeration before the guest sees it.
 *
 * Not there: isochronous transfers, bulk streams, buffered bulk input, filters.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "descriptor.h"
#include "front.h"
#include "interface.h"
#include "listener.h"
#include "usbredir_send.h"

#define OUTPUT_MAX 1000000 /* bytes a guest may leave unread */

/* What a request was, in client_request.tag. */
enum kind { CONTROL, SET_CONFIG, SET_ALT, BULK, INTERRUPT_OUT, INTERRUPT_IN };

struct front {
    struct usbfs *usbfs;
    struct listener listener;
    int fd; /* of the guest; -1: none */
    struct usbredirparser *parser;
    struct client client;
    bool greeted;                    /* the guest's hello came */
    bool shown;                      /* the guest knows of the device */
    bool leaving;                    /* ... and has not yet acknowledged that it left */
    bool polled[USBREDIR_ENDPOINTS]; /* interrupt endpoints that the guest listens to */
    bool broken;                     /* the guest is to be dropped */
};

/* ---- The device comes and goes --------------------------------------------------------------- */

/* The device is shown when there is one, and a guest that has forgotten the one before. */
static void show(struct front *f)
{
    if (!f->greeted || f->leaving || f->shown || !f->usbfs->plugged)
        return;
    if (!client_open(&f->client, f->usbfs)) {
        f->broken = true;
        return;
    }
    usbredir_send_settings(f->parser, f->usbfs);
    usbredir_send_connect(f->parser, f->usbfs);
    f->shown = true;
}

/* Answers that the device gave before it left go first. */
static void hide(struct front *f)
{
    client_run(&f->client);
    client_close(&f->client);
    memset(f->polled, 0, sizeof f->polled);
    if (!f->shown)
        return;
    usbredirparser_send_device_disconnect(f->parser);
    f->shown = false;
    f->leaving = usbredirparser_peer_has_cap(f->parser, usb_redir_cap_device_disconnect_ack);
}

/* ---- Results --------------------------------------------------------------------------------- */

/* No guest has this id: they count up from 0. */
static uint64_t polling_id(uint8_t endpoint)
{
    return UINT64_MAX - endpoint;
}

static void submit(struct front *f, const struct client_request *request)
{
    if (f->shown && !client_submit(&f->client, request))
        f->broken = true;
}

static void poll_interrupt(struct front *f, uint8_t address)
{
    unsigned number;
    const uint8_t *endpoint = interface_endpoint(f->usbfs, address, &number);
    struct client_request request = {
        .id = polling_id(address), .tag = INTERRUPT_IN, .endpoint = address};
    if (endpoint)
        request.size = le16(endpoint + ENDPOINT_wMaxPacketSize) & ENDPOINT_SIZE_MASK;
    submit(f, &request);
}

/* What an interrupt endpoint sent; the guest listens on until it says otherwise, or an error. A
 * transfer that was cancelled is of a guest that stopped; by now it may have started again. */
static void pass_interrupt(struct front *f, const struct client_request *r)
{
    bool *polled = &f->polled[usbredir_endpoint(r->endpoint)];
    if (!*polled || r->status == -ECONNRESET)
        return;
    *polled = r->status == 0;
    if (!*polled) {
        usbredir_send_receiving(f->parser, r->endpoint, r->status);
        return;
    }
    usbredir_send_interrupt(f->parser, r);
    poll_interrupt(f, r->endpoint);
}

static void done(void *context, const struct client_request *r)
{
    struct front *f = context;
    if (r->tag == SET_CONFIG || r->tag == SET_ALT)
        usbredir_send_settings(f->parser, f->usbfs);
    switch ((enum kind)r->tag) {
    case CONTROL: usbredir_send_control(f->parser, r); break;
    case SET_CONFIG: usbredir_send_configuration(f->parser, f->usbfs, r->id, r->status); break;
    case SET_ALT:
        usbredir_send_alternate(f->parser, f->usbfs, r->id, r->setup[4], r->status);
        break;
    case BULK: usbredir_send_bulk(f->parser, r); break;
    case INTERRUPT_OUT: usbredir_send_interrupt(f->parser, r); break;
    case INTERRUPT_IN: pass_interrupt(f, r); break;
    }
}

/* ---- What the guest asks: the callbacks of usbredirparser -------------------------------------
 */

static void on_hello(void *context, struct usb_redir_hello_header *hello)
{
    struct front *f = context;
    (void)hello;
    f->greeted = true;
    show(f);
}

static void on_reset(void *context)
{
    struct front *f = context;
    client_reset(&f->client);
}

static void on_disconnect_ack(void *context)
{
    struct front *f = context;
    f->leaving = false;
    show(f);
}

static void on_control(void *context, uint64_t id, struct usb_redir_control_packet_header *h,
                       uint8_t *data, int size)
{
    struct front *f = context;
    struct client_request request = {
        .id = id,
        .tag = CONTROL,
        .endpoint = h->requesttype & REQUEST_DIR_IN,
        .setup = {h->requesttype, h->request, (uint8_t)h->value, (uint8_t)(h->value >> 8),
                  (uint8_t)h->index, (uint8_t)(h->index >> 8), (uint8_t)h->length,
                  (uint8_t)(h->length >> 8)},
        .data = data,
        .size = h->length,
    };
    if (request.endpoint || size == h->length)
        submit(f, &request);
    else
        f->broken = true;
    usbredirparser_free_packet_data(f->parser, data);
}

static void on_set_configuration(void *context, uint64_t id,
                                 struct usb_redir_set_configuration_header *h)
{
    struct client_request request = {
        .id = id,
        .tag = SET_CONFIG,
        .setup = {REQUEST_TO_DEVICE, SET_CONFIGURATION, h->configuration},
    };
    submit(context, &request);
}

static void on_get_configuration(void *context, uint64_t id)
{
    const struct front *f = context;
    usbredir_send_configuration(f->parser, f->usbfs, id, 0);
}

static void on_set_alternate(void *context, uint64_t id, struct usb_redir_set_alt_setting_header *h)
{
    struct client_request request = {
        .id = id,
        .tag = SET_ALT,
        .setup = {REQUEST_TO_INTERFACE, SET_INTERFACE, h->alt, 0, h->interface},
    };
    submit(context, &request);
}

static void on_get_alternate(void *context, uint64_t id, struct usb_redir_get_alt_setting_header *h)
{
    const struct front *f = context;
    int status = h->interface < USBFS_INTERFACES ? 0 : -EINVAL;
    usbredir_send_alternate(f->parser, f->usbfs, id, h->interface, status);
}

/* A data packet: for IN, `wanted` bytes are to come; for OUT it brings them. */
static void on_data(struct front *f, const struct client_request *head, uint32_t wanted,
                    uint8_t *data, int size)
{
    struct client_request request = *head;
    request.data = data;
    request.size = request.endpoint & REQUEST_DIR_IN ? wanted : (uint32_t)size;
    submit(f, &request);
    usbredirparser_free_packet_data(f->parser, data);
}

static void on_bulk(void *context, uint64_t id, struct usb_redir_bulk_packet_header *h,
                    uint8_t *data, int size)
{
    struct client_request head = {.id = id, .tag = BULK, .endpoint = h->endpoint};
    on_data(context, &head, h->length | (uint32_t)h->length_high << 16, data, size);
}

static void on_interrupt(void *context, uint64_t id, struct usb_redir_interrupt_packet_header *h,
                         uint8_t *data, int size)
{
    struct client_request head = {.id = id, .tag = INTERRUPT_OUT, .endpoint = h->endpoint};
    on_data(context, &head, h->length, data, size);
}

static void on_start_interrupt(void *context, uint64_t id,
                               struct usb_redir_start_interrupt_receiving_header *h)
{
    struct front *f = context;
    bool *polled = &f->polled[usbredir_endpoint(h->endpoint)];
    (void)id;
    usbredir_send_receiving(f->parser, h->endpoint, 0);
    if (!*polled) {
        *polled = true;
        poll_interrupt(f, h->endpoint);
    }
}

static void on_stop_interrupt(void *context, uint64_t id,
                              struct usb_redir_stop_interrupt_receiving_header *h)
{
    struct front *f = context;
    (void)id;
    f->polled[usbredir_endpoint(h->endpoint)] = false;
    client_run(&f->client);
    client_cancel(&f->client, polling_id(h->endpoint));
    usbredir_send_receiving(f->parser, h->endpoint, 0);
}

static void on_cancel(void *context, uint64_t id)
{
    struct front *f = context;
    client_run(&f->client);
    client_cancel(&f->client, id);
}

static void on_start_iso(void *context, uint64_t id, struct usb_redir_start_iso_stream_header *h)
{
    struct front *f = context;
    struct usb_redir_iso_stream_status_header header = {usb_redir_inval, h->endpoint};
    usbredirparser_send_iso_stream_status(f->parser, id, &header);
}

static void on_stop_iso(void *context, uint64_t id, struct usb_redir_stop_iso_stream_header *h)
{
    struct front *f = context;
    struct usb_redir_iso_stream_status_header header = {usb_redir_inval, h->endpoint};
    usbredirparser_send_iso_stream_status(f->parser, id, &header);
}

static void on_iso(void *context, uint64_t id, struct usb_redir_iso_packet_header *h, uint8_t *data,
                   int size)
{
    struct front *f = context;
    (void)id, (void)h, (void)size;
    usbredirparser_free_packet_data(f->parser, data);
}

/* ---- The connection -------------------------------------------------------------------------- */

static int on_read(void *context, uint8_t *data, int count)
{
    const struct front *f = context;
    ssize_t got = recv(f->fd, data, (size_t)count, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return got > 0 ? (int)got : -1;
}

static int on_write(void *context, uint8_t *data, int count)
{
    const struct front *f = context;
    ssize_t put = send(f->fd, data, (size_t)count, MSG_NOSIGNAL);
    if (put < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return (int)put;
}

static void on_log(void *context, int level, const char *message)
{
    (void)context, (void)level, (void)message;
}

/* xHCI in QEMU wants the last three (hw/usb/redirect.c). */
static const int capabilities[] = {
    usb_redir_cap_connect_device_version,  usb_redir_cap_device_disconnect_ack,
    usb_redir_cap_ep_info_max_packet_size, usb_redir_cap_64bits_ids,
    usb_redir_cap_32bits_bulk_length,
};

static bool greet(struct front *f)
{
    uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};
    struct usbredirparser *p = usbredirparser_create();
    if (!p)
        return false;
    p->priv = f;
    p->log_func = on_log;
    p->read_func = on_read;
    p->write_func = on_write;
    p->hello_func = on_hello;
    p->reset_func = on_reset;
    p->device_disconnect_ack_func = on_disconnect_ack;
    p->set_configuration_func = on_set_configuration;
    p->get_configuration_func = on_get_configuration;
    p->set_alt_setting_func = on_set_alternate;
    p->get_alt_setting_func = on_get_alternate;
    p->start_iso_stream_func = on_start_iso;
    p->stop_iso_stream_func = on_stop_iso;
    p->start_interrupt_receiving_func = on_start_interrupt;
    p->stop_interrupt_receiving_func = on_stop_interrupt;
    p->cancel_data_packet_func = on_cancel;
    p->control_packet_func = on_control;
    p->bulk_packet_func = on_bulk;
    p->iso_packet_func = on_iso;
    p->interrupt_packet_func = on_interrupt;
    for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
        usbredirparser_caps_set_cap(caps, capabilities[i]);
    f->parser = p;
    usbredirparser_init(p, "dfuse", caps, USB_REDIR_CAPS_SIZE, usbredirparser_fl_usb_host);
    return true;
}

static void drop_guest(struct front *f)
{
    client_close(&f->client);
    if (f->parser)
        usbredirparser_destroy(f->parser);
    if (f->fd >= 0)
        close(f->fd);
    f->parser = NULL;
    f->fd = -1;
    f->greeted = f->shown = f->leaving = f->broken = false;
    memset(f->polled, 0, sizeof f->polled);
}

static void accept_guest(struct front *f)
{
    f->fd = listener_accept(&f->listener);
    if (f->fd >= 0 && !greet(f))
        drop_guest(f);
}

static const char *serve(struct front *f, const struct pollfd fds[FRONT_DESCRIPTORS])
{
    (void)fds;
    if (f->fd < 0)
        accept_guest(f);
    if (f->fd < 0)
        return NULL;
    if (usbredirparser_do_read(f->parser) != 0)
        f->broken = true;
    client_run(&f->client);
    if (usbredirparser_has_data_to_write(f->parser) && usbredirparser_do_write(f->parser) != 0)
        f->broken = true;
    if (f->broken || usbredirparser_get_bufferered_output_size(f->parser) > OUTPUT_MAX)
        drop_guest(f);
    return NULL;
}

static void watch(struct front *f, struct pollfd fds[FRONT_DESCRIPTORS])
{
    bool writes = f->parser && usbredirparser_has_data_to_write(f->parser);
    fds[0] = (struct pollfd){f->fd < 0 ? f->listener.fd : f->fd,
                             (short)(POLLIN | (writes ? POLLOUT : 0)), 0};
}

static const char *plug(struct front *f)
{
    show(f);
    return NULL;
}

static const char *unplug(struct front *f)
{
    hide(f);
    return NULL;
}

static struct front *open_usbredir(struct usbfs *usbfs, const char *where, char *error,
                                   size_t error_size)
{
    struct front *f = calloc(1, sizeof *f);
    if (!f) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    f->usbfs = usbfs;
    f->fd = -1;
    f->client.done = done;
    f->client.context = f;
    if (listener_open_unix(&f->listener, where, error, error_size))
        return f;
    free(f);
    return NULL;
}

static void close_usbredir(struct front *f)
{
    drop_guest(f);
    listener_close(&f->listener);
    free(f);
}

const struct front_ops front_usbredir = {
    .answer = client_answer,
    .completed = client_completed,
    .open = open_usbredir,
    .close = close_usbredir,
    .plug = plug,
    .unplug = unplug,
    .serve = serve,
    .watch = watch,
};
