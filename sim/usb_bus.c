/* SPDX-License-Identifier: MIT */
/*
 * The packets of the USB block: tokens in, handshakes and data out.
 *
 * Not modelled / simplified:
 * - Every packet of the host arrives whole: no CRC, bit-stuffing or framing errors.
 * - OUT and SETUP look at STAT_RX when their data has arrived, not at the token.
 * - CTR_TX of an isochronous packet comes when it begins.
 * Unconfirmed, and how it is read here:
 * - STAT of a double-buffered endpoint stays VALID; NAK comes from DTOG equal to SW_BUF alone. It
 *   shows when STAT_TX is read, not in STAT_RX.
 * - SETUP changes with the next SETUP or OUT packet only, as no packet is taken while CTR_RX is 1.
 * - An OUT packet with the wrong toggle gets ACK, one with data at STATUS_OUT gets STALL.
 * - Bit 0 of ADDRn_TX and ADDRn_RX counts as 0.
 */
#include "board.h"

#include <string.h>

/* Buffer descriptor: RM0376, "Buffer descriptor table". */
enum { BUFFER_ADDR = 0, BUFFER_COUNT = 2, BUFFER_SIZE = 4, ENTRY_SIZE = 8 };
enum { COUNT_BYTES = 0x03FF, COUNT_NUM_BLOCK = 0x7C00, COUNT_BL_SIZE = 0x8000 };

#define CRC_SIZE 2

struct buffer {
    uint32_t entry; /* its descriptor in packet memory */
    uint32_t address;
    uint16_t count; /* COUNT_TX or COUNT_RX as the firmware wrote it */
};

static enum usb_stat stat_rx(uint16_t epr)
{
    return (enum usb_stat)((epr & USB_EP_STAT_RX) >> 12);
}

static enum usb_stat stat_tx(uint16_t epr)
{
    return (enum usb_stat)((epr & USB_EP_STAT_TX) >> 4);
}

static bool is_isochronous(uint16_t epr)
{
    return (epr & USB_EP_TYPE) == USB_EP_TYPE_ISO;
}

static void set_stat(uint16_t *epr, uint16_t field, enum usb_stat stat)
{
    *epr = (uint16_t)((*epr & ~field) | (field & (stat << 12 | stat << 4)));
}

/* The endpoint register that answers `endpoint` in the direction of the STAT field, NULL: none. */
static uint16_t *find(struct board *b, uint8_t address, uint8_t endpoint, uint16_t stat)
{
    struct usb *u = &b->usb;

    if (!usb_listening(b))
        return NULL;
    usb_activity(b);
    if (u->daddr != (USB_DADDR_EF | address))
        return NULL;
    for (unsigned i = 0; i < USB_ENDPOINTS; i++)
        if ((u->epr[i] & USB_EP_EA) == endpoint && (u->epr[i] & stat))
            return &u->epr[i];
    return NULL;
}

/* ---- Buffers --------------------------------------------------------------------------------- */

static uint16_t get16(const struct usb *u, uint32_t offset)
{
    return (uint16_t)(u->pma[offset] | u->pma[offset + 1] << 8);
}

/* Buffer 0 or 1 of an endpoint; for one-way endpoints 0 is the transmit, 1 the receive buffer. */
static bool open_buffer(struct board *b, const uint16_t *epr, unsigned which, struct buffer *buffer)
{
    const struct usb *u = &b->usb;
    unsigned index = (unsigned)(epr - u->epr);

    buffer->entry = u->btable + ENTRY_SIZE * index + BUFFER_SIZE * which;
    if (buffer->entry + BUFFER_SIZE > USB_PMA_SIZE) {
        board_complain(b, L072_STOP_USB, USB_PMA_BASE + buffer->entry,
                       "USB_BTABLE 0x%03X puts the buffer table of EP%uR outside packet memory",
                       u->btable, index);
        return false;
    }
    buffer->address = get16(u, buffer->entry + BUFFER_ADDR) & ~1u;
    buffer->count = get16(u, buffer->entry + BUFFER_COUNT);
    return true;
}

static bool inside(struct board *b, const struct buffer *buffer, uint32_t size)
{
    if (buffer->address + size <= USB_PMA_SIZE)
        return true;
    board_complain(b, L072_STOP_USB, USB_PMA_BASE + buffer->entry,
                   "USB buffer 0x%03X of %u bytes ends outside packet memory",
                   (unsigned)buffer->address, (unsigned)size);
    return false;
}

/* Bytes that fit, by BL_SIZE and NUM_BLOCK of COUNT_RX. */
static uint32_t capacity(uint16_t count)
{
    uint32_t blocks = (count & COUNT_NUM_BLOCK) >> 10;

    return count & COUNT_BL_SIZE ? 32 * (blocks + 1) : 2 * blocks;
}

/* CRC-16 of USB 2.0 8.3.5.2, as it goes over the wire. */
static uint16_t crc16(const uint8_t *data, uint32_t size)
{
    uint16_t crc = 0xFFFF;

    for (uint32_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc >> 1 ^ (crc & 1 ? 0xA001 : 0));
    }
    return (uint16_t)~crc;
}

/* Stores a packet, its CRC as far as it fits, and COUNT. False: it does not fit. */
static bool receive(struct board *b, const struct buffer *buffer, const uint8_t *data,
                    uint32_t size)
{
    uint8_t *pma = b->usb.pma;
    uint32_t room = capacity(buffer->count);
    uint16_t crc = crc16(data, size);
    const uint8_t tail[CRC_SIZE] = {(uint8_t)crc, (uint8_t)(crc >> 8)};
    uint16_t count = (uint16_t)((buffer->count & ~COUNT_BYTES) | size);

    if (!room)
        board_complain(b, L072_STOP_USB, USB_PMA_BASE + buffer->entry,
                       "USB receive buffer of 0 bytes: COUNT_RX 0x%04X", buffer->count);
    if (size > room || !inside(b, buffer, room))
        return false;
    if (size)
        memcpy(pma + buffer->address, data, size);
    for (uint32_t i = 0; i < CRC_SIZE && size + i < room; i++)
        pma[buffer->address + size + i] = tail[i];
    pma[buffer->entry + BUFFER_COUNT] = (uint8_t)count;
    pma[buffer->entry + BUFFER_COUNT + 1] = (uint8_t)(count >> 8);
    return true;
}

/* ---- Transactions ---------------------------------------------------------------------------- */

enum usb_reply usb_setup(struct board *b, uint8_t address, uint8_t endpoint, const uint8_t data[8])
{
    uint16_t *epr = find(b, address, endpoint, USB_EP_STAT_RX);
    struct buffer buffer;

    if (!epr || (*epr & USB_EP_TYPE) != USB_EP_TYPE_CONTROL || (*epr & USB_EP_CTR_RX))
        return USB_SILENCE;
    if (!open_buffer(b, epr, 1, &buffer) || !receive(b, &buffer, data, 8))
        return USB_SILENCE;
    *epr |= USB_EP_SETUP | USB_EP_CTR_RX | USB_EP_DTOG_RX | USB_EP_DTOG_TX;
    set_stat(epr, USB_EP_STAT_RX | USB_EP_STAT_TX, USB_STAT_NAK);
    usb_raise(b, 0);
    return USB_ACK;
}

/* The buffer the block may fill or send: of a double-buffered bulk endpoint the one that the
 * firmware does not hold. False: it holds both. */
static bool choose(uint16_t epr, uint16_t dtog, uint16_t sw_buf, unsigned single, unsigned *which)
{
    *which = single;
    if (!usb_double_buffered(epr))
        return true;
    *which = (epr & dtog) ? 1 : 0;
    return is_isochronous(epr) || !(epr & dtog) != !(epr & sw_buf);
}

static enum usb_reply out(struct board *b, uint16_t *epr, bool toggle, const uint8_t *data,
                          uint32_t size)
{
    bool status_out = (*epr & USB_EP_TYPE) == USB_EP_TYPE_CONTROL && (*epr & USB_EP_KIND);
    struct buffer buffer;
    unsigned which;

    if (stat_rx(*epr) == USB_STAT_STALL)
        return USB_STALL;
    if (stat_rx(*epr) == USB_STAT_NAK || !choose(*epr, USB_EP_DTOG_RX, USB_EP_DTOG_TX, 1, &which))
        return USB_NAK;
    /* STALL instead of ACK (RM0376 USB_EPnR, STATUS_OUT), so not while STAT_RX says NAK: ST's HAL
     * clears the bit only then, when it prepares a data stage. */
    if (status_out && size)
        return USB_STALL;
    /* The host repeats a packet whose ACK it lost: answer, and drop it (USB 2.0 8.6.4). */
    if (!is_isochronous(*epr) && toggle != !!(*epr & USB_EP_DTOG_RX))
        return USB_ACK;
    if (!open_buffer(b, epr, which, &buffer) || !receive(b, &buffer, data, size))
        return USB_STALL;
    *epr = (uint16_t)((*epr & ~USB_EP_SETUP) ^ USB_EP_DTOG_RX);
    *epr |= USB_EP_CTR_RX;
    if (!usb_double_buffered(*epr))
        set_stat(epr, USB_EP_STAT_RX, USB_STAT_NAK);
    usb_raise(b, 0);
    return USB_ACK;
}

enum usb_reply usb_out(struct board *b, uint8_t address, uint8_t endpoint, bool toggle,
                       const uint8_t *data, uint32_t size, bool isochronous)
{
    uint16_t *epr = find(b, address, endpoint, USB_EP_STAT_RX);
    enum usb_reply reply;

    if (!epr || isochronous != is_isochronous(*epr))
        return USB_SILENCE;
    reply = out(b, epr, toggle, data, size);
    return isochronous ? USB_SILENCE : reply;
}

/* An IN packet is done. */
static void sent(struct board *b, uint16_t *epr)
{
    *epr ^= USB_EP_DTOG_TX;
    *epr |= USB_EP_CTR_TX;
    if (!usb_double_buffered(*epr))
        set_stat(epr, USB_EP_STAT_TX, USB_STAT_NAK);
    usb_raise(b, 0);
}

static enum usb_reply in(struct board *b, const uint16_t *epr, uint8_t *data, uint32_t *size)
{
    struct buffer buffer;
    unsigned which;

    if (stat_tx(*epr) == USB_STAT_STALL)
        return USB_STALL;
    if (stat_tx(*epr) == USB_STAT_NAK || !choose(*epr, USB_EP_DTOG_TX, USB_EP_DTOG_RX, 0, &which))
        return USB_NAK;
    if (!open_buffer(b, epr, which, &buffer))
        return USB_SILENCE;
    *size = buffer.count & COUNT_BYTES;
    if (!inside(b, &buffer, *size))
        return USB_SILENCE;
    memcpy(data, b->usb.pma + buffer.address, *size);
    return USB_DATA;
}

enum usb_reply usb_in(struct board *b, uint8_t address, uint8_t endpoint, uint8_t *data,
                      uint32_t *size, bool *toggle)
{
    uint16_t *epr = find(b, address, endpoint, USB_EP_STAT_TX);
    enum usb_reply reply = epr ? in(b, epr, data, size) : USB_SILENCE;

    if (reply != USB_DATA)
        return epr && is_isochronous(*epr) ? USB_SILENCE : reply;
    *toggle = !is_isochronous(*epr) && (*epr & USB_EP_DTOG_TX);
    b->usb.pending_ack = !is_isochronous(*epr);
    b->usb.ack_index = (uint8_t)(epr - b->usb.epr);
    if (is_isochronous(*epr))
        sent(b, epr);
    return USB_DATA;
}

void usb_in_ack(struct board *b, uint8_t endpoint, bool acked)
{
    struct usb *u = &b->usb;
    uint16_t *epr = &u->epr[u->ack_index];

    if (!u->pending_ack || (*epr & USB_EP_EA) != endpoint)
        return;
    u->pending_ack = false;
    if (acked)
        sent(b, epr);
    else
        usb_raise(b, USB_ISTR_ERR);
}
