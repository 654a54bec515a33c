/* SPDX-License-Identifier: MIT */
/*
 * Simplified: HSI48 runs at exactly 48 MHz whatever TRIM says, so AUTOTRIMEN never moves TRIM; the
 * first SYNC after CEN, or after a missed one, only starts the counter.
 * Not modelled: SYNC from a pin or from LSE: CEN with such a SYNCSRC stops the board.
 * Unconfirmed, and how it is read here:
 * - ERRC clears SYNCERR, SYNCMISS and TRIMOVF with ERRF.
 * - TRIM is read-only while AUTOTRIMEN is set. CFGR takes no write while CEN is set.
 */
#include "board.h"

enum { CRS_CR = 0x0, CRS_CFGR = 0x4, CRS_ISR = 0x8, CRS_ICR = 0xC };

#define CR_IE            UINT32_C(0x0000000F) /* the four bits of ISR and ICR, in their order */
#define CR_CEN           UINT32_C(0x00000020)
#define CR_AUTOTRIMEN    UINT32_C(0x00000040)
#define CR_SWSYNC        UINT32_C(0x00000080)
#define CR_TRIM          UINT32_C(0x00003F00)
#define CR_WRITE         (CR_IE | CR_CEN | CR_AUTOTRIMEN | CR_TRIM)
#define CR_RESET         UINT32_C(0x00002000)
#define CFGR_RELOAD      UINT32_C(0x0000FFFF)
#define CFGR_SYNCSRC     UINT32_C(0x30000000)
#define CFGR_SYNCSRC_USB UINT32_C(0x20000000)
#define CFGR_WRITE       UINT32_C(0xB7FFFFFF)
#define CFGR_RESET       UINT32_C(0x2022BB7F)
#define ISR_SYNCOKF      UINT32_C(0x00000001)
#define ISR_SYNCWARNF    UINT32_C(0x00000002)
#define ISR_ERRF         UINT32_C(0x00000004)
#define ISR_ESYNCF       UINT32_C(0x00000008)
#define ISR_SYNCERR      UINT32_C(0x00000100)
#define ISR_SYNCMISS     UINT32_C(0x00000200)
#define ISR_ERRORS       UINT32_C(0x00000700)
#define ISR_FEDIR        UINT32_C(0x00008000)
#define ISR_FECAP_SHIFT  16
#define ISR_CAPTURE      UINT32_C(0xFFFF8000)

#define HSI48_HZ 48000000u

void crs_reset(struct board *b)
{
    b->crs = (struct crs){.cr = CR_RESET, .cfgr = CFGR_RESET, .started = NEVER};
    event_cancel(b, EVENT_CRS);
    nvic_drive(b, IRQ_RCC_CRS, 1, false);
}

static uint32_t felim(const struct crs *crs)
{
    return crs->cfgr >> 16 & 0xFF;
}

/* HSI48 cycles from one expected SYNC to the next. */
static uint32_t expected(const struct crs *crs)
{
    return (crs->cfgr & CFGR_RELOAD) + 1;
}

/* The error at which the counter gives up waiting for a SYNC. */
static uint32_t out_range(const struct crs *crs)
{
    return 128 * felim(crs);
}

static uint64_t cycles_to_ps(uint64_t cycles)
{
    return cycles * PS_PER_US / (HSI48_HZ / 1000000);
}

static uint32_t ps_to_cycles(uint64_t ps)
{
    return (uint32_t)(ps * (HSI48_HZ / 1000000) / PS_PER_US);
}

static void set_flags(struct board *b, uint32_t flags)
{
    b->crs.isr |= flags;
    nvic_drive(b, IRQ_RCC_CRS, 1, b->crs.isr & b->crs.cr & CR_IE);
}

/* Compares the counter with the limits of CRS_CFGR.FELIM (RM0376 frequency error evaluation). */
static void evaluate(struct board *b)
{
    struct crs *crs = &b->crs;
    uint32_t cycles = ps_to_cycles(time_now(b) - crs->started);
    bool early = cycles < expected(crs);
    uint32_t error = early ? expected(crs) - 1 - cycles : cycles - expected(crs);

    crs->isr = (crs->isr & ~ISR_CAPTURE) | error << ISR_FECAP_SHIFT | (early ? ISR_FEDIR : 0);
    if (error >= out_range(crs))
        set_flags(b, ISR_ERRF | ISR_SYNCERR);
    else if (error >= 3 * felim(crs))
        set_flags(b, ISR_SYNCWARNF);
    else
        set_flags(b, ISR_SYNCOKF);
}

static void sync(struct board *b)
{
    struct crs *crs = &b->crs;

    if (!(crs->cr & CR_CEN) || !rcc_ready(b, SOURCE_HSI48))
        return;
    if (crs->started != NEVER)
        evaluate(b);
    crs->started = time_now(b);
    event_at(b, EVENT_CRS, crs->started + cycles_to_ps(expected(crs)));
}

void crs_usb_sof(struct board *b)
{
    struct crs *crs = &b->crs;
    uint32_t divider = UINT32_C(1) << (crs->cfgr >> 24 & 7);

    if ((crs->cfgr & CFGR_SYNCSRC) == CFGR_SYNCSRC_USB && ++crs->pulses % divider == 0)
        sync(b);
}

/* First the SYNC is expected, then, out_range() cycles later, it is missed. */
void crs_event(struct board *b)
{
    struct crs *crs = &b->crs;
    uint64_t missed = crs->started + cycles_to_ps(expected(crs) + out_range(crs));

    if (time_now(b) < missed) {
        event_at(b, EVENT_CRS, missed);
        set_flags(b, ISR_ESYNCF);
    } else {
        crs->started = NEVER;
        set_flags(b, ISR_ERRF | ISR_SYNCMISS);
    }
}

static void write_cr(struct board *b, uint32_t value, uint32_t mask)
{
    struct crs *crs = &b->crs;
    uint32_t writable = mask & CR_WRITE;

    if (value & mask & CR_CEN && (crs->cfgr & CFGR_SYNCSRC) != CFGR_SYNCSRC_USB)
        board_complain(b, L072_STOP_NOT_MODELLED, 0,
                       "CRS: a SYNCSRC other than the start of frame of USB is not modelled");
    if (crs->cr & CR_AUTOTRIMEN)
        writable &= ~CR_TRIM;
    crs->cr = (crs->cr & ~writable) | (value & writable);
    if (value & mask & CR_SWSYNC)
        sync(b);
    if (!(crs->cr & CR_CEN)) {
        crs->started = NEVER;
        event_cancel(b, EVENT_CRS);
    }
    set_flags(b, 0);
}

static void write_cfgr(struct board *b, uint32_t value, uint32_t mask)
{
    struct crs *crs = &b->crs;

    if (crs->cr & CR_CEN) {
        board_complain(b, L072_STOP_RULE, 0, "CRS_CFGR is written while CRS_CR.CEN is set");
        return;
    }
    bus_merge(&crs->cfgr, value, mask & CFGR_WRITE);
}

static void write_icr(struct board *b, uint32_t flags)
{
    b->crs.isr &= ~(flags & CR_IE);
    if (flags & ISR_ERRF)
        b->crs.isr &= ~ISR_ERRORS;
    set_flags(b, 0);
}

uint32_t crs_read(struct board *b, uint32_t offset)
{
    switch (offset) {
    case CRS_CR: return b->crs.cr;
    case CRS_CFGR: return b->crs.cfgr;
    case CRS_ISR: return b->crs.isr;
    case CRS_ICR: return 0;
    default: bus_no_register(b, "CRS", offset); return 0;
    }
}

void crs_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    switch (offset) {
    case CRS_CR: write_cr(b, value, mask); break;
    case CRS_CFGR: write_cfgr(b, value, mask); break;
    case CRS_ISR: break;
    case CRS_ICR: write_icr(b, value & mask); break;
    default: bus_no_register(b, "CRS", offset); break;
    }
}
