/* SPDX-License-Identifier: MIT */
/*
 * Not modelled: Stop and Standby modes, low-power run, the voltage detector, wake-up pins.
 * Simplified: the regulator takes 10 us to settle, whatever the change.
 */
#include "board.h"

enum { PWR_CR = 0x00, PWR_CSR = 0x04 };

enum {
    CR_PDDS = 1 << 1,
    CR_CWUF = 1 << 2,
    CR_CSBF = 1 << 3,
    CR_DBP = 1 << 8,
    CR_VOS = 3 << 11,
    CR_RESET = 2 << 11, /* voltage range 2 */
    CR_WRITE = 0x7FF3,  /* all but CWUF and CSBF, which read 0 */
    CSR_WUF = 1 << 0,
    CSR_SBF = 1 << 1,
    CSR_VREFINTRDYF = 1 << 3,
    CSR_VOSF = 1 << 4,
    CSR_EWUP = 7 << 8,
};

#define VOS_SETTLE_PS (10 * PS_PER_US)

void pwr_reset(struct board *b)
{
    b->pwr.cr = CR_RESET;
    b->pwr.csr = CSR_VREFINTRDYF;
    event_cancel(b, EVENT_PWR);
}

bool pwr_dbp(const struct board *b)
{
    return b->pwr.cr & CR_DBP;
}

void pwr_deep_sleep(struct board *b)
{
    board_complain(b, L072_STOP_NOT_MODELLED, 0,
                   "SCR.SLEEPDEEP is set: %s mode is not modelled, only Sleep is",
                   b->pwr.cr & CR_PDDS ? "Standby" : "Stop");
}

static void write_cr(struct board *b, uint32_t value, uint32_t mask)
{
    struct pwr *pwr = &b->pwr;
    uint32_t old = pwr->cr;

    if (value & mask & CR_CWUF)
        pwr->csr &= ~(uint32_t)CSR_WUF;
    if (value & mask & CR_CSBF)
        pwr->csr &= ~(uint32_t)CSR_SBF;
    bus_merge(&pwr->cr, value, mask & CR_WRITE);
    if (!(pwr->cr & CR_VOS)) {
        board_complain(b, L072_STOP_RULE, 0,
                       "PWR_CR.VOS = 0 is forbidden: the voltage range stays");
        pwr->cr |= old & CR_VOS;
    }
    if ((pwr->cr ^ old) & CR_VOS) {
        pwr->csr |= CSR_VOSF;
        event_after(b, EVENT_PWR, VOS_SETTLE_PS);
    }
}

void pwr_event(struct board *b)
{
    b->pwr.csr &= ~(uint32_t)CSR_VOSF;
}

uint32_t pwr_read(struct board *b, uint32_t offset)
{
    switch (offset) {
    case PWR_CR: return b->pwr.cr;
    case PWR_CSR: return b->pwr.csr;
    default: bus_no_register(b, "PWR", offset); return 0;
    }
}

void pwr_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    switch (offset) {
    case PWR_CR: write_cr(b, value, mask); break;
    case PWR_CSR: bus_merge(&b->pwr.csr, value, mask & CSR_EWUP); break;
    default: bus_no_register(b, "PWR", offset); break;
    }
}
