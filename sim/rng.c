/* SPDX-License-Identifier: MIT */
/*
 * Not modelled: seed errors.
 * Simplified: the numbers come from the board's seed, each exactly 40 cycles of 48 MHz after the
 * one before it was read.
 * Unconfirmed, and how it is read here:
 * - A number takes 40 cycles of 48 MHz.
 */
#include "board.h"

enum { RNG_CR = 0x00, RNG_SR = 0x04, RNG_DR = 0x08 };
enum { CR_RNGEN = 0x04, CR_IE = 0x08, SR_DRDY = 0x01, SR_CECS = 0x02, SR_CEIS = 0x20 };

#define WORD_PS (40 * PS_PER_S / 48000000) /* RM0376 RNG_DR */

static bool lacks_clock(const struct board *b)
{
    return b->rng.cr & CR_RNGEN && !rcc_usb_clock(b);
}

/* Brings the generator in line with its clock, CR and DRDY. */
static void follow(struct board *b)
{
    struct rng *r = &b->rng;
    bool works = r->cr & CR_RNGEN && rcc_usb_clock(b) && rcc_enabled(b, RCC_GATE_RNG) && !r->ready;

    if (lacks_clock(b))
        r->clock_error = true;
    if (works && !r->at_work)
        event_after(b, EVENT_RNG, WORD_PS);
    else if (!works)
        event_cancel(b, EVENT_RNG);
    r->at_work = works;
    nvic_drive(b, IRQ_RNG_LPUART1, 0, r->cr & CR_IE && (r->ready || r->clock_error));
}

void rng_event(struct board *b)
{
    b->rng.at_work = false;
    b->rng.ready = true;
    b->rng.dr = board_random(b);
    follow(b);
}

void rng_clock_changed(struct board *b)
{
    follow(b);
}

void rng_reset(struct board *b)
{
    b->rng = (struct rng){0};
    follow(b);
}

/* Reads 0 until there is a number (RM0376 RNG_DR). */
static uint32_t take(struct board *b)
{
    if (!b->rng.ready) {
        board_complain(b, L072_STOP_RULE, 0, "RNG_DR is read while RNG_SR.DRDY is 0");
        return 0;
    }
    b->rng.ready = false;
    follow(b);
    return b->rng.dr;
}

static uint32_t status(const struct board *b)
{
    const struct rng *r = &b->rng;

    return (r->ready ? SR_DRDY : 0) | (r->clock_error ? SR_CEIS : 0) |
           (lacks_clock(b) ? SR_CECS : 0);
}

uint32_t rng_read(struct board *b, uint32_t offset)
{
    switch (offset) {
    case RNG_CR: return b->rng.cr;
    case RNG_SR: return status(b);
    case RNG_DR: return take(b);
    default: bus_no_register(b, "RNG", offset); return 0;
    }
}

static void write_cr(struct board *b, uint32_t value, uint32_t mask)
{
    bus_merge(&b->rng.cr, value, mask & (CR_RNGEN | CR_IE));
    if (lacks_clock(b))
        board_complain(b, L072_STOP_NO_CLOCK, 0,
                       "RNG is enabled without 48 MHz: start HSI48 or the PLL and select it in "
                       "RCC_CCIPR.HSI48SEL");
}

void rng_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    switch (offset) {
    case RNG_CR: write_cr(b, value, mask); break;
    case RNG_SR:
        b->rng.clock_error = b->rng.clock_error && (value | ~mask) & SR_CEIS; /* rc_w0 */
        break;
    case RNG_DR: break;
    default: bus_no_register(b, "RNG", offset); break;
    }
    follow(b);
}
