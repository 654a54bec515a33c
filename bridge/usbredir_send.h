/* SPDX-License-Identifier: MIT */
/* What the board tells a guest over usbredir: the device, and the results of requests. */
#ifndef BRIDGE_USBREDIR_SEND_H
#define BRIDGE_USBREDIR_SEND_H

#include <usbredirparser.h>

#include "client.h"

#define USBREDIR_ENDPOINTS 32 /* of the protocol: OUT 0 to 15, IN 0 to 15 */

/* Where an endpoint stands in the tables of the protocol. */
unsigned usbredir_endpoint(uint8_t address);

/* The interfaces and endpoints of the settings in use: before the device, and when they change. */
void usbredir_send_settings(struct usbredirparser *p, const struct usbfs *fs);
void usbredir_send_connect(struct usbredirparser *p, const struct usbfs *fs);

void usbredir_send_control(struct usbredirparser *p, const struct client_request *r);
void usbredir_send_bulk(struct usbredirparser *p, const struct client_request *r);
void usbredir_send_interrupt(struct usbredirparser *p, const struct client_request *r);
/* status: 0 or -errno. */
void usbredir_send_configuration(struct usbredirparser *p, const struct usbfs *fs, uint64_t id,
                                 int status);
void usbredir_send_alternate(struct usbredirparser *p, const struct usbfs *fs, uint64_t id,
                             uint8_t interface, int status);
void usbredir_send_receiving(struct usbredirparser *p, uint8_t endpoint, int status);

#endif
