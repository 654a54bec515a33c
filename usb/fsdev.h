/* SPDX-License-Identifier: MIT */
/*
 * Driver of the full-speed device block (RM0376, USB): what fsdev.c and endpoint.c share.
 *
 * Packet memory is laid out once and for all: the buffer table, then 64 bytes to send and 64 to
 * receive for each of the endpoints 0 to 6. Endpoint n uses EPnR.
 */
#ifndef USB_FSDEV_H
#define USB_FSDEV_H

#include "../stm32l0/regs.h"

#define FSDEV_ENDPOINTS   7
#define FSDEV_PACKET_SIZE 64

/* STAT_RX and STAT_TX. */
enum fsdev_stat {
    FSDEV_DISABLED = 0x0000,
    FSDEV_STALL = 0x1010,
    FSDEV_NAK = 0x2020,
    FSDEV_VALID = 0x3030,
};

/* Buffer table entry of an endpoint, in packet memory (RM0376, buffer descriptor table). */
struct fsdev_buffers {
    volatile uint16_t ADDR_TX;  /* 0 */
    volatile uint16_t COUNT_TX; /* 2 */
    volatile uint16_t ADDR_RX;  /* 4 */
    volatile uint16_t COUNT_RX; /* 6: room [15:10], bytes received [9:0] */
};
_Static_assert(sizeof(struct fsdev_buffers) == 8, "buffer table entry");
#define FSDEV_BUFFERS ((struct fsdev_buffers *)USB_PMA_BASE)

#define FSDEV_TX(n)         (64u + 128u * (n))
#define FSDEV_RX(n)         (128u + 128u * (n))
#define FSDEV_ROOM_64       0x8400u /* BL_SIZE = 1: (NUM_BLOCK + 1) * 32, NUM_BLOCK = 1 */
#define FSDEV_COUNT_RX_MASK 0x03FFu
_Static_assert(FSDEV_RX(FSDEV_ENDPOINTS - 1) + FSDEV_PACKET_SIZE <= USB_PMA_SIZE, "PMA");

/* Sets the bits of EPnR in `toggles` (STAT or DTOG) to those of `bits`. CTR flags stay. */
void fsdev_set(unsigned n, unsigned toggles, unsigned bits);
/* Gives endpoint n its type and both its states, toggles at DATA0, flags cleared. */
void fsdev_open(unsigned n, unsigned type, unsigned stat);
void fsdev_write(unsigned n, const uint8_t *data, unsigned size);
void fsdev_read(unsigned n, uint8_t *data, unsigned size);

#endif
