/* SPDX-License-Identifier: MIT */
/* USART1, 2, 4 and 5 (RM0376 USART), index 0-3, and LPUART1 (RM0376 LPUART), index 4. */
#ifndef SIM_USART_H
#define SIM_USART_H

#include <stdbool.h>
#include <stdint.h>

struct board;

#define USART_COUNT 5
#define USART_QUEUE 64 /* bytes on their way to the receiver */

struct usart {
    uint32_t cr1, cr2, cr3, brr, gtpr, rtor, tdr, rdr;
    bool txe, tc, rxne, ore, idle, cmf;
    bool shifting;                      /* a frame is on the wire */
    uint8_t shift;                      /* ... with these data bits */
    uint8_t queue[USART_QUEUE], queued; /* the first one is on the wire */
};

void usart_reset(struct board *b, unsigned index);
uint32_t usart_read(struct board *b, unsigned index, uint32_t offset);
void usart_write(struct board *b, unsigned index, uint32_t offset, uint32_t value, uint32_t mask);
void usart_event(struct board *b, unsigned index);         /* end of a frame sent */
void usart_receive_event(struct board *b, unsigned index); /* ... received, or line idle */

/* l072_uart_receive(). */
int usart_receive(struct board *b, unsigned port, uint8_t byte);
/* The request to DMA1 to fill TDR (transmit) or empty RDR. */
bool usart_dma_request(const struct board *b, unsigned index, bool transmit);

#endif
