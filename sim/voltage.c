/* SPDX-License-Identifier: MIT */
/*
 * What the voltage range of PWR_CR.VOS allows. The chip does not enforce it, and there is firmware
 * that lives beyond it (MicroPython: 32 MHz in range 2): a warning, on strict boards too.
 *
 * Simplified: the regulator counts as settled as soon as VOS is written; of the limits that are
 * broken at the same time only the first warns. Those of range 1 stop the board: see rcc.c.
 * Unconfirmed, and how it is read here:
 * - Range 3 ends at 4.2 MHz: ST's HAL says so, its LL drivers say 2 MHz. USB wants range 1.
 */
#include "board.h"

#define HZ_PER_MHZ 1000000u

/* RM0376 "Relation between clock frequencies and range", by VOS. In range 3 ST's sources disagree
 * about 2 and 4.2 MHz. */
static const struct {
    uint32_t hz_without_wait, hz, vco_hz;
} limits[4] = {
    [2] = {8 * HZ_PER_MHZ, 16 * HZ_PER_MHZ, 48 * HZ_PER_MHZ},
    [3] = {4200000,        4200000,         24 * HZ_PER_MHZ},
};

static bool broken(const struct board *b)
{
    unsigned range = pwr_range(b);
    bool waits = b->flash.acr & FLASH_ACR_LATENCY;

    if (!limits[range].hz)
        return false;
    return rcc_hclk_hz(b) > (waits ? limits[range].hz : limits[range].hz_without_wait) ||
           rcc_vco_hz(b) > limits[range].vco_hz ||
           (rcc_enabled(b, RCC_GATE_USB) && rcc_usb_clock(b));
}

void voltage_check(struct board *b)
{
    bool now = broken(b);

    if (now && !b->pwr.too_fast)
        board_log(b, L072_EVENT_WARNING, L072_STOP_VOLTAGE, 0);
    b->pwr.too_fast = now;
}
