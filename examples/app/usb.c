/* SPDX-License-Identifier: MIT */
#include "usb.h"

#include <stddef.h>

#include "stm32l0/serial.h"
#include "usb/usbd.h"

/* DFU 1.1, tables 3.2 and 4.2, section 6.1.2 */
enum { DFU_DETACH = 0, DFU_GETSTATUS = 3, DFU_GETSTATE = 5 };
enum { DFU_CAN_DNLOAD = 1, DFU_WILL_DETACH = 8 };
enum { DFU_APP_IDLE = 0 };

enum string { NO_STRING, VENDOR, PRODUCT, SERIAL, RUNTIME };

_Alignas(2) static const uint8_t device[] = {
    USB_DEVICE_DESCRIPTOR(0x0200, USBD_EP0_SIZE, 0x1209, 0x0001, APP_VERSION << 8, VENDOR, PRODUCT,
                          SERIAL),
};

#define TOTAL (9 + 9 + 9)
_Alignas(2) static const uint8_t configuration[] = {
    USB_CONFIGURATION_DESCRIPTOR(TOTAL, 1, 0x80, 100),
    USB_INTERFACE_DESCRIPTOR(0, 0, 0, 0xFE, 0x01, 0x01, RUNTIME),
    USB_DFU_FUNCTIONAL_DESCRIPTOR(DFU_CAN_DNLOAD | DFU_WILL_DETACH, 255, 2048, 0x011A),
};
_Static_assert(sizeof configuration == TOTAL, "wTotalLength");

const uint8_t *usb_descriptor(uint8_t type, uint8_t index)
{
    if (type == USB_DEVICE)
        return device;
    return type == USB_CONFIGURATION && index == 0 ? configuration : NULL;
}

const char *usb_string(uint8_t index)
{
    static char serial[SERIAL_DIGITS + 1];
    switch (index) {
    case VENDOR: return "dfuse-l0";
    case PRODUCT: return "dfuse example " APP_NAME;
    case SERIAL: serial_number(serial); return serial;
    case RUNTIME: return "DFU runtime";
    default: return NULL;
    }
}

int usb_request(const struct usb_setup *setup, uint8_t **data)
{
    _Alignas(2) static uint8_t status[6] = {0, 0, 0, 0, DFU_APP_IDLE, 0};

    if ((setup->bmRequestType & USB_TYPE_MASK) != USB_TYPE_CLASS || setup->wIndex != 0)
        return USBD_STALL;
    switch (setup->bRequest) {
    case DFU_DETACH: return 0;
    case DFU_GETSTATUS: *data = status; return sizeof status;
    case DFU_GETSTATE: *data = &status[4]; return 1;
    default: return USBD_STALL;
    }
}

void usb_request_done(const struct usb_setup *setup)
{
    if ((setup->bmRequestType & USB_TYPE_MASK) == USB_TYPE_CLASS && setup->bRequest == DFU_DETACH)
        app_detach();
}
