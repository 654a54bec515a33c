/* SPDX-License-Identifier: MIT */
/*
 * Not modelled: the voltage detector (PVDO stays 0: the supply is good), the lower consumption and
 * the speed limit of low-power run, DBGMCU_CR (debugging in Stop and Standby).
 * Simplified: the regulator takes 10 us to settle, whatever the change; Stop ends 5 us, Standby
 * 65 us (with FWU) or 2.2 ms after the wake-up, the typical times of the datasheet; a flash
 * operation goes on in Stop; an interrupt that ends Stop but is off in the NVIC leaves the CPU
 * asleep with its clock on; Standby clears the RAM at once, and leaves pins and USB as a reset
 * does.
 */
#include "board.h"

enum { PWR_CR = 0x00, PWR_CSR = 0x04 };

enum {
    CR_PDDS = 1 << 1,
    CR_CWUF = 1 << 2,
    CR_CSBF = 1 << 3,
    CR_DBP = 1 << 8,
    CR_FWU = 1 << 10,
    CR_VOS_SHIFT = 11,
    CR_VOS = 3 << CR_VOS_SHIFT,
    CR_RESET = 2 << 11, /* voltage range 2 */
    CR_LPRUN = 1 << 14,
    CR_WRITE = 0x7FF3, /* all but CWUF and CSBF, which read 0 */
    CSR_WUF = 1 << 0,
    CSR_SBF = 1 << 1,
    CSR_VREFINTRDYF = 1 << 3,
    CSR_VOSF = 1 << 4,
    CSR_REGLPF = 1 << 5,
    CSR_EWUP_SHIFT = 8,
    CSR_EWUP = 7 << CSR_EWUP_SHIFT,
};

#define VOS_SETTLE_PS        (10 * PS_PER_US)
#define STOP_WAKE_PS         (5 * PS_PER_US)
#define STANDBY_FAST_WAKE_PS (65 * PS_PER_US)
#define STANDBY_WAKE_PS      (2200 * PS_PER_US)

/* Datasheet, pin definitions: WKUP1, WKUP2, WKUP3. */
static const struct {
    unsigned port, pin;
} wakeup_pins[] = {
    {0, 0 },
    {2, 13},
    {4, 6 },
};

/* SBF outlives every reset but power-on (RM0376 PWR_CSR). */
void pwr_reset(struct board *b)
{
    b->pwr.cr = CR_RESET;
    b->pwr.csr = (b->pwr.csr & CSR_SBF) | CSR_VREFINTRDYF;
    b->pwr.mode = PWR_RUN;
    event_cancel(b, EVENT_PWR);
    voltage_check(b);
}

void pwr_power_on(struct board *b)
{
    b->pwr = (struct pwr){0};
}

bool pwr_dbp(const struct board *b)
{
    return b->pwr.cr & CR_DBP;
}

unsigned pwr_range(const struct board *b)
{
    return (b->pwr.cr & CR_VOS) >> CR_VOS_SHIFT;
}

/* ---- Stop and Standby ------------------------------------------------------------------------ */

static void enter_stop(struct board *b)
{
    b->pwr.mode = PWR_STOP;
    b->pwr.csr &= ~(uint32_t)CSR_VOSF;
    event_cancel(b, EVENT_PWR);
    rcc_enter_stop(b);
    time_halt(b);
}

static void enter_standby(struct board *b)
{
    b->pwr.mode = PWR_STANDBY;
    b->pwr.csr = (b->pwr.csr & ~(uint32_t)CSR_VOSF) | CSR_SBF;
    event_cancel(b, EVENT_PWR);
    board_enter_standby(b);
    time_halt(b);
}

/* With a wake-up waiting, the entry is ignored (RM0376, Stop and Standby entry). */
bool pwr_deep_sleep(struct board *b)
{
    bool standby = b->pwr.cr & CR_PDDS;

    if (exti_active(b) || (standby && b->pwr.csr & CSR_WUF))
        return false;
    if (flash_option_low_power_reset(b, standby))
        board_request_reset(b, RESET_LOW_POWER);
    else if (standby)
        enter_standby(b);
    else
        enter_stop(b);
    return true;
}

void pwr_leave_stop(struct board *b)
{
    if (b->pwr.mode != PWR_STOP)
        return;
    b->pwr.mode = PWR_WAKING;
    event_after(b, EVENT_PWR, STOP_WAKE_PS);
}

void pwr_wakeup(struct board *b)
{
    struct pwr *pwr = &b->pwr;

    pwr->csr |= CSR_WUF;
    if (pwr->mode != PWR_STANDBY)
        return;
    pwr->mode = PWR_WAKING_STANDBY;
    event_after(b, EVENT_PWR, (pwr->cr & CR_FWU) ? STANDBY_FAST_WAKE_PS : STANDBY_WAKE_PS);
}

void pwr_pin_rises(struct board *b, unsigned port, unsigned pin)
{
    for (unsigned i = 0; i < sizeof wakeup_pins / sizeof wakeup_pins[0]; i++)
        if (wakeup_pins[i].port == port && wakeup_pins[i].pin == pin &&
            b->pwr.csr >> (CSR_EWUP_SHIFT + i) & 1)
            pwr_wakeup(b);
}

/* A reset in all but PWR_CSR, which keeps its bits, and the flags of RCC_CSR (RM0376 PWR). */
static void leave_standby(struct board *b)
{
    uint32_t csr = b->pwr.csr;

    board_reset(b, 0);
    b->pwr.csr = csr;
}

static void leave_waking(struct board *b)
{
    b->pwr.mode = PWR_RUN;
    b->cpu.attention = true;
    time_go_on(b);
    lptim_clock_changed(b);
}

void pwr_event(struct board *b)
{
    switch (b->pwr.mode) {
    case PWR_WAKING: leave_waking(b); break;
    case PWR_WAKING_STANDBY: leave_standby(b); break;
    default: b->pwr.csr &= ~(uint32_t)CSR_VOSF; break;
    }
}

/* ---- Registers ------------------------------------------------------------------------------- */

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
        voltage_check(b);
    }
}

/* The regulator changes its mode at once. */
static uint32_t read_csr(const struct pwr *pwr)
{
    return pwr->csr | ((pwr->cr & CR_LPRUN) ? CSR_REGLPF : 0);
}

uint32_t pwr_read(struct board *b, uint32_t offset)
{
    switch (offset) {
    case PWR_CR: return b->pwr.cr;
    case PWR_CSR: return read_csr(&b->pwr);
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
