/* SPDX-License-Identifier: MIT */
/* Start-up of what lies in RAM, by the symbols of the linker script (see startup.c). */
#ifndef STM32L0_RAM_H
#define STM32L0_RAM_H

#include <stdint.h>

extern const uint32_t _sidata[];
extern uint32_t _sdata[], _edata[], _sbss[], _ebss[];

/* Fills .data and clears .bss. Volatile, or the compiler makes calls of memcpy() and memset(). */
static inline void ram_prepare(void)
{
    const uint32_t *from = _sidata;
    for (volatile uint32_t *to = _sdata; to != _edata; to++)
        *to = *from++;
    for (volatile uint32_t *to = _sbss; to != _ebss; to++)
        *to = 0;
}

#endif
