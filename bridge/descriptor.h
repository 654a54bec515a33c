/* SPDX-License-Identifier: MIT */
/* Reading USB descriptors (USB 2.0, 9.6) as a device sent them: never trust their lengths. */
#ifndef BRIDGE_DESCRIPTOR_H
#define BRIDGE_DESCRIPTOR_H

#include <stddef.h>
#include <stdint.h>

enum descriptor_type {
    DESCRIPTOR_DEVICE = 1,
    DESCRIPTOR_CONFIGURATION = 2,
    DESCRIPTOR_INTERFACE = 4,
    DESCRIPTOR_ENDPOINT = 5,
};

/* Offsets of the fields in use. */
enum {
    DEVICE_bcdUSB = 2,
    DEVICE_bDeviceClass = 4,
    DEVICE_bDeviceSubClass = 5,
    DEVICE_bDeviceProtocol = 6,
    DEVICE_bMaxPacketSize0 = 7,
    DEVICE_idVendor = 8,
    DEVICE_idProduct = 10,
    DEVICE_bcdDevice = 12,
    DEVICE_bNumConfigurations = 17,
    DEVICE_bLength = 18,

    CONFIGURATION_wTotalLength = 2,
    CONFIGURATION_bNumInterfaces = 4,
    CONFIGURATION_bConfigurationValue = 5,
    CONFIGURATION_bmAttributes = 7,
    CONFIGURATION_bMaxPower = 8,
    CONFIGURATION_bLength = 9,

    INTERFACE_bInterfaceNumber = 2,
    INTERFACE_bAlternateSetting = 3,
    INTERFACE_bNumEndpoints = 4,
    INTERFACE_bInterfaceClass = 5,
    INTERFACE_bInterfaceSubClass = 6,
    INTERFACE_bInterfaceProtocol = 7,

    ENDPOINT_bEndpointAddress = 2,
    ENDPOINT_bmAttributes = 3,
    ENDPOINT_wMaxPacketSize = 4,
    ENDPOINT_bInterval = 6,
};

/* Requests (USB 2.0, 9.3 and 9.4) and endpoint attributes (9.6.6). */
enum {
    REQUEST_DIR_IN = 0x80,
    REQUEST_TYPE_MASK = 0x60,
    REQUEST_TYPE_VENDOR = 0x40,
    REQUEST_RECIPIENT_MASK = 0x1f,
    REQUEST_TO_DEVICE = 0,
    REQUEST_TO_INTERFACE = 1,
    REQUEST_TO_ENDPOINT = 2,

    CLEAR_FEATURE = 1,
    SET_CONFIGURATION = 9,
    SET_INTERFACE = 11,
    ENDPOINT_HALT = 0,

    ENDPOINT_NUMBER_MASK = 0x0f,
    ENDPOINT_TRANSFER_MASK = 0x03,
    ENDPOINT_BULK = 2,
    ENDPOINT_INTERRUPT = 3,
    ENDPOINT_SIZE_MASK = 0x7ff, /* of wMaxPacketSize */
};

static inline uint16_t le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

/* The descriptor after `at`, or the first when `at` is NULL, in the `size` bytes at `blob`.
 * NULL at the end. Interface and endpoint descriptors are returned only when complete; a
 * descriptor of a broken length ends the walk. */
const uint8_t *descriptor_next(const uint8_t *blob, size_t size, const uint8_t *at);

/* The first configuration with this bConfigurationValue in a device descriptor and the
 * configurations behind it; *whole: the bytes of it with all its descriptors. NULL when there is
 * none. */
const uint8_t *descriptor_configuration(const uint8_t *blob, size_t size, unsigned value,
                                        size_t *whole);

#endif
