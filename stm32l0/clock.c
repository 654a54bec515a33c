/* SPDX-License-Identifier: MIT */
#include "clock.h"

#include "regs.h"

static void voltage_range_1(void)
{
    RCC->APB1ENR |= RCC_APB1ENR_PWR;
    PWR->CR = (PWR->CR & ~PWR_CR_VOS) | PWR_CR_VOS_RANGE1;
    while (PWR->CSR & PWR_CSR_VOSF)
        ;
}

static void hsi16_on(void)
{
    RCC->CR |= RCC_CR_HSI16ON;
    while (!(RCC->CR & RCC_CR_HSI16RDY))
        ;
}

static void wait_state(uint32_t latency)
{
    FLASH->ACR = (FLASH->ACR & ~FLASH_ACR_LATENCY) | latency;
    while ((FLASH->ACR & FLASH_ACR_LATENCY) != latency)
        ;
}

static void select(uint32_t sw, uint32_t sws)
{
    RCC->CFGR = (RCC->CFGR & ~RCC_CFGR_SW) | sw;
    while ((RCC->CFGR & RCC_CFGR_SWS) != sws)
        ;
}

void clock_16mhz(void)
{
    voltage_range_1(); /* range 2 would need a wait state */
    RCC->CR |= RCC_CR_HSI16ON;
    /* The switch waits for HSI16 by itself (RM0376 "System clock selection"). */
    select(RCC_CFGR_SW_HSI16, RCC_CFGR_SWS_HSI16);
}

void clock_32mhz(void)
{
    voltage_range_1();
    wait_state(FLASH_ACR_LATENCY);
    hsi16_on();
    RCC->CFGR |= RCC_CFGR_PLLSRC_HSI16 | RCC_CFGR_PLLMUL_4 | RCC_CFGR_PLLDIV_2;
    RCC->CR |= RCC_CR_PLLON;
    while (!(RCC->CR & RCC_CR_PLLRDY))
        ;
    select(RCC_CFGR_SW_PLL, RCC_CFGR_SWS_PLL);
}

void clock_usb(void)
{
    RCC->APB2ENR |= RCC_APB2ENR_SYSCFG;
    SYSCFG->CFGR3 |= SYSCFG_CFGR3_ENREF_HSI48; /* without it HSI48RDY never comes */
    RCC->CRRCR |= RCC_CRRCR_HSI48ON;
    while (!(RCC->CRRCR & RCC_CRRCR_HSI48RDY))
        ;
    RCC->CCIPR |= RCC_CCIPR_HSI48SEL;
    RCC->APB1ENR |= RCC_APB1ENR_CRS;
    CRS->CR |= CRS_CR_AUTOTRIMEN | CRS_CR_CEN; /* CRS_CFGR comes out of reset set for USB */
}

void clock_reset(void)
{
    RCC->CR |= RCC_CR_MSION;
    while (!(RCC->CR & RCC_CR_MSIRDY))
        ;
    select(RCC_CFGR_SW_MSI, RCC_CFGR_SWS_MSI);
    RCC->CR = RCC_CR_RESET;
    RCC->CFGR = 0;
    RCC->CCIPR = 0;
    RCC->CRRCR &= ~RCC_CRRCR_HSI48ON;
    wait_state(0);
}
