/* SPDX-License-Identifier: MIT */
/*
 * The transactions on the bus: which comes next, how long it takes, what its answer means.
 *
 * Not modelled / simplified:
 * - Bit stuffing takes no time; the host never loses a packet.
 * - An answer comes in time or not at all.
 */
#include "board.h"

#include <string.h>

/* Lengths in bits (USB 2.0 8.4): sync 8, PID 8, end of packet 3, and what is between. */
#define TOKEN_BITS     35
#define DATA_BITS(n)   (35 + 8 * (n))
#define HANDSHAKE_BITS 19
/* Times in bits (USB 2.0 7.1.18, 7.1.19): between packets of the host, before the device answers,
 * and until the host takes silence for an error. */
#define GAP_BITS      2
#define TURN_BITS     6
#define TIMEOUT_BITS  18
#define FULL_SPEED(n) ((uint64_t)(n)*PS_PER_US / 12)

/* Transactions in a row without an answer until a transfer fails (USB 2.0 8.5.2 and others). */
#define TRIES 3

#define RESET_PS (10 * PS_PER_MS) /* TDRST, USB 2.0 7.1.7.5 */

static uint32_t min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* EVENT_HOST comes `bits` later and means `phase`. */
static void next_phase(struct board *b, enum host_phase phase, uint32_t bits)
{
    b->host.phase = phase;
    b->host.now += FULL_SPEED(bits);
    event_at(b, EVENT_HOST, b->host.now);
}

/* ---- Transfers ------------------------------------------------------------------------------- */

bool host_urb_pending(const struct host_urb *urb)
{
    return urb->used && urb->status == L072_URB_PENDING;
}

bool host_urb_periodic(const struct host_transfer *what)
{
    return what->type == L072_INTERRUPT || what->type == L072_ISOCHRONOUS;
}

bool host_urb_in(const struct host_transfer *what)
{
    if (what->type == L072_CONTROL)
        return (what->setup[0] & 0x80) && what->size;
    return what->endpoint & 0x80;
}

/* The next transaction is an IN: of data, or of a status the other way. */
static bool asks(const struct host_urb *urb)
{
    if (urb->stage == STAGE_SETUP)
        return false;
    return host_urb_in(&urb->what) == (urb->stage == STAGE_DATA);
}

static uint32_t packet_size(const struct host_urb *urb)
{
    switch (urb->stage) {
    case STAGE_SETUP: return sizeof urb->what.setup;
    case STAGE_DATA: return min(urb->what.max_packet, urb->what.size - urb->done);
    default: return 0;
    }
}

static uint16_t *toggles(struct host *h, const struct host_urb *urb, bool in)
{
    return in ? &h->toggle_in[urb->what.address] : &h->toggle_out[urb->what.address];
}

static uint16_t endpoint_bit(const struct host_urb *urb)
{
    return (uint16_t)(1u << (urb->what.endpoint & 0x0F));
}

/* Data and status stages of control transfers begin with DATA1. */
static void next_stage(struct host *h, struct host_urb *urb, enum host_stage stage)
{
    urb->stage = stage;
    urb->not_before = h->now + h->turn_ps;
    *toggles(h, urb, true) |= endpoint_bit(urb);
    *toggles(h, urb, false) |= endpoint_bit(urb);
}

uint64_t host_next_poll(const struct host *h, uint8_t interval)
{
    return h->frame_start + (interval - h->frame % interval) * HOST_FRAME_PS;
}

static bool same_endpoint(const struct host_urb *a, const struct host_urb *b)
{
    return a->what.address == b->what.address && a->what.endpoint == b->what.endpoint;
}

/* The SETUP of the next control transfer keeps its distance. */
static void pause_control(struct board *b, const struct host_urb *ended)
{
    struct host *h = &b->host;
    uint64_t earliest = time_now(b) + h->turn_ps;

    for (struct host_urb *urb = h->urb; urb < h->urb + L072_URBS; urb++)
        if (host_urb_pending(urb) && same_endpoint(urb, ended) && urb->not_before < earliest)
            urb->not_before = earliest;
}

void host_finish(struct board *b, struct host_urb *urb, enum l072_urb_status status)
{
    urb->status = status;
    if (urb->what.type == L072_CONTROL)
        pause_control(b, urb);
    board_log(b, L072_EVENT_URB, (uint32_t)(urb - b->host.urb), 0);
}

/* ---- The choice of the next transaction ------------------------------------------------------ */

/* No older transfer waits on the same endpoint. */
static bool is_first(const struct host *h, const struct host_urb *urb)
{
    for (unsigned i = 0; i < L072_URBS; i++) {
        const struct host_urb *other = &h->urb[i];

        if (host_urb_pending(other) && other->order < urb->order && same_endpoint(other, urb))
            return false;
    }
    return true;
}

/* Even with a full packet and a late answer it ends before the next start of frame. */
static bool fits(const struct host *h, const struct host_urb *urb)
{
    uint32_t size = urb->stage == STAGE_SETUP ? packet_size(urb) : urb->what.max_packet;
    uint32_t bits = TOKEN_BITS + DATA_BITS(size) + HANDSHAKE_BITS + 2 * TIMEOUT_BITS;

    return h->now + FULL_SPEED(bits) <= h->frame_start + HOST_FRAME_PS;
}

static bool goes_before(const struct host_urb *a, const struct host_urb *b)
{
    if (host_urb_periodic(&a->what) != host_urb_periodic(&b->what))
        return host_urb_periodic(&a->what);
    return a->turn < b->turn;
}

/* One waiting misbehaviour (see enum l072_fault_kind) has its occasion, and is over. */
static bool misbehaves(struct board *b, enum l072_fault_kind kind)
{
    uint32_t bit = 1u << kind;

    if (!(b->host.misbehave & bit))
        return false;
    b->host.misbehave &= ~bit;
    board_log(b, L072_EVENT_FAULT, kind, b->flash.operations);
    return true;
}

/* Before a transaction of a data stage. False: there will be none. */
static bool behave(struct board *b, struct host_urb *urb)
{
    struct host_transfer *what = &urb->what;
    uint32_t size = packet_size(urb);

    if (urb->stage != STAGE_DATA)
        return true;
    if (size && !asks(urb) && misbehaves(b, L072_FAULT_SHORT)) {
        what->size = urb->done + size / 2;
        what->zero_packet = false;
    }
    if (what->type == L072_CONTROL && !asks(urb) && what->size + what->max_packet <= L072_URB_MAX &&
        misbehaves(b, L072_FAULT_LONG))
        what->size += what->max_packet;
    if (!urb->done || !misbehaves(b, L072_FAULT_BUS_RESET))
        return true;
    host_bus_reset(b, RESET_PS);
    return false;
}

void host_choose(struct board *b)
{
    struct host *h = &b->host;
    uint64_t after_sof = h->frame_start + FULL_SPEED(TOKEN_BITS + GAP_BITS);
    uint64_t retry = NEVER;
    struct host_urb *best = NULL;

    if (h->now < after_sof)
        h->now = after_sof;
    for (unsigned i = 0; i < L072_URBS; i++) {
        struct host_urb *urb = &h->urb[i];

        if (h->silent || h->suspended || !host_urb_pending(urb) || !is_first(h, urb))
            continue;
        if (urb->not_before > h->now)
            retry = urb->not_before < retry ? urb->not_before : retry;
        else if (fits(h, urb) && (!best || goes_before(urb, best)))
            best = urb;
    }
    if (best && !behave(b, best))
        return;
    if (best) {
        h->current = (uint8_t)(best - h->urb);
        best->turn = h->orders++;
        if (asks(best))
            next_phase(b, HOST_ASKED, TOKEN_BITS + TURN_BITS);
        else
            next_phase(b, HOST_SENT, TOKEN_BITS + GAP_BITS + DATA_BITS(packet_size(best)));
    } else {
        h->phase = HOST_IDLE;
        h->now = retry;
        event_at(b, EVENT_HOST, retry);
    }
}

/* ---- Transactions ---------------------------------------------------------------------------- */

/* A data packet went over the bus: `more` follow, or the data stage is over. */
static void data_moved(struct board *b, struct host_urb *urb, uint32_t size, bool more)
{
    urb->done += size;
    if (more)
        return;
    if (urb->what.type == L072_CONTROL)
        next_stage(&b->host, urb, STAGE_STATUS);
    else
        host_finish(b, urb, L072_URB_OK);
}

/* The device took a SETUP or OUT packet. */
static void taken(struct board *b, struct host_urb *urb)
{
    uint32_t size = packet_size(urb);
    bool full = size && size == urb->what.max_packet;

    switch (urb->stage) {
    case STAGE_SETUP: next_stage(&b->host, urb, urb->what.size ? STAGE_DATA : STAGE_STATUS); break;
    case STAGE_DATA:
        *toggles(&b->host, urb, false) ^= endpoint_bit(urb);
        data_moved(b, urb, size,
                   urb->done + size < urb->what.size ||
                       (full && urb->what.type == L072_BULK && urb->what.zero_packet));
        break;
    case STAGE_STATUS: host_finish(b, urb, L072_URB_OK); break;
    }
}

static bool packets_left(const struct host_urb *urb)
{
    return urb->packets * urb->what.max_packet < urb->what.size;
}

/* The device sent the packet in h->packet. */
static void received(struct board *b, struct host_urb *urb)
{
    struct host *h = &b->host;
    uint16_t *toggle = toggles(h, urb, true);
    bool isochronous = urb->what.type == L072_ISOCHRONOUS;
    bool full = h->packet_size == urb->what.max_packet;
    bool more = full && urb->done + h->packet_size < urb->what.size;

    if (isochronous)
        more = packets_left(urb);
    /* The device missed the host's ACK and sends the packet again: drop it. */
    else if (h->packet_toggle != !!(*toggle & endpoint_bit(urb)))
        return;
    *toggle ^= endpoint_bit(urb);
    if (h->packet_size > packet_size(urb)) {
        host_finish(b, urb, L072_URB_OVERFLOW);
    } else if (urb->stage == STAGE_STATUS) {
        host_finish(b, urb, L072_URB_OK);
    } else {
        memcpy(urb->data + urb->done, h->packet, h->packet_size);
        data_moved(b, urb, h->packet_size, more);
    }
}

/* No data moved in this transaction. */
static void refused(struct board *b, struct host_urb *urb, enum usb_reply reply)
{
    if (reply == USB_STALL) {
        host_finish(b, urb, L072_URB_STALL);
    } else if (reply == USB_NAK) {
        urb->errors = 0;
        urb->not_before = b->host.now + b->host.nak_ps;
    } else if (++urb->errors == TRIES) {
        host_finish(b, urb, L072_URB_ERROR);
    }
}

/* The transaction is over; `bits` later the bus is free. */
static void end_transaction(struct board *b, struct host_urb *urb, uint32_t bits)
{
    struct host *h = &b->host;

    b->counters.usb_transactions++;
    if (host_urb_periodic(&urb->what))
        urb->not_before = host_next_poll(h, urb->what.interval);
    next_phase(b, HOST_READY, bits);
    h->now += h->gap_ps;
    event_at(b, EVENT_HOST, h->now);
}

/* The device got the whole SETUP or OUT packet: its handshake. */
static void packet_sent(struct board *b, struct host_urb *urb)
{
    const struct host_transfer *what = &urb->what;
    uint8_t endpoint = what->endpoint & 0x0F;
    bool toggle = *toggles(&b->host, urb, false) & endpoint_bit(urb);
    enum usb_reply reply;

    if (urb->stage == STAGE_DATA && what->type != L072_ISOCHRONOUS)
        toggle ^= misbehaves(b, L072_FAULT_TOGGLE);
    if (urb->stage == STAGE_SETUP)
        reply = usb_setup(b, what->address, endpoint, what->setup);
    else
        reply = usb_out(b, what->address, endpoint, toggle, urb->data + urb->done, packet_size(urb),
                        what->type == L072_ISOCHRONOUS);
    if (what->type == L072_ISOCHRONOUS)
        reply = USB_ACK; /* there is no handshake: sent is sent */
    if (reply == USB_ACK) {
        urb->errors = 0;
        taken(b, urb);
    } else {
        refused(b, urb, reply);
    }
    end_transaction(b, urb,
                    reply == USB_SILENCE ? TIMEOUT_BITS : TURN_BITS + HANDSHAKE_BITS + GAP_BITS);
}

/* The device got the IN token: its packet or handshake. */
static void token_sent(struct board *b, struct host_urb *urb)
{
    struct host *h = &b->host;
    const struct host_transfer *what = &urb->what;
    enum usb_reply reply = usb_in(b, what->address, what->endpoint & 0x0F, h->packet,
                                  &h->packet_size, &h->packet_toggle);

    urb->packets++;
    if (reply == USB_DATA) {
        next_phase(b, HOST_ANSWER,
                   DATA_BITS(min(h->packet_size, what->max_packet)) + GAP_BITS + HANDSHAKE_BITS);
        return;
    }
    /* An isochronous packet without an answer is lost, not repeated. */
    if (what->type != L072_ISOCHRONOUS)
        refused(b, urb, reply);
    else if (!packets_left(urb))
        host_finish(b, urb, L072_URB_OK);
    end_transaction(b, urb, reply == USB_SILENCE ? TIMEOUT_BITS : HANDSHAKE_BITS + GAP_BITS);
}

static void packet_answered(struct board *b, struct host_urb *urb)
{
    if (urb->what.type != L072_ISOCHRONOUS)
        usb_in_ack(b, urb->what.endpoint & 0x0F, true);
    urb->errors = 0;
    received(b, urb);
    end_transaction(b, urb, GAP_BITS);
}

void host_abandon(struct board *b)
{
    struct host *h = &b->host;

    if (h->phase == HOST_ANSWER)
        usb_in_ack(b, h->urb[h->current].what.endpoint & 0x0F, false);
}

void host_transaction_event(struct board *b)
{
    struct host_urb *urb = &b->host.urb[b->host.current];

    switch (b->host.phase) {
    case HOST_SENT: packet_sent(b, urb); break;
    case HOST_ASKED: token_sent(b, urb); break;
    case HOST_ANSWER: packet_answered(b, urb); break;
    default: host_choose(b); break;
    }
}
