/* SPDX-License-Identifier: MIT */
/* Driver of the full-speed device block (RM0376, USB), for usbd.c: endpoint 0 in EP0R. */
#include <stddef.h>

#include "../stm32l0/core.h"
#include "../stm32l0/regs.h"
#include "usbd.h"

/* Packet memory: the buffer descriptor table (RM0376), of endpoint 0 alone, then a packet to send
 * and one to receive. Halfwords only. */
struct packet_memory {
    volatile uint16_t ADDR_TX;  /* 0 */
    volatile uint16_t COUNT_TX; /* 2 */
    volatile uint16_t ADDR_RX;  /* 4 */
    volatile uint16_t COUNT_RX; /* 6: room [15:10], bytes received [9:0] */
    uint16_t reserved[28];
    volatile uint16_t tx[USBD_EP0_SIZE / 2];
    volatile uint16_t rx[USBD_EP0_SIZE / 2];
};
#define PMA           ((struct packet_memory *)USB_PMA_BASE)
#define ROOM_64       0x8400u /* BL_SIZE = 1: (NUM_BLOCK + 1) * 32, NUM_BLOCK = 1 */
#define COUNT_RX_MASK 0x03FFu
_Static_assert(USBD_EP0_SIZE == 64 && sizeof(struct packet_memory) <= USB_PMA_SIZE, "fits");

/* STAT_RX and STAT_TX. */
enum stat { STALL = 0x1010, NAK = 0x2020, VALID_RX = 0x3000, VALID_TX = 0x0030 };

#define CTR_FLAGS (USB_EPR_CTR_RX | USB_EPR_CTR_TX)
/* The plain bits of EPnR: written back as read. Toggles written as 0 and flags as 1 stay. */
#define PLAIN (USB_EPR_EP_TYPE | USB_EPR_EP_KIND | USB_EPR_EA)

/* ---- EP0R ------------------------------------------------------------------------------------ */

/* Sets the STAT bits in `toggles` to `stat`. A SETUP that came meanwhile has set both to NAK, and
 * is to be served first. */
static void set_stat(unsigned toggles, enum stat stat)
{
    unsigned now = USB->EPR[0], new_setup = USB_EPR_CTR_RX | USB_EPR_SETUP;
    if ((now & new_setup) == new_setup)
        return;
    USB->EPR[0] = (now & PLAIN) | CTR_FLAGS | ((now ^ stat) & toggles);
}

static void clear_flag(unsigned flag)
{
    USB->EPR[0] = (USB->EPR[0] & PLAIN) | (CTR_FLAGS ^ flag);
}

/* ---- Packet memory --------------------------------------------------------------------------- */

/* From and to even addresses: see usbd.h. */
static void write_packet(const uint8_t *data, unsigned size)
{
    const uint16_t *from = (const uint16_t *)(const void *)data;
    volatile uint16_t *to = PMA->tx;
    PMA->COUNT_TX = (uint16_t)size;
    for (unsigned i = 0; i < size; i += 2)
        *to++ = *from++;
}

__attribute__((noinline)) static void read_packet(void *data, unsigned size)
{
    const volatile uint16_t *from = PMA->rx;
    uint16_t *to = data;
    for (unsigned i = 0; i < size; i += 2)
        *to++ = *from++;
}

/* ---- For the core ---------------------------------------------------------------------------- */

void usbd_driver_set_address(uint8_t address)
{
    USB->DADDR = USB_DADDR_EF | address;
}

void usbd_driver_send(const uint8_t *data, unsigned size)
{
    write_packet(data, size);
    set_stat(USB_EPR_STAT_TX, VALID_TX);
}

void usbd_driver_receive(void)
{
    set_stat(USB_EPR_STAT_RX, VALID_RX);
}

void usbd_driver_fetch(uint8_t *data, unsigned size)
{
    read_packet(data, size);
}

void usbd_driver_stall(void)
{
    set_stat(USB_EPR_STAT_RX | USB_EPR_STAT_TX, STALL);
}

/* ---- Events ---------------------------------------------------------------------------------- */

static void control_event(void)
{
    unsigned epr = USB->EPR[0];
    /* Both may be pending: the packet sent is the older one, a SETUP waits for its turn. */
    if (epr & USB_EPR_CTR_TX) {
        clear_flag(USB_EPR_CTR_TX);
        usbd_on_sent();
    } else if (epr & USB_EPR_SETUP) {
        read_packet(&usbd.setup, sizeof usbd.setup);
        clear_flag(USB_EPR_CTR_RX);
        usbd_on_setup();
    } else {
        clear_flag(USB_EPR_CTR_RX);
        usbd_on_received(PMA->COUNT_RX & COUNT_RX_MASK);
    }
}

/* Opens endpoint 0: the reset has cleared EP0R but for its flags (RM0376, USB_EPnR). NAK in both
 * directions: a SETUP is taken all the same. */
static void bus_reset(void)
{
    USB->ISTR = ~USB_ISTR_RESET;
    PMA->ADDR_TX = offsetof(struct packet_memory, tx);
    PMA->ADDR_RX = offsetof(struct packet_memory, rx);
    PMA->COUNT_RX = ROOM_64;
    USB->EPR[0] = USB_EPR_TYPE_CONTROL | NAK;
    usbd_driver_set_address(0);
    usbd_on_reset();
}

void usbd_poll(void)
{
    unsigned istr;
    while ((istr = USB->ISTR) & (USB_ISTR_RESET | USB_ISTR_CTR)) {
        if (istr & USB_ISTR_RESET)
            bus_reset();
        else
            control_event();
    }
}

void usbd_connect(void)
{
    RCC->APB1ENR |= RCC_APB1ENR_USB;
    USB->CNTR = USB_CNTR_FRES;
    core_delay(16); /* 1 us for the transceiver, at 32 MHz too */
    USB->CNTR = 0;
    USB->ISTR = 0;
    USB->BTABLE = 0;
    USB->CNTR = USB_CNTR_RESETM | USB_CNTR_CTRM;
    USB->BCDR = USB_BCDR_DPPU;
}

void usbd_disconnect(void)
{
    USB->BCDR = 0;
    USB->CNTR = USB_CNTR_FRES | USB_CNTR_PDWN;
}
