/* SPDX-License-Identifier: MIT */
/*
 * The port: attach, reset, frames, and the URBs of the caller.
 *
 * Not modelled / simplified:
 * - A remote wake-up is answered at once, though the bus may have been idle for less than 5 ms.
 * - The first start of frame comes one frame after the end of a reset or resume.
 * - A transfer begins, and a control transfer goes on to its next stage, after exactly one
 *   microframe; most PCs take that long or longer.
 */
#include "board.h"

#include <string.h>

#define ATTACH_PS (2500 * PS_PER_NS) /* TDCNN and TDDIS, USB 2.0 7.1.7.3 */
#define RESUME_PS (20 * PS_PER_MS)   /* TDRSMDN, USB 2.0 7.1.7.7 */
#define NAK_PS    (20 * PS_PER_US)
/* A microframe. Behind a transaction translator the next start-split, of another stage or another
 * transfer, goes into another microframe (USB 2.0 11.17), and whoever waits for a transfer has to
 * be woken up by an interrupt. Firmware relies on such a pause: TinyUSB loses a SETUP that comes
 * before it has served the status stage before, libopencm3 data that come before it has parsed
 * SETUP, libusb_stm32 either. */
#define TURN_PS (125 * PS_PER_US)

/* ---- The port -------------------------------------------------------------------------------- */

static void finish_all(struct board *b, enum l072_urb_status status)
{
    for (unsigned i = 0; i < L072_URBS; i++)
        if (host_urb_pending(&b->host.urb[i]))
            host_finish(b, &b->host.urb[i], status);
}

static bool line_high(const struct board *b)
{
    return b->powered && b->host.plugged && usb_pulled_up(b);
}

static void detach(struct board *b)
{
    struct host *h = &b->host;

    h->attached = h->enabled = h->suspended = false;
    h->phase = HOST_OFF;
    event_cancel(b, EVENT_FRAME);
    event_cancel(b, EVENT_HOST);
    finish_all(b, L072_URB_GONE);
    board_log(b, L072_EVENT_USB_DETACH, 0, 0);
}

void host_attach_changed(struct board *b)
{
    struct host *h = &b->host;

    /* The host cannot see D+ while it drives the bus; it looks again at the end. */
    if (h->phase == HOST_RESET || h->phase == HOST_RESUME ||
        (line_high(b) == h->attached && h->phase != HOST_LINE))
        return;
    host_abandon(b);
    h->phase = HOST_LINE;
    h->now = time_now(b) + ATTACH_PS;
    event_at(b, EVENT_HOST, h->now);
}

static void line_steady(struct board *b)
{
    struct host *h = &b->host;

    h->phase = h->attached ? HOST_IDLE : HOST_OFF;
    if (line_high(b) == h->attached) {
        if (h->enabled)
            host_choose(b);
    } else if (h->attached) {
        detach(b);
    } else {
        h->attached = true;
        h->phase = HOST_IDLE;
        board_log(b, L072_EVENT_USB_ATTACH, 0, 0);
    }
}

void host_bus_reset(struct board *b, uint64_t ps)
{
    struct host *h = &b->host;

    if (!h->attached)
        return;
    host_abandon(b);
    finish_all(b, L072_URB_GONE);
    memset(h->toggle_in, 0, sizeof h->toggle_in);
    memset(h->toggle_out, 0, sizeof h->toggle_out);
    h->enabled = h->suspended = false;
    event_cancel(b, EVENT_FRAME);
    if (h->phase == HOST_RESUME)
        usb_bus_resume(b, false);
    if (h->phase != HOST_RESET)
        usb_bus_se0(b, true);
    h->phase = HOST_RESET;
    h->now = time_now(b) + ps;
    event_at(b, EVENT_HOST, h->now);
}

/* Frames begin, after a reset or resume. */
static void start_frames(struct board *b)
{
    struct host *h = &b->host;

    h->phase = HOST_IDLE;
    h->frame_start = h->now;
    event_at(b, EVENT_FRAME, h->frame_start + HOST_FRAME_PS);
    host_attach_changed(b);
}

static void reset_over(struct board *b)
{
    usb_bus_se0(b, false);
    b->host.enabled = true;
    start_frames(b);
}

/* ---- Suspend --------------------------------------------------------------------------------- */

void host_suspend(struct board *b)
{
    struct host *h = &b->host;

    if (!h->enabled)
        return;
    h->suspended = true;
    event_cancel(b, EVENT_FRAME);
    if (h->phase == HOST_LINE || h->phase == HOST_RESUME)
        return;
    host_abandon(b);
    h->phase = HOST_IDLE;
    event_cancel(b, EVENT_HOST);
}

void host_resume(struct board *b)
{
    struct host *h = &b->host;

    if (!h->suspended || h->phase != HOST_IDLE)
        return;
    h->phase = HOST_RESUME;
    h->now = time_now(b) + RESUME_PS;
    event_at(b, EVENT_HOST, h->now);
    usb_bus_resume(b, true);
}

static void resume_over(struct board *b)
{
    b->host.suspended = false;
    usb_bus_resume(b, false);
    start_frames(b);
}

bool host_suspended(const struct board *b)
{
    return b->host.suspended;
}

/* ---- Events ---------------------------------------------------------------------------------- */

void host_event(struct board *b)
{
    switch (b->host.phase) {
    case HOST_OFF: break;
    case HOST_LINE: line_steady(b); break;
    case HOST_RESET: reset_over(b); break;
    case HOST_RESUME: resume_over(b); break;
    default: host_transaction_event(b); break;
    }
}

void host_frame_event(struct board *b)
{
    struct host *h = &b->host;

    h->frame++;
    h->frame_start += HOST_FRAME_PS;
    event_at(b, EVENT_FRAME, h->frame_start + HOST_FRAME_PS);
    usb_start_of_frame(b, h->frame & 0x7FF);
    if (h->phase == HOST_IDLE) {
        h->now = h->frame_start;
        host_choose(b);
    }
}

void host_init(struct board *b)
{
    b->host.plugged = true;
    b->host.nak_ps = NAK_PS;
    b->host.turn_ps = TURN_PS;
}

void host_power_on(struct board *b)
{
    usb_bus_se0(b, false);
    usb_bus_resume(b, false);
    host_attach_changed(b);
}

void host_power_off(struct board *b)
{
    if (b->host.attached)
        detach(b);
    b->host.phase = HOST_OFF;
}

void host_plug(struct board *b, bool plugged)
{
    b->host.plugged = plugged;
    host_attach_changed(b);
}

bool host_attached(const struct board *b)
{
    return b->host.attached;
}

/* ---- URBs ------------------------------------------------------------------------------------ */

static struct host_transfer transfer_of(const struct l072_urb *urb)
{
    struct host_transfer what = {
        .type = urb->type,
        .address = urb->address,
        .endpoint = urb->endpoint,
        .interval = urb->interval,
        .max_packet = urb->max_packet,
        .size = urb->size,
        .zero_packet = urb->zero_packet,
    };

    memcpy(what.setup, urb->setup, sizeof what.setup);
    return what;
}

static bool is_valid(const struct host_transfer *what, const void *data)
{
    bool periodic = host_urb_periodic(what);
    uint32_t limit = what->type == L072_ISOCHRONOUS ? 1023 : 64;
    uint32_t length = what->setup[6] | what->setup[7] << 8;

    if (what->address > 127 || what->endpoint & 0x70 || what->size > L072_URB_MAX)
        return false;
    if (!what->max_packet || what->max_packet > limit || (periodic && !what->interval))
        return false;
    if (what->type == L072_CONTROL && (what->endpoint || what->size != length))
        return false;
    return what->type <= L072_ISOCHRONOUS && (host_urb_in(what) || !what->size || data);
}

int host_submit(struct board *b, const struct l072_urb *asked)
{
    const struct host_transfer what = transfer_of(asked);
    struct host *h = &b->host;
    struct host_urb *urb = h->urb;

    if (!is_valid(&what, asked->data))
        return L072_ERR_VALUE;
    if (!h->attached)
        return L072_ERR_GONE;
    while (urb < h->urb + L072_URBS && urb->used)
        urb++;
    if (urb == h->urb + L072_URBS)
        return L072_ERR_FULL;
    urb->used = true;
    urb->what = what;
    urb->status = L072_URB_PENDING;
    urb->stage = what.type == L072_CONTROL ? STAGE_SETUP : STAGE_DATA;
    urb->errors = 0;
    urb->done = urb->packets = 0;
    urb->order = urb->turn = h->orders++;
    urb->not_before =
        host_urb_periodic(&what) ? host_next_poll(h, what.interval) : time_now(b) + h->turn_ps;
    if (!host_urb_in(&what) && what.size)
        memcpy(urb->data, asked->data, what.size);
    /* A port that was never reset passes nothing on. */
    if (!h->enabled && h->phase != HOST_RESET)
        host_finish(b, urb, L072_URB_ERROR);
    if (h->phase == HOST_IDLE && h->enabled) {
        h->now = time_now(b);
        host_choose(b);
    }
    return (int)(urb - h->urb);
}

/* NULL: no transfer has this id. */
static struct host_urb *find_urb(struct host *h, int id)
{
    return id >= 0 && id < L072_URBS && h->urb[id].used ? &h->urb[id] : NULL;
}

enum l072_urb_status host_take(struct board *b, int id, void *data, uint32_t size, uint32_t *actual)
{
    struct host_urb *urb = find_urb(&b->host, id);

    if (!urb && actual)
        *actual = 0;
    if (!urb)
        return L072_URB_GONE;
    if (urb->status == L072_URB_PENDING)
        return L072_URB_PENDING;
    if (actual)
        *actual = urb->done;
    if (data && host_urb_in(&urb->what))
        memcpy(data, urb->data, size < urb->done ? size : urb->done);
    urb->used = false;
    return urb->status;
}

void host_cancel(struct board *b, int id)
{
    struct host *h = &b->host;
    struct host_urb *urb = find_urb(h, id);
    bool on_bus = h->phase == HOST_SENT || h->phase == HOST_ASKED || h->phase == HOST_ANSWER;

    if (!urb || !host_urb_pending(urb))
        return;
    if (on_bus && h->current == id) {
        host_abandon(b);
        h->phase = HOST_READY;
    }
    host_finish(b, urb, L072_URB_CANCELLED);
}

void host_clear_toggle(struct board *b, uint8_t address, uint8_t endpoint)
{
    struct host *h = &b->host;
    uint16_t *toggle = endpoint & 0x80 ? h->toggle_in : h->toggle_out;

    toggle[address & 0x7F] &= (uint16_t) ~(1u << (endpoint & 0x0F));
}
