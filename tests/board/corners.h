/* SPDX-License-Identifier: MIT */
/* A board with the resident bootloader and a host, request by request, for tests of its corners:
 * each helper fails the test when it fails. */
#ifndef CORNERS_H
#define CORNERS_H

#include "resident.h"

enum { OUT = 0x21, IN = 0xA1 }; /* class requests to the interface */
enum { OLD = 0xA5, NEW = 0x5A };
#define BLOCK DFU_TRANSFER_SIZE

struct corner {
    struct scenario s;
    struct resident_host h;
    uint8_t block[BLOCK]; /* NEW all over */
};
extern struct corner t;

/* 16 KB of OLD that has no seal, behind the bootloader, which is in DFU. */
void begin(bool lenient);
int start(void **state);
int stop(void **state);
/* Once more in DFU: by itself, or with the button held. */
void listen_again(void);
void power_on_to_dfu(void);
void wait_ms(unsigned ms);

void point(uint32_t address);
void erase(uint32_t address);
/* `size` bytes of t.block. */
void put(uint16_t block, uint16_t size);
/* Asks again and again: the last page is in the works when this returns. */
void put_at_once(uint16_t block, uint16_t size);
void ask(uint8_t request);
/* Sends it and hears it out. */
enum dfu_status leave(void);
/* GETSTATUS; bwPollTimeout. */
unsigned told_ms(void);

uint32_t word(uint32_t address);
void assert_there(uint32_t address, uint32_t end, uint8_t byte);

#endif
