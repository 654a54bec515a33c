/* SPDX-License-Identifier: MIT */
#include "fsdev.h"

#include "usbd.h"

#define CTR_FLAGS (USB_EPR_CTR_RX | USB_EPR_CTR_TX)
/* The plain bits of EPnR: written back as read. Toggles written as 0 and flags as 1 stay. */
#define PLAIN   (USB_EPR_EP_TYPE | USB_EPR_EP_KIND | USB_EPR_EA)
#define TOGGLES (USB_EPR_DTOG_RX | USB_EPR_STAT_RX | USB_EPR_DTOG_TX | USB_EPR_STAT_TX)

__attribute__((weak)) void usb_endpoint_event(uint8_t endpoint, bool in)
{
    (void)endpoint;
    (void)in;
}

/* ---- EPnR ------------------------------------------------------------------------------------ */

void fsdev_set(unsigned n, unsigned toggles, unsigned bits)
{
    unsigned now = USB->EPR[n].value;
    USB->EPR[n].value = (uint16_t)((now & PLAIN) | CTR_FLAGS | ((now ^ bits) & toggles));
}

static void clear_flag(unsigned n, unsigned flag)
{
    USB->EPR[n].value = (uint16_t)((USB->EPR[n].value & PLAIN) | (CTR_FLAGS ^ flag));
}

void fsdev_open(unsigned n, unsigned type, unsigned stat)
{
    FSDEV_BUFFERS[n].ADDR_TX = (uint16_t)FSDEV_TX(n);
    FSDEV_BUFFERS[n].COUNT_TX = 0;
    FSDEV_BUFFERS[n].ADDR_RX = (uint16_t)FSDEV_RX(n);
    FSDEV_BUFFERS[n].COUNT_RX = FSDEV_ROOM_64;
    USB->EPR[n].value = (uint16_t)(type | n | ((USB->EPR[n].value ^ stat) & TOGGLES));
}

/* ---- Packet memory: halfwords only ----------------------------------------------------------- */

void fsdev_write(unsigned n, const uint8_t *data, unsigned size)
{
    volatile uint16_t *to = (volatile uint16_t *)(USB_PMA_BASE + FSDEV_TX(n));
    for (unsigned i = 0; i < size; i += 2) {
        unsigned high = i + 1 < size ? data[i + 1] : 0;
        *to++ = (uint16_t)(data[i] | high << 8);
    }
    FSDEV_BUFFERS[n].COUNT_TX = (uint16_t)size;
}

void fsdev_read(unsigned n, uint8_t *data, unsigned size)
{
    volatile uint16_t *from = (volatile uint16_t *)(USB_PMA_BASE + FSDEV_RX(n));
    for (unsigned i = 0; i < size; i += 2) {
        unsigned both = *from++;
        data[i] = (uint8_t)both;
        if (i + 1 < size)
            data[i + 1] = (uint8_t)(both >> 8);
    }
}

/* ---- Endpoint 0, for the core ---------------------------------------------------------------- */

void usbd_driver_set_address(uint8_t address)
{
    USB->DADDR.value = (uint16_t)(USB_DADDR_EF | address);
}

void usbd_driver_send(const uint8_t *data, uint16_t size)
{
    fsdev_write(0, data, size);
    /* A SETUP that came meanwhile has cancelled this packet. */
    unsigned new_setup = USB_EPR_CTR_RX | USB_EPR_SETUP;
    if ((USB->EPR[0].value & new_setup) != new_setup)
        fsdev_set(0, USB_EPR_STAT_TX, FSDEV_VALID);
}

void usbd_driver_receive(void)
{
    fsdev_set(0, USB_EPR_STAT_RX, FSDEV_VALID);
}

void usbd_driver_fetch(uint8_t *data, uint16_t size)
{
    fsdev_read(0, data, size);
}

void usbd_driver_stall(void)
{
    fsdev_set(0, USB_EPR_STAT_RX | USB_EPR_STAT_TX, FSDEV_STALL);
}

/* ---- Events ---------------------------------------------------------------------------------- */

static void control_event(unsigned epr)
{
    /* Both may be pending: the packet sent is the older one, a SETUP waits for its turn. */
    if (epr & USB_EPR_CTR_TX) {
        clear_flag(0, USB_EPR_CTR_TX);
        usbd_on_sent();
    } else if (epr & USB_EPR_SETUP) {
        fsdev_read(0, (uint8_t *)&usbd.setup, sizeof usbd.setup);
        clear_flag(0, USB_EPR_CTR_RX);
        usbd_on_setup();
    } else {
        clear_flag(0, USB_EPR_CTR_RX);
        usbd_on_received(FSDEV_BUFFERS[0].COUNT_RX & FSDEV_COUNT_RX_MASK);
    }
}

static void endpoint_event(unsigned n, unsigned epr)
{
    bool in = epr & USB_EPR_CTR_TX;
    clear_flag(n, in ? USB_EPR_CTR_TX : USB_EPR_CTR_RX);
    usb_endpoint_event((uint8_t)n, in);
}

static void bus_reset(void)
{
    USB->ISTR.value = (uint16_t)~USB_ISTR_RESET;
    fsdev_open(0, USB_EPR_TYPE_CONTROL, FSDEV_NAK); /* SETUP is taken all the same */
    usbd_driver_set_address(0);
    usbd_on_reset();
}

void usbd_poll(void)
{
    unsigned istr;
    while ((istr = USB->ISTR.value) & (USB_ISTR_RESET | USB_ISTR_CTR)) {
        unsigned n = istr & USB_ISTR_EP_ID;
        if (istr & USB_ISTR_RESET)
            bus_reset();
        else if (n == 0)
            control_event(USB->EPR[0].value);
        else
            endpoint_event(n, USB->EPR[n].value);
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
