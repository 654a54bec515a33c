/* SPDX-License-Identifier: MIT */
/*
 * What a kernel does above a USB port: notices the device, resets it, gives it an address, reads
 * its descriptors and configures it. A state machine without waiting: the owner runs the board in
 * slices and calls usb_device_poll() after each.
 *
 *   struct usb_device dev;
 *   usb_device_init(&dev, board);
 *   for (;;) {
 *       uint64_t until = ...;
 *       if (until > usb_device_due(&dev))
 *           until = usb_device_due(&dev);
 *       l072_run(board, until);
 *       usb_device_poll(&dev);
 *   }
 */
#ifndef BRIDGE_DEVICE_H
#define BRIDGE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l072.h"

enum usb_device_state {
    USB_DEVICE_GONE,      /* nothing is attached */
    USB_DEVICE_DEBOUNCE,  /* attached; must stay so for 100 ms (USB 2.0 7.1.7.3) */
    USB_DEVICE_PORT,      /* a reset is asked for: the hub has yet to be told */
    USB_DEVICE_RESET,     /* SE0 on the bus, then time to recover */
    USB_DEVICE_ENUMERATE, /* requests of the enumeration are under way */
    USB_DEVICE_READY,     /* addressed and configured: the fields below are valid */
    USB_DEVICE_FAILED,    /* gave up after three tries; leaves this state when re-attached */
};

#define USB_DEVICE_BLOB_MAX   (18 + 4096) /* device descriptor and all configurations */
#define USB_DEVICE_STRING_MAX 384         /* 126 UTF-16 units in UTF-8, and the final 0 */

enum usb_device_string { USB_MANUFACTURER, USB_PRODUCT, USB_SERIAL, USB_STRINGS };

struct pcap;

struct usb_device {
    /* Set by the owner after usb_device_init(); all may stay NULL. observe() is called from
     * usb_device_poll() for every event of the board, in order. */
    void (*observe)(void *context, const struct l072_event *event);
    void *context;
    struct pcap *pcap; /* where transfers are recorded; NULL: nowhere */

    /* For the owner to read. */
    struct l072 *board;
    enum usb_device_state state;
    unsigned generation; /* devices that became ready so far: another number, another device */
    uint8_t address;     /* 2-127, another one for each new device; kept by a reset */
    /* bConfigurationValue that is set, 0: none. Who sets another tells it here: a reset of the
     * device keeps it. */
    uint8_t configuration;
    uint16_t blob_size; /* bytes in blob of the device and its first configuration */
    uint16_t all_size;  /* ... and of all configurations, as usbfs and sysfs show them */
    uint8_t blob[USB_DEVICE_BLOB_MAX];
    char string[USB_STRINGS][USB_DEVICE_STRING_MAX]; /* UTF-8; empty: the device has none */

    /* Private: the enumeration. */
    uint64_t due;    /* picoseconds: end of a wait or of patience; UINT64_MAX: none */
    int urb;         /* request under way, -1: none */
    uint8_t step;    /* of the enumeration */
    uint8_t tries;   /* resets since the device was attached */
    uint8_t read;    /* configurations read so far */
    bool known;      /* the device was ready before this reset */
    uint16_t langid; /* first language of the strings, 0: no strings */
    uint16_t old_size;
    uint8_t old_blob[USB_DEVICE_BLOB_MAX];
};

/* Also after l072_assign(): what is known of the device is then of another time. */
void usb_device_init(struct usb_device *dev, struct l072 *board);

/* Takes all events from the board's log, passes them to observe() and moves the state on. Starts
 * and takes only its own transfers. */
void usb_device_poll(struct usb_device *dev);

/* When usb_device_poll() wants to be called next although no event came (picoseconds, UINT64_MAX:
 * never). */
uint64_t usb_device_due(const struct usb_device *dev);

static inline bool usb_device_ready(const struct usb_device *dev)
{
    return dev->state == USB_DEVICE_READY;
}

/* Resets a ready device and enumerates it again under its address, as USBDEVFS_RESET does. When
 * its descriptors changed it is a new device: the generation counts on. Other states: no effect. */
void usb_device_reset(struct usb_device *dev);

/* ---- For tests and simple hosts: these run the board themselves ------------------------------ */

/* Runs the board for `ps` picoseconds, polling on the way. False: the board stopped. */
bool usb_device_run(struct usb_device *dev, uint64_t ps);

/* Runs until the device is ready (true); false after `timeout_ps`, or when the enumeration failed
 * or the board stopped. */
bool usb_device_wait(struct usb_device *dev, uint64_t timeout_ps);

/* One control transfer. wLength of `setup` bytes are sent from or stored to `data`; *actual (may
 * be NULL) receives the bytes moved. L072_URB_CANCELLED: no answer within `timeout_ps`, or the
 * board stopped. L072_URB_GONE: no device. */
enum l072_urb_status usb_device_control(struct usb_device *dev, const uint8_t setup[8], void *data,
                                        uint32_t *actual, uint64_t timeout_ps);

#endif
