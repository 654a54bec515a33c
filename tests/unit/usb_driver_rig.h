/* SPDX-License-Identifier: MIT */
/*
 * For tests of what other people's drivers of the USB block rely on: register accesses in the order
 * in which libusb_stm32 (LUS), libopencm3 (OC3), ST's HAL and TinyUSB (TUS) make them, against the
 * host port. EP2R answers endpoint 2 and EP3R endpoint 1: registers and endpoints need not agree.
 */
#ifndef USB_DRIVER_RIG_H
#define USB_DRIVER_RIG_H

#include "usb_rig.h"

enum { TX0 = 0x40, RX0 = 0x80, BUF0 = 0xC0, BUF1 = 0x100, RX_64 = 0x8400, RX_8 = 4 << 10 };
enum { EP2 = 8, EP3 = 12, COUNT = 0x3FF };
enum { PLAIN = USB_EP_TYPE | USB_EP_KIND | USB_EP_EA };

static struct l072 *board;
static struct board *b;

/* A firmware that has just served the bus reset. */
static inline int start(void **state)
{
    (void)state;
    board = rig_board(false);
    b = inside(board);
    rig_connect(b);
    run(b, L072_PS_PER_MS);
    l072_usb_reset(board, 10 * L072_PS_PER_MS);
    run(b, 11500 * L072_PS_PER_US);
    set_reg(b, ISTR, ~USB_ISTR_RESET);
    set_buffers(b, 0, TX0, 0, RX0, RX_64);
    set_reg(b, EPR, USB_EP_TYPE_CONTROL | RX(USB_STAT_VALID) | TX(USB_STAT_NAK));
    set_reg(b, DADDR, DADDR_ON);
    return 0;
}

static inline int stop(void **state)
{
    (void)state;
    l072_destroy(board);
    return 0;
}

/* ---- The host -------------------------------------------------------------------------------- */

static inline int submit(enum l072_transfer type, uint8_t endpoint, const void *data, uint32_t size)
{
    return submit_to(b, type, endpoint, data, size);
}

static inline int submit_control(uint8_t type, uint8_t request, uint8_t length)
{
    struct l072_urb urb = {
        .max_packet = 64, .setup = {type, request, 0, 0, 0, 0, 0, 0}
    };
    int id;

    urb.size = urb.setup[6] = length;
    urb.data = "host data";
    id = l072_urb_submit(board, &urb);
    assert_true(id >= 0);
    return id;
}

static inline enum l072_urb_status take(int id, uint8_t *data, uint32_t *size)
{
    return l072_urb_take(board, id, data, 64, size);
}

/* ---- The firmware ---------------------------------------------------------------------------- */

/* Waits for CTR, as an interrupt handler would be called; returns EP_ID and DIR. */
static inline uint32_t wait_ctr(void)
{
    for (unsigned us = 0; us < 4000 && !(reg(b, ISTR) & USB_ISTR_CTR); us++)
        run(b, L072_PS_PER_US);
    assert_true(reg(b, ISTR) & USB_ISTR_CTR);
    return reg(b, ISTR) & (USB_ISTR_DIR | 0xF);
}

/* LUS: one store with all fields; what is not in `mask` is kept. */
static inline void lus_toggle_set(uint32_t epr, uint32_t bits, uint32_t mask)
{
    set_reg(b, epr, (reg(b, epr) ^ bits) & (PLAIN | KEEP_CTR | mask));
}

static inline void lus_clear(uint32_t epr, uint32_t flag)
{
    set_reg(b, epr, reg(b, epr) & ((PLAIN | KEEP_CTR) ^ flag));
}

static inline void send(unsigned i, const char *text, uint16_t size)
{
    memcpy(b->usb.pma + pma16(b, 8 * i), text, size);
    set_pma16(b, 8 * i + 2, size);
    set_stat(b, i, USB_EP_STAT_TX, TX(USB_STAT_VALID));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

#endif
