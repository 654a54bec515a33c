/* SPDX-License-Identifier: MIT */
#include "usbfs_private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "descriptor.h"
#include "transfer.h"

void usbfs_drop(struct usbfs_transfer *t)
{
    struct usbfs_transfer **link = &t->file->fs->transfers;
    while (*link != t)
        link = &(*link)->next;
    *link = t->next;
    transfer_end(t, t->file->fs->dev, -ENOENT);
    free(t);
}

struct usbfs_transfer *usbfs_reapable(const struct usbfs_file *file)
{
    struct usbfs_transfer *t = file->fs->transfers;
    while (t && (t->file != file || !t->done || t->call.request))
        t = t->next;
    return t;
}

/* ---- Moving on ------------------------------------------------------------------------------- */

static bool first_at_endpoint(const struct usbfs_transfer *t)
{
    const struct usbfs_transfer *before = t->file->fs->transfers;
    while (before != t && (before->done || !transfer_same_endpoint(before, t)))
        before = before->next;
    return before == t;
}

static void advance(struct usbfs_transfer *t)
{
    const struct usbfs *fs = t->file->fs;
    if (t->id >= 0)
        transfer_check(t, fs->dev);
    else if (!t->file->gone && usb_device_ready(fs->dev) && first_at_endpoint(t))
        transfer_start(t, fs->dev);
    if (t->file->gone)
        transfer_end(t, fs->dev, -ESHUTDOWN);
    else if (l072_now(fs->dev->board) >= t->deadline)
        transfer_end(t, fs->dev, -ETIMEDOUT);
}

static void finish_call(struct usbfs_transfer *t)
{
    struct usbfs *fs = t->file->fs;
    void *request = t->call.request;
    int result = usbfs_call_result(t);
    usbfs_drop(t);
    fs->answer(request, result);
}

static void tell_end(struct usbfs_transfer *t)
{
    if (t->call.request)
        finish_call(t);
    else
        t->file->fs->completed(t->file);
}

static void answer_reaper(struct usbfs_file *file)
{
    if (!file->reaper.request)
        return;
    int result = usbfs_reap(file, &file->reaper);
    if (result == -EAGAIN)
        return;
    void *request = file->reaper.request;
    file->reaper.request = NULL;
    file->fs->answer(request, result);
}

/* The reset is over when the device is ready again; another device by then is an unplug. */
static void answer_reset(struct usbfs *fs)
{
    void *request = fs->reset.request;
    if (!request)
        return;
    bool same = fs->plugged && fs->dev->generation == fs->generation;
    if (same && !usb_device_ready(fs->dev))
        return;
    fs->reset.request = NULL;
    fs->answer(request, same ? 0 : -ENODEV);
}

void usbfs_run(struct usbfs *fs)
{
    struct usbfs_transfer *next;
    for (struct usbfs_transfer *t = fs->transfers; t; t = next) {
        next = t->next;
        if (t->done)
            continue;
        advance(t);
        if (t->done)
            tell_end(t);
    }
    for (struct usbfs_file *file = fs->files; file; file = file->next)
        answer_reaper(file);
    answer_reset(fs);
}

static bool listens(const struct usbfs_transfer *t)
{
    return t->urb.type == L072_INTERRUPT && transfer_is_in(t);
}

bool usbfs_busy(const struct usbfs *fs)
{
    const struct usbfs_transfer *t = fs->transfers;
    while (t && (t->done || listens(t)))
        t = t->next;
    return t || fs->reset.request;
}

bool usbfs_listens(const struct usbfs *fs)
{
    const struct usbfs_transfer *t = fs->transfers;
    while (t && (t->done || !listens(t)))
        t = t->next;
    return t;
}

void usbfs_interrupt(struct usbfs *fs, void *request)
{
    struct usbfs_transfer *t = fs->transfers;
    while (t && t->call.request != request)
        t = t->next;
    struct usbfs_file *file = fs->files;
    while (file && file->reaper.request != request)
        file = file->next;
    if (!t && !file)
        return;
    if (t)
        usbfs_drop(t);
    else
        file->reaper.request = NULL;
    fs->answer(request, -EINTR);
}

/* ---- The settings in use --------------------------------------------------------------------- */

void usbfs_configure(struct usbfs *fs, int value)
{
    fs->active =
        descriptor_configuration(fs->blob, fs->blob_size, (unsigned)value, &fs->active_size);
    fs->configuration = fs->active ? (uint8_t)value : 0;
    fs->dev->configuration = fs->configuration;
    memset(fs->alternate, 0, sizeof fs->alternate);
}

void usbfs_changed(const struct usbfs *fs)
{
    if (fs->changed)
        fs->changed(fs->context);
}

void usbfs_disable_endpoints(struct usbfs *fs)
{
    struct usbfs_transfer *next;
    for (struct usbfs_transfer *t = fs->transfers; t; t = next) {
        next = t->next;
        if (t->done || t->urb.type == L072_CONTROL)
            continue;
        transfer_end(t, fs->dev, -ESHUTDOWN);
        tell_end(t);
    }
}

/* ---- The device and its open files ----------------------------------------------------------- */

void usbfs_init(struct usbfs *fs, struct usb_device *dev, void (*answer)(void *request, int result),
                void (*completed)(struct usbfs_file *file))
{
    *fs = (struct usbfs){.dev = dev, .answer = answer, .completed = completed};
}

void usbfs_free(struct usbfs *fs)
{
    while (fs->files)
        usbfs_close(fs->files);
}

void usbfs_plug(struct usbfs *fs)
{
    fs->plugged = true;
    fs->generation = fs->dev->generation;
    fs->address = fs->dev->address;
    fs->blob_size = fs->dev->all_size;
    memcpy(fs->blob, fs->dev->blob, fs->blob_size);
    usbfs_configure(fs, fs->dev->configuration);
}

void usbfs_unplug(struct usbfs *fs)
{
    fs->plugged = false;
    memset(fs->claim, 0, sizeof fs->claim);
    for (struct usbfs_file *file = fs->files; file; file = file->next)
        file->gone = true;
    usbfs_run(fs);
    for (struct usbfs_file *file = fs->files; file; file = file->next)
        fs->completed(file);
}

struct usbfs_file *usbfs_open(struct usbfs *fs)
{
    struct usbfs_file *file = calloc(1, sizeof *file);
    if (!file)
        return NULL;
    file->fs = fs;
    file->next = fs->files;
    fs->files = file;
    return file;
}

void usbfs_close(struct usbfs_file *file)
{
    struct usbfs *fs = file->fs;
    struct usbfs_file **link = &fs->files;
    struct usbfs_transfer *next;
    for (struct usbfs_transfer *t = fs->transfers; t; t = next) {
        next = t->next;
        if (t->file == file)
            usbfs_drop(t);
    }
    for (size_t i = 0; i < USBFS_INTERFACES; i++)
        if (fs->claim[i] == file)
            fs->claim[i] = NULL;
    while (*link != file)
        link = &(*link)->next;
    *link = file->next;
    free(file);
}

unsigned usbfs_poll(const struct usbfs_file *file)
{
    return (usbfs_reapable(file) ? POLLOUT : 0u) | (file->gone ? POLLERR | POLLHUP : 0u);
}
