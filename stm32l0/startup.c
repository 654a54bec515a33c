/* SPDX-License-Identifier: MIT */
/*
 * Vector table and start-up. The linker script supplies the symbols, under ST's names:
 *   _estack            top of the stack
 *   _word0             what stands in word 0 of the vector table: _estack, or, in an image hidden
 *                      from ST's ROM, a number that is no address in SRAM
 *   _sidata            where the bytes of .data lie in flash
 *   _sdata, _edata     .data in RAM
 *   _ebss              the end of .bss, which follows .data
 */
#include <stdint.h>

#include "ram.h"
#include "regs.h"

extern uint32_t _estack[], _word0[];

int main(void);

__attribute__((weak)) void Default_Handler(void)
{
    for (;;)
        ;
}

/* Called before .data and .bss exist. */
__attribute__((weak)) void SystemInit(void)
{
}

#define HANDLER(name) __attribute__((weak, alias("Default_Handler"))) void name(void);
void Reset_Handler(void);
HANDLER(NMI_Handler)
HANDLER(HardFault_Handler)
HANDLER(SVC_Handler)
HANDLER(PendSV_Handler)
HANDLER(SysTick_Handler)
HANDLER(WWDG_IRQHandler)
HANDLER(PVD_IRQHandler)
HANDLER(RTC_IRQHandler)
HANDLER(FLASH_IRQHandler)
HANDLER(RCC_CRS_IRQHandler)
HANDLER(EXTI0_1_IRQHandler)
HANDLER(EXTI2_3_IRQHandler)
HANDLER(EXTI4_15_IRQHandler)
HANDLER(TSC_IRQHandler)
HANDLER(DMA1_Channel1_IRQHandler)
HANDLER(DMA1_Channel2_3_IRQHandler)
HANDLER(DMA1_Channel4_5_6_7_IRQHandler)
HANDLER(ADC1_COMP_IRQHandler)
HANDLER(LPTIM1_IRQHandler)
HANDLER(USART4_5_IRQHandler)
HANDLER(TIM2_IRQHandler)
HANDLER(TIM3_IRQHandler)
HANDLER(TIM6_DAC_IRQHandler)
HANDLER(TIM7_IRQHandler)
HANDLER(TIM21_IRQHandler)
HANDLER(I2C3_IRQHandler)
HANDLER(TIM22_IRQHandler)
HANDLER(I2C1_IRQHandler)
HANDLER(I2C2_IRQHandler)
HANDLER(SPI1_IRQHandler)
HANDLER(SPI2_IRQHandler)
HANDLER(USART1_IRQHandler)
HANDLER(USART2_IRQHandler)
HANDLER(RNG_LPUART1_IRQHandler)
HANDLER(USB_IRQHandler)

typedef void (*vector)(void);

/* RM0376, vector table. */
__attribute__((section(".isr_vector"), used)) static const vector vectors[48] = {
    [0] = (vector)(uintptr_t)_word0,
    [1] = Reset_Handler,
    [2] = NMI_Handler,
    [3] = HardFault_Handler,
    [11] = SVC_Handler,
    [14] = PendSV_Handler,
    [15] = SysTick_Handler,
    [16] = WWDG_IRQHandler,
    [17] = PVD_IRQHandler,
    [18] = RTC_IRQHandler,
    [19] = FLASH_IRQHandler,
    [20] = RCC_CRS_IRQHandler,
    [21] = EXTI0_1_IRQHandler,
    [22] = EXTI2_3_IRQHandler,
    [23] = EXTI4_15_IRQHandler,
    [24] = TSC_IRQHandler,
    [25] = DMA1_Channel1_IRQHandler,
    [26] = DMA1_Channel2_3_IRQHandler,
    [27] = DMA1_Channel4_5_6_7_IRQHandler,
    [28] = ADC1_COMP_IRQHandler,
    [29] = LPTIM1_IRQHandler,
    [30] = USART4_5_IRQHandler,
    [31] = TIM2_IRQHandler,
    [32] = TIM3_IRQHandler,
    [33] = TIM6_DAC_IRQHandler,
    [34] = TIM7_IRQHandler,
    [36] = TIM21_IRQHandler,
    [37] = I2C3_IRQHandler,
    [38] = TIM22_IRQHandler,
    [39] = I2C1_IRQHandler,
    [40] = I2C2_IRQHandler,
    [41] = SPI1_IRQHandler,
    [42] = SPI2_IRQHandler,
    [43] = USART1_IRQHandler,
    [44] = USART2_IRQHandler,
    [45] = RNG_LPUART1_IRQHandler,
    [47] = USB_IRQHandler,
};

void start(void);

/* From a loaded SP to main(). */
__attribute__((noreturn, used)) void start(void)
{
    SCB->VTOR = (uint32_t)(uintptr_t)vectors; /* ST's ROM may still be mapped at 0 */
    SystemInit();
    ram_prepare();
    main();
    for (;;)
        ;
}

/* Loads SP itself: the hardware has loaded it from word 0, which may not be an address. An
 * application may have its own, which ends in start(). */
__attribute__((naked, noreturn, weak)) void Reset_Handler(void)
{
    __asm__("ldr r0, =_estack\n\t"
            "mov sp, r0\n\t"
            "bl start\n\t"
            ".ltorg");
}
