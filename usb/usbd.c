/* SPDX-License-Identifier: MIT */
#include "usbd.h"

#include <stddef.h>

struct usbd usbd;

#define LANGUAGE_ENGLISH_US 0x0409
#define SELF_POWERED        0x40 /* in bmAttributes of the configuration descriptor */

/* ---- What the product left out --------------------------------------------------------------- */

__attribute__((weak)) void usb_configured(uint8_t configuration)
{
    (void)configuration;
}

__attribute__((weak)) void usb_bus_reset(void)
{
}

/* ---- Standard requests, USB 2.0 section 9.4 -------------------------------------------------- */

static uint8_t minimum(uint16_t a, uint8_t b)
{
    return a < b ? (uint8_t)a : b;
}

static int reply(uint8_t first, uint8_t second, int size)
{
    usbd.data = usbd.reply;
    usbd.reply[0] = first;
    usbd.reply[1] = second;
    return size;
}

static int string_descriptor(uint8_t index)
{
    if (index == 0) {
        usbd.reply[2] = LANGUAGE_ENGLISH_US & 0xFF;
        usbd.reply[3] = LANGUAGE_ENGLISH_US >> 8;
        return reply(4, USB_STRING, 4);
    }
    const char *text = usb_string(index);
    if (!text)
        return USBD_STALL;
    uint8_t size = 2;
    for (; *text && size < USBD_REPLY_SIZE; size += 2) {
        usbd.reply[size] = (uint8_t)*text++;
        usbd.reply[size + 1] = 0;
    }
    return reply(size, USB_STRING, size);
}

static int descriptor(uint8_t type, uint8_t index)
{
    if (type == USB_STRING)
        return string_descriptor(index);
    const uint8_t *bytes = usb_descriptor(type, index);
    if (!bytes)
        return USBD_STALL;
    usbd.data = (uint8_t *)(uintptr_t)bytes; /* only read */
    if (type == USB_CONFIGURATION || type == USB_BOS)
        return bytes[2] | bytes[3] << 8; /* wTotalLength */
    return bytes[0];
}

/* Whether the configuration has this interface with this alternate setting. */
static bool interface_exists(uint16_t number, uint16_t alternate)
{
    const uint8_t *d = usb_descriptor(USB_CONFIGURATION, 0);
    const uint8_t *end = d + (d[2] | d[3] << 8);
    while (d < end && !(d[1] == USB_INTERFACE && d[2] == number && d[3] == alternate))
        d += d[0];
    return d < end && number < USBD_INTERFACES;
}

static int set_configuration(uint16_t value)
{
    if (value > 1)
        return USBD_STALL;
    usbd.configuration = (uint8_t)value;
    for (unsigned i = 0; i < USBD_INTERFACES; i++)
        usbd.alternate[i] = 0;
    usb_configured((uint8_t)value);
    return 0;
}

static int set_interface(const struct usb_setup *setup)
{
    if (!usbd.configuration || !interface_exists(setup->wIndex, setup->wValue))
        return USBD_STALL;
    usbd.alternate[setup->wIndex] = (uint8_t)setup->wValue;
    return 0;
}

static int interface_status(uint16_t number)
{
    return usbd.configuration && interface_exists(number, 0) ? reply(0, 0, 2) : USBD_STALL;
}

/* There is no endpoint but number 0, in both directions, and it is never halted. */
static int endpoint_status(uint16_t endpoint)
{
    return (endpoint & ~USB_DIR_IN) == 0 ? reply(0, 0, 2) : USBD_STALL;
}

static int get_interface(const struct usb_setup *setup)
{
    if (!usbd.configuration || !interface_exists(setup->wIndex, 0))
        return USBD_STALL;
    return reply(usbd.alternate[setup->wIndex], 0, 1);
}

#define REQUEST(type, request) ((type) << 8 | (request))
#define DEVICE                 USB_RECIPIENT_DEVICE
#define IFACE                  USB_RECIPIENT_IFACE
#define ENDPOINT               USB_RECIPIENT_EP
#define IN                     USB_DIR_IN

static int standard_request(const struct usb_setup *setup)
{
    switch (REQUEST(setup->bmRequestType, setup->bRequest)) {
    case REQUEST(IN | DEVICE, USB_GET_STATUS):
        return reply(!!(usb_descriptor(USB_CONFIGURATION, 0)[7] & SELF_POWERED), 0, 2);
    case REQUEST(DEVICE, USB_SET_ADDRESS): return 0; /* takes effect after the status stage */
    case REQUEST(IN | DEVICE, USB_GET_DESCRIPTOR):
        return descriptor(setup->wValue >> 8, setup->wValue & 0xFF);
    case REQUEST(IN | DEVICE, USB_GET_CONFIGURATION): return reply(usbd.configuration, 0, 1);
    case REQUEST(DEVICE, USB_SET_CONFIGURATION): return set_configuration(setup->wValue);
    case REQUEST(IN | IFACE, USB_GET_STATUS): return interface_status(setup->wIndex);
    case REQUEST(IN | IFACE, USB_GET_INTERFACE): return get_interface(setup);
    case REQUEST(IFACE, USB_SET_INTERFACE): return set_interface(setup);
    case REQUEST(IN | ENDPOINT, USB_GET_STATUS): return endpoint_status(setup->wIndex);
    default: return USBD_STALL;
    }
}

/* ---- Control transfers, USB 2.0 section 8.5.3 ------------------------------------------------ */

static void send_packet(void)
{
    uint8_t size = minimum(usbd.left, USBD_EP0_SIZE);
    usbd_driver_send(usbd.data, size);
    usbd.data += size;
    usbd.left -= size;
    if (size < USBD_EP0_SIZE)
        usbd.short_packet = false;
}

static void start_status_in(void)
{
    usbd.stage = USBD_STATUS_IN;
    usbd_driver_send(NULL, 0);
}

static void request_done(void)
{
    const struct usb_setup *setup = &usbd.setup;
    usbd.stage = USBD_IDLE;
    if ((setup->bmRequestType & USB_TYPE_MASK) != USB_TYPE_STANDARD ||
        setup->bRequest == USB_SET_INTERFACE)
        usb_request_done(setup);
    else if (setup->bRequest == USB_SET_ADDRESS)
        usbd_driver_set_address(setup->wValue & 0x7F);
}

void usbd_on_reset(void)
{
    usbd.stage = USBD_IDLE;
    usbd.configuration = 0;
    usb_bus_reset();
}

void usbd_on_setup(void)
{
    const struct usb_setup *setup = &usbd.setup;
    bool in = setup->bmRequestType & USB_DIR_IN;
    usbd.data = NULL;
    int size = (setup->bmRequestType & USB_TYPE_MASK) == USB_TYPE_STANDARD
                   ? standard_request(setup)
                   : usb_request(setup, &usbd.data);
    if (size < 0 || (!in && setup->wLength && !usbd.data)) {
        usbd.stage = USBD_IDLE;
        usbd_driver_stall();
    } else if (setup->wLength == 0) {
        start_status_in();
    } else if (in) {
        usbd.stage = USBD_DATA_IN;
        usbd.short_packet = size < setup->wLength;
        usbd.left = usbd.short_packet ? (uint16_t)size : setup->wLength;
        usbd_driver_receive(); /* the status packet, which may come early */
        send_packet();
    } else {
        usbd.stage = USBD_DATA_OUT;
        usbd.left = setup->wLength;
        usbd_driver_receive();
    }
}

void usbd_on_sent(void)
{
    if (usbd.stage == USBD_STATUS_IN)
        request_done();
    else if (usbd.stage == USBD_DATA_IN && (usbd.left || usbd.short_packet))
        send_packet();
    else if (usbd.stage == USBD_DATA_IN)
        usbd.stage = USBD_STATUS_OUT;
}

void usbd_on_received(uint16_t size)
{
    if (usbd.stage == USBD_DATA_IN || usbd.stage == USBD_STATUS_OUT) {
        request_done();
    } else if (usbd.stage == USBD_DATA_OUT) {
        size = minimum(usbd.left, (uint8_t)size);
        usbd_driver_fetch(usbd.data, size);
        usbd.data += size;
        usbd.left -= size;
        if (usbd.left)
            usbd_driver_receive();
        else
            start_status_in();
    }
}
