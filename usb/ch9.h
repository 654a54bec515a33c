/* SPDX-License-Identifier: MIT */
/* Numbers and wire structures of the USB 2.0 specification, chapter 9. */
#ifndef USB_CH9_H
#define USB_CH9_H

#include <stdint.h>

/* bmRequestType */
#define USB_DIR_IN           0x80
#define USB_TYPE_MASK        0x60
#define USB_TYPE_STANDARD    0x00
#define USB_TYPE_CLASS       0x20
#define USB_TYPE_VENDOR      0x40
#define USB_RECIPIENT_MASK   0x1F
#define USB_RECIPIENT_DEVICE 0x00
#define USB_RECIPIENT_IFACE  0x01
#define USB_RECIPIENT_EP     0x02

/* Standard bRequest, table 9-4 */
enum usb_standard_request {
    USB_GET_STATUS = 0,
    USB_CLEAR_FEATURE = 1,
    USB_SET_FEATURE = 3,
    USB_SET_ADDRESS = 5,
    USB_GET_DESCRIPTOR = 6,
    USB_SET_DESCRIPTOR = 7,
    USB_GET_CONFIGURATION = 8,
    USB_SET_CONFIGURATION = 9,
    USB_GET_INTERFACE = 10,
    USB_SET_INTERFACE = 11,
};

/* bDescriptorType, table 9-5, and BOS of USB 2.1 */
enum usb_descriptor_type {
    USB_DEVICE = 1,
    USB_CONFIGURATION = 2,
    USB_STRING = 3,
    USB_INTERFACE = 4,
    USB_ENDPOINT = 5,
    USB_BOS = 15,
    USB_DFU_FUNCTIONAL = 0x21,
};

/* The eight bytes of a SETUP packet, table 9-2. Little-endian, as the machines that run this. */
struct usb_setup {
    uint8_t bmRequestType;
    uint8_t bRequest;
    uint16_t wValue;
    uint16_t wIndex;
    uint16_t wLength;
};
_Static_assert(sizeof(struct usb_setup) == 8, "SETUP packet");

/* A 16-bit number in a descriptor's byte list. */
#define USB_U16(n) (uint8_t)((n)&0xFF), (uint8_t)((n) >> 8)

/* Descriptors as byte lists, tables 9-8, 9-10 and 9-12. */
#define USB_DEVICE_DESCRIPTOR(bcd_usb, ep0_size, vid, pid, bcd_device, i_vendor, i_product,        \
                              i_serial)                                                            \
    18, USB_DEVICE, USB_U16(bcd_usb), 0, 0, 0, ep0_size, USB_U16(vid), USB_U16(pid),               \
        USB_U16(bcd_device), i_vendor, i_product, i_serial, 1
#define USB_CONFIGURATION_DESCRIPTOR(total, interfaces, attributes, milliamps)                     \
    9, USB_CONFIGURATION, USB_U16(total), interfaces, 1, 0, attributes, (milliamps) / 2
#define USB_INTERFACE_DESCRIPTOR(number, alternate, endpoints, cls, subclass, protocol, i_name)    \
    9, USB_INTERFACE, number, alternate, endpoints, cls, subclass, protocol, i_name
/* DFU 1.1 table 4.2 */
#define USB_DFU_FUNCTIONAL_DESCRIPTOR(attributes, detach_ms, transfer_size, bcd_dfu)               \
    9, USB_DFU_FUNCTIONAL, attributes, USB_U16(detach_ms), USB_U16(transfer_size), USB_U16(bcd_dfu)

#endif
