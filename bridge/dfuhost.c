/* SPDX-License-Identifier: MIT */
#include "dfuhost.h"

#include <string.h>

/* DFU 1.1 tables 3.2, 4.1 and A.2; UM0424 for the commands in block 0. */
enum { DFU_DETACH = 0, DFU_DNLOAD = 1, DFU_UPLOAD = 2, DFU_GETSTATUS = 3 };
enum { DFU_CLRSTATUS = 4, DFU_ABORT = 6 };
enum { OUT_STANDARD_INTERFACE = 0x01, OUT_CLASS_INTERFACE = 0x21, IN_CLASS_INTERFACE = 0xA1 };
enum { STATE_IDLE = 2, STATE_DNBUSY = 4, STATE_WAIT_RESET = 8, STATE_ERROR = 10 };
enum { SET_INTERFACE = 11 };
enum { PROTOCOL_RUNTIME = 1, PROTOCOL_DFU = 2 };
enum { DFUSE_SET_ADDRESS = 0x21, DFUSE_ERASE = 0x41, DFUSE_FIRST_BLOCK = 2 };

#define PAGE        128  /* bytes: what an erase of ST's ROM clears */
#define BLOCK       2048 /* wTransferSize of ST's ROM */
#define DETACH_MS   1000
#define PATIENCE_PS (5 * L072_PS_PER_S)
#define MANIFEST_PS L072_PS_PER_MS /* between polls; dfu-util waits for a second */
/* What a program sleeps longer than it wants to: dfu-util does, on the bridge. */
#define LATE_PS (300 * L072_PS_PER_US)

/* The configuration has an interface of class FE, subclass 01 and this protocol (DFU 1.1 4.2.3). */
static bool has_interface(const struct usb_device *dev, uint8_t protocol)
{
    const uint8_t interface[] = {0xFE, 0x01, protocol};
    uint32_t at = 18; /* behind the device descriptor */

    while (usb_device_ready(dev) && at + 9 <= dev->blob_size && dev->blob[at] >= 2) {
        if (dev->blob[at + 1] == 4 && memcmp(&dev->blob[at + 5], interface, sizeof interface) == 0)
            return true;
        at += dev->blob[at];
    }
    return false;
}

bool dfuhost_in_dfu(const struct usb_device *dev)
{
    return has_interface(dev, PROTOCOL_DFU);
}

bool dfuhost_in_runtime(const struct usb_device *dev)
{
    return has_interface(dev, PROTOCOL_RUNTIME);
}

static bool request(struct usb_device *dev, uint8_t type, uint8_t code, uint16_t value, void *data,
                    uint16_t size)
{
    uint8_t setup[8] = {type, code, (uint8_t)value, (uint8_t)(value >> 8),
                        0,    0,    (uint8_t)size,  (uint8_t)(size >> 8)};

    return usb_device_control(dev, setup, data, NULL, PATIENCE_PS) == L072_URB_OK;
}

/* One DNLOAD and its polls; `last` stops at the first status, as the device leaves then. */
static bool download(struct usb_device *dev, uint16_t block, const uint8_t *data, uint16_t size,
                     bool last)
{
    uint8_t status[6] = {0}, bytes[BLOCK];

    if (size)
        memcpy(bytes, data, size);
    if (!request(dev, OUT_CLASS_INTERFACE, DFU_DNLOAD, block, bytes, size))
        return false;
    do {
        uint64_t wait_ms;

        if (!request(dev, IN_CLASS_INTERFACE, DFU_GETSTATUS, 0, status, sizeof status))
            return false;
        wait_ms = status[1] | (uint64_t)status[2] << 8;
        if (wait_ms && !usb_device_run(dev, wait_ms * L072_PS_PER_MS + LATE_PS) && !last)
            return false;
    } while (status[4] == STATE_DNBUSY && !last);
    return status[4] != STATE_ERROR;
}

static bool command(struct usb_device *dev, uint8_t code, uint32_t address)
{
    const uint8_t bytes[5] = {code, (uint8_t)address, (uint8_t)(address >> 8),
                              (uint8_t)(address >> 16), (uint8_t)(address >> 24)};

    return download(dev, 0, bytes, sizeof bytes, false);
}

bool dfuhost_detach(struct usb_device *dev)
{
    return request(dev, OUT_CLASS_INTERFACE, DFU_DETACH, DETACH_MS, NULL, 0);
}

static bool get_state(struct usb_device *dev, uint8_t *state)
{
    uint8_t status[6] = {0};

    if (!request(dev, IN_CLASS_INTERFACE, DFU_GETSTATUS, 0, status, sizeof status))
        return false;
    *state = status[4];
    return true;
}

/* ABORT, or CLRSTATUS, which must lead to dfuIDLE. */
static bool go_idle(struct usb_device *dev, uint8_t by)
{
    uint8_t state;

    return request(dev, OUT_CLASS_INTERFACE, by, 0, NULL, 0) && get_state(dev, &state) &&
           state == STATE_IDLE;
}

bool dfuhost_start(struct usb_device *dev, uint8_t alternate)
{
    uint8_t state;

    if (!request(dev, OUT_STANDARD_INTERFACE, SET_INTERFACE, alternate, NULL, 0) ||
        !get_state(dev, &state))
        return false;
    return state == STATE_IDLE || go_idle(dev, state == STATE_ERROR ? DFU_CLRSTATUS : DFU_ABORT);
}

bool dfuhost_erase_units(struct usb_device *dev, uint32_t address, uint32_t size, uint32_t unit)
{
    for (uint32_t at = address - address % unit; at < address + size; at += unit)
        if (!command(dev, DFUSE_ERASE, at))
            return false;
    return true;
}

bool dfuhost_erase(struct usb_device *dev, uint32_t address, uint32_t size)
{
    return dfuhost_erase_units(dev, address, size, PAGE);
}

bool dfuhost_write(struct usb_device *dev, uint32_t address, const uint8_t *data, uint32_t size)
{
    for (uint32_t at = 0; at < size; at += BLOCK) {
        uint32_t left = size - at < BLOCK ? size - at : BLOCK;

        if (!command(dev, DFUSE_SET_ADDRESS, address + at) ||
            !download(dev, DFUSE_FIRST_BLOCK, data + at, (uint16_t)left, false))
            return false;
    }
    return true;
}

bool dfuhost_read(struct usb_device *dev, uint32_t address, uint8_t *data, uint32_t size)
{
    if (!command(dev, DFUSE_SET_ADDRESS, address) || !go_idle(dev, DFU_ABORT))
        return false;
    for (uint32_t at = 0; at < size; at += BLOCK) {
        uint16_t left = (uint16_t)(size - at < BLOCK ? size - at : BLOCK);
        uint16_t block = (uint16_t)(DFUSE_FIRST_BLOCK + at / BLOCK);

        if (!request(dev, IN_CLASS_INTERFACE, DFU_UPLOAD, block, data + at, left))
            return false;
    }
    return go_idle(dev, DFU_ABORT);
}

bool dfuhost_leave(struct usb_device *dev, uint32_t address)
{
    return go_idle(dev, DFU_ABORT) && command(dev, DFUSE_SET_ADDRESS, address) &&
           download(dev, DFUSE_FIRST_BLOCK, NULL, 0, true);
}

/* ---- Plain DFU 1.1: blocks count from 0 ------------------------------------------------------ */

bool dfuhost_plain_write(struct usb_device *dev, const uint8_t *data, uint32_t size)
{
    for (uint32_t at = 0; at < size; at += BLOCK) {
        uint32_t left = size - at < BLOCK ? size - at : BLOCK;

        if (!download(dev, (uint16_t)(at / BLOCK), data + at, (uint16_t)left, false))
            return false;
    }
    return true;
}

bool dfuhost_plain_read(struct usb_device *dev, uint8_t *data, uint32_t size)
{
    for (uint32_t at = 0; at < size; at += BLOCK) {
        uint16_t left = (uint16_t)(size - at < BLOCK ? size - at : BLOCK);

        if (!request(dev, IN_CLASS_INTERFACE, DFU_UPLOAD, (uint16_t)(at / BLOCK), data + at, left))
            return false;
    }
    return go_idle(dev, DFU_ABORT);
}

/* Manifestation ends in dfuMANIFEST-WAIT-RESET. */
bool dfuhost_plain_leave(struct usb_device *dev)
{
    uint8_t state = 0;

    if (!download(dev, 0, NULL, 0, true))
        return false;
    for (unsigned polls = 0; state != STATE_WAIT_RESET && polls < 1000; polls++)
        if (!usb_device_run(dev, MANIFEST_PS) || !get_state(dev, &state))
            return false;
    usb_device_reset(dev);
    return state == STATE_WAIT_RESET;
}
