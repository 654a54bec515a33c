/* SPDX-License-Identifier: MIT */
/* What the parts of the device-side fuzzer, device.c, know of each other. */
#ifndef FUZZ_DEVICE_H
#define FUZZ_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/public.h"
#include "dfu/dfu.h"
#include "l072.h"

#define MS          L072_PS_PER_MS
#define PATIENCE    (1500 * MS) /* fwupd's */
#define ADDRESS     5
#define EEPROM_SIZE (6 * 1024)

enum { OUT = 0x21, IN = 0xA1 }; /* class requests to the interface */

/* Sets of DFU states, and of alternates, a bit each. */
#define SET(n)   (1u << (n))
#define BUSY_SET (SET(DFU_DNBUSY) | SET(DFU_MANIFEST))
#define ALL_SET                                                                                    \
    (SET(DFU_IDLE) | SET(DFU_DNLOAD_SYNC) | SET(DFU_DNLOAD_IDLE) | SET(DFU_MANIFEST_SYNC) |        \
     SET(DFU_UPLOAD_IDLE) | SET(DFU_ERROR) | BUSY_SET)

struct fuzz {
    struct l072 *board;
    uint32_t seed, random, request, last_cancel; /* of the round */
    bool gone;                                   /* the device must be enumerated */
    bool failed;
    unsigned states;                                          /* those that the device may be in */
    unsigned alternates;                                      /* those that this round selects */
    uint8_t boot[BOOT_SIZE], eeprom[EEPROM_SIZE], option[20]; /* as they were */
    uint32_t eeprom_size, flash_size;
    uint32_t answered, stalled, cancelled, enumerated; /* counted over all rounds */
};

struct request {
    uint8_t setup[8];
    uint8_t data[L072_URB_MAX];
};

/* It may count the pages of a mass erase for a request that was cancelled: no answer to a new one.
 */
bool still_busy(const struct fuzz *f);
/* Of the round's own random sequence. */
uint32_t next(struct fuzz *f);
uint32_t below(struct fuzz *f, uint32_t n);
bool one_in(struct fuzz *f, uint32_t n);
/* Tells what is wrong, the first time. */
__attribute__((format(printf, 2, 3))) void found(struct fuzz *f, const char *format, ...);

/* ---- resident_host.c ---------------------------------------------------------------------------
 */

void run(struct fuzz *f, uint64_t ps);
void bus_reset(struct fuzz *f);
/* Waits for a device and gives it its address. */
void enumerate(struct fuzz *f);
/* The pin that keeps the bootloader is active. */
void power_cycle(struct fuzz *f);
/* The answer replaces r->data; cancelled after `patience` picoseconds. */
enum l072_urb_status send(struct fuzz *f, struct request *r, uint32_t *size, uint64_t patience);

/* ---- resident_request.c ------------------------------------------------------------------------
 */

void make_request(struct fuzz *f, struct request *r);

/* ---- resident_model.c --------------------------------------------------------------------------
 */

/* What the answer says about the state. */
void follow(struct fuzz *f, const struct request *r, enum l072_urb_status status, uint32_t size);
/* The memories as they are now are those that may not change. */
void remember(struct fuzz *f);
/* The board runs, and nothing has changed that may not. */
void check(struct fuzz *f);

#endif
