/* SPDX-License-Identifier: MIT */
/*
 * An application that has switched on what it could before it calls dfuse_CheckAndRun(): for the
 * test that the ROM gets a chip as after reset.
 */
#include <stdint.h>

#include "dfuse.h"
#include "stm32l0/clock.h"
#include "stm32l0/regs.h"
#include "usb/usbd.h"

extern uint32_t dfuse_token[2];

static void switch_on_core(void)
{
    volatile uint32_t *mpu_ctrl = (volatile uint32_t *)0xE000ED94;
    volatile uint32_t *system_priority = (volatile uint32_t *)0xE000ED1C;

    for (unsigned i = 0; i < 8; i++)
        NVIC->IPR[i] = 0xC0C0C0C0;
    system_priority[0] = 0xC0000000;
    system_priority[1] = 0xC0C00000;
    NVIC->ISER = 0xFFFFFFFF;
    NVIC->ISPR = 0x00000FF0;
    SYSTICK->RVR = 999;
    SYSTICK->CSR = SYSTICK_CSR_CLKSOURCE | SYSTICK_CSR_TICKINT | SYSTICK_CSR_ENABLE;
    SCB->ICSR = 1u << 28; /* PENDSVSET */
    SCB->SCR = 1u << 4;   /* SEVONPEND */
    *mpu_ctrl = 4;        /* PRIVDEFENA */
}

static void switch_on_peripherals(void)
{
    RCC->IOPENR = RCC_IOPENR_IOPA | RCC_IOPENR_IOPB;
    GPIOA->MODER = 0x55555555;
    GPIOA->ODR = 0xFFFF;
    GPIOB->PUPDR = 0x55555555;
    RCC->APB1ENR |= RCC_APB1ENR_USART2;
    USART2->CR1 = USART_CR1_UE | USART_CR1_TE;
    EXTI->RTSR = 0xFFFF;
    EXTI->FTSR = 0xFFFF;
    EXTI->EMR = 0xFFFF;
    RCC->CIER = 0x1FF;
    RCC->ICSCR = (RCC->ICSCR & ~RCC_ICSCR_MSIRANGE) | 6u << 13; /* MSI 4.2 MHz */
    RCC->AHBENR |= 1u << 12;                                    /* CRC */
    FLASH->ACR |= FLASH_ACR_PRFTEN;
    FLASH->PEKEYR = FLASH_PEKEY1;
    FLASH->PEKEYR = FLASH_PEKEY2;
}

int main(void)
{
    __asm__ volatile("cpsid i");
    clock_32mhz();
    clock_usb();
    switch_on_core();
    switch_on_peripherals();
    usbd_connect();
    dfuse_token[0] = 0x05FA0004; /* as dfuse_RunBootloader() leaves it */
    dfuse_token[1] = ~0x05FA0004u;
    /* An RTOS runs main() on the process stack. */
    __asm__ volatile("mrs r0, msp\n\t"
                     "msr psp, r0\n\t"
                     "movs r0, #2\n\t"
                     "msr control, r0\n\t"
                     "isb" ::
                         : "r0");
    dfuse_CheckAndRun();
    for (;;)
        ;
}

/* The USB core wants a product; this one has nothing to say. */
const uint8_t *usb_descriptor(uint8_t type, uint8_t index)
{
    (void)type;
    (void)index;
    return 0;
}

const char *usb_string(uint8_t index)
{
    (void)index;
    return 0;
}

int usb_request(const struct usb_setup *setup, uint8_t **data)
{
    (void)setup;
    (void)data;
    return USBD_STALL;
}

void usb_request_done(const struct usb_setup *setup)
{
    (void)setup;
}
