/* SPDX-License-Identifier: MIT */
/* The bits of the RCC registers (RM0376 RCC), for rcc.c and rcc_clock.c. */
#ifndef SIM_RCC_BITS_H
#define SIM_RCC_BITS_H

#include "board.h"

enum {
    CR_HSI16ON = 1 << 0,
    CR_HSI16RDY = 1 << 2,
    CR_HSI16DIVEN = 1 << 3,
    CR_HSI16DIVF = 1 << 4,
    CR_MSION = 1 << 8,
    CR_MSIRDY = 1 << 9,
    CR_HSEON = 1 << 16,
    CR_HSERDY = 1 << 17,
    CR_RTCPRE_SHIFT = 20,
    CR_PLLON = 1 << 24,
    CR_PLLRDY = 1 << 25,
    ICSCR_MSIRANGE_SHIFT = 13,
    ICSCR_MSIRANGE = 7 << ICSCR_MSIRANGE_SHIFT,
    CRRCR_HSI48ON = 1 << 0,
    CRRCR_HSI48RDY = 1 << 1,
    CFGR_SW = 3 << 0,
    CFGR_SWS_SHIFT = 2,
    CFGR_SWS = 3 << CFGR_SWS_SHIFT,
    CFGR_STOPWUCK = 1 << 15,
    CFGR_PLLSRC = 1 << 16,
    CFGR_PLLMUL_SHIFT = 18,
    CFGR_PLLDIV_SHIFT = 22,
    CFGR_PLL = 0xFD << 16, /* PLLSRC, PLLMUL, PLLDIV */
    CCIPR_HSI48SEL = 1 << 26,
    CSR_LSION = 1 << 0,
    CSR_LSIRDY = 1 << 1,
    CSR_LSEON = 1 << 8,
    CSR_LSERDY = 1 << 9,
    CSR_RTCSEL_SHIFT = 16,
    CSR_RTCEN = 1 << 18,
    CSR_RTC_DOMAIN = 0x000F3D00, /* LSEON LSEBYP LSEDRV CSSLSEON RTCSEL RTCEN RTCRST */
    CSR_RTCRST = 1 << 19,
    CSR_RMVF = 1 << 23,
};
#define CSR_FLAGS UINT32_C(0xFF000000)

/* CFGR.SW and SWS. */
enum sysclk { SYSCLK_MSI, SYSCLK_HSI16, SYSCLK_HSE, SYSCLK_PLL };

static inline uint32_t rcc_get(const struct board *b, enum rcc_register offset)
{
    return b->rcc.reg[offset / 4];
}

#endif
