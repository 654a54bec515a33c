/* SPDX-License-Identifier: MIT */
/*
 * The USB host port: URBs in, full-speed transactions out. See the USB part of l072.h.
 *
 * The port behaves as a root port of a PC: it notices a device 2.5 us after the pull-up went on or
 * off, sends nothing before the first bus reset, and from then on a start of frame every
 * millisecond. In the rest of each frame the endpoints with transfers take turns, periodic ones
 * first; nothing starts that may not end before the frame does.
 */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "l072.h"
#include "simtime.h"

struct board;

enum host_stage { STAGE_SETUP, STAGE_DATA, STAGE_STATUS };

/* struct l072_urb without its pointer. */
struct host_transfer {
    enum l072_transfer type;
    uint8_t address, endpoint, interval;
    uint16_t max_packet;
    uint8_t setup[8];
    uint32_t size;
    bool zero_packet;
};

struct host_urb {
    bool used;
    struct host_transfer what;
    enum l072_urb_status status;
    uint8_t stage;       /* enum host_stage; bulk and periodic transfers are all STAGE_DATA */
    uint8_t errors;      /* consecutive transactions without an answer */
    uint32_t done;       /* data bytes moved */
    uint32_t packets;    /* data packets tried (isochronous) */
    uint32_t order;      /* of submission */
    uint32_t turn;       /* of submission or last transaction: the least is next */
    uint64_t not_before; /* picoseconds: next try */
    uint8_t data[L072_URB_MAX];
};

/* What EVENT_HOST means when it comes. */
enum host_phase {
    HOST_OFF,    /* nothing attached */
    HOST_LINE,   /* the level of D+ changed: is it steady? */
    HOST_RESET,  /* end of SE0 */
    HOST_RESUME, /* end of K */
    HOST_IDLE,   /* the bus is free since earlier: a transfer may be tried again */
    HOST_READY,  /* the bus becomes free */
    HOST_SENT,   /* SETUP or OUT: token and data are sent */
    HOST_ASKED,  /* IN: the token is sent */
    HOST_ANSWER, /* IN: the device's packet is received, the host's ACK sent */
};

struct host {
    bool plugged;
    bool attached;      /* as last reported */
    bool enabled;       /* reset since it was attached: traffic reaches the device */
    bool suspended;     /* no traffic, until the end of a resume */
    bool silent;        /* no transactions: L072_FAULT_SILENCE */
    uint32_t misbehave; /* bit per enum l072_fault_kind that waits for its occasion */
    enum host_phase phase;
    uint64_t now; /* picoseconds: due time of EVENT_HOST, exact where time_now() is a bit late */

    uint32_t frame; /* its low 11 bits go into the start of frame */
    uint64_t frame_start;

    /* Time on top of the least that USB 2.0 7.1.18 asks for, picoseconds, 0 when the board is made:
     * a slow host controller. */
    uint64_t gap_ps;
    /* A control or bulk transfer that got NAK is tried again after this time. */
    uint64_t nak_ps;
    /* A control or bulk transfer begins this time after its submission, or later; the stages of
     * control transfers on one endpoint are this time apart, or more. */
    uint64_t turn_ps;

    uint32_t orders;
    uint16_t toggle_in[128], toggle_out[128]; /* bit per endpoint, by device address */
    struct host_urb urb[L072_URBS];
    uint8_t current; /* the transfer whose transaction is on the bus */
    /* The device's packet in HOST_ANSWER. */
    bool packet_toggle;
    uint32_t packet_size;
    uint8_t packet[1024];
};

void host_init(struct board *b);
void host_power_on(struct board *b);
void host_power_off(struct board *b);
/* The device's pull-up may have changed. */
void host_attach_changed(struct board *b);
void host_event(struct board *b);
void host_frame_event(struct board *b);

/* As the functions of l072.h. */
int host_submit(struct board *b, const struct l072_urb *urb);
enum l072_urb_status host_take(struct board *b, int id, void *data, uint32_t size,
                               uint32_t *actual);
void host_cancel(struct board *b, int id);
void host_clear_toggle(struct board *b, uint8_t address, uint8_t endpoint);
void host_plug(struct board *b, bool plugged);
bool host_attached(const struct board *b);
void host_bus_reset(struct board *b, uint64_t ps);
void host_suspend(struct board *b);
void host_resume(struct board *b); /* also when the device drives K: remote wake-up */
bool host_suspended(const struct board *b);

/* ---- Between host.c and host_bus.c ----------------------------------------------------------- */

#define HOST_FRAME_PS (1 * PS_PER_MS)

bool host_urb_periodic(const struct host_transfer *what);
bool host_urb_in(const struct host_transfer *what); /* direction of the data */
bool host_urb_pending(const struct host_urb *urb);
/* Start of the next frame in which a periodic endpoint is polled. */
uint64_t host_next_poll(const struct host *h, uint8_t interval);
void host_finish(struct board *b, struct host_urb *urb, enum l072_urb_status status);
/* The bus is free at host.now: starts a transaction, or waits for a transfer that may be retried.
 * What does not fit in this frame waits for the next. */
void host_choose(struct board *b);
/* EVENT_HOST in the phases of a transaction. */
void host_transaction_event(struct board *b);
/* The transaction on the bus, if any, ends without effect on its transfer. */
void host_abandon(struct board *b);

#endif
