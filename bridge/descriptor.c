/* SPDX-License-Identifier: MIT */
#include "descriptor.h"

/* bLength by USB 2.0 tables 9-8 to 9-13; anything else has at least a length and a type. */
static uint8_t shortest(uint8_t type)
{
    switch (type) {
    case DESCRIPTOR_DEVICE: return DEVICE_bLength;
    case DESCRIPTOR_CONFIGURATION: return CONFIGURATION_bLength;
    case DESCRIPTOR_INTERFACE: return 9;
    case DESCRIPTOR_ENDPOINT: return 7;
    default: return 2;
    }
}

const uint8_t *descriptor_next(const uint8_t *blob, size_t size, const uint8_t *at)
{
    const uint8_t *next = at ? at + at[0] : blob;
    size_t left = size - (size_t)(next - blob);
    if (left < 2 || next[0] > left || next[0] < shortest(next[1]))
        return NULL;
    return next;
}

const uint8_t *descriptor_configuration(const uint8_t *blob, size_t size, unsigned value,
                                        size_t *whole)
{
    for (size_t at = DEVICE_bLength; at + CONFIGURATION_bLength <= size; at += *whole) {
        const uint8_t *configuration = blob + at;
        *whole = le16(configuration + CONFIGURATION_wTotalLength);
        if (*whole < CONFIGURATION_bLength || *whole > size - at)
            break;
        if (configuration[CONFIGURATION_bConfigurationValue] == value)
            return configuration;
    }
    *whole = 0;
    return NULL;
}
