/* SPDX-License-Identifier: MIT */
/* usbfs over a port that only remembers what it is asked for, and a client of it. */
#ifndef USBFS_RIG_H
#define USBFS_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/usbdevice_fs.h>

#include "usbfs.h"

/* ---- The port -------------------------------------------------------------------------------- */

struct l072 {
    uint64_t now;
    int submitted; /* so far */
    bool used[L072_URBS];
    struct l072_urb urb[L072_URBS];
    uint8_t sent[L072_URBS][L072_URB_MAX];
    enum l072_urb_status status[L072_URBS];
    uint32_t actual[L072_URBS];
    uint16_t cleared; /* endpoints whose toggle was cleared: bit n OUT, 8 + n IN */
    int resets;
};

uint64_t l072_now(const struct l072 *board)
{
    return board->now;
}

int l072_urb_submit(struct l072 *board, const struct l072_urb *urb)
{
    int id = 0;
    while (board->used[id])
        id++;
    board->used[id] = true;
    board->urb[id] = *urb;
    board->status[id] = L072_URB_PENDING;
    board->actual[id] = 0;
    memcpy(board->sent[id], urb->data, urb->size);
    board->submitted++;
    return id;
}

enum l072_urb_status l072_urb_take(struct l072 *board, int id, void *data, uint32_t size,
                                   uint32_t *actual)
{
    if (board->status[id] == L072_URB_PENDING)
        return L072_URB_PENDING;
    *actual = board->actual[id];
    memset(data, 0xA5, *actual < size ? *actual : size);
    board->used[id] = false;
    return board->status[id];
}

void l072_urb_cancel(struct l072 *board, int id)
{
    if (board->status[id] == L072_URB_PENDING)
        board->status[id] = L072_URB_CANCELLED;
}

void l072_usb_clear_toggle(struct l072 *board, uint8_t address, uint8_t endpoint)
{
    assert_int_equal(address, 5);
    board->cleared |= (uint16_t)(1u << ((endpoint & 7) + (endpoint & 0x80 ? 8 : 0)));
}

void usb_device_reset(struct usb_device *dev)
{
    dev->board->resets++;
    dev->state = USB_DEVICE_RESET;
}

/* ---- A device with two configurations -------------------------------------------------------- */

/* In the first the second interface has an alternate setting, in the second, whose value is 7, the
 * only one. */
static const uint8_t blob[] = {
    18, 1, 0,    2, 0,  0,    0,  64,   9,  0x12, 1, 0, 0, 1, 0, 0, 0, 2, /* device */
    9,  2, 64,   0, 2,  1,    0,  0x80, 50,                               /* configuration */
    9,  4, 0,    0, 3,  0xff, 0,  0,    0,                                /* interface 0 */
    7,  5, 0x01, 2, 64, 0,    0,                                          /* bulk OUT 1 */
    7,  5, 0x82, 2, 64, 0,    0,                                          /* bulk IN 2 */
    7,  5, 0x83, 3, 8,  0,    10,                                         /* interrupt IN 3 */
    9,  4, 1,    0, 0,  0xff, 0,  0,    0,                                /* interface 1 */
    9,  4, 1,    1, 1,  0xff, 0,  0,    0,                                /* ... setting 1 */
    7,  5, 0x84, 1, 64, 0,    1,                                          /* isochronous IN 4 */
    9,  2, 41,   0, 1,  7,    0,  0x80, 50,                               /* configuration */
    9,  4, 0,    0, 1,  0xff, 0,  0,    0,                                /* interface 0 */
    7,  5, 0x82, 3, 16, 0,    5,                                          /* interrupt IN 2 */
    9,  4, 0,    1, 1,  0xff, 0,  0,    0,                                /* ... setting 1 */
    7,  5, 0x05, 2, 32, 0,    0,                                          /* bulk OUT 5 */
};

struct rig {
    struct l072 board;
    struct usb_device dev;
    struct usbfs fs;
    struct usbfs_file *file;
};

static int answers;     /* calls answered */
static int last_answer; /* the result of the last one */
static int completions; /* of asynchronous transfers */

static inline void answer(void *request, int result)
{
    assert_non_null(request);
    answers++;
    last_answer = result;
}

static inline void completed(struct usbfs_file *file)
{
    (void)file;
    completions++;
}

static inline int set_up(void **state)
{
    static struct rig rig;
    memset(&rig, 0, sizeof rig);
    answers = completions = 0;
    rig.dev.board = &rig.board;
    rig.dev.state = USB_DEVICE_READY;
    rig.dev.generation = 1;
    rig.dev.address = 5;
    rig.dev.configuration = 1;
    rig.dev.all_size = sizeof blob;
    memcpy(rig.dev.blob, blob, sizeof blob);
    usbfs_init(&rig.fs, &rig.dev, answer, completed);
    usbfs_plug(&rig.fs);
    rig.file = usbfs_open(&rig.fs);
    *state = &rig;
    return rig.file ? 0 : -1;
}

static inline int tear_down(void **state)
{
    struct rig *rig = *state;
    usbfs_free(&rig->fs);
    return 0;
}

static inline void start(struct usbfs_file *file, unsigned long command, const void *argument)
{
    struct usbfs_call call = {getpid(), (unsigned)command, (uintptr_t)argument, &answers};
    usbfs_ioctl(file, &call);
    usbfs_run(file->fs);
}

/* An ioctl that is answered at once. */
static inline int ask(struct usbfs_file *file, unsigned long command, const void *argument)
{
    int before = answers;
    start(file, command, argument);
    assert_int_equal(answers, before + 1);
    return last_answer;
}

/* The port finishes transfer `id`. */
static inline void finish(struct rig *rig, int id, enum l072_urb_status status, uint32_t actual)
{
    assert_true(rig->board.used[id]);
    rig->board.status[id] = status;
    rig->board.actual[id] = actual;
    usbfs_run(&rig->fs);
}

static inline void data_urb(struct usbdevfs_urb *urb, uint8_t endpoint, void *data, int size)
{
    memset(urb, 0, sizeof *urb);
    urb->type = USBDEVFS_URB_TYPE_BULK;
    urb->endpoint = endpoint;
    urb->buffer = data;
    urb->buffer_length = size;
}

static inline void assert_reaped(struct rig *rig, const struct usbdevfs_urb *urb, int status,
                                 int actual)
{
    void *reaped = NULL;
    assert_int_equal(ask(rig->file, USBDEVFS_REAPURBNDELAY, &reaped), 0);
    assert_ptr_equal(reaped, urb);
    assert_int_equal(urb->status, status);
    assert_int_equal(urb->actual_length, actual);
}

#endif
