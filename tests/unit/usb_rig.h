/* SPDX-License-Identifier: MIT */
/* A board whose CPU sleeps, and the test in its place: USB registers as a firmware writes them. */
#ifndef USB_RIG_H
#define USB_RIG_H

#include "rig.h"

enum { EPR = 0x00, CNTR = 0x40, ISTR = 0x44, FNR = 0x48, DADDR = 0x4C, BTABLE = 0x50, BCDR = 0x58 };

/* Values that a driver stores to an EPnR whose toggle bits are all 0. EP_TYPE 0 is bulk. */
#define RX(stat) ((uint32_t)(stat) << 12)
#define TX(stat) ((uint32_t)(stat) << 4)
#define KEEP_CTR (USB_EP_CTR_RX | USB_EP_CTR_TX)
#define DADDR_ON USB_DADDR_EF

static inline uint32_t reg(struct board *b, uint32_t offset)
{
    return usb_read(b, offset);
}

static inline void set_reg(struct board *b, uint32_t offset, uint32_t value)
{
    usb_write(b, offset, value, 0xFFFF);
}

static inline uint16_t pma16(struct board *b, uint32_t offset)
{
    uint32_t value;

    assert_true(bus_read(b, USB_PMA_BASE + offset, 2, &value));
    return (uint16_t)value;
}

static inline void set_pma16(struct board *b, uint32_t offset, uint16_t value)
{
    assert_true(bus_write(b, USB_PMA_BASE + offset, 2, value));
}

/* The row of the buffer table of endpoint register `i`. */
static inline void set_buffers(struct board *b, unsigned i, uint16_t addr_tx, uint16_t count_tx,
                               uint16_t addr_rx, uint16_t count_rx)
{
    set_pma16(b, 8 * i + 0, addr_tx);
    set_pma16(b, 8 * i + 2, count_tx);
    set_pma16(b, 8 * i + 4, addr_rx);
    set_pma16(b, 8 * i + 6, count_rx);
}

/* A firmware stores STAT as it wants it: by the toggles that lead there. */
static inline void set_stat(struct board *b, unsigned i, uint32_t field, uint32_t stat)
{
    uint32_t epr = reg(b, 4 * i);
    uint32_t keep = epr & (USB_EP_TYPE | USB_EP_KIND | USB_EP_EA);

    set_reg(b, 4 * i, keep | KEEP_CTR | ((epr ^ stat) & field));
}

static inline void clear_ctr(struct board *b, unsigned i, uint32_t flag)
{
    uint32_t keep = reg(b, 4 * i) & (USB_EP_TYPE | USB_EP_KIND | USB_EP_EA);

    set_reg(b, 4 * i, keep | (KEEP_CTR & ~flag));
}

/* `struct l072` is a board and nothing more. */
static inline struct board *inside(struct l072 *board)
{
    return (struct board *)board;
}

/* A powered board, USB clocked from HSI48, the CPU in WFI for ever. */
static inline struct l072 *rig_board(bool lenient)
{
    static const uint16_t image[] = {0x1000, 0x2000, 0x0009, 0x0800, 0xBF30, 0xE7FD};
    struct l072_config config = {.seed = 1, .lenient = lenient};
    struct l072 *made = l072_create(&config);
    struct board *in = inside(made);

    assert_non_null(made);
    assert_int_equal(l072_load(made, 0x08000000, image, sizeof image), 0);
    l072_power(made, true);
    store(in, 0x40021038, 1 << 23);          /* RCC_APB1ENR: USBEN */
    store(in, 0x40021034, 1 << 0);           /* RCC_APB2ENR: SYSCFGEN */
    store(in, 0x40010020, 1 << 13 | 1 << 0); /* SYSCFG_CFGR3: ENREF_HSI48, EN_VREFINT */
    store(in, 0x40021008, 1 << 0);           /* RCC_CRRCR: HSI48ON */
    store(in, 0x4002104C, 1u << 26);         /* RCC_CCIPR: HSI48SEL */
    run(in, L072_PS_PER_MS);
    assert_true(rcc_usb_clock(in));
    return made;
}

/* The usual power-up of a driver, then the pull-up; no endpoint is open. */
static inline void rig_connect(struct board *b)
{
    set_reg(b, CNTR, USB_CNTR_FRES);
    set_reg(b, CNTR, 0);
    set_reg(b, ISTR, 0);
    set_reg(b, BTABLE, 0);
    set_reg(b, BCDR, USB_BCDR_DPPU);
}

/* A transfer at the host port, with packets of 64 bytes. */
static inline int submit_to(struct board *b, enum l072_transfer type, uint8_t endpoint,
                            const void *data, uint32_t size)
{
    struct l072_urb urb = {.type = type, .endpoint = endpoint, .interval = 1, .max_packet = 64};
    int id;

    urb.data = data;
    urb.size = size;
    id = l072_urb_submit(handle(b), &urb);
    assert_true(id >= 0);
    return id;
}

#endif
