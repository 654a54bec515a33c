/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <stdlib.h>

#include "dfuhost.h"

#define STARTS_PS (300 * L072_PS_PER_MS) /* until the main loop waits for a request */
#define READY_PS  (2 * L072_PS_PER_S)    /* until the host has the device ready */
#define HOLD_PS   (100 * L072_PS_PER_MS) /* of a button */
#define PORTS     6                      /* USART1 to 5, and LPUART1 */

struct examination {
    const struct doctor_request *request;
    bool rom_has_dfu;
    struct watch start; /* the application runs, nothing was asked of it */
    struct watch now;   /* one attempt */
    unsigned repairs;
    uint32_t token_address;
};

/* ---- One attempt ----------------------------------------------------------------------------- */

static void press(struct watch *w, const struct doctor_request *request)
{
    (void)l072_drive_pin(w->board, request->text, request->level); /* the caller checked the pin */
    watch_request(w);
    watch_run(w, HOLD_PS);
    (void)l072_drive_pin(w->board, request->text, !request->level);
}

static void send(struct watch *w, const char *text)
{
    watch_request(w);
    for (; *text; text++) {
        for (unsigned port = 0; port < PORTS; port++)
            (void)l072_uart_receive(w->board, port, (uint8_t)*text); /* those that listen */
        watch_run(w, 2 * L072_PS_PER_MS);
    }
}

static void detach(struct watch *w)
{
    if (!usb_device_wait(&w->device, READY_PS) || !dfuhost_in_runtime(&w->device)) {
        watch_request(w);
        return;
    }
    watch_request(w);
    (void)dfuhost_detach(&w->device); /* what comes of it is watched */
}

static void ask(struct watch *w, const struct doctor_request *request)
{
    switch (request->how) {
    case DOCTOR_CALL: watch_call(w, request->function); break;
    case DOCTOR_PRESS: press(w, request); break;
    case DOCTOR_DETACH: detach(w); break;
    case DOCTOR_UART: send(w, request->text); break;
    }
}

/* Runs the application from where it waits, with these repairs. */
static const struct evidence *attempt(struct examination *x, unsigned repairs)
{
    l072_assign(x->now.board, x->start.board);
    watch_fork(&x->now, &x->start, x->now.board);
    x->now.repairs = repairs;
    x->now.token_address = x->token_address;
    x->now.evidence.rom_has_dfu = x->rom_has_dfu;
    ask(&x->now, x->request);
    watch_to_the_end(&x->now);
    return &x->now.evidence;
}

/* ---- Diagnosis ------------------------------------------------------------------------------- */

static bool has_effect(const struct evidence *e)
{
    return e->jump.seen || e->reset.seen || e->fault.seen || e->useless_reset.seen ||
           e->no_clock.seen || e->no_thumb_bit.seen;
}

static bool is_named(const struct doctor_diagnosis *d, const struct cause *cause)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->finding[i].cause == cause)
            return true;
    return false;
}

/* Adds the first cause that is not yet named. The last rows of the table are for what nothing
 * else explains: they are no cause behind others that cannot be repaired. */
static bool add_cause(struct doctor_diagnosis *d, const struct evidence *e)
{
    const struct cause *cause;
    for (size_t i = 0; (cause = cause_at(i)) && d->count < DOCTOR_FINDINGS; i++) {
        bool asked = e->outcome != OUTCOME_DFU || cause->always;
        const struct fact *place = asked && !is_named(d, cause) ? cause->find(e) : NULL;
        if (!place)
            continue;
        d->finding[d->count++] = (struct doctor_finding){cause, *place};
        return true;
    }
    return false;
}

static void drop(struct doctor_diagnosis *d, size_t i)
{
    d->count--;
    for (; i < d->count; i++)
        d->finding[i] = d->finding[i + 1];
}

/* The store to AIRCR is useless also when the way goes on behind it. */
static bool is_advice(const struct cause *cause)
{
    return cause->repair == REPAIR_RESET;
}

/* Did the attempt come as far as with all repairs: to a device, or to what nothing repairs? */
static bool comes_as_far(const struct doctor_diagnosis *d, const struct evidence *e)
{
    if (d->repaired == OUTCOME_DFU)
        return e->outcome == OUTCOME_DFU;
    return e->outcome == d->repaired && d->finding[d->count - 1].cause->find(e);
}

/* The repairs without which it comes as far were for nothing. */
static void minimise(struct examination *x, struct doctor_diagnosis *d)
{
    for (size_t i = 0; i < d->count;) {
        const struct cause *cause = d->finding[i].cause;
        unsigned without = x->repairs & ~cause->repair;
        if (!cause->repair || is_advice(cause) || !comes_as_far(d, attempt(x, without))) {
            i++;
            continue;
        }
        x->repairs = without;
        drop(d, i);
    }
}

/* `e` is of the application as it is. */
static void diagnose(struct examination *x, struct doctor_diagnosis *d, const struct evidence *e)
{
    d->outcome = e->outcome;
    d->count = 0;
    x->repairs = 0;
    while (add_cause(d, e)) {
        const struct cause *cause = d->finding[d->count - 1].cause;
        if (!cause->repair)
            break; /* what comes behind it cannot be seen */
        x->repairs |= cause->repair;
        if (e->token.seen)
            x->token_address = e->token.address;
        e = attempt(x, x->repairs);
    }
    d->repaired = e->outcome;
}

static bool start(struct examination *x, const struct doctor_request *requests, size_t count)
{
    struct l072 *board = x->start.board;
    l072_power(board, true);
    for (size_t i = 0; i < count; i++)
        if (requests[i].how == DOCTOR_PRESS &&
            l072_drive_pin(board, requests[i].text, !requests[i].level) != 0)
            return false;
    watch_init(&x->start, board);
    watch_run(&x->start, STARTS_PS);
    return true;
}

static void examine(struct examination *x, struct doctor_diagnosis *d,
                    const struct doctor_request *requests, size_t count)
{
    const struct evidence *e;
    size_t i = 0;
    do {
        x->request = d->request = &requests[i];
        e = attempt(x, 0);
    } while (!has_effect(e) && ++i < count);
    diagnose(x, d, e);
    if (d->count > 1) /* without one of one it is as it was */
        minimise(x, d);
}

bool doctor_examine(struct doctor_diagnosis *diagnosis, const struct l072 *board, bool rom_has_dfu,
                    const struct doctor_request *requests, size_t count)
{
    struct examination *x = calloc(1, sizeof *x);
    bool ok = x && (x->start.board = l072_clone(board)) && (x->now.board = l072_clone(board));
    *diagnosis = (struct doctor_diagnosis){0};
    if (ok) {
        x->rom_has_dfu = rom_has_dfu;
        ok = start(x, requests, count);
    }
    if (ok)
        examine(x, diagnosis, requests, count);
    if (x) {
        l072_destroy(x->start.board);
        l072_destroy(x->now.board);
    }
    free(x);
    return ok;
}
