/* SPDX-License-Identifier: MIT */
/* A usbredir guest without a kernel, for the device of tests/firmware/bulk.c: what QEMU asks when
 * its guest changes its mind. Prints TAP; exit status 0 when all is well.
 *   redir SOCKET */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <usbredirparser.h>

enum { IN = 0x81, COUNTER = 0x82, VENDOR = 0x40, LEAVE = 1 };
enum { PATIENCE_MS = 5000, MOMENT_MS = 300 };

/* What the board said. */
static struct {
    int connects, disconnects;
    int interrupts;
    int bulks, status;                  /* of the last bulk packet */
    int infos;                          /* about endpoints */
    uint8_t type[32];                   /* of them, as of the last */
    int configured, configuration, set; /* times, the last value and its status */
    bool in_order;                      /* an info came between it and the one before */
} told;

static int fd, failures;
static struct usbredirparser *parser;

static int on_read(void *context, uint8_t *data, int count)
{
    ssize_t got = recv(fd, data, (size_t)count, MSG_DONTWAIT);
    (void)context;
    return got > 0 ? (int)got : got < 0 ? 0 : -1;
}

static int on_write(void *context, uint8_t *data, int count)
{
    (void)context;
    return (int)send(fd, data, (size_t)count, MSG_NOSIGNAL);
}

static void on_log(void *context, int level, const char *message)
{
    (void)context;
    if (level <= usbredirparser_warning)
        printf("# %s\n", message);
}

static void on_connect(void *context, struct usb_redir_device_connect_header *header)
{
    (void)context, (void)header;
    told.connects++;
}

static void on_disconnect(void *context)
{
    (void)context;
    told.disconnects++;
}

static void on_interfaces(void *context, struct usb_redir_interface_info_header *header)
{
    (void)context, (void)header;
}

static void on_endpoints(void *context, struct usb_redir_ep_info_header *header)
{
    (void)context;
    told.infos++;
    told.in_order = true;
    memcpy(told.type, header->type, sizeof told.type);
}

static void on_configuration(void *context, uint64_t id,
                             struct usb_redir_configuration_status_header *header)
{
    (void)context, (void)id;
    told.configured++;
    told.configuration = header->configuration;
    told.set = header->status;
}

static void on_receiving(void *context, uint64_t id,
                         struct usb_redir_interrupt_receiving_status_header *header)
{
    (void)context, (void)id, (void)header;
}

static void on_control(void *context, uint64_t id, struct usb_redir_control_packet_header *header,
                       uint8_t *data, int size)
{
    (void)context, (void)id, (void)header, (void)size;
    free(data);
}

static void on_bulk(void *context, uint64_t id, struct usb_redir_bulk_packet_header *header,
                    uint8_t *data, int size)
{
    (void)context, (void)id, (void)size;
    told.bulks++;
    told.status = header->status;
    free(data);
}

static void on_interrupt(void *context, uint64_t id,
                         struct usb_redir_interrupt_packet_header *header, uint8_t *data, int size)
{
    (void)context, (void)id, (void)size;
    told.interrupts += header->status == usb_redir_success;
    free(data);
}

static bool connect_to(const char *path)
{
    static const int capabilities[] = {
        usb_redir_cap_connect_device_version,  usb_redir_cap_device_disconnect_ack,
        usb_redir_cap_ep_info_max_packet_size, usb_redir_cap_64bits_ids,
        usb_redir_cap_32bits_bulk_length,
    };
    uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    parser = usbredirparser_create();
    if (!parser || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        return false;
    parser->log_func = on_log;
    parser->read_func = on_read;
    parser->write_func = on_write;
    parser->device_connect_func = on_connect;
    parser->device_disconnect_func = on_disconnect;
    parser->interface_info_func = on_interfaces;
    parser->ep_info_func = on_endpoints;
    parser->configuration_status_func = on_configuration;
    parser->interrupt_receiving_status_func = on_receiving;
    parser->control_packet_func = on_control;
    parser->bulk_packet_func = on_bulk;
    parser->interrupt_packet_func = on_interrupt;
    for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
        usbredirparser_caps_set_cap(caps, capabilities[i]);
    usbredirparser_init(parser, "test", caps, USB_REDIR_CAPS_SIZE, 0);
    return true;
}

/* Says what is to be said and listens until *count is `wanted` or more, or for so long. */
static bool hears(const int *count, int wanted, int milliseconds)
{
    for (int i = 0; i < milliseconds / 10 && *count < wanted; i++) {
        struct pollfd readable = {fd, POLLIN, 0};
        if (usbredirparser_has_data_to_write(parser) && usbredirparser_do_write(parser) != 0)
            return false;
        poll(&readable, 1, 10);
        if (usbredirparser_do_read(parser) != 0)
            return false;
    }
    return *count >= wanted;
}

static void check(const char *what, bool ok)
{
    failures += !ok;
    printf("%sok - %s\n", ok ? "" : "not ", what);
}

static void start_counter(void)
{
    struct usb_redir_start_interrupt_receiving_header header = {COUNTER};
    usbredirparser_send_start_interrupt_receiving(parser, 0, &header);
}

static void stop_counter(void)
{
    struct usb_redir_stop_interrupt_receiving_header header = {COUNTER};
    usbredirparser_send_stop_interrupt_receiving(parser, 0, &header);
}

static void read_bulk(uint64_t id)
{
    struct usb_redir_bulk_packet_header header = {.endpoint = IN, .length = 64};
    usbredirparser_send_bulk_packet(parser, id, &header, NULL, 0);
}

static void leave(uint64_t id)
{
    struct usb_redir_control_packet_header header = {.requesttype = VENDOR, .request = LEAVE};
    usbredirparser_send_control_packet(parser, id, &header, NULL, 0);
}

static void interrupt(void)
{
    start_counter();
    check("an interrupt endpoint is heard", hears(&told.interrupts, 5, PATIENCE_MS));
    stop_counter();
    start_counter();
    hears(&told.interrupts, 1000, 10); /* what was on its way */
    told.interrupts = 0;
    check("... stopped and started at once too", hears(&told.interrupts, 5, PATIENCE_MS));
    stop_counter();
    hears(&told.interrupts, 1000, MOMENT_MS);
    told.interrupts = 0;
    check("... but not when it is stopped", !hears(&told.interrupts, 1, MOMENT_MS));
}

static void cancel(void)
{
    read_bulk(1);
    check("a read without data waits", !hears(&told.bulks, 1, MOMENT_MS));
    usbredirparser_send_cancel_data_packet(parser, 1);
    check("... and is cancelled",
          hears(&told.bulks, 1, PATIENCE_MS) && told.status == usb_redir_cancelled);
    usbredirparser_send_cancel_data_packet(parser, 1);
    check("... once", !hears(&told.bulks, 2, MOMENT_MS));
}

/* Sets it and hears of it, after the endpoints that it brings. */
static bool configures(uint8_t value, int status)
{
    struct usb_redir_set_configuration_header header = {value};
    told.in_order = false;
    usbredirparser_send_set_configuration(parser, 7, &header);
    return hears(&told.configured, told.configured + 1, PATIENCE_MS) && told.set == status &&
           told.in_order;
}

/* The second has no endpoints, before its alternate setting 1. */
static void configurations(void)
{
    check("the first configuration has endpoints",
          told.type[17] == usb_redir_type_bulk && told.type[18] == usb_redir_type_interrupt);
    check("the second is set", configures(2, usb_redir_success) && told.configuration == 2);
    check("... which has others",
          told.type[17] == usb_redir_type_invalid && told.type[18] == usb_redir_type_invalid);
    usbredirparser_send_get_configuration(parser, 8);
    check("... as the guest can ask",
          hears(&told.configured, told.configured + 1, PATIENCE_MS) && told.configuration == 2);
    check("the device refuses one that it does not have",
          configures(9, usb_redir_stall) && told.configuration == 2);
    check("the first is set again", configures(1, usb_redir_success) && told.configuration == 1 &&
                                        told.type[18] == usb_redir_type_interrupt);
}

static void unplug(void)
{
    told.bulks = 0;
    read_bulk(2);
    leave(3);
    check("the device leaves", hears(&told.disconnects, 1, PATIENCE_MS));
    check("... which ends a read", told.bulks == 1 && told.status == usb_redir_ioerror);
    check("... and comes again", hears(&told.connects, 2, PATIENCE_MS));
    told.interrupts = 0;
    start_counter();
    check("... and works", hears(&told.interrupts, 5, PATIENCE_MS));
}

int main(int argc, char **argv)
{
    if (argc != 2 || !connect_to(argv[1]))
        return 2;
    check("the guest sees the device", hears(&told.connects, 1, PATIENCE_MS));
    interrupt();
    cancel();
    configurations();
    unplug();
    usbredirparser_destroy(parser);
    close(fd);
    return failures ? 1 : 0;
}
