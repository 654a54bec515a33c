/* SPDX-License-Identifier: MIT */
/*
 * dfuse.h for applications behind the resident bootloader (boot/), in place of dfuse.c. Link with
 * dfuse_resident.ld.
 */
#include "dfuse.h"

#include <stdint.h>

#define SCB_AIRCR   (*(volatile uint32_t *)0xE000ED0Cu)
#define SYSRESETREQ 0x05FA0004u
/* Behind the four vectors of the bootloader. */
#define SIGNATURE (*(const volatile uint32_t *)0x08000010u)

extern volatile uint32_t dfuse_token[2]; /* placed by dfuse_resident.ld */

void dfuse_RunBootloader(void)
{
    dfuse_token[0] = SYSRESETREQ;
    dfuse_token[1] = ~SYSRESETREQ;
    SCB_AIRCR = SYSRESETREQ;
    for (;;)
        ;
}

/* The bootloader needs no latch: without a complete application it stays. */
enum dfuse_Reason dfuse_RunBootloaderLatched(void)
{
    enum dfuse_Reason reason = dfuse_WhyNot();

    if (reason == DFUSE_READY)
        dfuse_RunBootloader();
    return reason;
}

/* The bootloader has taken the request before the application started. */
void dfuse_CheckAndRun(void)
{
}

enum dfuse_Reason dfuse_WhyNot(void)
{
    return SIGNATURE == SYSRESETREQ ? DFUSE_READY : DFUSE_NO_RESIDENT;
}
