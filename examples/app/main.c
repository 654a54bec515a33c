/* SPDX-License-Identifier: MIT */
/*
 * An ordinary application with USB. It enters ROM DFU
 *   - when a host asks for it by the DFU runtime interface (dfu-util does),
 *   - on a button at PA0 (high when pressed), once, or at PA1, latched.
 * It writes a line a second to USART2 (PA2, 115200 baud).
 *
 * Build options, all with a default:
 *   APP_VERSION   shown in the product string and in bcdDevice
 *   APP_LATCHED   1: a host's request is latched, 0: once
 *   CALL_SITE     where dfuse_CheckAndRun() is called, see below
 */
#include <stdbool.h>
#include <stdint.h>

#include "../common/board.h"
#include "dfuse.h"
#include "stm32l0/clock.h"
#include "stm32l0/core.h"
#include "stm32l0/regs.h"
#include "usb/usbd.h"
#include "usb.h"

#define IN_RESET_HANDLER 0
#define IN_SYSTEM_INIT   1
#define IN_MAIN          2
#ifndef CALL_SITE
#define CALL_SITE IN_RESET_HANDLER
#endif
#ifndef APP_LATCHED
#define APP_LATCHED 0
#endif

#if CALL_SITE == IN_RESET_HANDLER
void start(void);

/* The earliest place there is: SP is loaded, nothing else has happened. */
__attribute__((naked, noreturn)) void Reset_Handler(void)
{
    __asm__("ldr r0, =_estack\n\t"
            "mov sp, r0\n\t"
            "bl dfuse_CheckAndRun\n\t"
            "bl start\n\t"
            ".ltorg");
}
#elif CALL_SITE == IN_SYSTEM_INIT
/* Start-up code calls this before it fills .data and clears .bss. */
void SystemInit(void)
{
    dfuse_CheckAndRun();
}
#endif

static struct {
    volatile uint32_t milliseconds;
    volatile bool detach; /* the host asked for DFU, and knows that it will get it */
} app;

void SysTick_Handler(void)
{
    app.milliseconds++;
}

void USB_IRQHandler(void)
{
    usbd_poll();
}

void app_detach(void)
{
    app.detach = true;
}

/* Returns when it cannot be done, after saying why. */
static void enter_dfu(bool latched)
{
    enum dfuse_Reason reason = dfuse_WhyNot();

    board_print(latched ? "DFU asked for, latched\r\n" : "DFU asked for, once\r\n");
    if (reason == DFUSE_READY && latched)
        reason = dfuse_RunBootloaderLatched();
    if (reason == DFUSE_READY)
        dfuse_RunBootloader();
    board_print("no DFU: ");
    board_print(dfuse_ReasonText(reason));
    board_print("\r\n");
}

int main(void)
{
    uint32_t second = 0;

#if CALL_SITE == IN_MAIN
    dfuse_CheckAndRun();
#endif
    clock_16mhz();
    clock_usb();
    board_init();
    board_print(APP_NAME " starts\r\n");
    usbd_connect();
    NVIC->ISER = 1u << IRQ_USB;
    for (;;) {
        if (board_button(0))
            enter_dfu(false);
        if (board_button(1))
            enter_dfu(true);
        if (app.detach) {
            app.detach = false;
            enter_dfu(APP_LATCHED);
        }
        if (app.milliseconds / 1000 != second) {
            second = app.milliseconds / 1000;
            board_print(APP_NAME " runs\r\n");
        }
        core_wait_for_interrupt();
    }
}
