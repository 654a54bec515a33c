/* SPDX-License-Identifier: MIT */
/*
 * A USB device written for the registers alone, with no other code of this project's USB: what goes
 * out to bulk endpoint 1, up to a short packet, comes back on bulk endpoint 0x81, up to 4096 bytes;
 * interrupt endpoint 0x82 counts the packets it has sent; a packet to interrupt endpoint 3 comes
 * back on 0x83. A vendor request resets the chip: the device leaves, and comes again. A second
 * configuration has the bulk endpoints only, in alternate setting 1 of its interface.
 *
 * With SERIAL=1 it is a CDC ACM serial port, as far as Linux wants one: bulk endpoints 1 and 0x81,
 * and 0x82, which stays silent.
 */
#include <stdbool.h>
#include <stdint.h>

#include "stm32l0/clock.h"
#include "stm32l0/regs.h"
#include "usb/ch9.h"

enum { CLEAR = 1, SET = 3 };                           /* requests about features */
enum { STALL = 0x1010, NAK = 0x2020, VALID = 0x3030 }; /* STAT_RX and STAT_TX */
enum { CONTROL, BULK, COUNTER, MIRROR, ENDPOINTS };    /* endpoint registers */
enum { PACKET = 64, ECHO_MAX = 4096, MIRROR_MAX = 16 };
enum { LEAVE = 1 }; /* vendor request */

#define RX     (USB_EPR_DTOG_RX | USB_EPR_STAT_RX)
#define TX     (USB_EPR_DTOG_TX | USB_EPR_STAT_TX)
#define STATS  (USB_EPR_STAT_RX | USB_EPR_STAT_TX)
#define FLAGS  (USB_EPR_CTR_RX | USB_EPR_CTR_TX)
#define PLAIN  (USB_EPR_EP_TYPE | USB_EPR_EP_KIND | USB_EPR_EA)
#define ROOM   0x8400u /* of 64 bytes */
#define LENGTH 0x03FFu

/* Packet memory: the table, then a buffer for each direction of each endpoint. */
struct buffers {
    volatile uint16_t ADDR_TX, COUNT_TX, ADDR_RX, COUNT_RX;
};
#define BUFFERS ((struct buffers *)USB_PMA_BASE)

#define ENDPOINT(address, attributes, size, interval)                                              \
    7, USB_ENDPOINT, address, attributes, USB_U16(size), interval
#define CDC_HEADER 5, 0x24, 0, USB_U16(0x0110)
#if SERIAL
enum { CONFIGURATIONS = 1 };
#define TOTAL (9 + 9 + 5 + 3 * 7)
static const uint8_t configuration[] = {
    USB_CONFIGURATION_DESCRIPTOR(TOTAL, 1, 0x80, 100),
    USB_INTERFACE_DESCRIPTOR(0, 0, 3, 2, 2, 1, 0),
    CDC_HEADER,
    ENDPOINT(0x01, 2, PACKET, 0),
    ENDPOINT(0x81, 2, PACKET, 0),
    ENDPOINT(0x82, 3, 8, 2),
};
#else
enum { CONFIGURATIONS = 2 };
#define TOTAL (9 + 9 + 5 * 7)
static const uint8_t configuration[] = {
    USB_CONFIGURATION_DESCRIPTOR(TOTAL, 1, 0x80, 100),
    USB_INTERFACE_DESCRIPTOR(0, 0, 5, 0xFF, 0, 0, 0),
    ENDPOINT(0x01, 2, PACKET, 0),
    ENDPOINT(0x81, 2, PACKET, 0),
    ENDPOINT(0x82, 3, 8, 2),
    ENDPOINT(0x03, 3, MIRROR_MAX, 1),
    ENDPOINT(0x83, 3, MIRROR_MAX, 1),
};
#endif
_Static_assert(sizeof configuration == TOTAL && TOTAL <= PACKET, "one packet");
#define TOTAL_2 (9 + 2 * 9 + 2 * 7)
static const uint8_t configuration_2[] = {
    9,
    USB_CONFIGURATION,
    USB_U16(TOTAL_2),
    1,
    2,
    0,
    0x80,
    50,
    USB_INTERFACE_DESCRIPTOR(0, 0, 0, 0xFF, 1, 0, 0),
    USB_INTERFACE_DESCRIPTOR(0, 1, 2, 0xFF, 2, 0, 0),
    ENDPOINT(0x01, 2, PACKET, 0),
    ENDPOINT(0x81, 2, PACKET, 0),
};
_Static_assert(sizeof configuration_2 == TOTAL_2 && TOTAL_2 <= PACKET, "one packet");
static const uint8_t device[] = {
    18,
    USB_DEVICE,
    USB_U16(0x0200),
    0,
    0,
    0,
    PACKET,
    USB_U16(0x1209),
    USB_U16(0x0001),
    USB_U16(0x0B01),
    0,
    0,
    0,
    CONFIGURATIONS,
};

static struct {
    uint8_t address; /* takes effect after its status stage */
    bool leaving;    /* ... and so does this */
    uint8_t configuration;
    uint8_t counter;
    bool sending; /* the echo goes back, or waits for its end */
    uint16_t size, sent;
    uint8_t echo[ECHO_MAX + PACKET];
} state;

/* ---- Registers ------------------------------------------------------------------------------- */

/* Sets the toggle bits in `mask` to those of `bits`. */
static void set(unsigned ep, unsigned bits, unsigned mask)
{
    unsigned now = USB->EPR[ep];

    USB->EPR[ep] = (now & PLAIN) | FLAGS | ((now ^ bits) & mask);
}

static void clear_flag(unsigned ep, unsigned flag)
{
    USB->EPR[ep] = (USB->EPR[ep] & PLAIN) | (FLAGS ^ flag);
}

static void send(unsigned ep, const uint8_t *data, unsigned size)
{
    volatile uint16_t *to = (volatile uint16_t *)(USB_PMA_BASE + BUFFERS[ep].ADDR_TX);

    for (unsigned i = 0; i < size; i += 2)
        *to++ = (uint16_t)(data[i] | (i + 1 < size ? data[i + 1] : 0) << 8);
    BUFFERS[ep].COUNT_TX = (uint16_t)size;
    set(ep, VALID, USB_EPR_STAT_TX);
}

static unsigned receive(unsigned ep, uint8_t *data)
{
    const volatile uint16_t *from = (const volatile uint16_t *)(USB_PMA_BASE + BUFFERS[ep].ADDR_RX);
    unsigned size = BUFFERS[ep].COUNT_RX & LENGTH;

    for (unsigned i = 0; i < size; i++)
        data[i] = (uint8_t)(from[i / 2] >> 8 * (i % 2));
    return size;
}

static void bus_reset(void)
{
    USB->ISTR = ~USB_ISTR_RESET;
    for (unsigned i = 0; i < ENDPOINTS; i++) {
        BUFFERS[i].ADDR_TX = (uint16_t)(0x40 + 0x80 * i);
        BUFFERS[i].ADDR_RX = (uint16_t)(0x80 + 0x80 * i);
        BUFFERS[i].COUNT_RX = ROOM;
    }
    USB->EPR[CONTROL] = USB_EPR_TYPE_CONTROL;
    set(CONTROL, NAK, STATS | RX | TX);
    USB->DADDR = USB_DADDR_EF;
    state.address = 0;
    state.configuration = 0;
}

static void enable_bulk(void)
{
    state.sending = false;
    state.size = 0;
    USB->EPR[BULK] = (USB->EPR[BULK] & (RX | TX)) | BULK;
    set(BULK, (VALID & USB_EPR_STAT_RX) | (NAK & USB_EPR_STAT_TX), RX | TX);
}

static void enable_interrupts(void)
{
    for (unsigned i = COUNTER; i <= MIRROR; i++)
        USB->EPR[i] = (USB->EPR[i] & (RX | TX)) | USB_EPR_EP_TYPE | i;
    set(COUNTER, NAK & USB_EPR_STAT_TX, RX | TX);
    set(MIRROR, (VALID & USB_EPR_STAT_RX) | (NAK & USB_EPR_STAT_TX), RX | TX);
    if (!SERIAL)
        send(COUNTER, &state.counter, 1);
}

static bool configure(unsigned value)
{
    if (value > CONFIGURATIONS)
        return false;
    state.configuration = (uint8_t)value;
    for (unsigned ep = BULK; ep < ENDPOINTS; ep++)
        set(ep, 0, STATS);
    if (value == 1) {
        enable_bulk();
        enable_interrupts();
    }
    return true;
}

static bool choose(unsigned alternate)
{
    if (state.configuration != 2 || alternate > 1)
        return false;
    set(BULK, 0, STATS);
    if (alternate == 1)
        enable_bulk();
    return true;
}

/* ---- Endpoint 0 ------------------------------------------------------------------------------ */

static bool halt(unsigned address, bool on)
{
    unsigned ep = address & 0x7F;
    bool in = address & USB_DIR_IN;
    unsigned idle = in ? (ep == BULK && !state.sending ? NAK : VALID) : VALID;

    if (ep != BULK && ep != COUNTER)
        return false;
    if (on)
        set(ep, STALL, in ? USB_EPR_STAT_TX : USB_EPR_STAT_RX);
    else
        set(ep, idle & STATS, in ? TX : RX); /* and back to DATA0 */
    return true;
}

static void reply(const uint8_t *data, unsigned size, unsigned wanted)
{
    send(CONTROL, data, size < wanted ? size : wanted);
    set(CONTROL, VALID, USB_EPR_STAT_RX); /* the status stage */
}

static bool describe(unsigned what, unsigned wanted)
{
    switch (what) {
    case USB_DEVICE << 8: reply(device, sizeof device, wanted); return true;
    case USB_CONFIGURATION << 8: reply(configuration, sizeof configuration, wanted); return true;
    case USB_CONFIGURATION << 8 | 1:
        reply(configuration_2, sizeof configuration_2, wanted);
        return true;
    default: return false;
    }
}

static bool serve(const struct usb_setup *s)
{
    switch (s->bmRequestType << 8 | s->bRequest) {
    case 0x8000 | USB_GET_DESCRIPTOR: return describe(s->wValue, s->wLength);
    case 0x8000 | USB_GET_CONFIGURATION: reply(&state.configuration, 1, s->wLength); return true;
    case USB_SET_ADDRESS: state.address = (uint8_t)s->wValue; break;
    case USB_SET_CONFIGURATION:
        if (!configure(s->wValue))
            return false;
        break;
    case USB_RECIPIENT_IFACE << 8 | USB_SET_INTERFACE:
        if (!choose(s->wValue))
            return false;
        break;
    case USB_TYPE_VENDOR << 8 | LEAVE: state.leaving = true; break;
    case USB_RECIPIENT_EP << 8 | CLEAR:
        if (!halt(s->wIndex, false))
            return false;
        break;
    case USB_RECIPIENT_EP << 8 | SET:
        if (!halt(s->wIndex, true))
            return false;
        break;
    default: return false;
    }
    send(CONTROL, device, 0);
    return true;
}

static void control_event(void)
{
    unsigned epr = USB->EPR[CONTROL];
    struct usb_setup setup;

    if (epr & USB_EPR_CTR_TX) {
        clear_flag(CONTROL, USB_EPR_CTR_TX);
        USB->DADDR = USB_DADDR_EF | state.address;
        if (state.leaving)
            SCB->AIRCR = SCB_AIRCR_SYSRESETREQ;
        return;
    }
    if (epr & USB_EPR_SETUP)
        receive(CONTROL, (uint8_t *)&setup);
    clear_flag(CONTROL, USB_EPR_CTR_RX);
    if ((epr & USB_EPR_SETUP) && !serve(&setup))
        set(CONTROL, STALL, STATS);
}

/* ---- The others ------------------------------------------------------------------------------ */

static void send_echo(void)
{
    unsigned left = state.size - state.sent;
    unsigned size = left < PACKET ? left : PACKET;

    send(BULK, state.echo + state.sent, size);
    state.sent += size;
    state.sending = size == PACKET; /* a short packet is the last */
}

static void bulk_event(void)
{
    unsigned size;

    if (USB->EPR[BULK] & USB_EPR_CTR_TX) {
        clear_flag(BULK, USB_EPR_CTR_TX);
        if (state.sending) {
            send_echo();
        } else {
            state.size = 0;
            set(BULK, VALID, USB_EPR_STAT_RX);
        }
        return;
    }
    size = receive(BULK, state.echo + state.size);
    clear_flag(BULK, USB_EPR_CTR_RX);
    state.size += size;
    state.sent = 0;
    if (size < PACKET)
        send_echo();
    else if (state.size <= ECHO_MAX)
        set(BULK, VALID, USB_EPR_STAT_RX);
}

static void counter_event(void)
{
    clear_flag(COUNTER, USB_EPR_CTR_TX);
    state.counter++;
    send(COUNTER, &state.counter, 1);
}

static void mirror_event(void)
{
    uint8_t data[PACKET];

    if (USB->EPR[MIRROR] & USB_EPR_CTR_TX) {
        clear_flag(MIRROR, USB_EPR_CTR_TX);
        set(MIRROR, VALID, USB_EPR_STAT_RX);
        return;
    }
    clear_flag(MIRROR, USB_EPR_CTR_RX);
    send(MIRROR, data, receive(MIRROR, data));
}

int main(void)
{
    static void (*const event[ENDPOINTS])(void) = {control_event, bulk_event, counter_event,
                                                   mirror_event};

    clock_32mhz();
    clock_usb();
    RCC->APB1ENR |= RCC_APB1ENR_USB;
    USB->CNTR = USB_CNTR_FRES;
    USB->CNTR = 0;
    USB->ISTR = 0;
    USB->BCDR = USB_BCDR_DPPU;
    for (;;) {
        unsigned istr = USB->ISTR, ep = istr & USB_ISTR_EP_ID;

        if (istr & USB_ISTR_RESET)
            bus_reset();
        else if (istr & USB_ISTR_CTR && ep < ENDPOINTS)
            event[ep]();
    }
}
