/* SPDX-License-Identifier: MIT */
/*
 * Not modelled: reception (RE only sets REACK), break, idle and preamble frames, flow control,
 * synchronous, smartcard, IrDA, LIN and auto-baud modes, DMA requests.
 * Simplified: TEACK and REACK follow TE and RE at once; a frame keeps the baud rate it began with.
 */
#include "board.h"

enum {
    USART_CR1 = 0x00,
    USART_CR2 = 0x04,
    USART_CR3 = 0x08,
    USART_BRR = 0x0C,
    USART_GTPR = 0x10,
    USART_RTOR = 0x14,
    USART_RQR = 0x18,
    USART_ISR = 0x1C,
    USART_ICR = 0x20,
    USART_RDR = 0x24,
    USART_TDR = 0x28
};

#define CR1_UE         UINT32_C(0x00000001)
#define CR1_RE         UINT32_C(0x00000004)
#define CR1_TE         UINT32_C(0x00000008)
#define CR1_TCIE       UINT32_C(0x00000040)
#define CR1_TXEIE      UINT32_C(0x00000080)
#define CR1_PCE        UINT32_C(0x00000400)
#define CR1_M0         UINT32_C(0x00001000)
#define CR1_OVER8      UINT32_C(0x00008000)
#define CR1_M1         UINT32_C(0x10000000)
#define CR1_WRITE      UINT32_C(0x1FFFFFFF)
#define CR2_STOP_SHIFT 12
#define CR3_WRITE      UINT32_C(0x00FFFFFF)
#define ISR_TC         UINT32_C(0x00000040)
#define ISR_TXE        UINT32_C(0x00000080)
#define ISR_TEACK      UINT32_C(0x00200000)
#define ISR_REACK      UINT32_C(0x00400000)

static const struct {
    unsigned number; /* n of USARTn */
    enum event event;
    enum irq irq;
    unsigned irq_source;
} ports[4] = {
    {1, EVENT_USART1, IRQ_USART1,   0},
    {2, EVENT_USART2, IRQ_USART2,   0},
    {4, EVENT_USART4, IRQ_USART4_5, 0},
    {5, EVENT_USART5, IRQ_USART4_5, 1},
};

static uint32_t status(const struct usart *u)
{
    uint32_t isr = (u->txe ? ISR_TXE : 0) | (u->tc ? ISR_TC : 0);

    if (u->cr1 & CR1_UE)
        isr |= ((u->cr1 & CR1_TE) ? ISR_TEACK : 0) | ((u->cr1 & CR1_RE) ? ISR_REACK : 0);
    return isr;
}

static void update_irq(struct board *b, unsigned index)
{
    const struct usart *u = &b->usart[index];
    bool level = (u->txe && u->cr1 & CR1_TXEIE) || (u->tc && u->cr1 & CR1_TCIE);

    nvic_drive(b, ports[index].irq, ports[index].irq_source, level);
}

/* Nothing is being sent, and TDR is free. */
static void go_idle(struct board *b, unsigned index)
{
    struct usart *u = &b->usart[index];

    u->txe = u->tc = true;
    u->shifting = false;
    event_cancel(b, ports[index].event);
    update_irq(b, index);
}

void usart_reset(struct board *b, unsigned index)
{
    b->usart[index] = (struct usart){0};
    go_idle(b, index);
}

/* ---- Transmission ---------------------------------------------------------------------------- */

/* Bits of a word, the parity bit included. */
static unsigned word_bits(const struct usart *u)
{
    if (u->cr1 & CR1_M1)
        return 7;
    return (u->cr1 & CR1_M0) ? 9 : 8;
}

/* Half bits of a frame: start bit, word, stop bits. */
static unsigned frame_half_bits(const struct usart *u)
{
    static const uint8_t stop_half_bits[4] = {2, 1, 4, 3}; /* CR2.STOP */

    return 2 * (1 + word_bits(u)) + stop_half_bits[u->cr2 >> CR2_STOP_SHIFT & 3];
}

/* BRR counts kernel clocks per bit; with OVER8 it counts them per two bits, and BRR[2:0] stands
 * shifted right by one (RM0376 USART baud rate generation). */
static uint32_t clocks_per_two_bits(const struct usart *u)
{
    if (u->cr1 & CR1_OVER8)
        return (u->brr & 0xFFF0) | (u->brr & 7) << 1;
    return 2 * u->brr;
}

static void start_frame(struct board *b, unsigned index)
{
    struct usart *u = &b->usart[index];
    unsigned data_bits = word_bits(u) - ((u->cr1 & CR1_PCE) ? 1 : 0);
    uint64_t two_bits = clocks_per_two_bits(u) * rcc_usart_period(b, index);

    u->shift = (uint8_t)(u->tdr & ((1u << data_bits) - 1));
    u->shifting = true;
    u->txe = true;
    event_after(b, ports[index].event, two_bits * frame_half_bits(u) / 4);
}

void usart_event(struct board *b, unsigned index)
{
    struct usart *u = &b->usart[index];

    board_log(b, L072_EVENT_UART, ports[index].number << 8 | u->shift, 0);
    u->shifting = false;
    if (u->txe)
        u->tc = true;
    else
        start_frame(b, index);
    update_irq(b, index);
}

static const char *cannot_send(const struct board *b, unsigned index)
{
    const struct usart *u = &b->usart[index];

    if (!(u->cr1 & CR1_UE) || !(u->cr1 & CR1_TE))
        return "while UE or TE is off: the byte is lost";
    if (!u->txe)
        return "while TXE is 0: the byte before is lost";
    if (clocks_per_two_bits(u) < 2 * 8)
        return "without a baud rate in BRR";
    if (!rcc_usart_period(b, index))
        return "while its clock (RCC_CCIPR) is off";
    return NULL;
}

static void write_tdr(struct board *b, unsigned index, uint32_t value)
{
    struct usart *u = &b->usart[index];
    const char *why = cannot_send(b, index);

    if (why)
        board_complain(b, L072_STOP_RULE, 0, "USART%u_TDR is written %s", ports[index].number, why);
    u->tdr = value & 0x1FF;
    if (why && u->txe)
        return;
    u->txe = u->tc = false;
    if (!u->shifting)
        start_frame(b, index);
}

/* ---- Registers ------------------------------------------------------------------------------- */

static void write_brr(struct board *b, unsigned index, uint32_t value, uint32_t mask)
{
    if (b->usart[index].cr1 & CR1_UE)
        board_complain(b, L072_STOP_RULE, 0, "USART%u_BRR is written while UE is set",
                       ports[index].number);
    else
        bus_merge(&b->usart[index].brr, value, mask & 0xFFFF);
}

uint32_t usart_read(struct board *b, unsigned index, uint32_t offset)
{
    const struct usart *u = &b->usart[index];

    switch (offset) {
    case USART_CR1: return u->cr1;
    case USART_CR2: return u->cr2;
    case USART_CR3: return u->cr3;
    case USART_BRR: return u->brr;
    case USART_GTPR: return u->gtpr;
    case USART_RTOR: return u->rtor;
    case USART_ISR: return status(u);
    case USART_TDR: return u->tdr;
    case USART_RQR:
    case USART_ICR:
    case USART_RDR: return 0;
    default: bus_no_register(b, "USART", offset); return 0;
    }
}

void usart_write(struct board *b, unsigned index, uint32_t offset, uint32_t value, uint32_t mask)
{
    struct usart *u = &b->usart[index];

    switch (offset) {
    case USART_CR1: bus_merge(&u->cr1, value, mask & CR1_WRITE); break;
    case USART_CR2: bus_merge(&u->cr2, value, mask); break;
    case USART_CR3: bus_merge(&u->cr3, value, mask & CR3_WRITE); break;
    case USART_BRR: write_brr(b, index, value, mask); break;
    case USART_GTPR: bus_merge(&u->gtpr, value, mask & 0xFFFF); break;
    case USART_RTOR: bus_merge(&u->rtor, value, mask); break;
    case USART_ICR: u->tc = u->tc && !(value & mask & ISR_TC); break;
    case USART_TDR: write_tdr(b, index, value & mask); break;
    case USART_RQR:
    case USART_ISR:
    case USART_RDR: break;
    default: bus_no_register(b, "USART", offset); break;
    }
    if (!(u->cr1 & CR1_UE) && offset == USART_CR1)
        go_idle(b, index);
    update_irq(b, index);
}
