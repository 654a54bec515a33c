/* SPDX-License-Identifier: MIT */
/* The vector table, as far as it is needed: no interrupt is ever enabled. */
#include "boot.h"

extern uint32_t _estack[];

typedef void (*vector)(void);

/* A fault starts over, too. */
IN_FLASH void boot_restart(void)
{
    SCB->AIRCR = SCB_AIRCR_SYSRESETREQ;
    for (;;)
        ;
}

/* ST's ROM, which may have started this image, has left its own stack pointer. */
__attribute__((naked, noreturn)) IN_FLASH void boot_reset(void)
{
    __asm__("ldr r0, =_estack\n\t"
            "mov sp, r0\n\t"
            "bl boot\n\t"
            ".ltorg");
}

__attribute__((section(".vectors"), used)) static const vector vectors[] = {
    (vector)(uintptr_t)_estack,
    boot_reset,
    boot_restart,         /* NMI */
    boot_restart,         /* HardFault */
    (vector)BOOT_REQUEST, /* dfuse_resident.c knows the bootloader by it */
};
