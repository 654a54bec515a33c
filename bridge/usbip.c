/* SPDX-License-Identifier: MIT */
/*
 * The USB/IP protocol, version 1.1.1 (Documentation/usb/usbip_protocol.rst of Linux), for the
 * kernel of another machine: the board is the device 1-1 of a server. One client at a time; when
 * the device leaves, the connection ends, and the client has to attach again.
 *
 * SET_ADDRESS and resets never arrive: the client's kernel keeps them to itself.
 *
 * Not there: isochronous transfers.
 */
#include <arpa/inet.h>
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
#include "transfer.h"

#define VERSION     0x0111
#define BUS_ID      "1-1"
#define BUS         1
#define SPEED_FULL  2          /* Linux: USB_SPEED_FULL */
#define ZERO_PACKET 0x0040     /* Linux: URB_ZERO_PACKET */
#define OUTPUT_MAX  (4u << 20) /* bytes a client may leave unread */

enum operation { REQ_IMPORT = 0x8003, REP_IMPORT = 3, REQ_DEVLIST = 0x8005, REP_DEVLIST = 5 };
enum command { CMD_SUBMIT = 1, CMD_UNLINK, RET_SUBMIT, RET_UNLINK };

/* On the wire all is big-endian, except the setup packet. */
struct operation_header {
    uint16_t version, code;
    uint32_t status;
};

struct device_record {
    char path[256], bus_id[32];
    uint32_t bus, device, speed;
    uint16_t vendor, product, bcd_device;
    uint8_t class, subclass, protocol, configuration, configurations, interfaces;
};

/* All commands and answers have the size of this one. */
struct submit {
    uint32_t command, sequence, device, is_in, endpoint;
    uint32_t flags, length, start_frame, packets, interval;
    uint8_t setup[8];
};

struct submitted {
    uint32_t command, sequence, device, is_in, endpoint;
    uint32_t status, length, start_frame, packets, errors, padding[2];
};

struct unlink {
    uint32_t command, sequence, device, is_in, endpoint;
    uint32_t target; /* sequence of the request to end; in the answer: status */
    uint8_t padding[24];
};

_Static_assert(sizeof(struct operation_header) == 8, "no padding");
_Static_assert(sizeof(struct device_record) == 312, "no padding");
_Static_assert(sizeof(struct submit) == 48, "no padding");
_Static_assert(sizeof(struct submitted) == 48, "no padding");
_Static_assert(sizeof(struct unlink) == 48, "no padding");

/* What the input is to hold next. */
enum expected { OPERATION, IMPORT, COMMAND, DATA };

struct front {
    struct usbfs *usbfs;
    struct listener listener;
    struct client client;
    int fd;       /* of the peer; -1: none */
    bool broken;  /* the peer is to be dropped */
    bool leaving; /* ... when it has got all output */
    enum expected expected;
    size_t in_size, in_wanted; /* bytes there, and bytes that make the input complete */
    uint8_t *out;
    size_t out_size;
    uint8_t in[sizeof(struct submit) + TRANSFER_MAX];
};

/* ---- Output ---------------------------------------------------------------------------------- */

static void put(struct front *f, const void *data, size_t size)
{
    size_t whole = f->out_size + size;
    uint8_t *out = whole > 0 && whole <= OUTPUT_MAX ? realloc(f->out, whole) : NULL;
    if (!out) {
        f->broken = f->broken || size > 0;
        return;
    }
    memcpy(out + f->out_size, data, size);
    f->out = out;
    f->out_size = whole;
}

static void flush(struct front *f)
{
    ssize_t sent = f->out_size ? send(f->fd, f->out, f->out_size, MSG_NOSIGNAL) : 0;
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        f->broken = true;
    if (sent <= 0)
        return;
    f->out_size -= (size_t)sent;
    memmove(f->out, f->out + sent, f->out_size);
}

static void put_operation(struct front *f, enum operation code, bool ok)
{
    struct operation_header header = {htons(VERSION), htons(code), htonl(ok ? 0 : 1)};
    put(f, &header, sizeof header);
}

static void put_device(struct front *f)
{
    const struct usbfs *fs = f->usbfs;
    const uint8_t *d = fs->blob;
    struct device_record record = {
        .path = "/sys/devices/l072/usb1/" BUS_ID,
        .bus_id = BUS_ID,
        .bus = htonl(BUS),
        .device = htonl(fs->address),
        .speed = htonl(SPEED_FULL),
        .vendor = htons(le16(d + DEVICE_idVendor)),
        .product = htons(le16(d + DEVICE_idProduct)),
        .bcd_device = htons(le16(d + DEVICE_bcdDevice)),
        .class = d[DEVICE_bDeviceClass],
        .subclass = d[DEVICE_bDeviceSubClass],
        .protocol = d[DEVICE_bDeviceProtocol],
        .configuration = fs->configuration,
        .configurations = d[DEVICE_bNumConfigurations],
        .interfaces = interface_count(fs),
    };
    put(f, &record, sizeof record);
}

/* As many as the configuration claims, whatever else it holds. */
static void put_interfaces(struct front *f)
{
    const struct usbfs *fs = f->usbfs;
    uint8_t left = interface_count(fs);
    uint8_t record[4] = {0};
    const uint8_t *d = NULL;
    while (left > 0 && (d = interface_next(fs, d)) != NULL) {
        if (d[1] != DESCRIPTOR_INTERFACE || d[INTERFACE_bAlternateSetting] != 0)
            continue;
        memcpy(record, d + INTERFACE_bInterfaceClass, 3);
        put(f, record, sizeof record);
        left--;
    }
    memset(record, 0, sizeof record);
    for (; left > 0; left--)
        put(f, record, sizeof record);
}

static void done(void *context, const struct client_request *r)
{
    struct front *f = context;
    struct submitted header = {
        .command = htonl(RET_SUBMIT),
        .sequence = htonl((uint32_t)r->id),
        .status = htonl((uint32_t)r->status),
        .length = htonl(r->size),
    };
    if (r->status == -ECONNRESET) /* RET_UNLINK has told it */
        return;
    put(f, &header, sizeof header);
    if (r->endpoint & REQUEST_DIR_IN)
        put(f, r->data, r->size);
}

/* ---- Input ----------------------------------------------------------------------------------- */

static void expect(struct front *f, enum expected expected, size_t more)
{
    bool next = expected == OPERATION || expected == COMMAND;
    f->expected = expected;
    f->in_size = next ? 0 : f->in_size;
    f->in_wanted = f->in_size + more;
}

static void on_operation(struct front *f)
{
    struct operation_header header;
    uint32_t count = htonl(f->usbfs->plugged);
    memcpy(&header, f->in, sizeof header);
    switch (ntohs(header.code)) {
    case REQ_DEVLIST:
        put_operation(f, REP_DEVLIST, true);
        put(f, &count, sizeof count);
        if (f->usbfs->plugged) {
            put_device(f);
            put_interfaces(f);
        }
        f->leaving = true;
        break;
    case REQ_IMPORT: expect(f, IMPORT, sizeof((struct device_record *)0)->bus_id); break;
    default: f->broken = true;
    }
}

static void on_import(struct front *f)
{
    const char *bus_id = (const char *)f->in + sizeof(struct operation_header);
    bool ok = strncmp(bus_id, BUS_ID, sizeof((struct device_record *)0)->bus_id) == 0 &&
              f->usbfs->plugged && client_open(&f->client, f->usbfs);
    put_operation(f, REP_IMPORT, ok);
    f->leaving = !ok;
    if (ok)
        put_device(f);
    expect(f, COMMAND, sizeof(struct submit));
}

static void on_submit(struct front *f, const struct submit *header)
{
    bool in = ntohl(header->is_in);
    struct client_request request = {
        .id = ntohl(header->sequence),
        .endpoint =
            (uint8_t)((ntohl(header->endpoint) & ENDPOINT_NUMBER_MASK) | (in ? REQUEST_DIR_IN : 0)),
        .data = f->in + sizeof *header,
        .size = ntohl(header->length),
        .zero_packet = ntohl(header->flags) & ZERO_PACKET,
    };
    memcpy(request.setup, header->setup, sizeof request.setup);
    if (!client_submit(&f->client, &request))
        f->broken = true;
}

static void on_unlink(struct front *f)
{
    struct unlink request;
    memcpy(&request, f->in, sizeof request);
    client_run(&f->client); /* what has ended by now is told first */
    bool found = client_cancel(&f->client, ntohl(request.target));
    struct unlink answer = {
        .command = htonl(RET_UNLINK),
        .sequence = request.sequence,
        .target = htonl((uint32_t)(found ? -ECONNRESET : 0)),
    };
    put(f, &answer, sizeof answer);
}

static bool is_good(const struct submit *header)
{
    uint32_t packets = ntohl(header->packets); /* isochronous: number of them */
    switch (ntohl(header->command)) {
    case CMD_SUBMIT:
        return ntohl(header->length) <= TRANSFER_MAX && (packets == 0 || packets == UINT32_MAX);
    case CMD_UNLINK: return true;
    default: return false;
    }
}

/* A command is there, with its data when they were expected. */
static void on_command(struct front *f)
{
    struct submit header;
    memcpy(&header, f->in, sizeof header);
    bool submit = ntohl(header.command) == CMD_SUBMIT;
    bool has_data = submit && !header.is_in && header.length != 0;
    if (!is_good(&header)) {
        f->broken = true;
        return;
    }
    if (has_data && f->expected == COMMAND) {
        expect(f, DATA, ntohl(header.length));
        return;
    }
    if (submit)
        on_submit(f, &header);
    else
        on_unlink(f);
    expect(f, COMMAND, sizeof header);
}

static void on_input(struct front *f)
{
    switch (f->expected) {
    case OPERATION: on_operation(f); break;
    case IMPORT: on_import(f); break;
    case COMMAND:
    case DATA: on_command(f); break;
    }
}

static void receive(struct front *f)
{
    while (!f->broken && !f->leaving) {
        ssize_t got = recv(f->fd, f->in + f->in_size, f->in_wanted - f->in_size, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        f->broken = got <= 0;
        f->in_size += got > 0 ? (size_t)got : 0;
        if (!f->broken && f->in_size == f->in_wanted)
            on_input(f);
    }
}

/* ---- The connection -------------------------------------------------------------------------- */

static void drop_peer(struct front *f)
{
    client_close(&f->client);
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    f->broken = f->leaving = false;
    f->out_size = 0;
}

static const char *serve(struct front *f, const struct pollfd fds[FRONT_DESCRIPTORS])
{
    (void)fds;
    if (f->fd < 0) {
        f->fd = listener_accept(&f->listener);
        expect(f, OPERATION, sizeof(struct operation_header));
    }
    if (f->fd < 0)
        return NULL;
    receive(f);
    client_run(&f->client);
    flush(f);
    if (f->broken || (f->leaving && f->out_size == 0))
        drop_peer(f);
    return NULL;
}

static void watch(struct front *f, struct pollfd fds[FRONT_DESCRIPTORS])
{
    short events = (short)((f->leaving ? 0 : POLLIN) | (f->out_size ? POLLOUT : 0));
    fds[0] = (struct pollfd){f->fd < 0 ? f->listener.fd : f->fd, events, 0};
}

/* A device that comes is there for the next import. */
static const char *plug(struct front *f)
{
    (void)f;
    return NULL;
}

/* Answers that the device gave before it left go first; then the end of the connection tells. */
static const char *unplug(struct front *f)
{
    client_run(&f->client);
    f->leaving = f->client.file;
    client_close(&f->client);
    return NULL;
}

static struct front *open_usbip(struct usbfs *usbfs, const char *where, char *error,
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
    if (listener_open_tcp(&f->listener, where, error, error_size))
        return f;
    free(f);
    return NULL;
}

static void close_usbip(struct front *f)
{
    drop_peer(f);
    listener_close(&f->listener);
    free(f->out);
    free(f);
}

const struct front_ops front_usbip = {
    .answer = client_answer,
    .completed = client_completed,
    .open = open_usbip,
    .close = close_usbip,
    .plug = plug,
    .unplug = unplug,
    .serve = serve,
    .watch = watch,
};
