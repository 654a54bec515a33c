/* SPDX-License-Identifier: MIT */
/*
 * A host that updates firmware by DFU 1.1 with ST's DfuSe extensions, with the requests of
 * dfu-util 0.11. For a device made ready by device.h; these functions run the board.
 */
#ifndef BRIDGE_DFUHOST_H
#define BRIDGE_DFUHOST_H

#include "device.h"

/* The device shows a DFU interface: in DFU mode, or of a running application that has one. */
bool dfuhost_in_dfu(const struct usb_device *dev);
bool dfuhost_in_runtime(const struct usb_device *dev);

/* Each returns false as soon as something fails. */
/* Asks an application to leave for DFU mode. */
bool dfuhost_detach(struct usb_device *dev);
/* Selects a memory, and ends what another program left: how dfu-util begins. */
bool dfuhost_start(struct usb_device *dev, uint8_t alternate);
/* Erases the pages that `size` bytes at `address` touch: of ST's ROM; of a device whose memory
 * string tells another size of them. */
bool dfuhost_erase(struct usb_device *dev, uint32_t address, uint32_t size);
bool dfuhost_erase_units(struct usb_device *dev, uint32_t address, uint32_t size, uint32_t unit);
/* Writes to erased pages, in blocks of 2048 bytes. */
bool dfuhost_write(struct usb_device *dev, uint32_t address, const uint8_t *data, uint32_t size);
/* Reads `size` bytes, in blocks of 2048. */
bool dfuhost_read(struct usb_device *dev, uint32_t address, uint8_t *data, uint32_t size);
/* Ends DFU mode: the device starts the application at `address`. */
bool dfuhost_leave(struct usb_device *dev, uint32_t address);

/* The same with a device of plain DFU 1.1, which knows no addresses. */
bool dfuhost_plain_write(struct usb_device *dev, const uint8_t *data, uint32_t size);
bool dfuhost_plain_read(struct usb_device *dev, uint8_t *data, uint32_t size);
bool dfuhost_plain_leave(struct usb_device *dev);

#endif
