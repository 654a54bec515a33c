/* SPDX-License-Identifier: MIT */
/* USART1, 2, 4 and 5 (RM0376 USART), index 0-3. */
#ifndef SIM_USART_H
#define SIM_USART_H

#include <stdbool.h>
#include <stdint.h>

struct board;

struct usart {
    uint32_t cr1, cr2, cr3, brr, gtpr, rtor, tdr;
    bool txe, tc;
    bool shifting; /* a frame is on the wire */
    uint8_t shift; /* ... with these data bits */
};

void usart_reset(struct board *b, unsigned index);
uint32_t usart_read(struct board *b, unsigned index, uint32_t offset);
void usart_write(struct board *b, unsigned index, uint32_t offset, uint32_t value, uint32_t mask);
void usart_event(struct board *b, unsigned index);

#endif
