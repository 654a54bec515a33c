/* SPDX-License-Identifier: MIT */
/* Driver of the full-speed device block (RM0376, USB), for usbd.c: endpoint 0 in EP0R. */
#include "../stm32l0/regs.h"
#include "usbd.h"

/* Buffer table entry of an endpoint, in packet memory (RM0376, buffer descriptor table). */
struct buffers {
    volatile uint16_t ADDR_TX;  /* 0 */
    volatile uint16_t COUNT_TX; /* 2 */
    volatile uint16_t ADDR_RX;  /* 4 */
    volatile uint16_t COUNT_RX; /* 6: room [15:10], bytes received [9:0] */
};
_Static_assert(sizeof(struct buffers) == 8, "buffer table entry");
#define BUFFERS ((struct buffers *)USB_PMA_BASE)

/* Packet memory: the table, then a packet to send and one to receive. */
#define TX            64u
#define RX            128u
#define ROOM_64       0x8400u /* BL_SIZE = 1: (NUM_BLOCK + 1) * 32, NUM_BLOCK = 1 */
#define COUNT_RX_MASK 0x03FFu
_Static_assert(USBD_EP0_SIZE == 64 && RX + USBD_EP0_SIZE <= USB_PMA_SIZE, "packet memory");

/* STAT_RX and STAT_TX. */
enum stat { STALL = 0x1010, NAK = 0x2020, VALID = 0x3030 };

#define CTR_FLAGS (USB_EPR_CTR_RX | USB_EPR_CTR_TX)
/* The plain bits of EPnR: written back as read. Toggles written as 0 and flags as 1 stay. */
#define PLAIN   (USB_EPR_EP_TYPE | USB_EPR_EP_KIND | USB_EPR_EA)
#define TOGGLES (USB_EPR_DTOG_RX | USB_EPR_STAT_RX | USB_EPR_DTOG_TX | USB_EPR_STAT_TX)

/* ---- EP0R ------------------------------------------------------------------------------------ */

/* Sets the STAT bits in `toggles` to those of `stat`. */
static void set_stat(unsigned toggles, enum stat stat)
{
    unsigned now = USB->EPR[0].value;
    USB->EPR[0].value = (uint16_t)((now & PLAIN) | CTR_FLAGS | ((now ^ stat) & toggles));
}

static void clear_flag(unsigned flag)
{
    USB->EPR[0].value = (uint16_t)((USB->EPR[0].value & PLAIN) | (CTR_FLAGS ^ flag));
}

/* ---- Packet memory: halfwords only ----------------------------------------------------------- */

/* From and to even addresses: see usbd.h. */
static void write_packet(const uint8_t *data, unsigned size)
{
    const uint16_t *from = (const uint16_t *)(const void *)data;
    volatile uint16_t *to = (volatile uint16_t *)(USB_PMA_BASE + TX);
    BUFFERS->COUNT_TX = (uint16_t)size;
    for (unsigned i = 0; i < size; i += 2)
        *to++ = *from++;
}

static void read_packet(uint8_t *data, unsigned size)
{
    volatile uint16_t *from = (volatile uint16_t *)(USB_PMA_BASE + RX);
    uint16_t *to = (uint16_t *)(void *)data;
    for (unsigned i = 0; i < size; i += 2)
        *to++ = *from++;
}

/* ---- For the core ---------------------------------------------------------------------------- */

void usbd_driver_set_address(uint8_t address)
{
    USB->DADDR.value = (uint16_t)(USB_DADDR_EF | address);
}

void usbd_driver_send(const uint8_t *data, uint16_t size)
{
    write_packet(data, size);
    /* A SETUP that came meanwhile has cancelled this packet. */
    unsigned new_setup = USB_EPR_CTR_RX | USB_EPR_SETUP;
    if ((USB->EPR[0].value & new_setup) != new_setup)
        set_stat(USB_EPR_STAT_TX, VALID);
}

void usbd_driver_receive(void)
{
    set_stat(USB_EPR_STAT_RX, VALID);
}

void usbd_driver_fetch(uint8_t *data, uint16_t size)
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
    unsigned epr = USB->EPR[0].value;
    /* Both may be pending: the packet sent is the older one, a SETUP waits for its turn. */
    if (epr & USB_EPR_CTR_TX) {
        clear_flag(USB_EPR_CTR_TX);
        usbd_on_sent();
    } else if (epr & USB_EPR_SETUP) {
        read_packet((uint8_t *)&usbd.setup, sizeof usbd.setup);
        clear_flag(USB_EPR_CTR_RX);
        usbd_on_setup();
    } else {
        clear_flag(USB_EPR_CTR_RX);
        usbd_on_received(BUFFERS->COUNT_RX & COUNT_RX_MASK);
    }
}

/* Opens endpoint 0: DATA0, no flags. NAK in both directions: a SETUP is taken all the same. */
static void bus_reset(void)
{
    USB->ISTR.value = (uint16_t)~USB_ISTR_RESET;
    BUFFERS->ADDR_TX = TX;
    BUFFERS->COUNT_TX = 0;
    BUFFERS->ADDR_RX = RX;
    BUFFERS->COUNT_RX = ROOM_64;
    USB->EPR[0].value = (uint16_t)(USB_EPR_TYPE_CONTROL | ((USB->EPR[0].value ^ NAK) & TOGGLES));
    usbd_driver_set_address(0);
    usbd_on_reset();
}

void usbd_poll(void)
{
    unsigned istr;
    while ((istr = USB->ISTR.value) & (USB_ISTR_RESET | USB_ISTR_CTR)) {
        if (istr & USB_ISTR_RESET)
            bus_reset();
        else
            control_event();
    }
}

void usbd_connect(void)
{
    RCC->APB1ENR |= RCC_APB1ENR_USB;
    USB->CNTR.value = USB_CNTR_FRES;
    for (volatile unsigned startup = 8; startup; startup--) /* 1 us for the transceiver */
        ;
    USB->CNTR.value = 0;
    USB->ISTR.value = 0;
    USB->BTABLE.value = 0;
    USB->CNTR.value = USB_CNTR_RESETM | USB_CNTR_CTRM;
    USB->BCDR.value = USB_BCDR_DPPU;
}

void usbd_disconnect(void)
{
    USB->BCDR.value = 0;
    USB->CNTR.value = USB_CNTR_FRES | USB_CNTR_PDWN;
}
