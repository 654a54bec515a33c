/* SPDX-License-Identifier: MIT */
#include "attempt.h"

#include <string.h>

#include "dfuhost.h"

#define PAGE   128  /* bytes */
#define SECTOR 4096 /* bytes: what a bit of WRPROT protects */

void attempt_power_up(const struct examination *x, struct watch *w, const struct request *request,
                      unsigned repairs)
{
    l072_assign(w->board, x->off);
    chip_power_up(w->board, repairs);
    request_prepare(request, w->board);
    watch_init(w, w->board);
}

static bool same_rest(const struct request *a, const struct request *b)
{
    if (a->how != REQUEST_PRESS || b->how != REQUEST_PRESS)
        return a->how != REQUEST_PRESS && b->how != REQUEST_PRESS;
    return a->level == b->level && strcmp(a->pin, b->pin) == 0;
}

void attempt_start(struct examination *x, unsigned repairs)
{
    x->start_by = repairs & REPAIR_POWERS_UP;
    x->start_for = x->request;
    attempt_power_up(x, &x->start, &x->request, x->start_by);
    watch_start(&x->start, ATTEMPT_STARTS_PS);
}

/* Puts the application to where it is asked, with these repairs. */
static void prepare(struct examination *x, unsigned repairs)
{
    if (request_is_power_on(&x->request)) {
        attempt_power_up(x, &x->now, &x->request, repairs);
    } else {
        if ((repairs & REPAIR_POWERS_UP) != x->start_by || !same_rest(&x->request, &x->start_for))
            attempt_start(x, repairs);
        watch_fork(&x->now, &x->start);
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
    watch_run(again, ATTEMPT_STARTS_PS);
    return again->evidence.unasked.seen;
}

/* The power fails for so short a time that the SRAM keeps its content. */
static bool goes_after_dip(struct examination *x)
{
    const struct l072_fault dip = {.kind = L072_FAULT_BROWN_OUT,
                                   .time = l072_now(x->now.board) + 1};
    l072_assign(x->again.board, x->now.board);
    (void)l072_load(x->again.board, CHIP_BANK1, &x->now.evidence.chip.bank1, 4); /* as it was */
    return l072_fault(x->again.board, &dip) == 0 && goes_unasked(&x->again);
}

/* Power comes, and the SRAM holds `word` by chance where the token is. */
static bool goes_with_token(struct examination *x, uint32_t word)
{
    attempt_power_up(x, &x->again, &x->request, x->always | x->start_by);
    return l072_load(x->again.board, x->now.evidence.token.address, &word, sizeof word) == 0 &&
           goes_unasked(&x->again);
}

/* Bytes of the token that must be right; one or two happen to be. */
static bool is_weak(struct examination *x, uint32_t token)
{
    unsigned bytes = 0;
    for (unsigned i = 0; i < sizeof token; i++)
        bytes += !goes_with_token(x, token ^ UINT32_C(0xFF) << 8 * i);
    return bytes <= 2 && goes_with_token(x, token);
}

static void power_on_again(struct examination *x)
{
    struct evidence *e = &x->now.evidence;
    if (!e->reset.seen || !e->token.seen)
        return;
    if (goes_after_dip(x) || (chip_is_sram(e->token.address) &&
                              goes_with_token(x, e->token.value) && is_weak(x, e->token.value)))
        e->power_on = x->again.evidence.unasked;
}

static bool can_program_page(struct usb_device *device, uint32_t address)
{
    uint8_t page[PAGE], read[PAGE];
    for (unsigned i = 0; i < PAGE; i++)
        page[i] = (uint8_t)(i + 1);
    return dfuhost_erase(device, address, PAGE) && dfuhost_write(device, address, page, PAGE) &&
           dfuhost_read(device, address, read, PAGE) && memcmp(page, read, PAGE) == 0;
}

/* The host has the ROM's DFU: does each sector that holds the image take a page? */
static bool can_program(struct usb_device *device)
{
    uint8_t sector[SECTOR];
    static const uint8_t erased[SECTOR];
    struct l072_geometry geometry;
    l072_get_geometry(device->board, &geometry);
    bool ok = dfuhost_start(device, 0);
    for (uint32_t at = 0; ok && at < geometry.flash_size; at += SECTOR) {
        uint32_t address = geometry.flash_base + at;
        if (l072_peek(device->board, address, sector, SECTOR) == 0 &&
            memcmp(sector, erased, SECTOR) != 0)
            ok = can_program_page(device, address);
    }
    return ok;
}

const struct evidence *attempt(struct examination *x, unsigned repairs)
{
    struct watch *w = &x->now;
    prepare(x, repairs | x->always);
    w->evidence.outcome = OUTCOME_NO_JUMP;
    x->made = !w->in_rom && request_make(&x->request, w);
    if (w->in_rom && !w->asked)
        watch_request(w); /* of nobody: the application never started */
    if (w->asked)
        watch_to_the_end(w, x->patience_ps);
    if (w->evidence.outcome != OUTCOME_DFU)
        return &w->evidence;
    if (!w->evidence.power_on.seen)
        power_on_again(x);
    if (!can_program(&w->device))
        w->evidence.outcome = OUTCOME_LOCKED;
    return &w->evidence;
}
