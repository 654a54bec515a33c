/* SPDX-License-Identifier: MIT */
/*
 * How people try to enter ROM DFU on the STM32L072, step by step, after a question of 2017 (stack
 * overflow 42020893, ST community 41763): set a magic variable, reset, look at it in main(), map
 * system memory at 0, load MSP, jump. No DFU device appears. Each step says what it does here.
 *
 * Not to be copied: examples/app shows what works.
 *
 * Build option: TOKEN_SURVIVES=1 takes the first mistake away, and shows the second one.
 */
#include <stdint.h>

#include "../common/board.h"
#include "stm32l0/clock.h"
#include "stm32l0/core.h"
#include "stm32l0/regs.h"

#ifndef TOKEN_SURVIVES
#define TOKEN_SURVIVES 0
#endif

#define MAGIC 0xDEADBEEFu

/*
 * Step 1, the token. An ordinary variable without an initial value lies in .bss, and start-up code
 * sets .bss to zero before main() runs: the token never survives the reset. Outside .bss it does,
 * but then RAM that happens to hold this one word at power-on is a request too.
 */
#if TOKEN_SURVIVES
extern uint32_t dfuse_token[2]; /* placed behind .bss by entry/dfuse.ld */
#define token dfuse_token[0]
#else
static volatile uint32_t token;
#endif

static void jump_to_rom(void)
{
    /*
     * Step 4, the remap. Right, as SYSCFG has its clock: without it the write is lost, and address
     * 0 still shows the application.
     */
    RCC->APB2ENR |= RCC_APB2ENR_SYSCFG;
    SYSCFG->CFGR1 = SYSCFG_CFGR1_MEM_MODE_SYSTEM;
    /* Start-up code has set VTOR to the program's vectors; the ROM's interrupts need the ROM's. */
    SCB->VTOR = 0;

    /*
     * Step 5, MSP. Right only while the compiler puts nothing on the stack between here and the
     * jump: from now on pushes and pops use another stack than the one this function began with.
     */
    __asm__ volatile("movs r3, #0\n\tldr r3, [r3]\n\tmsr msp, r3" ::: "r3");

    /*
     * Step 6, "reset the core". AIRCR bit 0 is VECTRESET of the Cortex-M3; the Cortex-M0+ has no
     * such bit, and nothing happens at all.
     */
    SCB->AIRCR = 0x05FA0001;

    /*
     * Step 7, the jump through the reset vector at address 4. It does reach the ROM. ROM V4.0 then
     * shows a DFU device. ROM V4.1 first reads word 0 of each flash bank, finds this program's
     * stack pointer there, and jumps straight back: the program starts again, no device appears.
     */
    __asm__ volatile("movs r3, #4\n\tldr r3, [r3]\n\tbx r3" ::: "r3");
}

int main(void)
{
    /*
     * Step 3, the check, first thing in main(). Clocks and interrupts are as after reset here, so
     * this is a good place; only the token is gone by now.
     */
    if (token == MAGIC) {
        token = 0;
        jump_to_rom();
    }

    clock_16mhz();
    board_init();
    board_print("forum-2017 starts\r\n");
    for (;;) {
        if (board_button(0)) {
            board_print("token set, reset\r\n");
            /* Step 2, the request and a real reset: bit 2, SYSRESETREQ. */
            token = MAGIC;
            SCB->AIRCR = SCB_AIRCR_SYSRESETREQ;
        }
        core_wait_for_interrupt();
    }
}

void SysTick_Handler(void)
{
}
