/* SPDX-License-Identifier: MIT */
/* DMA1 (RM0376 DMA), 0x40020000. */
#ifndef SIM_DMA_H
#define SIM_DMA_H

#include <stdint.h>

struct board;

#define DMA_CHANNELS 7

struct dma {
    uint32_t isr, cselr;
    struct dma_channel {
        uint32_t ccr, cndtr, cpar, cmar;
        uint32_t reload;             /* CNDTR as written */
        uint32_t peripheral, memory; /* next addresses */
    } channel[DMA_CHANNELS];
};

void dma_reset(struct board *b);
uint32_t dma_read(struct board *b, uint32_t offset);
void dma_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);
void dma_event(struct board *b);
/* A request of a peripheral may have risen. */
void dma_look(struct board *b);

#endif
