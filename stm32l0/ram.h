/* SPDX-License-Identifier: MIT */
/* Start-up of what lies in RAM, by the symbols of the linker script (see startup.c). */
#ifndef STM32L0_RAM_H
#define STM32L0_RAM_H

#include <stdint.h>

extern const uint32_t _sidata[];
extern uint32_t _sdata[], _edata[], _ebss[];

/* Fills .data and clears .bss, which follows it. Volatile, or the compiler makes calls of memcpy()
 * and memset(). */
static inline void ram_prepare(void)
{
    const uint32_t *from = _sidata;
    volatile uint32_t *to = _sdata;
    while (to != _edata)
        *to++ = *from++;
    while (to != _ebss)
        *to++ = 0;
}

#endif
