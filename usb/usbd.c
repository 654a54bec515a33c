/* SPDX-License-Identifier: MIT */
#include "usbd.h"

#include <stddef.h>

struct usbd usbd;

#define LANGUAGE_ENGLISH_US 0x0409
#define SELF_POWERED        0x40 /* in bmAttributes of the configuration descriptor */

/* ---- What the product left out --------------------------------------------------------------- */

__attribute__((weak)) bool usb_set_alternate(uint16_t alternate)
{
    return alternate == 0;
}

__attribute__((weak)) void usb_bus_reset(void)
{
}

/* ---- Standard requests, USB 2.0 section 9.4 -------------------------------------------------- */

static int reply(uint16_t value, int size)
{
    usbd.reply[0] = value;
    usbd.data = (uint8_t *)usbd.reply;
    return size;
}

static int string_descriptor(uint8_t index)
{
    uint16_t *to = usbd.reply + 1;
    if (index == 0) {
        *to++ = LANGUAGE_ENGLISH_US;
    } else {
        const char *text = usb_string(index);
        if (!text)
            return USBD_STALL;
        while (*text)
            *to++ = (uint8_t)*text++;
    }
    int size = (int)(to - usbd.reply) * 2;
    return reply((uint16_t)(USB_STRING << 8 | size), size);
}

static int descriptor(uint8_t type, uint8_t index)
{
    if (type == USB_STRING)
        return string_descriptor(index);
    const uint8_t *bytes = usb_descriptor(type, index);
    if (!bytes)
        return USBD_STALL;
    usbd.data = (uint8_t *)(uintptr_t)bytes;                         /* only read */
    return type == USB_DEVICE ? bytes[0] : bytes[2] | bytes[3] << 8; /* bLength, wTotalLength */
}

static int set_interface(uint16_t alternate)
{
    if (!usb_set_alternate(alternate))
        return USBD_STALL;
    usbd.alternate = (uint8_t)alternate;
    return 0;
}

static int set_configuration(uint16_t value)
{
    if (value > 1)
        return USBD_STALL;
    usbd.configuration = (uint8_t)value;
    return set_interface(0);
}

/* Of the device, of interface 0 or of endpoint 0, which is never halted. */
static int get_status(uint8_t recipient)
{
    bool self_powered = usb_descriptor(USB_CONFIGURATION, 0)[7] & SELF_POWERED;
    return reply(recipient == USB_RECIPIENT_DEVICE && self_powered, 2);
}

/* bmRequestType, by bRequest; of GET_STATUS without its recipient. */
#define UNKNOWN 0xFF
static const uint8_t request_types[] = {
    [USB_GET_STATUS] = USB_DIR_IN,
    [USB_CLEAR_FEATURE] = UNKNOWN,
    [2] = UNKNOWN,
    [USB_SET_FEATURE] = UNKNOWN,
    [4] = UNKNOWN,
    [USB_SET_ADDRESS] = USB_RECIPIENT_DEVICE,
    [USB_GET_DESCRIPTOR] = USB_DIR_IN,
    [USB_SET_DESCRIPTOR] = UNKNOWN,
    [USB_GET_CONFIGURATION] = USB_DIR_IN,
    [USB_SET_CONFIGURATION] = USB_RECIPIENT_DEVICE,
    [USB_GET_INTERFACE] = USB_DIR_IN | USB_RECIPIENT_IFACE,
    [USB_SET_INTERFACE] = USB_RECIPIENT_IFACE,
};

static int standard_request(const struct usb_setup *setup)
{
    uint8_t type = setup->bmRequestType;
    bool to_interface = type & USB_RECIPIENT_IFACE;
    if (setup->bRequest == USB_GET_STATUS)
        type &= USB_DIR_IN;
    if (setup->bRequest >= sizeof request_types || request_types[setup->bRequest] != type)
        return USBD_STALL;
    /* wIndex: of an interface or endpoint, its number; or a language. */
    if (to_interface && (setup->wIndex || !usbd.configuration))
        return USBD_STALL;
    switch (setup->bRequest) {
    case USB_GET_STATUS:
        return setup->wIndex & 0x7F ? USBD_STALL
                                    : get_status(setup->bmRequestType & USB_RECIPIENT_MASK);
    case USB_GET_DESCRIPTOR: return descriptor(setup->wValue >> 8, setup->wValue & 0xFF);
    case USB_GET_CONFIGURATION: return reply(usbd.configuration, 1);
    case USB_SET_CONFIGURATION: return set_configuration(setup->wValue);
    case USB_GET_INTERFACE: return reply(usbd.alternate, 1);
    case USB_SET_INTERFACE: return set_interface(setup->wValue);
    default: return 0; /* SET_ADDRESS takes effect after the status stage */
    }
}

/* ---- Control transfers, USB 2.0 section 8.5.3 ------------------------------------------------ */

static unsigned minimum(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* A full packet is followed by another, which is empty when there is no more: a host that has all
 * that it asked for goes on to the status stage, and the next SETUP takes that packet back. */
static void send_packet(void)
{
    unsigned size = minimum(usbd.left, USBD_EP0_SIZE);
    usbd_driver_send(usbd.data, size);
    usbd.data += size;
    usbd.left -= size;
    if (size < USBD_EP0_SIZE)
        usbd.stage = USBD_STATUS_OUT;
}

static void start_status_in(void)
{
    send_packet(); /* there is nothing left */
    usbd.stage = USBD_STATUS_IN;
}

static void request_done(void)
{
    const struct usb_setup *setup = &usbd.setup;
    usbd.stage = USBD_IDLE;
    if ((setup->bmRequestType & USB_TYPE_MASK) != USB_TYPE_STANDARD)
        usb_request_done(setup);
    else if (setup->bRequest == USB_SET_ADDRESS)
        usbd_driver_set_address(setup->wValue & 0x7F);
}

void usbd_on_reset(void)
{
    usbd.stage = USBD_IDLE;
    usbd.configuration = 0;
    usbd.alternate = 0;
    usb_bus_reset();
}

void usbd_on_setup(void)
{
    const struct usb_setup *setup = &usbd.setup;
    bool in = setup->bmRequestType & USB_DIR_IN;
    usbd.data = NULL;
    usbd.left = setup->wLength;
    int size = (setup->bmRequestType & USB_TYPE_MASK) == USB_TYPE_STANDARD
                   ? standard_request(setup)
                   : usb_request(setup, &usbd.data);
    if (size < 0 || (!in && usbd.left && !usbd.data)) {
        usbd.stage = USBD_IDLE;
        usbd_driver_stall();
        return;
    }
    if (usbd.left == 0) {
        start_status_in();
        return;
    }
    usbd_driver_receive(); /* IN: the status packet, which may come early */
    usbd.stage = USBD_DATA_OUT;
    if (in) {
        usbd.stage = USBD_DATA_IN;
        usbd.left = minimum(usbd.left, (unsigned)size);
        send_packet();
    }
}

void usbd_on_sent(void)
{
    if (usbd.stage == USBD_STATUS_IN)
        request_done();
    else if (usbd.stage == USBD_DATA_IN)
        send_packet();
}

void usbd_on_received(unsigned size)
{
    if (usbd.stage >= USBD_DATA_IN) {
        request_done();
    } else if (usbd.stage == USBD_DATA_OUT) {
        size = minimum(usbd.left, size);
        usbd_driver_fetch(usbd.data, size);
        usbd.data += size;
        usbd.left -= size;
        if (usbd.left)
            usbd_driver_receive();
        else
            start_status_in();
    }
}
