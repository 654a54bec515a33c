/* SPDX-License-Identifier: MIT */
/*
 * The USB FS device block: registers at 0x40005C00, packet memory at 0x40006000, IRQ 31.
 * usb.c is the side of the firmware and the signalling on the bus, usb_bus.c the packets.
 */
#ifndef SIM_USB_H
#define SIM_USB_H

#include <stdbool.h>
#include <stdint.h>

struct board;

#define USB_BASE      0x40005C00u
#define USB_PMA_BASE  0x40006000u
#define USB_PMA_SIZE  1024
#define USB_ENDPOINTS 8

/* USB_EPnR. Access: (c) write 0 clears, 1 keeps; (t) write 1 toggles; (r) read-only. */
enum {
    USB_EP_CTR_RX = 0x8000,  /* c */
    USB_EP_DTOG_RX = 0x4000, /* t */
    USB_EP_STAT_RX = 0x3000, /* t */
    USB_EP_SETUP = 0x0800,   /* r */
    USB_EP_TYPE = 0x0600,
    USB_EP_KIND = 0x0100,    /* bulk: double buffer; control: STATUS_OUT */
    USB_EP_CTR_TX = 0x0080,  /* c */
    USB_EP_DTOG_TX = 0x0040, /* t */
    USB_EP_STAT_TX = 0x0030, /* t */
    USB_EP_EA = 0x000F,

    USB_EP_TYPE_BULK = 0x0000,
    USB_EP_TYPE_CONTROL = 0x0200,
    USB_EP_TYPE_ISO = 0x0400,
    USB_EP_TYPE_INTERRUPT = 0x0600,
};
enum usb_stat { USB_STAT_DISABLED, USB_STAT_STALL, USB_STAT_NAK, USB_STAT_VALID };

/* USB_CNTR */
enum {
    USB_CNTR_FRES = 0x0001,
    USB_CNTR_PDWN = 0x0002,
    USB_CNTR_LPMODE = 0x0004,
    USB_CNTR_FSUSP = 0x0008,
    USB_CNTR_RESUME = 0x0010,
};

/* USB_ISTR; the masks of USB_CNTR have the same positions. */
enum {
    USB_ISTR_DIR = 0x0010,
    USB_ISTR_ESOF = 0x0100,
    USB_ISTR_SOF = 0x0200,
    USB_ISTR_RESET = 0x0400,
    USB_ISTR_SUSP = 0x0800,
    USB_ISTR_WKUP = 0x1000,
    USB_ISTR_ERR = 0x2000,
    USB_ISTR_CTR = 0x8000,
};

enum { USB_DADDR_ADD = 0x7F, USB_DADDR_EF = 0x80 };
enum { USB_BCDR_DPPU = 0x8000 };

struct usb {
    uint16_t epr[USB_ENDPOINTS];
    uint16_t cntr, istr, fnr, daddr, btable, lpmcsr, bcdr; /* istr: without CTR, DIR, EP_ID */
    bool bus_reset;                                        /* the host drives SE0 */
    bool bus_resume;                                       /* the host drives K */
    bool pending_ack;  /* an IN packet waits for the host's handshake */
    uint8_t ack_index; /* ... sent by this endpoint register */
    uint8_t missed;    /* starts of frame missed in a row, at most 3 */
    uint8_t pma[USB_PMA_SIZE];
};

void usb_reset(struct board *b); /* system reset or RCC_APB1RSTR.USBRST; the PMA keeps its bytes */
uint32_t usb_read(struct board *b, uint32_t offset);
void usb_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);
void usb_event(struct board *b);
uint32_t pma_read(struct board *b, uint32_t offset);
void pma_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);

/* ---- The bus side: what host.c sees ---------------------------------------------------------- */

/* D+ is pulled up: transceiver on and BCDR.DPPU set. Clocks do not matter to the resistor. */
bool usb_pulled_up(const struct board *b);

enum usb_reply { USB_SILENCE, USB_ACK, USB_NAK, USB_STALL, USB_DATA };

enum usb_reply usb_setup(struct board *b, uint8_t address, uint8_t endpoint, const uint8_t data[8]);
enum usb_reply usb_out(struct board *b, uint8_t address, uint8_t endpoint, bool toggle,
                       const uint8_t *data, uint32_t size, bool isochronous);
/* USB_DATA: *size bytes (at most 1023) and the packet's toggle; usb_in_ack() must follow for
 * transfers that have a handshake: `acked` says whether the host's ACK reached the device. */
enum usb_reply usb_in(struct board *b, uint8_t address, uint8_t endpoint, uint8_t *data,
                      uint32_t *size, bool *toggle);
void usb_in_ack(struct board *b, uint8_t endpoint, bool acked);
void usb_start_of_frame(struct board *b, uint16_t number);
void usb_bus_se0(struct board *b, bool active);    /* SE0 driven, released */
void usb_bus_resume(struct board *b, bool active); /* K after suspend driven, released */

/* ---- Between usb.c and usb_bus.c ------------------------------------------------------------- */

/* The block can take part in a packet now. Complains about a missing 48 MHz clock. */
bool usb_listening(struct board *b);
/* A packet passed on the bus: the suspend timer starts anew, a suspended device wakes up. */
void usb_activity(struct board *b);
/* Sets flags of ISTR (0: none) and drives the interrupt line as ISTR and CNTR now say. */
void usb_raise(struct board *b, uint16_t flags);
/* Isochronous, or bulk with EP_KIND: both buffers serve one direction. */
bool usb_double_buffered(uint16_t epr);

#endif
