/* SPDX-License-Identifier: MIT */
/* The clock tree (RM0376 RCC): frequencies, from what the registers say. */
#include "board.h"
#include "rcc_bits.h"

#define HZ_PER_MHZ 1000000u
#define LSE_HZ     32768u
#define LSI_HZ     37000u

static uint32_t msi_hz(const struct board *b)
{
    return UINT32_C(65536) << ((rcc_get(b, RCC_ICSCR) & ICSCR_MSIRANGE) >> ICSCR_MSIRANGE_SHIFT);
}

static uint32_t hsi16_hz(const struct board *b)
{
    return (rcc_get(b, RCC_CR) & CR_HSI16DIVF ? 4 : 16) * HZ_PER_MHZ;
}

/* The crystal or clock at OSC_IN, of the board; 0: there is none. */
static uint32_t hse_hz(const struct board *b)
{
    return b->rcc.hse_hz;
}

uint32_t rcc_pll_setting_hz(const struct board *b)
{
    static const uint8_t multiplier[16] = {3, 4, 6, 8, 12, 16, 24, 32, 48};

    uint32_t cfgr = rcc_get(b, RCC_CFGR);
    uint32_t input = cfgr & CFGR_PLLSRC ? hse_hz(b) : hsi16_hz(b);

    return input * multiplier[cfgr >> CFGR_PLLMUL_SHIFT & 15];
}

uint32_t rcc_pll_divider(const struct board *b)
{
    return (rcc_get(b, RCC_CFGR) >> CFGR_PLLDIV_SHIFT & 3) + 1;
}

static uint32_t sysclk_hz(const struct board *b)
{
    switch ((rcc_get(b, RCC_CFGR) & CFGR_SWS) >> CFGR_SWS_SHIFT) {
    case SYSCLK_HSI16: return hsi16_hz(b);
    case SYSCLK_HSE: return hse_hz(b);
    case SYSCLK_PLL: return rcc_pll_setting_hz(b) / rcc_pll_divider(b);
    default: return msi_hz(b);
    }
}

uint32_t rcc_hclk_hz(const struct board *b)
{
    static const uint8_t hpre_shift[16] = {[8] = 1, 2, 3, 4, 6, 7, 8, 9};

    return sysclk_hz(b) >> hpre_shift[rcc_get(b, RCC_CFGR) >> 4 & 15];
}

/* HCLK cycles of a PCLK cycle. */
static uint32_t apb_cycles(unsigned ppre)
{
    static const uint8_t ppre_shift[8] = {[4] = 1, 2, 3, 4};

    return UINT32_C(1) << ppre_shift[ppre & 7];
}

/* Of 1 / hz, which is 0 while the source is off. */
static uint64_t period_if_ready(const struct board *b, enum rcc_source source, uint32_t hz)
{
    return rcc_ready(b, source) ? time_period(hz) : 0;
}

uint64_t rcc_usart_period(const struct board *b, unsigned index)
{
    /* Where CCIPR selects the clock, CFGR the APB divider; USART4 and 5 have the APB clock alone.
     */
    static const struct {
        uint8_t ccipr_shift, ppre_shift;
        bool selectable;
    } ports[] = {
        {0,  11, true },
        {2,  8,  true },
        {0,  8,  false},
        {0,  8,  false},
        {10, 8,  true },
    };
    uint32_t selection =
        ports[index].selectable ? rcc_get(b, RCC_CCIPR) >> ports[index].ccipr_shift & 3 : 0;

    switch (selection) {
    case 0: return b->time.period_ps * apb_cycles(rcc_get(b, RCC_CFGR) >> ports[index].ppre_shift);
    case 1: return time_period(sysclk_hz(b));
    case 2: return period_if_ready(b, SOURCE_HSI16, hsi16_hz(b));
    default: return period_if_ready(b, SOURCE_LSE, LSE_HZ);
    }
}

uint32_t rcc_source_hz(const struct board *b, enum rcc_source source)
{
    if (!rcc_ready(b, source))
        return 0;
    switch (source) {
    case SOURCE_LSI: return LSI_HZ;
    case SOURCE_LSE: return LSE_HZ;
    case SOURCE_HSI16: return hsi16_hz(b);
    case SOURCE_HSE: return hse_hz(b);
    default: return msi_hz(b);
    }
}

uint32_t rcc_rtc_hz(const struct board *b)
{
    uint32_t csr = rcc_get(b, RCC_CSR);

    if (!(csr & CSR_RTCEN))
        return 0;
    switch (csr >> CSR_RTCSEL_SHIFT & 3) {
    case 1: return rcc_source_hz(b, SOURCE_LSE);
    case 2: return rcc_source_hz(b, SOURCE_LSI);
    case 3:
        return rcc_source_hz(b, SOURCE_HSE) >> ((rcc_get(b, RCC_CR) >> CR_RTCPRE_SHIFT & 3) + 1);
    default: return 0;
    }
}

/* Of the bus that the peripheral is on: a value for apb_cycles(). */
static unsigned ppre(const struct board *b, enum rcc_gate gate)
{
    return rcc_get(b, RCC_CFGR) >> ((uint32_t)gate >> 8 == RCC_APB2ENR ? 11 : 8) & 7;
}

uint32_t rcc_pclk_cycles(const struct board *b, enum rcc_gate gate)
{
    return rcc_enabled(b, gate) ? apb_cycles(ppre(b, gate)) : 0;
}

/* Twice PCLK when the APB clock is divided (RM0376 clock tree). */
uint32_t rcc_timer_cycles(const struct board *b, enum rcc_gate gate)
{
    return rcc_pclk_cycles(b, gate) >> (ppre(b, gate) >> 2);
}

uint32_t rcc_vco_hz(const struct board *b)
{
    return rcc_ready(b, SOURCE_PLL) ? rcc_pll_setting_hz(b) : 0;
}

bool rcc_usb_clock(const struct board *b)
{
    if (rcc_get(b, RCC_CCIPR) & CCIPR_HSI48SEL)
        return rcc_ready(b, SOURCE_HSI48);
    return rcc_vco_hz(b) == 96 * HZ_PER_MHZ;
}

/* RM0376 RCC_CCIPR.LPTIM1SEL. In Stop there is no APB clock. */
uint32_t rcc_lptim_hz(const struct board *b)
{
    static const enum rcc_source sources[] = {[1] = SOURCE_LSI, SOURCE_HSI16, SOURCE_LSE};
    uint32_t select = b->rcc.reg[RCC_CCIPR / 4] >> 18 & 3;

    if (!rcc_enabled(b, RCC_GATE_LPTIM1))
        return 0;
    if (select)
        return rcc_source_hz(b, sources[select]);
    if (b->pwr.mode != PWR_RUN)
        return 0;
    return (uint32_t)(PS_PER_S / (b->time.period_ps * rcc_pclk_cycles(b, RCC_GATE_LPTIM1)));
}
