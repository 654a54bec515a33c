/* SPDX-License-Identifier: MIT */
#include "endpoint.h"

#include "fsdev.h"
#include "usbd.h"

void usb_endpoint_open(uint8_t number, enum usb_endpoint_type type)
{
    fsdev_open(number, type == USB_ENDPOINT_BULK ? USB_EPR_TYPE_BULK : USB_EPR_TYPE_INT,
               (FSDEV_VALID & USB_EPR_STAT_RX) | (FSDEV_NAK & USB_EPR_STAT_TX));
}

static bool state_is(unsigned number, unsigned mask, unsigned stat)
{
    return (USB->EPR[number].value & mask) == (stat & mask);
}

bool usb_endpoint_write(uint8_t number, const uint8_t *data, uint8_t size)
{
    if (!state_is(number, USB_EPR_STAT_TX, FSDEV_NAK))
        return false;
    fsdev_write(number, data, size);
    fsdev_set(number, USB_EPR_STAT_TX, FSDEV_VALID);
    return true;
}

int usb_endpoint_read(uint8_t number, uint8_t *data)
{
    if (!state_is(number, USB_EPR_STAT_RX, FSDEV_NAK))
        return -1;
    int size = FSDEV_BUFFERS[number].COUNT_RX & FSDEV_COUNT_RX_MASK;
    fsdev_read(number, data, (unsigned)size);
    fsdev_set(number, USB_EPR_STAT_RX, FSDEV_VALID);
    return size;
}

/* Halt, USB 2.0 section 9.4.5: clearing it starts again at DATA0. */
static void set_halt(unsigned number, bool in, bool halt)
{
    unsigned stat = in ? USB_EPR_STAT_TX : USB_EPR_STAT_RX;
    unsigned toggle = in ? USB_EPR_DTOG_TX : USB_EPR_DTOG_RX;
    if (halt)
        fsdev_set(number, stat, FSDEV_STALL);
    else
        fsdev_set(number, stat | toggle, in ? FSDEV_NAK : FSDEV_VALID);
}

int usb_endpoint_request(const struct usb_setup *setup, uint8_t **data)
{
    unsigned number = setup->wIndex & 0x7F;
    bool in = setup->wIndex & USB_DIR_IN;
    unsigned stat = in ? USB_EPR_STAT_TX : USB_EPR_STAT_RX;
    if (number == 0 || number >= FSDEV_ENDPOINTS || state_is(number, stat, FSDEV_DISABLED))
        return USBD_STALL;
    if (setup->bRequest == USB_GET_STATUS && setup->bmRequestType & USB_DIR_IN) {
        usbd.reply[0] = state_is(number, stat, FSDEV_STALL);
        usbd.reply[1] = 0;
        *data = usbd.reply;
        return 2;
    }
    if (setup->bRequest != USB_SET_FEATURE && setup->bRequest != USB_CLEAR_FEATURE)
        return USBD_STALL;
    if (setup->bmRequestType & USB_DIR_IN)
        return USBD_STALL;
    set_halt(number, in, setup->bRequest == USB_SET_FEATURE);
    return 0;
}
