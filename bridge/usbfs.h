/* SPDX-License-Identifier: MIT */
/*
 * What the Linux kernel does behind the files of /dev/bus/usb: the ioctls of usbfs
 * (linux/usbdevice_fs.h), turned into transfers of the board's USB port. How ioctls arrive is left
 * to a front-end. Nothing here waits: usbfs_run() after each slice of the board moves things on.
 *
 * Simplified: no isochronous and bulk-stream transfers, no mmap, suspend or privilege dropping;
 * interfaces have no kernel drivers; a reset puts every interface back to alternate setting 0; the
 * device has no configuration while another is set, and when that fails; the time-outs of
 * USBDEVFS_CONTROL and USBDEVFS_BULK count simulated time.
 */
#ifndef BRIDGE_USBFS_H
#define BRIDGE_USBFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "device.h"

#define USBFS_INTERFACES 32 /* interface numbers that can be claimed: 0 .. 31 */

struct usbfs_transfer; /* private */

/* One ioctl of a process, blocked in it until it is answered. */
struct usbfs_call {
    pid_t pid; /* whose memory `argument` is in */
    unsigned command;
    uint64_t argument;
    void *request; /* the front-end's, passed to answer() */
};

/* One open file of the device. */
struct usbfs_file {
    struct usbfs *fs;
    struct usbfs_file *next;
    bool gone;                /* its device has left */
    struct usbfs_call reaper; /* blocked in USBDEVFS_REAPURB when .request is set */
    void *poll;               /* free for the front-end */
};

struct usbfs {
    /* Set by usbfs_init(). */
    struct usb_device *dev;
    void (*answer)(void *request, int result);  /* ends a call: result, or -errno */
    void (*completed)(struct usbfs_file *file); /* its poll state changed */

    /* Set by the owner after usbfs_init(), or NULL: the configuration or an alternate setting
     * changed. Called before the client is answered that asked for it. */
    void (*changed)(void *context);
    void *context;

    /* The device on show; valid while `plugged`. Its own copy: enumeration rewrites the source. */
    bool plugged;
    unsigned generation;
    uint8_t address;
    uint8_t configuration; /* bConfigurationValue of the one in use; 0: the device has none */
    uint16_t blob_size;
    uint8_t blob[USB_DEVICE_BLOB_MAX];
    const uint8_t *active; /* the configuration in use, inside blob; NULL: none */
    size_t active_size;

    /* Private. */
    struct usbfs_file *files;
    struct usbfs_transfer *transfers;           /* all, in order of submission */
    struct usbfs_call reset;                    /* blocked in USBDEVFS_RESET */
    uint8_t alternate[USBFS_INTERFACES];        /* setting in use */
    struct usbfs_file *claim[USBFS_INTERFACES]; /* who claimed it */
};

void usbfs_init(struct usbfs *fs, struct usb_device *dev, void (*answer)(void *request, int result),
                void (*completed)(struct usbfs_file *file));
/* Closes all files, without answers. */
void usbfs_free(struct usbfs *fs);

/* Puts the device, which must be ready, on show, and takes it away: its transfers end. */
void usbfs_plug(struct usbfs *fs);
void usbfs_unplug(struct usbfs *fs);

/* A new open file of the plugged device; NULL when memory is short. */
struct usbfs_file *usbfs_open(struct usbfs *fs);
/* Ends the file's transfers and claims and frees it. */
void usbfs_close(struct usbfs_file *file);
/* Poll events (POLLOUT: a transfer can be reaped). */
unsigned usbfs_poll(const struct usbfs_file *file);
/* Performs an ioctl; answer() is called once, now or later. */
void usbfs_ioctl(struct usbfs_file *file, const struct usbfs_call *call);
/* A signal waits for the process of `request`: answers with -EINTR, unless it is done. */
void usbfs_interrupt(struct usbfs *fs, void *request);

/* Starts and ends transfers, as far as the board has come. */
void usbfs_run(struct usbfs *fs);
/* True while something waits for the board. Interrupt IN transfers do not count: a driver has one
 * waiting all the time, for a device that answers at its own time. */
bool usbfs_busy(const struct usbfs *fs);
/* True while there is such a transfer. */
bool usbfs_listens(const struct usbfs *fs);

#endif
