/* SPDX-License-Identifier: MIT */
/*
 * Not modelled: the requests of all but the USARTs, LPUART1 and the updates of TIM2, 3, 6 and 7: a
 * channel waits for them for ever.
 * Simplified: an item takes 5 HCLK cycles and the rest of the CPU's instruction, which does not
 * wait for the bus; the most urgent channel has its turn after each item.
 * Unconfirmed, and how it is read here:
 * - The request of a timer waits for its channel to be switched on.
 */
#include "board.h"

enum { DMA_ISR = 0x00, DMA_IFCR = 0x04, DMA_CHANNEL1 = 0x08, DMA_CSELR = 0xA8 };
enum { CHANNEL_CCR = 0x00, CHANNEL_CNDTR = 0x04, CHANNEL_CPAR = 0x08, CHANNEL_CMAR = 0x0C };

#define CHANNEL_SIZE  0x14
#define CCR_EN        UINT32_C(0x0001)
#define CCR_TCIE      UINT32_C(0x0002) /* TCIE, HTIE, TEIE stand as TCIF, HTIF, TEIF */
#define CCR_INTERRUPT UINT32_C(0x000E)
#define CCR_DIR       UINT32_C(0x0010) /* from memory */
#define CCR_CIRC      UINT32_C(0x0020)
#define CCR_PINC      UINT32_C(0x0040)
#define CCR_MINC      UINT32_C(0x0080)
#define CCR_MEM2MEM   UINT32_C(0x4000)
#define CCR_WRITE     UINT32_C(0x7FFF)
#define CCR_CONFIG    UINT32_C(0x7FF0) /* read-only while EN is set */
#define CSELR_WRITE   UINT32_C(0x0FFFFFFF)
#define ISR_GIF       UINT32_C(0x1)
#define ISR_TCIF      UINT32_C(0x2)
#define ISR_HTIF      UINT32_C(0x4)
#define ISR_TEIF      UINT32_C(0x8)
#define ITEM_CYCLES   5

/* RM0376, summary of the DMA requests for each channel: CSELR field, channels, where from. */
static const struct request {
    uint8_t select;
    uint8_t channels[2]; /* 1-7; 0: none */
    enum { TRANSMIT, RECEIVE, UPDATE } source;
    uint8_t index; /* of the USART; of the timer, for UPDATE */
} requests[] = {
    {3,  {2, 4}, TRANSMIT, 0},
    {3,  {3, 5}, RECEIVE,  0},
    {4,  {4, 7}, TRANSMIT, 1},
    {4,  {5, 6}, RECEIVE,  1},
    {5,  {2, 7}, TRANSMIT, 4},
    {5,  {3, 6}, RECEIVE,  4},
    {8,  {2, 0}, UPDATE,   0}, /* TIM2 */
    {9,  {2, 0}, UPDATE,   2}, /* TIM6 */
    {10, {3, 0}, UPDATE,   1}, /* TIM3 */
    {12, {3, 7}, TRANSMIT, 2},
    {12, {2, 6}, RECEIVE,  2},
    {13, {3, 7}, TRANSMIT, 3},
    {13, {2, 6}, RECEIVE,  3},
    {15, {4, 0}, UPDATE,   3}, /* TIM7 */
};

static const enum irq irqs[DMA_CHANNELS] = {IRQ_DMA1_1,   IRQ_DMA1_2_3, IRQ_DMA1_2_3, IRQ_DMA1_4_7,
                                            IRQ_DMA1_4_7, IRQ_DMA1_4_7, IRQ_DMA1_4_7};

static uint32_t flags(const struct dma *dma, unsigned channel)
{
    return dma->isr >> 4 * channel & 0xF;
}

static void update_irq(struct board *b, unsigned channel)
{
    uint32_t wanted = b->dma.channel[channel].ccr & CCR_INTERRUPT;

    nvic_drive(b, irqs[channel], channel, flags(&b->dma, channel) & wanted);
}

static void raise(struct board *b, unsigned channel, uint32_t flag)
{
    b->dma.isr |= (flag | ISR_GIF) << 4 * channel;
    update_irq(b, channel);
}

void dma_reset(struct board *b)
{
    b->dma = (struct dma){0};
    event_cancel(b, EVENT_DMA);
    for (unsigned i = 0; i < DMA_CHANNELS; i++)
        update_irq(b, i);
}

/* ---- Transfers ------------------------------------------------------------------------------- */

/* What a channel waits for; NULL: nothing that is modelled. */
static const struct request *selected(const struct board *b, unsigned channel)
{
    uint32_t select = b->dma.cselr >> 4 * channel & 0xF;

    for (unsigned i = 0; i < sizeof requests / sizeof requests[0]; i++)
        if (requests[i].select == select &&
            (requests[i].channels[0] == channel + 1 || requests[i].channels[1] == channel + 1))
            return &requests[i];
    return NULL;
}

static bool requested(const struct board *b, unsigned channel)
{
    const struct request *r = selected(b, channel);

    if (!r)
        return false;
    if (r->source == UPDATE)
        return tim_dma_request(b, r->index);
    return usart_dma_request(b, r->index, r->source == TRANSMIT);
}

/* The request of a USART falls by the item itself. */
static void acknowledge(struct board *b, unsigned channel)
{
    const struct request *r = selected(b, channel);

    if (r && r->source == UPDATE)
        tim_dma_acknowledge(b, r->index);
}

static bool ready(const struct board *b, unsigned channel)
{
    const struct dma_channel *c = &b->dma.channel[channel];

    return c->ccr & CCR_EN && c->cndtr && (c->ccr & CCR_MEM2MEM || requested(b, channel));
}

/* The ready channel with the highest PL, the lowest number among equals; DMA_CHANNELS: none. */
static unsigned next_channel(const struct board *b)
{
    unsigned best = DMA_CHANNELS;

    if (!rcc_enabled(b, RCC_GATE_DMA))
        return DMA_CHANNELS;
    for (unsigned i = 0; i < DMA_CHANNELS; i++)
        if (ready(b, i) && (best == DMA_CHANNELS || (b->dma.channel[i].ccr >> 12 & 3) >
                                                        (b->dma.channel[best].ccr >> 12 & 3)))
            best = i;
    return best;
}

void dma_look(struct board *b)
{
    if (b->time.due[EVENT_DMA] == NEVER && next_channel(b) < DMA_CHANNELS)
        event_after(b, EVENT_DMA, ITEM_CYCLES * b->time.period_ps);
}

/* Bytes of the two ends: PSIZE, MSIZE. The reserved value is that of words. */
static unsigned item_size(uint32_t ccr, unsigned shift)
{
    static const uint8_t sizes[4] = {1, 2, 4, 4};

    return sizes[ccr >> shift & 3];
}

/* A wider destination gets zeros above, a narrower one the low bytes (RM0376 DMA, data width). */
static bool move(struct board *b, const struct dma_channel *c)
{
    unsigned peripheral_size = item_size(c->ccr, 8), memory_size = item_size(c->ccr, 10);
    uint32_t value;

    if (c->ccr & CCR_DIR)
        return bus_dma_read(b, c->memory, memory_size, &value) &&
               bus_dma_write(b, c->peripheral, peripheral_size, value);
    return bus_dma_read(b, c->peripheral, peripheral_size, &value) &&
           bus_dma_write(b, c->memory, memory_size, value);
}

static void rewind_channel(struct dma_channel *c)
{
    c->peripheral = c->cpar & ~(item_size(c->ccr, 8) - 1);
    c->memory = c->cmar & ~(item_size(c->ccr, 10) - 1);
}

static void count_item(struct board *b, unsigned channel)
{
    struct dma_channel *c = &b->dma.channel[channel];

    c->peripheral += (c->ccr & CCR_PINC) ? item_size(c->ccr, 8) : 0;
    c->memory += (c->ccr & CCR_MINC) ? item_size(c->ccr, 10) : 0;
    c->cndtr--;
    if (c->cndtr == c->reload / 2)
        raise(b, channel, ISR_HTIF);
    if (c->cndtr)
        return;
    raise(b, channel, ISR_TCIF);
    if (c->ccr & CCR_CIRC) {
        c->cndtr = c->reload;
        rewind_channel(c);
    }
}

/* A transfer error switches the channel off (RM0376 DMA, error management). */
void dma_event(struct board *b)
{
    unsigned channel = next_channel(b);

    if (channel == DMA_CHANNELS)
        return;
    acknowledge(b, channel); /* first: the item itself may make an update */
    if (move(b, &b->dma.channel[channel])) {
        count_item(b, channel);
    } else {
        b->dma.channel[channel].ccr &= ~CCR_EN;
        raise(b, channel, ISR_TEIF);
    }
    dma_look(b);
}

/* ---- Registers ------------------------------------------------------------------------------- */

static void write_ccr(struct board *b, unsigned channel, uint32_t value, uint32_t mask)
{
    struct dma_channel *c = &b->dma.channel[channel];
    uint32_t old = c->ccr;

    bus_merge(&c->ccr, value, mask & CCR_WRITE & ((old & CCR_EN) ? ~CCR_CONFIG : UINT32_MAX));
    if ((c->ccr & (CCR_EN | CCR_MEM2MEM | CCR_CIRC)) == (CCR_EN | CCR_MEM2MEM | CCR_CIRC))
        board_complain(b, L072_STOP_RULE, 0, "DMA1 channel %u: MEM2MEM and CIRC exclude each other",
                       channel + 1);
    if (c->ccr & ~old & CCR_EN)
        rewind_channel(c);
    update_irq(b, channel);
    dma_look(b);
}

/* False: the channel is on, and takes no write to its counter and addresses. */
static bool check_off(struct board *b, unsigned channel)
{
    if (!(b->dma.channel[channel].ccr & CCR_EN))
        return true;
    board_complain(b, L072_STOP_RULE, 0,
                   "DMA1 channel %u is written while its EN is set: clear EN first", channel + 1);
    return false;
}

static void write_channel(struct board *b, unsigned channel, uint32_t offset, uint32_t value,
                          uint32_t mask)
{
    struct dma_channel *c = &b->dma.channel[channel];

    if (offset == CHANNEL_CCR) {
        write_ccr(b, channel, value, mask);
        return;
    }
    if (!check_off(b, channel))
        return;
    switch (offset) {
    case CHANNEL_CNDTR:
        bus_merge(&c->cndtr, value, mask & 0xFFFF);
        c->reload = c->cndtr;
        break;
    case CHANNEL_CPAR: bus_merge(&c->cpar, value, mask); break;
    case CHANNEL_CMAR: bus_merge(&c->cmar, value, mask); break;
    default: bus_no_register(b, "DMA1", DMA_CHANNEL1 + channel * CHANNEL_SIZE + offset); break;
    }
}

static uint32_t read_channel(struct board *b, unsigned channel, uint32_t offset)
{
    const struct dma_channel *c = &b->dma.channel[channel];

    switch (offset) {
    case CHANNEL_CCR: return c->ccr;
    case CHANNEL_CNDTR: return c->cndtr;
    case CHANNEL_CPAR: return c->cpar;
    case CHANNEL_CMAR: return c->cmar;
    default: bus_no_register(b, "DMA1", DMA_CHANNEL1 + channel * CHANNEL_SIZE + offset); return 0;
    }
}

/* CGIF clears all flags of its channel (RM0376 DMA_IFCR). */
static void write_ifcr(struct board *b, uint32_t value)
{
    for (unsigned i = 0; i < DMA_CHANNELS; i++) {
        uint32_t clear = value >> 4 * i & 0xF;

        if (clear & ISR_GIF)
            clear = 0xF;
        b->dma.isr &= ~(clear << 4 * i);
        if (flags(&b->dma, i) == ISR_GIF)
            b->dma.isr &= ~(ISR_GIF << 4 * i);
        update_irq(b, i);
    }
}

/* Channel of an offset that is one of its registers. */
static bool find_channel(uint32_t offset, unsigned *channel)
{
    *channel = (offset - DMA_CHANNEL1) / CHANNEL_SIZE;
    return offset >= DMA_CHANNEL1 && *channel < DMA_CHANNELS;
}

uint32_t dma_read(struct board *b, uint32_t offset)
{
    unsigned channel;

    if (find_channel(offset, &channel))
        return read_channel(b, channel, (offset - DMA_CHANNEL1) % CHANNEL_SIZE);
    switch (offset) {
    case DMA_ISR: return b->dma.isr;
    case DMA_IFCR: return 0;
    case DMA_CSELR: return b->dma.cselr;
    default: bus_no_register(b, "DMA1", offset); return 0;
    }
}

void dma_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    unsigned channel;

    if (find_channel(offset, &channel)) {
        write_channel(b, channel, (offset - DMA_CHANNEL1) % CHANNEL_SIZE, value, mask);
        return;
    }
    switch (offset) {
    case DMA_ISR: break;
    case DMA_IFCR: write_ifcr(b, value & mask); break;
    case DMA_CSELR: bus_merge(&b->dma.cselr, value, mask & CSELR_WRITE); break;
    default: bus_no_register(b, "DMA1", offset); return;
    }
    dma_look(b);
}
