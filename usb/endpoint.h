/* SPDX-License-Identifier: MIT */
/* Endpoints 1 to 6: bulk or interrupt, packets of up to 64 bytes. Link endpoint.c to have them. */
#ifndef USB_ENDPOINT_H
#define USB_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

enum usb_endpoint_type { USB_ENDPOINT_BULK = 2, USB_ENDPOINT_INTERRUPT = 3 };

/* Opens both directions of endpoint `number`, ready to receive. Called from usb_configured(). */
void usb_endpoint_open(uint8_t number, enum usb_endpoint_type type);
/* Hands one packet to the host. False when the last one is still waiting: nothing is done. */
bool usb_endpoint_write(uint8_t number, const uint8_t *data, uint8_t size);
/* Takes the packet that arrived, up to 64 bytes, and makes room for the next one. Returns its
 * size, or -1 when there is none. */
int usb_endpoint_read(uint8_t number, uint8_t *data);

#endif
