/* SPDX-License-Identifier: MIT */
#include "usbredir_send.h"

#include <errno.h>

#include "descriptor.h"
#include "interface.h"

#define INTERFACES_MAX 32 /* of the protocol */

unsigned usbredir_endpoint(uint8_t address)
{
    return (address & ENDPOINT_NUMBER_MASK) | (address & REQUEST_DIR_IN ? 16 : 0);
}

static uint8_t redir_status(int status)
{
    switch (status) {
    case 0: return usb_redir_success;
    case -EPIPE: return usb_redir_stall;
    case -ECONNRESET: return usb_redir_cancelled;
    case -EINVAL: return usb_redir_inval;
    case -ETIMEDOUT: return usb_redir_timeout;
    case -EOVERFLOW: return usb_redir_babble;
    default: return usb_redir_ioerror;
    }
}

static void put_endpoint(struct usb_redir_ep_info_header *info, const uint8_t *endpoint,
                         unsigned number)
{
    unsigned i = usbredir_endpoint(endpoint[ENDPOINT_bEndpointAddress]);
    info->type[i] = endpoint[ENDPOINT_bmAttributes] & ENDPOINT_TRANSFER_MASK;
    info->interval[i] = endpoint[ENDPOINT_bInterval];
    info->interface[i] = (uint8_t)number;
    info->max_packet_size[i] = le16(endpoint + ENDPOINT_wMaxPacketSize) & ENDPOINT_SIZE_MASK;
}

static void send_endpoints(struct usbredirparser *p, const struct usbfs *fs)
{
    struct usb_redir_ep_info_header info = {0};
    unsigned number;
    for (unsigned i = 0; i < USBREDIR_ENDPOINTS; i++) {
        uint8_t address = (uint8_t)((i & 15) | (i < 16 ? 0 : REQUEST_DIR_IN));
        const uint8_t *endpoint = i & 15 ? interface_endpoint(fs, address, &number) : NULL;
        info.type[i] = i & 15 ? usb_redir_type_invalid : usb_redir_type_control;
        info.max_packet_size[i] = i & 15 ? 0 : fs->blob[DEVICE_bMaxPacketSize0];
        if (endpoint)
            put_endpoint(&info, endpoint, number);
    }
    usbredirparser_send_ep_info(p, &info);
}

static void send_interfaces(struct usbredirparser *p, const struct usbfs *fs)
{
    struct usb_redir_interface_info_header info = {0};
    const uint8_t *d = NULL;
    while ((d = interface_next(fs, d)) != NULL) {
        uint32_t i = info.interface_count;
        if (d[1] != DESCRIPTOR_INTERFACE || i == INTERFACES_MAX || !interface_in_use(fs, d))
            continue;
        info.interface[i] = d[INTERFACE_bInterfaceNumber];
        info.interface_class[i] = d[INTERFACE_bInterfaceClass];
        info.interface_subclass[i] = d[INTERFACE_bInterfaceSubClass];
        info.interface_protocol[i] = d[INTERFACE_bInterfaceProtocol];
        info.interface_count++;
    }
    usbredirparser_send_interface_info(p, &info);
}

void usbredir_send_control(struct usbredirparser *p, const struct client_request *r)
{
    const uint8_t *s = r->setup;
    bool in = s[0] & REQUEST_DIR_IN;
    struct usb_redir_control_packet_header header = {
        .endpoint = s[0] & REQUEST_DIR_IN,
        .request = s[1],
        .requesttype = s[0],
        .status = redir_status(r->status),
        .value = le16(s + 2),
        .index = le16(s + 4),
        .length = (uint16_t)r->size,
    };
    usbredirparser_send_control_packet(p, r->id, &header, in ? r->data : NULL,
                                       in ? (int)r->size : 0);
}

void usbredir_send_bulk(struct usbredirparser *p, const struct client_request *r)
{
    bool in = r->endpoint & REQUEST_DIR_IN;
    struct usb_redir_bulk_packet_header header = {
        .endpoint = r->endpoint,
        .status = redir_status(r->status),
        .length = (uint16_t)r->size,
        .length_high = (uint16_t)(r->size >> 16),
    };
    usbredirparser_send_bulk_packet(p, r->id, &header, in ? r->data : NULL, in ? (int)r->size : 0);
}

void usbredir_send_interrupt(struct usbredirparser *p, const struct client_request *r)
{
    bool in = r->endpoint & REQUEST_DIR_IN;
    struct usb_redir_interrupt_packet_header header = {
        .endpoint = r->endpoint,
        .status = redir_status(r->status),
        .length = (uint16_t)r->size,
    };
    usbredirparser_send_interrupt_packet(p, r->id, &header, in ? r->data : NULL,
                                         in ? (int)r->size : 0);
}

void usbredir_send_configuration(struct usbredirparser *p, const struct usbfs *fs, uint64_t id,
                                 int status)
{
    struct usb_redir_configuration_status_header header = {redir_status(status), fs->configuration};
    usbredirparser_send_configuration_status(p, id, &header);
}

void usbredir_send_alternate(struct usbredirparser *p, const struct usbfs *fs, uint64_t id,
                             uint8_t interface, int status)
{
    struct usb_redir_alt_setting_status_header header = {.status = redir_status(status),
                                                         .interface = interface};
    if (interface < USBFS_INTERFACES)
        header.alt = fs->alternate[interface];
    usbredirparser_send_alt_setting_status(p, id, &header);
}

void usbredir_send_receiving(struct usbredirparser *p, uint8_t endpoint, int status)
{
    struct usb_redir_interrupt_receiving_status_header header = {redir_status(status), endpoint};
    usbredirparser_send_interrupt_receiving_status(p, 0, &header);
}

void usbredir_send_settings(struct usbredirparser *p, const struct usbfs *fs)
{
    send_interfaces(p, fs);
    send_endpoints(p, fs);
}

void usbredir_send_connect(struct usbredirparser *p, const struct usbfs *fs)
{
    const uint8_t *d = fs->blob;
    struct usb_redir_device_connect_header header = {
        .speed = usb_redir_speed_full,
        .device_class = d[DEVICE_bDeviceClass],
        .device_subclass = d[DEVICE_bDeviceSubClass],
        .device_protocol = d[DEVICE_bDeviceProtocol],
        .vendor_id = le16(d + DEVICE_idVendor),
        .product_id = le16(d + DEVICE_idProduct),
        .device_version_bcd = le16(d + DEVICE_bcdDevice),
    };
    usbredirparser_send_device_connect(p, &header);
}
