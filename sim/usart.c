/* SPDX-License-Identifier: MIT */
/*
 * Not modelled: break, CTS flow control, mute, single-wire, synchronous, smartcard, IrDA, LIN and
 * auto-baud modes, receiver timeout, end of block, wake-up from Stop: these stop the board. Line
 * errors: PE, FE and NE never rise. Idle and preamble frames, RTS and DE pins. Simplified: TEACK
 * and REACK follow TE and RE at once; a frame keeps the baud rate it began with; who sends to a
 * port has its settings; LPUART1 keeps the bits of OVER8, too.
 */
#include "board.h"

#include <string.h>

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

enum { LPUART1 = 4 }; /* its index */

#define CR1_UE         UINT32_C(0x00000001)
#define CR1_RE         UINT32_C(0x00000004)
#define CR1_TE         UINT32_C(0x00000008)
#define CR1_IDLEIE     UINT32_C(0x00000010)
#define CR1_RXNEIE     UINT32_C(0x00000020)
#define CR1_TCIE       UINT32_C(0x00000040)
#define CR1_TXEIE      UINT32_C(0x00000080)
#define CR1_PS         UINT32_C(0x00000200)
#define CR1_PCE        UINT32_C(0x00000400)
#define CR1_M0         UINT32_C(0x00001000)
#define CR1_CMIE       UINT32_C(0x00004000)
#define CR1_OVER8      UINT32_C(0x00008000)
#define CR1_M1         UINT32_C(0x10000000)
#define CR1_WRITE      UINT32_C(0x1FFFFFFF)
#define CR2_STOP_SHIFT 12
#define CR2_ADD_SHIFT  24
#define CR3_EIE        UINT32_C(0x00000001)
#define CR3_DMAR       UINT32_C(0x00000040)
#define CR3_DMAT       UINT32_C(0x00000080)
#define CR3_OVRDIS     UINT32_C(0x00001000)
#define CR3_WRITE      UINT32_C(0x00FFFFFF)
#define ISR_ORE        UINT32_C(0x00000008)
#define ISR_IDLE       UINT32_C(0x00000010)
#define ISR_RXNE       UINT32_C(0x00000020)
#define ISR_TC         UINT32_C(0x00000040)
#define ISR_TXE        UINT32_C(0x00000080)
#define ISR_BUSY       UINT32_C(0x00010000)
#define ISR_CMF        UINT32_C(0x00020000)
#define ISR_TEACK      UINT32_C(0x00200000)
#define ISR_REACK      UINT32_C(0x00400000)
#define RQR_RXFRQ      UINT32_C(0x00000008)

static const struct {
    const char *name;
    unsigned number; /* in l072.h */
    enum event event, receive_event;
    enum irq irq;
    unsigned irq_source;
} ports[USART_COUNT] = {
    {"USART1",  1,            EVENT_USART1,  EVENT_USART1_RX,  IRQ_USART1,      0},
    {"USART2",  2,            EVENT_USART2,  EVENT_USART2_RX,  IRQ_USART2,      0},
    {"USART4",  4,            EVENT_USART4,  EVENT_USART4_RX,  IRQ_USART4_5,    0},
    {"USART5",  5,            EVENT_USART5,  EVENT_USART5_RX,  IRQ_USART4_5,    1},
    {"LPUART1", L072_LPUART1, EVENT_LPUART1, EVENT_LPUART1_RX, IRQ_RNG_LPUART1, 2},
};

/* What stops the board when it is switched on. */
static const struct {
    uint32_t offset, bits;
    const char *names;
} not_modelled[] = {
    {USART_CR1, 0x0C002002, "CR1.UESM, MME, RTOIE or EOBIE"   },
    {USART_CR2, 0x00904800, "CR2.CLKEN, LINEN, ABREN or RTOEN"},
    {USART_CR3, 0x0000022A, "CR3.IREN, HDSEL, SCEN or CTSE"   },
    {USART_RQR, 0x00000007, "RQR.ABRRQ, SBKRQ or MMRQ"        },
};

static uint32_t status(const struct usart *u)
{
    uint32_t isr = (u->txe ? ISR_TXE : 0) | (u->tc ? ISR_TC : 0) | (u->rxne ? ISR_RXNE : 0) |
                   (u->ore ? ISR_ORE : 0) | (u->idle ? ISR_IDLE : 0) | (u->cmf ? ISR_CMF : 0) |
                   (u->queued ? ISR_BUSY : 0);

    if (u->cr1 & CR1_UE)
        isr |= ((u->cr1 & CR1_TE) ? ISR_TEACK : 0) | ((u->cr1 & CR1_RE) ? ISR_REACK : 0);
    return isr;
}

/* Interrupts and DMA requests. */
static void update(struct board *b, unsigned index)
{
    const struct usart *u = &b->usart[index];
    bool level = (u->txe && u->cr1 & CR1_TXEIE) || (u->tc && u->cr1 & CR1_TCIE) ||
                 ((u->rxne || u->ore) && u->cr1 & CR1_RXNEIE) || (u->idle && u->cr1 & CR1_IDLEIE) ||
                 (u->ore && u->cr3 & CR3_EIE) || (u->cmf && u->cr1 & CR1_CMIE);

    nvic_drive(b, ports[index].irq, ports[index].irq_source, level);
    dma_look(b);
}

static bool enabled(const struct usart *u, uint32_t direction)
{
    return u->cr1 & CR1_UE && u->cr1 & direction;
}

bool usart_dma_request(const struct board *b, unsigned index, bool transmit)
{
    const struct usart *u = &b->usart[index];

    if (transmit)
        return u->cr3 & CR3_DMAT && u->txe && enabled(u, CR1_TE);
    return u->cr3 & CR3_DMAR && u->rxne;
}

/* What is on its way to the receiver is lost. */
static void stop_reception(struct board *b, unsigned index)
{
    b->usart[index].queued = 0;
    event_cancel(b, ports[index].receive_event);
}

/* Nothing is being sent, and TDR is free; nothing was received. */
static void go_idle(struct board *b, unsigned index)
{
    struct usart *u = &b->usart[index];

    u->txe = u->tc = true;
    u->shifting = u->rxne = u->ore = u->idle = u->cmf = false;
    event_cancel(b, ports[index].event);
    stop_reception(b, index);
    update(b, index);
}

void usart_reset(struct board *b, unsigned index)
{
    b->usart[index] = (struct usart){0};
    go_idle(b, index);
}

/* ---- Frames ---------------------------------------------------------------------------- */

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
 * shifted right by one (RM0376 USART baud rate generation). That of LPUART1 counts 256ths. */
static uint64_t clocks_per_512_bits(const struct board *b, unsigned index)
{
    const struct usart *u = &b->usart[index];

    if (index == LPUART1)
        return UINT64_C(2) * u->brr;
    if (u->cr1 & CR1_OVER8)
        return UINT64_C(256) * ((u->brr & 0xFFF0) | (u->brr & 7) << 1);
    return UINT64_C(512) * u->brr;
}

static uint64_t frame_ps(const struct board *b, unsigned index)
{
    uint64_t two_bits = clocks_per_512_bits(b, index) * rcc_usart_period(b, index) / 256;

    return two_bits * frame_half_bits(&b->usart[index]) / 4;
}

/* Why there is no baud rate; NULL: there is one. RM0376: BRR at least 16, 0x300 in LPUART1. */
static const char *no_rate(const struct board *b, unsigned index)
{
    if (clocks_per_512_bits(b, index) < (index == LPUART1 ? 2 * 0x300 : 512 * 8))
        return "without a baud rate in BRR";
    if (!rcc_usart_period(b, index))
        return "while its clock (RCC_CCIPR) is off";
    return NULL;
}

/* Data bits: the word without its parity bit. */
static uint32_t data_mask(const struct usart *u)
{
    return (1u << (word_bits(u) - ((u->cr1 & CR1_PCE) ? 1 : 0))) - 1;
}

/* ---- Transmission ---------------------------------------------------------------------------- */

static void start_frame(struct board *b, unsigned index)
{
    struct usart *u = &b->usart[index];

    u->shift = (uint8_t)(u->tdr & data_mask(u));
    u->shifting = true;
    u->txe = true;
    event_after(b, ports[index].event, frame_ps(b, index));
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
    update(b, index);
}

static const char *cannot_send(const struct board *b, unsigned index)
{
    const struct usart *u = &b->usart[index];

    if (!enabled(u, CR1_TE))
        return "while UE or TE is off: the byte is lost";
    if (!u->txe)
        return "while TXE is 0: the byte before is lost";
    return no_rate(b, index);
}

static void write_tdr(struct board *b, unsigned index, uint32_t value)
{
    struct usart *u = &b->usart[index];
    const char *why = cannot_send(b, index);

    if (why)
        board_complain(b, L072_STOP_RULE, 0, "%s_TDR is written %s", ports[index].name, why);
    u->tdr = value & 0x1FF;
    if (why && u->txe)
        return;
    u->txe = u->tc = false;
    if (!u->shifting)
        start_frame(b, index);
}

/* ---- Reception ------------------------------------------------------------------------------- */

/* The word as it stands in RDR: the parity bit, even or odd (PS), above the data. */
static uint32_t received_word(const struct usart *u, uint8_t byte)
{
    uint32_t data = byte & data_mask(u), parity = (u->cr1 & CR1_PS) ? 1 : 0;

    if (!(u->cr1 & CR1_PCE))
        return data;
    for (uint32_t rest = data; rest; rest >>= 1)
        parity ^= rest & 1;
    return data | parity * (data_mask(u) + 1);
}

/* With RDR full the new word is lost, or the old one if OVRDIS is set (RM0376 USART, overrun). */
static void take_word(struct usart *u)
{
    if (u->rxne && !(u->cr3 & CR3_OVRDIS)) {
        u->ore = true;
        return;
    }
    u->rdr = received_word(u, u->queue[0]);
    u->rxne = true;
    u->cmf = u->cmf || (u->queue[0] & data_mask(u)) == u->cr2 >> CR2_ADD_SHIFT;
}

void usart_receive_event(struct board *b, unsigned index)
{
    struct usart *u = &b->usart[index];

    if (u->queued) {
        take_word(u);
        memmove(u->queue, u->queue + 1, --u->queued);
        event_after(b, ports[index].receive_event, frame_ps(b, index));
    } else {
        u->idle = true;
    }
    update(b, index);
}

static bool find_port(unsigned number, unsigned *index)
{
    for (unsigned i = 0; i < USART_COUNT; i++)
        if (ports[i].number == number) {
            *index = i;
            return true;
        }
    return false;
}

int usart_receive(struct board *b, unsigned port, uint8_t byte)
{
    unsigned index;
    struct usart *u;

    if (!find_port(port, &index))
        return L072_ERR_NAME;
    u = &b->usart[index];
    if (!b->powered || b->time.halted || !enabled(u, CR1_RE) || no_rate(b, index))
        return L072_ERR_GONE;
    if (u->queued == USART_QUEUE)
        return L072_ERR_FULL;
    u->queue[u->queued++] = byte;
    if (u->queued == 1)
        event_after(b, ports[index].receive_event, frame_ps(b, index));
    return 0;
}

static uint32_t read_rdr(struct board *b, unsigned index)
{
    b->usart[index].rxne = false;
    update(b, index);
    return b->usart[index].rdr;
}

/* ---- Registers ------------------------------------------------------------------------------- */

static void write_brr(struct board *b, unsigned index, uint32_t value, uint32_t mask)
{
    if (b->usart[index].cr1 & CR1_UE)
        board_complain(b, L072_STOP_RULE, 0, "%s_BRR is written while UE is set",
                       ports[index].name);
    else
        bus_merge(&b->usart[index].brr, value, mask & (index == LPUART1 ? 0xFFFFF : 0xFFFF));
}

static void write_cr1(struct board *b, unsigned index, uint32_t value, uint32_t mask)
{
    struct usart *u = &b->usart[index];

    bus_merge(&u->cr1, value, mask & CR1_WRITE);
    if (!(u->cr1 & CR1_UE))
        go_idle(b, index);
    if (!enabled(u, CR1_RE))
        stop_reception(b, index);
}

static void clear_flags(struct usart *u, uint32_t flags)
{
    u->tc = u->tc && !(flags & ISR_TC);
    u->ore = u->ore && !(flags & ISR_ORE);
    u->idle = u->idle && !(flags & ISR_IDLE);
    u->cmf = u->cmf && !(flags & ISR_CMF);
}

static void check_modelled(struct board *b, unsigned index, uint32_t offset, uint32_t value)
{
    for (unsigned i = 0; i < sizeof not_modelled / sizeof not_modelled[0]; i++)
        if (not_modelled[i].offset == offset && not_modelled[i].bits & value)
            board_complain(b, L072_STOP_NOT_MODELLED, 0, "%s: %s is set, which is not modelled",
                           ports[index].name, not_modelled[i].names);
}

/* LPUART1 has neither guard time nor receiver timeout (RM0376 LPUART register map). */
static bool exists(struct board *b, unsigned index, uint32_t offset)
{
    bool has_timers = index != LPUART1;

    if (offset <= USART_TDR && (has_timers || (offset != USART_GTPR && offset != USART_RTOR)))
        return true;
    bus_no_register(b, ports[index].name, offset);
    return false;
}

uint32_t usart_read(struct board *b, unsigned index, uint32_t offset)
{
    const struct usart *u = &b->usart[index];

    if (!exists(b, index, offset))
        return 0;
    switch (offset) {
    case USART_CR1: return u->cr1;
    case USART_CR2: return u->cr2;
    case USART_CR3: return u->cr3;
    case USART_BRR: return u->brr;
    case USART_GTPR: return u->gtpr;
    case USART_RTOR: return u->rtor;
    case USART_ISR: return status(u);
    case USART_TDR: return u->tdr;
    case USART_RDR: return read_rdr(b, index);
    default: return 0; /* RQR, ICR */
    }
}

void usart_write(struct board *b, unsigned index, uint32_t offset, uint32_t value, uint32_t mask)
{
    struct usart *u = &b->usart[index];

    if (!exists(b, index, offset))
        return;
    check_modelled(b, index, offset, value & mask);
    switch (offset) {
    case USART_CR1: write_cr1(b, index, value, mask); break;
    case USART_CR2: bus_merge(&u->cr2, value, mask); break;
    case USART_CR3: bus_merge(&u->cr3, value, mask & CR3_WRITE); break;
    case USART_BRR: write_brr(b, index, value, mask); break;
    case USART_GTPR: bus_merge(&u->gtpr, value, mask & 0xFFFF); break;
    case USART_RTOR: bus_merge(&u->rtor, value, mask); break;
    case USART_ICR: clear_flags(u, value & mask); break;
    case USART_TDR: write_tdr(b, index, value & mask); break;
    case USART_RQR: u->rxne = u->rxne && !(value & mask & RQR_RXFRQ); break;
    default: break; /* ISR, RDR */
    }
    update(b, index);
}
