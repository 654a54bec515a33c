/* SPDX-License-Identifier: MIT */
#include "usbfs_private.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <linux/usbdevice_fs.h>

#include "descriptor.h"
#include "interface.h"
#include "transfer.h"

/* Result of a handler whose call is answered later. */
#define LATER INT_MAX

#define SPEED_FULL         2    /* Linux: USB_SPEED_FULL */
#define CONTROL_TIMEOUT_MS 5000 /* Linux: USB_CTRL_SET_TIMEOUT */

/* ---- Memory of the client -------------------------------------------------------------------- */

static int copy_in(pid_t pid, uint64_t address, void *data, size_t size)
{
    struct iovec here = {data, size}, there = {(void *)(uintptr_t)address, size};
    return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)size ? 0 : -EFAULT;
}

static int copy_out(pid_t pid, uint64_t address, const void *data, size_t size)
{
    struct iovec here = {(void *)(uintptr_t)data, size}, there = {(void *)(uintptr_t)address, size};
    return process_vm_writev(pid, &here, 1, &there, 1, 0) == (ssize_t)size ? 0 : -EFAULT;
}

/* The data of a finished IN transfer. */
static int copy_result(const struct usbfs_transfer *t, pid_t pid)
{
    if (!transfer_is_in(t) || t->moved == 0)
        return 0;
    return copy_out(pid, t->client_data, t->data, t->moved);
}

/* ---- Making transfers ------------------------------------------------------------------------ */

static void set_deadline(struct usbfs_transfer *t, uint32_t milliseconds)
{
    if (milliseconds != 0)
        t->deadline = l072_now(t->file->fs->dev->board) + milliseconds * L072_PS_PER_MS;
}

static void append(struct usbfs_transfer *t)
{
    struct usbfs_transfer **end = &t->file->fs->transfers;
    while (*end)
        end = &(*end)->next;
    *end = t;
}

/* Fetches OUT data and queues `t`; frees it on error. */
static int queue(struct usbfs_transfer *t, uint64_t client_data)
{
    t->client_data = client_data;
    t->urb.address = t->file->fs->address;
    if (!transfer_is_in(t) && t->size > 0 &&
        copy_in(t->call.pid, client_data, t->data, t->size) != 0) {
        free(t);
        return -EFAULT;
    }
    append(t);
    return LATER;
}

static int queue_control(struct usbfs_file *file, const struct usbfs_call *call,
                         const uint8_t setup[8], uint64_t client_data, uint32_t milliseconds)
{
    uint32_t size = le16(setup + 6);
    int refused = interface_claim_recipient(file, setup);
    if (refused)
        return refused;
    if (size > L072_URB_MAX)
        return -EINVAL;
    struct usbfs_transfer *t = transfer_new(file, call, size);
    if (!t)
        return -ENOMEM;
    t->urb.type = L072_CONTROL;
    t->urb.max_packet = file->fs->blob[DEVICE_bMaxPacketSize0];
    memcpy(t->urb.setup, setup, sizeof t->urb.setup);
    set_deadline(t, milliseconds);
    return queue(t, client_data);
}

static int queue_data(struct usbfs_file *file, const struct usbfs_call *call,
                      const struct usbdevfs_urb *urb, uint32_t milliseconds)
{
    unsigned number;
    const uint8_t *endpoint = interface_endpoint(file->fs, urb->endpoint, &number);
    if (!endpoint)
        return -ENOENT;
    int refused = interface_claim(file, number);
    if (refused)
        return refused;
    uint8_t type = endpoint[ENDPOINT_bmAttributes] & ENDPOINT_TRANSFER_MASK;
    if (type != ENDPOINT_BULK && type != ENDPOINT_INTERRUPT)
        return -EINVAL;
    struct usbfs_transfer *t = transfer_new(file, call, (uint32_t)urb->buffer_length);
    if (!t)
        return -ENOMEM;
    t->urb.type = type == ENDPOINT_BULK ? L072_BULK : L072_INTERRUPT;
    t->urb.endpoint = urb->endpoint;
    t->urb.interval = endpoint[ENDPOINT_bInterval] ? endpoint[ENDPOINT_bInterval] : 1;
    t->urb.max_packet = le16(endpoint + ENDPOINT_wMaxPacketSize) & ENDPOINT_SIZE_MASK;
    t->zero_packet = urb->flags & USBDEVFS_URB_ZERO_PACKET;
    set_deadline(t, milliseconds);
    return queue(t, (uintptr_t)urb->buffer);
}

/* ---- The ioctls ------------------------------------------------------------------------------ */

static int submit(struct usbfs_file *file, const struct usbfs_call *call)
{
    struct usbdevfs_urb urb = {0};
    uint8_t setup[8] = {0};
    /* The client goes on at once: nothing is left to answer. */
    struct usbfs_call later = {call->pid, call->command, call->argument, NULL};
    if (copy_in(call->pid, call->argument, &urb, sizeof urb) != 0)
        return -EFAULT;
    if (urb.buffer_length < 0 || (unsigned)urb.buffer_length > TRANSFER_MAX)
        return -EINVAL;
    int result;
    switch (urb.type) {
    case USBDEVFS_URB_TYPE_CONTROL:
        if (urb.buffer_length < (int)sizeof setup || urb.endpoint & ENDPOINT_NUMBER_MASK)
            return -EINVAL;
        if (copy_in(call->pid, (uintptr_t)urb.buffer, setup, sizeof setup) != 0)
            return -EFAULT;
        if ((unsigned)urb.buffer_length < sizeof setup + le16(setup + 6))
            return -EINVAL;
        result = queue_control(file, &later, setup, (uintptr_t)urb.buffer + sizeof setup, 0);
        break;
    case USBDEVFS_URB_TYPE_BULK:
    case USBDEVFS_URB_TYPE_INTERRUPT: result = queue_data(file, &later, &urb, 0); break;
    default: return -EINVAL;
    }
    return result == LATER ? 0 : result;
}

/* Hands the client its URB back. */
static int deliver(const struct usbfs_transfer *t, const struct usbfs_call *call)
{
    uint64_t urb = t->call.argument;
    int status = t->status, moved = (int)t->moved;
    if (copy_result(t, call->pid) != 0 ||
        copy_out(call->pid, urb + offsetof(struct usbdevfs_urb, status), &status, sizeof status) !=
            0 ||
        copy_out(call->pid, urb + offsetof(struct usbdevfs_urb, actual_length), &moved,
                 sizeof moved) != 0 ||
        copy_out(call->pid, call->argument, &urb, sizeof(void *)) != 0)
        return -EFAULT;
    return 0;
}

int usbfs_reap(struct usbfs_file *file, const struct usbfs_call *call)
{
    struct usbfs_transfer *t = usbfs_reapable(file);
    if (!t)
        return file->gone ? -ENODEV : -EAGAIN;
    int result = deliver(t, call);
    usbfs_drop(t);
    return result;
}

static int reap_wait(struct usbfs_file *file, const struct usbfs_call *call)
{
    int result = usbfs_reap(file, call);
    if (result != -EAGAIN)
        return result;
    if (file->reaper.request)
        return -EBUSY;
    file->reaper = *call;
    return LATER;
}

static int discard(struct usbfs_file *file, const struct usbfs_call *call)
{
    for (struct usbfs_transfer *t = file->fs->transfers; t; t = t->next) {
        if (t->file != file || t->call.request || t->done || t->call.argument != call->argument)
            continue;
        transfer_end(t, file->fs->dev, -ENOENT);
        file->fs->completed(file);
        return 0;
    }
    return -EINVAL;
}

static int control(struct usbfs_file *file, const struct usbfs_call *call)
{
    struct usbdevfs_ctrltransfer c = {0};
    if (copy_in(call->pid, call->argument, &c, sizeof c) != 0)
        return -EFAULT;
    /* Its first 8 bytes are a setup packet. */
    return queue_control(file, call, (const uint8_t *)&c, (uintptr_t)c.data, c.timeout);
}

static int bulk(struct usbfs_file *file, const struct usbfs_call *call)
{
    struct usbdevfs_bulktransfer b = {0};
    if (copy_in(call->pid, call->argument, &b, sizeof b) != 0)
        return -EFAULT;
    if (b.len > TRANSFER_MAX)
        return -EINVAL;
    struct usbdevfs_urb urb = {
        .endpoint = (uint8_t)b.ep, .buffer = b.data, .buffer_length = (int)b.len};
    return queue_data(file, call, &urb, b.timeout);
}

static int set_interface(struct usbfs_file *file, const struct usbfs_call *call)
{
    struct usbdevfs_setinterface s = {0};
    if (copy_in(call->pid, call->argument, &s, sizeof s) != 0)
        return -EFAULT;
    int refused = interface_claim(file, s.interface);
    if (refused)
        return refused;
    if (s.altsetting >= interface_alternates(file->fs, s.interface))
        return -EINVAL;
    const uint8_t setup[8] = {REQUEST_TO_INTERFACE, SET_INTERFACE, (uint8_t)s.altsetting, 0,
                              (uint8_t)s.interface};
    return queue_control(file, call, setup, 0, CONTROL_TIMEOUT_MS);
}

static bool has_configuration(const struct usbfs *fs, unsigned value)
{
    size_t whole;
    return descriptor_configuration(fs->blob, fs->blob_size, value, &whole);
}

/* The value in use resets the interfaces, 0 and -1 leave the device without a configuration. A
 * change has an end and a beginning, as its interfaces go before the others come. */
static int set_configuration(struct usbfs_file *file, const struct usbfs_call *call, int value)
{
    struct usbfs *fs = file->fs;
    for (size_t i = 0; i < USBFS_INTERFACES; i++)
        if (fs->claim[i])
            return -EBUSY;
    if (value == -1)
        value = 0;
    if (value != 0 && !has_configuration(fs, (unsigned)value))
        return -EINVAL;
    usbfs_disable_endpoints(fs);
    if (fs->active && value != fs->configuration) {
        usbfs_configure(fs, -1);
        usbfs_changed(fs);
    }
    const uint8_t setup[8] = {REQUEST_TO_DEVICE, SET_CONFIGURATION, (uint8_t)value};
    return queue_control(file, call, setup, 0, CONTROL_TIMEOUT_MS);
}

static int clear_halt(struct usbfs_file *file, const struct usbfs_call *call, unsigned endpoint)
{
    unsigned number;
    if (!interface_endpoint(file->fs, endpoint, &number))
        return -ENOENT;
    const uint8_t setup[8] = {REQUEST_TO_ENDPOINT, CLEAR_FEATURE, ENDPOINT_HALT, 0,
                              (uint8_t)endpoint};
    return queue_control(file, call, setup, 0, CONTROL_TIMEOUT_MS);
}

static int reset_endpoint(struct usbfs_file *file, unsigned endpoint)
{
    unsigned number;
    if (!interface_endpoint(file->fs, endpoint, &number))
        return -ENOENT;
    int refused = interface_claim(file, number);
    if (!refused)
        l072_usb_clear_toggle(file->fs->dev->board, file->fs->address, (uint8_t)endpoint);
    return refused;
}

static int reset(struct usbfs_file *file, const struct usbfs_call *call)
{
    struct usbfs *fs = file->fs;
    if (fs->reset.request || !usb_device_ready(fs->dev))
        return -EBUSY;
    fs->reset = *call;
    memset(fs->alternate, 0, sizeof fs->alternate);
    usbfs_changed(fs);
    usb_device_reset(fs->dev);
    return LATER;
}

static int capabilities(const struct usbfs_call *call)
{
    uint32_t value = USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_NO_PACKET_SIZE_LIM |
                     USBDEVFS_CAP_REAP_AFTER_DISCONNECT;
    return copy_out(call->pid, call->argument, &value, sizeof value);
}

static int connect_info(const struct usbfs_file *file, const struct usbfs_call *call)
{
    struct usbdevfs_connectinfo info = {.devnum = file->fs->address};
    return copy_out(call->pid, call->argument, &info, sizeof info);
}

/* The ioctls whose argument starts with an interface, endpoint or configuration number. */
static int numbered(struct usbfs_file *file, const struct usbfs_call *call)
{
    unsigned number = 0;
    if (copy_in(call->pid, call->argument, &number, sizeof number) != 0)
        return -EFAULT;
    switch (call->command) {
    case USBDEVFS_RELEASEINTERFACE: return interface_release(file, number);
    case USBDEVFS_SETCONFIGURATION: return set_configuration(file, call, (int)number);
    case USBDEVFS_CLEAR_HALT: return clear_halt(file, call, number);
    case USBDEVFS_RESETEP: return reset_endpoint(file, number);
    default: return interface_claim(file, number);
    }
}

static int perform(struct usbfs_file *file, const struct usbfs_call *call)
{
    bool reaping = call->command == USBDEVFS_REAPURB || call->command == USBDEVFS_REAPURBNDELAY;
    if (file->gone && !reaping)
        return -ENODEV;
    switch (call->command) {
    case USBDEVFS_SUBMITURB: return submit(file, call);
    case USBDEVFS_REAPURB: return reap_wait(file, call);
    case USBDEVFS_REAPURBNDELAY: return usbfs_reap(file, call);
    case USBDEVFS_DISCARDURB: return discard(file, call);
    case USBDEVFS_CONTROL: return control(file, call);
    case USBDEVFS_BULK: return bulk(file, call);
    case USBDEVFS_SETINTERFACE: return set_interface(file, call);
    case USBDEVFS_RESET: return reset(file, call);
    case USBDEVFS_GET_CAPABILITIES: return capabilities(call);
    case USBDEVFS_CONNECTINFO: return connect_info(file, call);
    case USBDEVFS_GET_SPEED: return SPEED_FULL;
    case USBDEVFS_GETDRIVER: /* there are no kernel drivers to name or detach */
    case USBDEVFS_IOCTL: return -ENODATA;
    case USBDEVFS_CLAIMINTERFACE:
    case USBDEVFS_DISCONNECT_CLAIM:
    case USBDEVFS_RELEASEINTERFACE:
    case USBDEVFS_SETCONFIGURATION:
    case USBDEVFS_CLEAR_HALT:
    case USBDEVFS_RESETEP: return numbered(file, call);
    default: return -ENOTTY;
    }
}

void usbfs_ioctl(struct usbfs_file *file, const struct usbfs_call *call)
{
    int result = perform(file, call);
    if (result != LATER)
        file->fs->answer(call->request, result);
}

int usbfs_call_result(const struct usbfs_transfer *t)
{
    struct usbfs *fs = t->file->fs;
    const uint8_t *setup = t->urb.setup;
    int status = t->status;
    if (t->file->gone)
        return -ENODEV;
    /* USB 2.0 9.4.10: a device may stall SET_INTERFACE when there is no choice. */
    if (t->call.command == USBDEVFS_SETINTERFACE && status == -EPIPE &&
        interface_alternates(fs, setup[4]) == 1)
        status = 0;
    if (status != 0)
        return status;
    switch (t->call.command) {
    case USBDEVFS_SETINTERFACE:
        fs->alternate[setup[4]] = setup[2];
        interface_clear_toggles(fs, setup[4]);
        usbfs_changed(fs);
        return 0;
    case USBDEVFS_SETCONFIGURATION:
        usbfs_configure(fs, setup[2]);
        interface_clear_toggles(fs, -1);
        usbfs_changed(fs);
        return 0;
    case USBDEVFS_CLEAR_HALT:
        l072_usb_clear_toggle(fs->dev->board, fs->address, setup[4]);
        return 0;
    default: return copy_result(t, t->call.pid) == 0 ? (int)t->moved : -EFAULT;
    }
}
