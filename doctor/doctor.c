/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <stdlib.h>
#include <string.h>

#include "dfuhost.h"

#define STARTS_PS (300 * L072_PS_PER_MS) /* until the main loop waits for a request */
#define READY_PS  (2 * L072_PS_PER_S)    /* until the host has the device ready */
#define HOLD_PS   (100 * L072_PS_PER_MS) /* of a button */
#define CHECK_PS  (50 * L072_PS_PER_MS)  /* until start-up code has looked at the token */
#define PORTS     6                      /* USART1 to 5, and LPUART1 */
#define PAGE      128                    /* bytes */

struct examination {
    const struct l072 *off; /* as it was given: without power */
    const struct doctor_request *requests, *request;
    size_t count; /* of the requests */
    bool rom_has_dfu;
    struct watch start;   /* the application runs, nothing was asked of it */
    unsigned start_by;    /* with these of REPAIR_POWERS_UP */
    struct watch now;     /* one attempt */
    struct watch again;   /* a power-on after it */
    struct fact power_on; /* the jump at a power-on with other content of the SRAM than at start */
    unsigned always;      /* repairs of every attempt */
    unsigned repairs;
    uint32_t token_address;
};

/* ---- One attempt ----------------------------------------------------------------------------- */

/* Switches a board on, with buttons that nobody presses. */
static void power_up(const struct examination *x, struct watch *w, unsigned repairs)
{
    l072_assign(w->board, x->off);
    chip_power_up(w->board, repairs);
    for (size_t i = 0; i < x->count; i++)
        if (x->requests[i].how == DOCTOR_PRESS) /* the caller checked the pin */
            (void)l072_drive_pin(w->board, x->requests[i].text, !x->requests[i].level);
    watch_init(w, w->board);
}

static void start(struct examination *x, unsigned repairs)
{
    x->start_by = repairs & REPAIR_POWERS_UP;
    power_up(x, &x->start, x->start_by);
    watch_run(&x->start, STARTS_PS);
}

static void press(struct watch *w, const struct doctor_request *request)
{
    (void)l072_drive_pin(w->board, request->text, request->level);
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
    case DOCTOR_POWER_ON: watch_request(w); break;
    }
}

/* Puts the application to where it waits for the request, with these repairs. */
static void prepare(struct examination *x, unsigned repairs)
{
    if (x->request->how == DOCTOR_POWER_ON) {
        power_up(x, &x->now, repairs);
    } else {
        if ((repairs & REPAIR_POWERS_UP) != x->start_by)
            start(x, repairs);
        l072_assign(x->now.board, x->start.board);
        watch_fork(&x->now, &x->start, x->now.board);
    }
    x->now.repairs = repairs & ~REPAIR_POWERS_UP;
    x->now.token_address = x->token_address;
    x->now.evidence.rom_has_dfu = x->rom_has_dfu;
    x->now.evidence.power_on = x->power_on;
}

/* ---- Another power-on: does the application go into the ROM then too, when nobody asks? ------ */

/* Runs a board that has just got power. */
static bool goes_unasked(struct watch *again)
{
    watch_init(again, again->board);
    watch_run(again, CHECK_PS);
    return again->evidence.unasked.seen;
}

/* The power fails for so short a time that the SRAM keeps its content. */
static bool kept(struct examination *x)
{
    const struct l072_fault dip = {.kind = L072_FAULT_BROWN_OUT,
                                   .time = l072_now(x->now.board) + 1};
    l072_assign(x->again.board, x->now.board);
    (void)l072_load(x->again.board, CHIP_BANK1, &x->now.evidence.chip.bank1, 4); /* as it was */
    return l072_fault(x->again.board, &dip) == 0 && goes_unasked(&x->again);
}

/* Power comes, and the SRAM holds `word` by chance where the token is. */
static bool met(struct examination *x, uint32_t word)
{
    power_up(x, &x->again, x->always);
    return l072_load(x->again.board, x->now.evidence.token.address, &word, sizeof word) == 0 &&
           goes_unasked(&x->again);
}

/* Bytes of the token that must be right; one or two happen to be. */
static bool is_weak(struct examination *x, uint32_t token)
{
    unsigned bytes = 0;
    for (unsigned i = 0; i < sizeof token; i++)
        bytes += !met(x, token ^ UINT32_C(0xFF) << 8 * i);
    return bytes <= 2 && met(x, token);
}

static void power_on_again(struct examination *x)
{
    struct evidence *e = &x->now.evidence;
    bool in_sram = e->token.address >> 16 == 0x2000;
    if (!e->reset.seen || !e->token.seen)
        return;
    if (kept(x) || (in_sram && met(x, e->token.value) && is_weak(x, e->token.value)))
        e->power_on = x->again.evidence.unasked;
}

/* The host has the ROM's DFU: does the flash take a page? */
static bool can_program(struct usb_device *device)
{
    uint8_t page[PAGE], read[PAGE];
    struct l072_geometry geometry;
    l072_get_geometry(device->board, &geometry);
    for (unsigned i = 0; i < PAGE; i++)
        page[i] = (uint8_t)(i + 1);
    return dfuhost_start(device, 0) && dfuhost_erase(device, geometry.flash_base, PAGE) &&
           dfuhost_write(device, geometry.flash_base, page, PAGE) &&
           dfuhost_read(device, geometry.flash_base, read, PAGE) && memcmp(page, read, PAGE) == 0;
}

static const struct evidence *attempt(struct examination *x, unsigned repairs)
{
    struct watch *w = &x->now;
    prepare(x, repairs | x->always);
    if (w->in_rom)
        watch_request(w); /* of nobody: the application never started */
    else
        ask(w, x->request);
    watch_to_the_end(w);
    if (w->evidence.outcome != OUTCOME_DFU)
        return &w->evidence;
    if (!w->evidence.power_on.seen)
        power_on_again(x);
    if (!can_program(&w->device))
        w->evidence.outcome = OUTCOME_LOCKED;
    return &w->evidence;
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
    return cause->always || cause->repair == REPAIR_RESET;
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
        if (!cause->repair && !cause->always)
            break; /* what comes behind it cannot be seen */
        if (!cause->repair)
            continue;
        x->repairs |= cause->repair;
        if (e->token.seen)
            x->token_address = e->token.address;
        e = attempt(x, x->repairs);
    }
    d->repaired = e->outcome;
}

/* Takes the first request that has an effect, else the last; when the ROM does not let the
 * application start, with that put right. False: none of several has one. */
static bool choose(struct examination *x)
{
    unsigned repairs = x->start.in_rom ? REPAIR_BFB2 : 0;
    for (size_t i = 0; i < x->count; i++) {
        x->request = &x->requests[i];
        if (has_effect(attempt(x, repairs)))
            return true;
    }
    return x->count == 1;
}

/* The application starts, and goes into the ROM by itself: because of what the SRAM holds, which
 * is then put right for good, or because it is made so. True: it is made so. */
static bool goes_at_power_on(struct examination *x)
{
    struct fact unasked = x->start.evidence.unasked;
    if (!unasked.seen)
        return false;
    start(x, REPAIR_RAM);
    if (x->start.evidence.unasked.seen)
        return true;
    x->power_on = unasked;
    x->always = REPAIR_RAM;
    return false;
}

static void examine(struct examination *x, struct doctor_diagnosis *d)
{
    static const struct doctor_request power_on = {.how = DOCTOR_POWER_ON};
    start(x, 0);
    bool at_power_on = goes_at_power_on(x);
    if (at_power_on)
        x->request = &power_on;
    if (at_power_on || choose(x))
        d->request = x->request;
    diagnose(x, d, attempt(x, 0));
    if (d->count > 1) /* without one of one it is as it was */
        minimise(x, d);
}

bool doctor_examine(struct doctor_diagnosis *diagnosis, const struct l072 *board, bool rom_has_dfu,
                    const struct doctor_request *requests, size_t count)
{
    struct examination *x = calloc(1, sizeof *x);
    bool ok = x && (x->start.board = l072_clone(board)) && (x->now.board = l072_clone(board)) &&
              (x->again.board = l072_clone(board));
    *diagnosis = (struct doctor_diagnosis){0};
    if (ok) {
        x->off = board;
        x->rom_has_dfu = rom_has_dfu;
        x->requests = requests;
        x->count = count;
        examine(x, diagnosis);
    }
    if (x) {
        l072_destroy(x->start.board);
        l072_destroy(x->now.board);
        l072_destroy(x->again.board);
    }
    free(x);
    return ok;
}
