/* SPDX-License-Identifier: MIT */
/*
 * An application that asks for DFU as people do, right but for one mistake: FIXTURE says which.
 * For tests/cli/doctor.sh. The first ones reset and jump after it, the others jump at once.
 */
#include <stdbool.h>
#include <stdint.h>

#include "stm32l0/clock.h"
#include "stm32l0/core.h"
#include "stm32l0/flash.h"
#include "stm32l0/regs.h"
#include "usb/usbd.h"

enum fixture {
    HEALTHY_RESET,
    TOKEN_CLEARED,
    TOKEN_ON_STACK,
    TOKEN_NEVER_CHECKED,
    WRONG_RESET, /* bit 0 */
    WRONG_KEY,
    NEVER_JUMPS, /* the token is compared with another number */
    UART_ASKED,  /* works: by '!' on USART2 */
    HEALTHY_JUMP,
    POPULAR, /* what many answers tell one to do: several mistakes */
    WRONG_ADDRESS,
    READ_TWICE,
    NO_THUMB_BIT,
    WRONG_ENTRY, /* the address of the vector, for what it says */
    STACK_SWITCHED,
    FIRST_PAGE_ERASED,
    SYSCFG_CLOCK_OFF,
    NO_REMAP,
    MSP_FROM_ZERO,
    JUMP_FROM_HANDLER,
    PRIMASK_SET,
    VTOR_LEFT,
    SYSTICK_LEFT_ON,
    INTERRUPT_LEFT_ON,
    USB_PULLUP_LEFT,
    PLL_LEFT_ON,  /* the ROM copes with it */
    IWDG_RUNNING, /* and with this */
    CRASH,
};

/* RM0376, TIM2. */
#define TIM2_CR1  (*(volatile uint32_t *)0x40000000u)
#define TIM2_DIER (*(volatile uint32_t *)0x4000000Cu)
#define TIM2_SR   (*(volatile uint32_t *)0x40000010u)
#define TIM2_ARR  (*(volatile uint32_t *)0x4000002Cu)

#define RESETS      (FIXTURE < HEALTHY_JUMP)
#define MAGIC       0xB00710ADu
#define STACK_END   0x20004FFCu /* the last word of SRAM, and of the stack */
#define ICSR        (*(volatile uint32_t *)0xE000ED04u)
#define PENDSVSET   (1u << 28)
#define ROM_STACK   (*(volatile uint32_t *)0x1FF00000u)
#define ROM_START   (*(volatile uint32_t *)0x1FF00004u)
#define OTHER_START (*(volatile uint32_t *)0x1FFFC804u) /* of the STM32F0 */
#define WORD(at)    (*(volatile uint32_t *)(at))

extern uint32_t dfuse_token[2]; /* the token of entry/dfuse.ld: kept by a reset */
static volatile uint32_t cleared;
static volatile bool asked; /* by nobody: dfuse doctor calls enter_bootloader() itself */

#define TOKEN                                                                                      \
    (FIXTURE == TOKEN_CLEARED    ? &cleared                                                        \
     : FIXTURE == TOKEN_ON_STACK ? (volatile uint32_t *)STACK_END                                  \
                                 : (volatile uint32_t *)dfuse_token)

/* ---- The jump ---------------------------------------------------------------------------------
 */

/* Address 0 through a register, or the compiler takes it for a mistake. */
static uint32_t word_at(uint32_t address)
{
    uint32_t word;
    __asm__ volatile("ldr %0, [%1]" : "=r"(word) : "r"(address) : "memory");
    return word;
}

static void remap(void)
{
    if (FIXTURE == NO_REMAP)
        return;
    if (FIXTURE != SYSCFG_CLOCK_OFF && FIXTURE != POPULAR)
        RCC->APB2ENR |= RCC_APB2ENR_SYSCFG;
    SYSCFG->CFGR1 = SYSCFG_CFGR1_MEM_MODE_SYSTEM;
}

static uint32_t target(void)
{
    switch (FIXTURE) {
    case WRONG_ADDRESS: return OTHER_START;
    case READ_TWICE: return WORD(ROM_START - 1);
    case WRONG_ENTRY: return 0x1FF00005u;
    case NO_THUMB_BIT: return ROM_START & ~1u;
    case SYSCFG_CLOCK_OFF: return word_at(4);
    case CRASH: return WORD(0xA0000000u);
    default: return ROM_START;
    }
}

/* As a C function that is not inlined does it. */
__attribute__((noinline)) static void set_stack(uint32_t stack)
{
    __asm__ volatile("push {r4, lr}\n\tmsr msp, %0\n\tpop {r4, pc}" : : "r"(stack) : "memory");
}

static void jump(void)
{
    uint32_t stack = word_at(FIXTURE == MSP_FROM_ZERO ? 0 : 0x1FF00000u);
    if (FIXTURE != SYSTICK_LEFT_ON)
        SYSTICK->CSR = 0;
    if (FIXTURE == PRIMASK_SET || FIXTURE == POPULAR)
        (void)core_mask_interrupts();
    if (FIXTURE != VTOR_LEFT && FIXTURE != POPULAR)
        SCB->VTOR = 0;
    remap();
    if (FIXTURE == FIRST_PAGE_ERASED)
        flash_erase_page(FLASH_BASE);
    if (FIXTURE == STACK_SWITCHED)
        set_stack(stack);
    core_start(stack, target());
}

void PendSV_Handler(void)
{
    jump();
}

/* ---- The request ------------------------------------------------------------------------------
 */

static void check(void)
{
    if (!RESETS || FIXTURE == TOKEN_NEVER_CHECKED)
        return;
    if (*TOKEN != (FIXTURE == NEVER_JUMPS ? MAGIC + 1 : MAGIC))
        return;
    *TOKEN = 0;
    jump();
}

void SystemInit(void)
{
    if (FIXTURE != TOKEN_CLEARED && FIXTURE != TOKEN_ON_STACK)
        check();
}

/* The name that dfuse doctor looks for. */
void enter_bootloader(void);

__attribute__((noinline)) void enter_bootloader(void)
{
    if (FIXTURE == JUMP_FROM_HANDLER) {
        ICSR = PENDSVSET;
        return;
    }
    if (!RESETS)
        jump();
    *TOKEN = MAGIC;
    switch (FIXTURE) {
    case WRONG_RESET: SCB->AIRCR = 0x05FA0001; break;
    case WRONG_KEY: SCB->AIRCR = 0x05AF0004; break;
    default: SCB->AIRCR = SCB_AIRCR_SYSRESETREQ; break;
    }
}

/* ---- The application --------------------------------------------------------------------------
 */

void SysTick_Handler(void)
{
}

void TIM2_IRQHandler(void)
{
    TIM2_SR = 0;
}

/* What examples/app/usb.c asks of an application. */
void app_detach(void);

void app_detach(void)
{
}

static void switch_on(void)
{
    SYSTICK->RVR = 2000;
    SYSTICK->CSR = SYSTICK_CSR_CLKSOURCE | SYSTICK_CSR_TICKINT | SYSTICK_CSR_ENABLE;
    if (FIXTURE == INTERRUPT_LEFT_ON) { /* each millisecond, as the clock is 2.1 MHz */
        RCC->APB1ENR |= 1u << 0;        /* TIM2EN */
        TIM2_ARR = 2000;
        TIM2_DIER = 1;
        TIM2_CR1 = 1;
        NVIC->ISER = 1u << 15;
    }
    if (FIXTURE == UART_ASKED) {
        RCC->APB1ENR |= RCC_APB1ENR_USART2;
        USART2->BRR = 2097000 / 9600;
        USART2->CR1 = USART_CR1_UE | USART_CR1_RE;
    }
    if (FIXTURE == PLL_LEFT_ON)
        clock_32mhz();
    if (FIXTURE == IWDG_RUNNING) { /* 64 ms */
        IWDG->KR = 0xCCCC;
        IWDG->KR = IWDG_KR_UNLOCK;
        IWDG->RLR = 600;
    }
    if (FIXTURE == USB_PULLUP_LEFT) {
        clock_16mhz();
        clock_usb();
        usbd_connect();
    }
}

#ifdef BANK2_VISIBLE
/* What happens to lie at the start of bank 2. */
__attribute__((section(".bank2"))) static const volatile uint32_t bank2[2] = {0x20001000,
                                                                              0x08000009};
#define USE_BANK2() ((void)bank2[0])
#else
#define USE_BANK2() ((void)0)
#endif

int main(void)
{
    USE_BANK2();
    check();
    switch_on();
    for (;;) {
        if (asked || (FIXTURE == UART_ASKED && USART2->RDR == '!'))
            enter_bootloader();
        if (FIXTURE == IWDG_RUNNING)
            IWDG->KR = IWDG_KR_RELOAD;
        if (FIXTURE == USB_PULLUP_LEFT)
            usbd_poll();
        else
            core_wait_for_interrupt();
    }
}
