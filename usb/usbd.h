/* SPDX-License-Identifier: MIT */
/*
 * USB device core: endpoint 0, chapter 9 of USB 2.0. Pure C, no registers. There are no other
 * endpoints, and one interface, number 0, perhaps with alternate settings: DFU needs no more.
 *
 * Above it, the product supplies the functions of "What the product supplies"; below it, a driver
 * (fsdev.c) supplies "What the driver supplies". Both are resolved when linking, so that what is
 * not used costs nothing. There is one device, and all of its state is `usbd`.
 *
 * Suspend and remote wake-up are not acted on: a suspended device goes on drawing current.
 * usbd_poll() may be called from the USB interrupt or from a loop, not from both.
 */
#ifndef USB_USBD_H
#define USB_USBD_H

#include <stdbool.h>
#include <stdint.h>

#include "ch9.h"

#define USBD_EP0_SIZE   64
#define USBD_STRING_MAX 63 /* characters of a string */
#define USBD_STALL      (-1)

enum usbd_stage {
    USBD_IDLE,       /* waits for SETUP */
    USBD_DATA_OUT,   /* waits for a packet of the host */
    USBD_STATUS_IN,  /* waits for the host to take the empty packet that ends an OUT request */
    USBD_DATA_IN,    /* waits for the host to take a packet, or to go on to the status stage */
    USBD_STATUS_OUT, /* waits for the host's empty packet that ends an IN request */
};

struct usbd {
    struct usb_setup setup; /* of the request being served */
    uint8_t *data;          /* next byte to send or to store */
    unsigned left;          /* bytes still to send or to store */
    uint8_t stage;          /* enum usbd_stage */
    uint8_t configuration;  /* 0: not configured */
    uint8_t alternate;
    uint16_t reply[1 + USBD_STRING_MAX];
};
extern struct usbd usbd;

/* ---- What the product calls ------------------------------------------------------------------ */

/* Starts the USB block and switches the pull-up on. The 48 MHz clock must run (clock.h). The
 * interrupt is raised as soon as it is enabled in the NVIC: the product does that, or polls. */
void usbd_connect(void);
/* Switches the pull-up off and the block into reset. A host takes 2.5 us of this for a disconnect
 * (USB 2.0, 7.1.7.3); stay away some milliseconds, hubs filter. */
void usbd_disconnect(void);
/* Serves everything that is pending. */
void usbd_poll(void);

/* ---- What the product supplies ---------------------------------------------------------------
 *
 * Data lie at even addresses; where their size is odd, the byte behind them is read or written too.
 */

/* The descriptor, NULL when there is none (answered by STALL). Its length is in its first bytes;
 * strings are asked for by usb_string() instead. */
const uint8_t *usb_descriptor(uint8_t type, uint8_t index);
/* String number `index`, 1 to 255, in ASCII, at most 63 characters; NULL: STALL. */
const char *usb_string(uint8_t index);

/*
 * A class or vendor request. Returns USBD_STALL, or accepts:
 *   IN   returns the number of bytes to send and stores where they are in *data;
 *        they must stay there until the request is done or the next one comes;
 *   OUT  stores in *data where wLength bytes fit; returns 0.
 */
int usb_request(const struct usb_setup *setup, uint8_t **data);
/* The request was accepted and its status stage is over: the host knows the answer, and the data
 * of an OUT request are in place. Work starts here. */
void usb_request_done(const struct usb_setup *setup);

/* The rest may be left out. */

/* SET_INTERFACE; SET_CONFIGURATION selects alternate 0. False: there is no such alternate. Left
 * out: there is number 0. */
bool usb_set_alternate(uint16_t alternate);
/* The host reset the bus: address and configuration are 0. */
void usb_bus_reset(void);

/* ---- What the driver supplies, and tells ----------------------------------------------------- */

void usbd_driver_set_address(uint8_t address);
/* Arms endpoint 0 for one packet to the host. */
void usbd_driver_send(const uint8_t *data, unsigned size);
/* Arms endpoint 0 for one packet from the host, and fetches the one that arrived. */
void usbd_driver_receive(void);
void usbd_driver_fetch(uint8_t *data, unsigned size);
/* Answers STALL in both directions until the next SETUP. */
void usbd_driver_stall(void);

void usbd_on_reset(void);
void usbd_on_setup(void); /* a SETUP packet is in usbd.setup */
void usbd_on_sent(void);
void usbd_on_received(unsigned size);

#endif
