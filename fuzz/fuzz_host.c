/* SPDX-License-Identifier: MIT */
/*
 * Any host: what a program and a broken controller can do to the stand-in of the ROM and to the
 * example application, both enumerated before. Runs from the repository root.
 *
 * Byte 0: which board. Then orders: a letter (enum order) and its arguments.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "device.h"
#include "image.h"

#define ROM_FIRST  0x1FF00000u
#define ROM_LAST   0x1FF01FFFu
#define ORDERS_MAX 40u
#define TIMEOUT_PS L072_PS_PER_S
/* An order that runs longer than this is not worth the time: erases take 3 ms each. */
#define RUN_MAX_US 4095u

enum order { CONTROL, TRANSFER, PACKET_SETUP, PACKET_OUT, PACKET_IN, CANCEL, SIGNAL, RUN, ORDERS };

struct input {
    const uint8_t *data;
    size_t size;
};

struct host_board {
    struct l072 *board;
    uint8_t address;
    bool strict; /* nothing has happened that may rightly end in a stop */
};

static struct host_board ready[2]; /* enumerated: the ROM, the application */

static uint8_t next(struct input *in)
{
    if (!in->size)
        return 0;
    in->size--;
    return *in->data++;
}

static void next_bytes(struct input *in, uint8_t *to, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = next(in);
}

/* ---- Boards ---------------------------------------------------------------------------------- */

static void load(struct l072 *board, const char *path)
{
    struct image image;
    struct error error;

    assert(image_load(&image, path, IMAGE_FLASH, &error));
    for (size_t i = 0; i < image.count; i++)
        assert(l072_load(board, image.segment[i].address, image.segment[i].data,
                         image.segment[i].size) == 0);
    image_free(&image);
}

static struct host_board enumerate(bool rom)
{
    struct usb_device device;
    struct l072 *board = l072_create(&(struct l072_config){.seed = 1, .boot0 = rom});

    assert(board);
    load(board, "build/examples/app-1.elf");
    l072_power(board, true);
    usb_device_init(&device, board);
    assert(usb_device_wait(&device, TIMEOUT_PS));
    return (struct host_board){board, device.address, true};
}

/* ---- Orders ---------------------------------------------------------------------------------- */

static void run(struct host_board *h, uint32_t us)
{
    uint64_t end = l072_now(h->board) + us * L072_PS_PER_US;
    struct l072_event event;

    while (l072_run(h->board, end) == L072_EVENTS)
        while (l072_next_event(h->board, &event))
            h->strict =
                h->strict && event.kind != L072_EVENT_RESET && event.kind != L072_EVENT_ENTER_ROM;
}

static void submit(struct host_board *h, struct input *in, struct l072_urb *urb)
{
    uint8_t data[L072_URB_MAX];

    memset(data, 0, sizeof data);
    next_bytes(in, data, urb->size < in->size ? urb->size : in->size);
    urb->data = data;
    urb->address = h->address;
    l072_urb_submit(h->board, urb);
}

static void control(struct host_board *h, struct input *in)
{
    struct l072_urb urb = {.type = L072_CONTROL, .max_packet = 64};

    next_bytes(in, urb.setup, sizeof urb.setup);
    urb.setup[7] &= 0x0F;
    urb.size = urb.setup[6] | (uint32_t)urb.setup[7] << 8;
    submit(h, in, &urb);
}

static void transfer(struct host_board *h, struct input *in)
{
    struct l072_urb urb = {.type = (enum l072_transfer)(1 + next(in) % 4)};

    urb.endpoint = next(in);
    urb.interval = next(in);
    urb.max_packet = next(in);
    urb.size = 5u * next(in);
    urb.zero_packet = urb.size & 1;
    submit(h, in, &urb);
}

/* A single packet, whatever the host port is doing. */
static void packet(struct host_board *h, struct input *in, enum order order)
{
    struct board *b = (struct board *)h->board;
    uint8_t data[1023], how = next(in), endpoint = how & 0x0F;
    uint32_t size = order == PACKET_SETUP ? 8 : 4u * next(in);
    bool toggle;

    if (order == PACKET_IN && usb_in(b, h->address, endpoint, data, &size, &toggle) == USB_DATA)
        usb_in_ack(b, endpoint, how & 0x10);
    if (order == PACKET_IN)
        return;
    next_bytes(in, data, size);
    if (order == PACKET_SETUP)
        usb_setup(b, h->address, endpoint, data);
    else
        usb_out(b, h->address, endpoint, how & 0x10, data, size, how & 0x20);
}

static void signal(struct host_board *h, uint8_t how)
{
    switch (how % 6) {
    case 0: l072_usb_reset(h->board, (how + 1u) * 100 * L072_PS_PER_US); break;
    case 1: l072_usb_plug(h->board, how & 4); break;
    case 2: h->address = how & 4 ? 0 : how / 8; break;
    case 3: l072_usb_clear_toggle(h->board, h->address, how); break;
    case 4: l072_usb_suspend(h->board); break;
    case 5: l072_usb_resume(h->board); break;
    }
}

static void cancel(struct host_board *h, int id)
{
    l072_urb_cancel(h->board, id);
    l072_urb_take(h->board, id, NULL, 0, NULL);
}

static void obey(struct host_board *h, struct input *in)
{
    enum order order = (enum order)(next(in) % ORDERS);

    switch (order) {
    case CONTROL: control(h, in); break;
    case TRANSFER: transfer(h, in); break;
    case PACKET_SETUP:
    case PACKET_OUT:
    case PACKET_IN: packet(h, in, order); break;
    case CANCEL: cancel(h, next(in)); break;
    case SIGNAL: signal(h, next(in)); break;
    default: run(h, (next(in) * 16u) & RUN_MAX_US); break;
    }
    run(h, 300);
}

/* No host may break a rule of the chip in our own firmware. */
static void check(const struct host_board *h)
{
    const struct l072_stop *stop = l072_stop(h->board);
    bool ours = h->strict || (stop->pc >= ROM_FIRST && stop->pc <= ROM_LAST);

    if (stop->kind == L072_STOP_NONE || !ours)
        return;
    fprintf(stderr, "stopped at 0x%08X: %s\n", stop->pc, stop->reason);
    abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    for (unsigned i = 0; i < 2; i++)
        ready[i] = enumerate(i == 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct host_board h = ready[next(&in) & 1];

    h.board = l072_clone(h.board);
    assert(h.board);
    for (unsigned i = 0; i < ORDERS_MAX && in.size; i++)
        obey(&h, &in);
    check(&h);
    l072_destroy(h.board);
    return 0;
}
