/* SPDX-License-Identifier: MIT */
/* The resident bootloader of boot/ on a board, for its tests. Addresses come from boot/public.h. */
#ifndef RESIDENT_H
#define RESIDENT_H

#include "scenario.h"

#include "boot/public.h"
#include "dfu/dfu.h"

#define RESIDENT_ROOM 8192u

/* An application behind the bootloader: build/examples/resident-VERSION.elf, and more behind it. */
struct resident_image {
    unsigned version; /* 0: there is no image */
    uint32_t size;
    uint8_t bytes[RESIDENT_ROOM];
};
/* `size` 0: nothing is added. What is added differs from version to version. */
void resident_image(struct resident_image *image, unsigned version, uint32_t size);

/* A board with the bootloader and nothing else, in DFU; the caller destroys s->board. */
void resident_begin(struct scenario *s, const char *part, uint32_t seed);

/* Wait for the device, up to 2 s: is it the bootloader, or the application of that version? */
bool resident_in_dfu(struct scenario *s);
bool resident_in_app(struct scenario *s, unsigned version);
/* From the application into the bootloader, as dfu-util asks for it. */
bool resident_detach(struct scenario *s);
/* SET_INTERFACE. */
bool resident_select(struct scenario *s, uint8_t alternate);
/* As dfu-util does it, to the end: the bootloader has left. */
bool resident_download(struct scenario *s, const struct resident_image *image);

/* ---- Request by request ---------------------------------------------------------------------- */

struct resident_host {
    struct scenario *s;
    uint8_t status[DFU_STATUS_SIZE]; /* the last answer to GETSTATUS */
    uint64_t slowest;                /* picoseconds that the slowest request took */
};

/* A class request to the interface, data as `type` says. */
enum l072_urb_status resident_request(struct resident_host *h, uint8_t type, uint8_t code,
                                      uint16_t value, void *data, uint16_t size);
/* GETSTATUS, once, and bwPollTimeout. False: it was not answered. */
bool resident_tell(struct resident_host *h);
/* The same until the state is not a busy one. */
bool resident_poll(struct resident_host *h);
/* DNLOAD and its polls. True: the state is dfuDNLOAD-IDLE. */
bool resident_dnload(struct resident_host *h, uint16_t block, const void *data, uint16_t size);
/* A command and its address, as DNLOAD of block 0. */
bool resident_command(struct resident_host *h, uint8_t command, uint32_t address);

/* ---- Without a usb_device: quick, for thousands of boards ------------------------------------ */

#define RESIDENT_BRICK UINT32_MAX

/* Resets the bus of a board that has just been switched on, and asks what is there. 0: the
 * bootloader in DFU; else the version of the application, or RESIDENT_BRICK. */
unsigned resident_look(struct l072 *board);
/* Runs the board; its events are dropped. */
void resident_run(struct l072 *board, uint64_t ps);
/* The image is in flash, whole. */
bool resident_holds(const struct l072 *board, const struct resident_image *image);
/* The first address outside of `size` bytes from `address` on where flash, data EEPROM or option
 * bytes differ between two boards; 0: none. */
uint32_t resident_stray(const struct l072 *a, const struct l072 *b, uint32_t address,
                        uint32_t size);
uint32_t resident_operations(const struct l072 *board);
/* As in a seal, CRC-32 (IEEE 802.3). */
uint32_t resident_crc32(const void *data, size_t size);

#endif
