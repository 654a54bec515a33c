/* SPDX-License-Identifier: MIT */
#include "board.h"

#include <stdint.h>

#include "stm32l0/regs.h"

#define CLOCK_HZ 16000000u
#define BAUD     115200u

/* MODER: 0 input, 2 alternate function; PUPDR: 2 pull-down. */
#define TWO_BITS(pin, value) ((uint32_t)(value) << 2 * (pin))
#define AF4_USART2           4u

static uint32_t pressed_before; /* pins, a bit each */

void board_init(void)
{
    RCC->IOPENR |= RCC_IOPENR_IOPA;
    RCC->APB1ENR |= RCC_APB1ENR_USART2;
    GPIOA->PUPDR =
        (GPIOA->PUPDR & ~TWO_BITS(0, 3) & ~TWO_BITS(1, 3)) | TWO_BITS(0, 2) | TWO_BITS(1, 2);
    GPIOA->AFR[0] = (GPIOA->AFR[0] & ~(0xFu << 8)) | AF4_USART2 << 8;
    GPIOA->MODER =
        (GPIOA->MODER & ~TWO_BITS(0, 3) & ~TWO_BITS(1, 3) & ~TWO_BITS(2, 3)) | TWO_BITS(2, 2);
    pressed_before = GPIOA->IDR; /* held since before the start: no press */
    USART2->BRR = CLOCK_HZ / BAUD;
    USART2->CR1 = USART_CR1_UE | USART_CR1_TE;
    SYSTICK->RVR = CLOCK_HZ / 1000 - 1;
    SYSTICK->CVR = 0;
    SYSTICK->CSR = SYSTICK_CSR_CLKSOURCE | SYSTICK_CSR_TICKINT | SYSTICK_CSR_ENABLE;
}

bool board_button(unsigned pin)
{
    uint32_t bit = 1u << pin;
    uint32_t now = GPIOA->IDR & bit;
    bool pressed = now && !(pressed_before & bit);

    pressed_before = (pressed_before & ~bit) | now;
    return pressed;
}

void board_print(const char *text)
{
    for (; *text; text++) {
        while (!(USART2->ISR & USART_ISR_TXE))
            ;
        USART2->TDR = (uint8_t)*text;
    }
    while (!(USART2->ISR & USART_ISR_TC))
        ;
}
