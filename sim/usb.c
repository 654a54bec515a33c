/* SPDX-License-Identifier: MIT */
/*
 * Not modelled / simplified:
 * - Link power management: LPMCSR and the L1 bits of CNTR only keep what is written.
 * - RESUME reaches a host that has suspended the bus at once, however short it is set.
 * - PMAOVR is never set; packet memory access never waits for the bus side.
 * - The transceiver is ready as soon as PDWN is 0 (tSTARTUP is about 1 us).
 * - RESET is set when SE0 begins (2.5 us later on the chip).
 * - With the pull-up off, D+ low is not taken for a reset.
 * - The battery charger detector always finds a plain port.
 * Unconfirmed, and how it is read here:
 * - RESET is set when FRES is written from 0 to 1, too. While FRES is 1 the endpoint registers and
 *   DADDR take no writes.
 * - EP_ID and DIR read 0 while CTR is 0. USBRST and bus reset leave packet memory alone.
 * - SUSP is set once; the next needs activity on the bus or FSUSP cleared. SE0 is not idle.
 * - A wake-up clears LPMODE and leaves FSUSP. Packet memory takes words as well as halfwords.
 * - The pads belong to the block whatever GPIOA says.
 */
#include "board.h"

enum usb_offset {
    USB_EP0R = 0x00,
    USB_EP7R = 0x1C,
    USB_CNTR = 0x40,
    USB_ISTR = 0x44,
    USB_FNR = 0x48,
    USB_DADDR = 0x4C,
    USB_BTABLE = 0x50,
    USB_LPMCSR = 0x54,
    USB_BCDR = 0x58,
};

/* Access classes of USB_EPnR. */
#define EP_RC_W0  (USB_EP_CTR_RX | USB_EP_CTR_TX)
#define EP_TOGGLE (USB_EP_DTOG_RX | USB_EP_STAT_RX | USB_EP_DTOG_TX | USB_EP_STAT_TX)
#define EP_RW     (USB_EP_TYPE | USB_EP_KIND | USB_EP_EA)

/* Writable bits. */
#define CNTR_RW    0xFFBFu
#define ISTR_RC_W0 0x7F80u
#define ISTR_IRQ   0xFF80u
#define BTABLE_RW  0xFFF8u
#define LPMCSR_RW  0x0003u
#define BCDR_RW    0x800Fu

enum { BCDR_BCDEN = 0x0001, BCDR_DCDEN = 0x0002, BCDR_DCDET = 0x0010 };
enum { FNR_FN = 0x07FF, FNR_LSOF_POS = 11, FNR_LCK = 0x2000, FNR_RXDM = 0x4000, FNR_RXDP = 0x8000 };

#define FRAME_PS (1 * PS_PER_MS)
/* How late a start of frame may come before it counts as missed. */
#define SOF_SLACK_PS (50 * PS_PER_US)
/* Missed frames until SUSP (USB 2.0 7.1.7.6: 3 ms). */
#define SUSPEND_FRAMES 3

bool usb_double_buffered(uint16_t epr)
{
    uint16_t type = epr & USB_EP_TYPE;

    return type == USB_EP_TYPE_ISO || (type == USB_EP_TYPE_BULK && (epr & USB_EP_KIND));
}

/* The endpoint register that EP_ID names: isochronous and double-buffered ones first, then the
 * lowest index (RM0376 USB_ISTR). -1: no transfer waits. */
static int ctr_index(const struct usb *u)
{
    int first = -1;

    for (int i = USB_ENDPOINTS - 1; i >= 0; i--) {
        if (!(u->epr[i] & EP_RC_W0))
            continue;
        if (first < 0 || usb_double_buffered(u->epr[i]) || !usb_double_buffered(u->epr[first]))
            first = i;
    }
    return first;
}

static uint16_t istr(const struct usb *u)
{
    int i = ctr_index(u);

    if (i < 0)
        return u->istr;
    return (uint16_t)(u->istr | USB_ISTR_CTR | (u->epr[i] & USB_EP_CTR_RX ? USB_ISTR_DIR : 0) | i);
}

void usb_raise(struct board *b, uint16_t flags)
{
    struct usb *u = &b->usb;

    u->istr |= flags;
    nvic_drive(b, IRQ_USB, 0, istr(u) & u->cntr & ISTR_IRQ);
    exti_line(b, EXTI_LINE_USB_WAKEUP, u->istr & USB_ISTR_WKUP);
}

/* ---- Signalling: pull-up, reset, frames, suspend --------------------------------------------- */

bool usb_pulled_up(const struct board *b)
{
    return !(b->usb.cntr & USB_CNTR_PDWN) && (b->usb.bcdr & USB_BCDR_DPPU);
}

static void restart_suspend_timer(struct board *b)
{
    struct usb *u = &b->usb;

    u->missed = 0;
    if (usb_pulled_up(b) && !(u->cntr & USB_CNTR_FRES) && !u->bus_reset)
        event_after(b, EVENT_USB, FRAME_PS + SOF_SLACK_PS);
    else
        event_cancel(b, EVENT_USB);
}

void usb_activity(struct board *b)
{
    restart_suspend_timer(b);
    if (!(b->usb.cntr & USB_CNTR_FSUSP))
        return;
    b->usb.cntr &= (uint16_t)~USB_CNTR_LPMODE;
    usb_raise(b, USB_ISTR_WKUP);
}

static bool clocked(const struct board *b)
{
    return rcc_enabled(b, RCC_GATE_USB) && rcc_usb_clock(b);
}

/* A start of frame is missing. The timer lives on the 48 MHz clock. */
void usb_event(struct board *b)
{
    struct usb *u = &b->usb;
    uint16_t flags = USB_ISTR_ESOF;

    event_after(b, EVENT_USB, FRAME_PS);
    if (!clocked(b))
        return;
    /* K is not idle. */
    if (!u->bus_resume && u->missed < SUSPEND_FRAMES && ++u->missed == SUSPEND_FRAMES)
        flags |= USB_ISTR_SUSP;
    u->fnr = (uint16_t)((u->fnr & FNR_FN) | u->missed << FNR_LSOF_POS);
    usb_raise(b, flags);
}

static bool complain_unclocked(struct board *b, const char *what)
{
    if (clocked(b))
        return false;
    board_complain(b, L072_STOP_USB, USB_BASE,
                   "USB has no 48 MHz clock: %s; see RCC_APB1ENR.USBEN, RCC_CCIPR.HSI48SEL", what);
    return true;
}

bool usb_listening(struct board *b)
{
    const struct usb *u = &b->usb;

    return usb_pulled_up(b) && !u->bus_reset && !(u->cntr & USB_CNTR_FRES) &&
           !(u->istr & USB_ISTR_RESET) && !complain_unclocked(b, "a packet arrived");
}

void usb_start_of_frame(struct board *b, uint16_t number)
{
    struct usb *u = &b->usb;

    if (!usb_pulled_up(b) || (u->cntr & USB_CNTR_FRES))
        return;
    usb_activity(b);
    if ((u->istr & USB_ISTR_RESET) || !clocked(b))
        return;
    u->fnr = (number & FNR_FN) | FNR_LCK;
    usb_raise(b, USB_ISTR_SOF);
    crs_usb_sof(b);
}

/* What USB reset and FRES do: the CTR flags stay, so that no received packet is lost (RM0376
 * USB_EPnR). */
static void clear_endpoints(struct usb *u)
{
    for (unsigned i = 0; i < USB_ENDPOINTS; i++)
        u->epr[i] &= EP_RC_W0;
    u->daddr = 0;
    u->pending_ack = false;
}

void usb_bus_se0(struct board *b, bool active)
{
    struct usb *u = &b->usb;
    bool deaf = !usb_pulled_up(b) || (u->cntr & USB_CNTR_FRES);

    u->bus_reset = active;
    if (deaf)
        return;
    if (!active) {
        restart_suspend_timer(b);
        return;
    }
    usb_activity(b);
    /* A device in suspend may have stopped its clocks: WKUP starts them again. */
    if (!(u->cntr & USB_CNTR_FSUSP) && complain_unclocked(b, "the host resets the bus"))
        return;
    clear_endpoints(u);
    usb_raise(b, USB_ISTR_RESET);
}

void usb_bus_resume(struct board *b, bool active)
{
    b->usb.bus_resume = active;
    if (usb_pulled_up(b) && !(b->usb.cntr & USB_CNTR_FRES))
        usb_activity(b);
}

/* FNR: the levels of D+ and D-: J, K, or SE0. */
static uint16_t line_state(const struct board *b)
{
    if (!usb_pulled_up(b) || b->usb.bus_reset)
        return 0;
    return b->usb.bus_resume ? FNR_RXDM : FNR_RXDP;
}

/* ---- Registers ------------------------------------------------------------------------------- */

void usb_reset(struct board *b)
{
    struct usb *u = &b->usb;

    for (unsigned i = 0; i < USB_ENDPOINTS; i++)
        u->epr[i] = 0;
    u->cntr = USB_CNTR_PDWN | USB_CNTR_FRES;
    u->istr = u->fnr = u->daddr = u->btable = u->lpmcsr = u->bcdr = 0;
    u->pending_ack = false;
    restart_suspend_timer(b);
    usb_raise(b, 0);
    host_attach_changed(b);
}

/* EPnR as it reads: the NAK of a double-buffered bulk endpoint with nothing to send shows in
 * STAT_TX. The manual says only that the status is masked as NAK; libusb_stm32 waits for it. */
static uint32_t visible(uint16_t epr)
{
    bool doubled = usb_double_buffered(epr) && (epr & USB_EP_TYPE) == USB_EP_TYPE_BULK;
    bool empty = !(epr & USB_EP_DTOG_TX) == !(epr & USB_EP_DTOG_RX);

    if (doubled && empty && (epr & USB_EP_STAT_TX) == USB_STAT_VALID << 4)
        return (epr & ~(uint32_t)USB_EP_STAT_TX) | USB_STAT_NAK << 4;
    return epr;
}

uint32_t usb_read(struct board *b, uint32_t offset)
{
    const struct usb *u = &b->usb;
    const uint16_t charger = BCDR_BCDEN | BCDR_DCDEN;

    if (offset <= USB_EP7R)
        return visible(u->epr[offset / 4]);
    switch (offset) {
    case USB_CNTR: return u->cntr;
    case USB_ISTR: return istr(u);
    case USB_FNR: return u->fnr | line_state(b);
    case USB_DADDR: return u->daddr;
    case USB_BTABLE: return u->btable;
    case USB_LPMCSR: return u->lpmcsr;
    case USB_BCDR: return u->bcdr | ((u->bcdr & charger) == charger ? BCDR_DCDET : 0);
    default: bus_no_register(b, "USB", offset); return 0;
    }
}

static void write_endpoint(struct usb *u, unsigned i, uint32_t value, uint32_t mask)
{
    /* A toggle is meant for what was read. */
    uint32_t epr = value & mask & USB_EP_STAT_TX ? visible(u->epr[i]) : u->epr[i];

    if (u->cntr & USB_CNTR_FRES)
        return;
    epr = (epr & ~(EP_RW & mask)) | (value & EP_RW & mask);
    epr &= ~(EP_RC_W0 & mask) | value;
    epr ^= value & mask & EP_TOGGLE;
    u->epr[i] = (uint16_t)epr;
}

static void write_cntr(struct board *b, uint16_t value)
{
    struct usb *u = &b->usb;
    uint16_t changed = u->cntr ^ value;

    u->cntr = value;
    if ((changed & USB_CNTR_FRES) && (value & USB_CNTR_FRES)) {
        clear_endpoints(u);
        u->istr |= USB_ISTR_RESET;
    }
    if (changed & (USB_CNTR_FRES | USB_CNTR_PDWN) || changed & ~value & USB_CNTR_FSUSP)
        restart_suspend_timer(b);
    if ((changed & value & USB_CNTR_RESUME) && usb_pulled_up(b) && clocked(b))
        host_resume(b);
}

/* The pull-up may have been switched on or off. */
static void line_changed(struct board *b, bool before)
{
    bool now = usb_pulled_up(b);

    if (now == before)
        return;
    if (now)
        complain_unclocked(b, "the pull-up on D+ goes on");
    restart_suspend_timer(b);
    host_attach_changed(b);
}

static uint16_t merge(uint16_t old, uint32_t value, uint32_t mask)
{
    return (uint16_t)((old & ~mask) | (value & mask));
}

void usb_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    struct usb *u = &b->usb;
    bool before = usb_pulled_up(b);

    if (offset <= USB_EP7R)
        write_endpoint(u, offset / 4, value, mask);
    else
        switch (offset) {
        case USB_CNTR: write_cntr(b, merge(u->cntr, value, mask & CNTR_RW)); break;
        case USB_ISTR: u->istr &= (uint16_t)(value | ~(mask & ISTR_RC_W0)); break;
        case USB_FNR: break;
        case USB_DADDR:
            if (!(u->cntr & USB_CNTR_FRES))
                u->daddr = merge(u->daddr, value, mask & (USB_DADDR_ADD | USB_DADDR_EF));
            break;
        case USB_BTABLE: u->btable = merge(u->btable, value, mask & BTABLE_RW); break;
        case USB_LPMCSR: u->lpmcsr = merge(u->lpmcsr, value, mask & LPMCSR_RW); break;
        case USB_BCDR: u->bcdr = merge(u->bcdr, value, mask & BCDR_RW); break;
        default: bus_no_register(b, "USB", offset); return;
        }
    usb_raise(b, 0);
    line_changed(b, before);
}

/* ---- Packet memory: bytes and halfwords, and words, which compilers make of two halfwords ---- */

uint32_t pma_read(struct board *b, uint32_t offset)
{
    const uint8_t *p = b->usb.pma + offset;

    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void pma_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    for (unsigned i = 0; i < 4; i++)
        if (mask >> 8 * i & 0xFF)
            b->usb.pma[offset + i] = (uint8_t)(value >> 8 * i);
}
