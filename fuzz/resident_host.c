/* SPDX-License-Identifier: MIT */
/* The bus, the cable and the power. */
#include <string.h>

#include "resident.h"
#include "usb/ch9.h"

void run(struct fuzz *f, uint64_t ps)
{
    uint64_t end = l072_now(f->board) + ps;
    struct l072_event event;

    do
        while (l072_next_event(f->board, &event))
            f->gone = f->gone || event.kind == L072_EVENT_USB_DETACH;
    while (l072_now(f->board) < end && l072_run(f->board, end) != L072_STOPPED);
}

/* Runs to the next event, or for `ps`. */
static void run_on(struct fuzz *f, uint64_t ps)
{
    l072_run(f->board, l072_now(f->board) + ps);
    run(f, 0);
}

/* Cancelled after `patience`. */
static enum l072_urb_status control(struct fuzz *f, uint8_t address, const uint8_t setup[8],
                                    uint8_t *data, uint32_t *actual, uint64_t patience)
{
    struct l072_urb urb = {
        .type = L072_CONTROL, .address = address, .max_packet = 64, .data = data};
    uint64_t end = l072_now(f->board) + patience;
    enum l072_urb_status status;
    int id;

    memcpy(urb.setup, setup, sizeof urb.setup);
    urb.size = setup[6] | (uint32_t)setup[7] << 8;
    id = l072_urb_submit(f->board, &urb);
    if (id < 0)
        return L072_URB_GONE;
    while ((status = l072_urb_take(f->board, id, data, urb.size, actual)) == L072_URB_PENDING)
        if (l072_now(f->board) >= end || l072_stop(f->board)->kind != L072_STOP_NONE)
            l072_urb_cancel(f->board, id);
        else
            run_on(f, end - l072_now(f->board));
    return status;
}

void bus_reset(struct fuzz *f)
{
    l072_usb_reset(f->board, 3 * MS);
    run(f, 4 * MS);
    /* Work goes on, and may end meanwhile. */
    f->states = SET(DFU_IDLE) | ((f->states & BUSY_SET) ? f->states : 0);
}

static bool give_address(struct fuzz *f)
{
    const uint8_t set_address[8] = {0, USB_SET_ADDRESS, ADDRESS};
    const uint8_t configure[8] = {0, USB_SET_CONFIGURATION, 1};

    for (unsigned ms = 0; !l072_usb_attached(f->board) && ms < 500; ms++)
        run(f, MS);
    f->gone = false;
    bus_reset(f);
    if (control(f, 0, set_address, NULL, NULL, PATIENCE) != L072_URB_OK)
        return false;
    run(f, 2 * MS);
    return control(f, ADDRESS, configure, NULL, NULL, PATIENCE) == L072_URB_OK;
}

/* Once more, when it was there but about to leave, or busy with what was cancelled. */
void enumerate(struct fuzz *f)
{
    f->enumerated++;
    if (give_address(f))
        return;
    if (still_busy(f))
        run(f, 200 * MS);
    if (!(f->gone || still_busy(f)) || !give_address(f))
        found(f, "it does not come back: %s", l072_stop(f->board)->reason);
}

void power_cycle(struct fuzz *f)
{
    l072_power(f->board, false);
    l072_power(f->board, true);
    l072_drive_pin(f->board, "PA0", true);
    f->states = SET(DFU_IDLE);
    enumerate(f);
}

enum l072_urb_status send(struct fuzz *f, struct request *r, uint32_t *size, uint64_t patience)
{
    return control(f, ADDRESS, r->setup, r->data, size, patience);
}
