/* SPDX-License-Identifier: MIT */
/* Instructions of the Cortex-M0+ that C has no words for. */
#ifndef STM32L0_CORE_H
#define STM32L0_CORE_H

#include <stdint.h>

/* Where the caller is, in flash or RAM. */
#define ALWAYS_INLINE __attribute__((always_inline)) static inline

/* Masks interrupts; returns what core_restore_interrupts() needs to put things back. */
ALWAYS_INLINE uint32_t core_mask_interrupts(void)
{
    uint32_t primask;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask) : : "memory");
    return primask;
}

ALWAYS_INLINE void core_restore_interrupts(uint32_t primask)
{
    __asm__ volatile("msr primask, %0" : : "r"(primask) : "memory");
}

ALWAYS_INLINE void core_enable_interrupts(void)
{
    __asm__ volatile("cpsie i" : : : "memory");
}

/* Sleeps until an interrupt is pending, masked or not. */
ALWAYS_INLINE void core_wait_for_interrupt(void)
{
    __asm__ volatile("dsb\n\twfi" : : : "memory");
}

/* Lets three or four cycles pass `loops` times, from 1 on; more where wait states are. */
ALWAYS_INLINE void core_delay(uint32_t loops)
{
    do
        __asm__ volatile("" : "+r"(loops)); /* or the compiler leaves the loop out */
    while (--loops);
}

/* Loads MSP and branches to `entry` (bit 0 set), with no stack access in between. */
__attribute__((noreturn)) ALWAYS_INLINE void core_start(uint32_t msp, uint32_t entry)
{
    __asm__ volatile("msr msp, %0\n\tbx %1" : : "r"(msp), "r"(entry) : "memory");
    __builtin_unreachable();
}

#endif
