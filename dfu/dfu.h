/* SPDX-License-Identifier: MIT */
/*
 * DFU mode of USB DFU 1.1 with ST's DfuSe 1.1a extensions; with -DDFU_PLAIN=1 without them: blocks
 * count from 0 and follow each other from the address of dfu_init() on, and the end of a download
 * waits for a bus reset. Pure C, no registers: memory is behind dfu_mem.h, USB is whoever calls
 * dfu_request() and dfu_request_done().
 *
 * The order that makes every host happy: answer first, work after. A download only stores its data.
 * The GETSTATUS that follows is answered with dfuDNBUSY and the true time; when the host has that
 * answer, dfu_work() does the work; the next GETSTATUS brings the result.
 *
 *   interrupt, or loop:  dfu_request(), dfu_request_done(), dfu_reset()
 *   loop:                while (dfu_busy(d)) dfu_work(d)
 */
#ifndef DFU_H
#define DFU_H

#include <stdbool.h>
#include <stdint.h>

#include "../usb/ch9.h"

/* bRequest, DFU 1.1 table 3.2 */
enum dfu_request {
    DFU_DETACH = 0,
    DFU_DNLOAD = 1,
    DFU_UPLOAD = 2,
    DFU_GETSTATUS = 3,
    DFU_CLRSTATUS = 4,
    DFU_GETSTATE = 5,
    DFU_ABORT = 6,
};

/* bState, DFU 1.1 section 6.1.2, with what the device waits for */
enum dfu_state {
    DFU_APP_IDLE = 0,            /* runtime: a DETACH */
    DFU_APP_DETACH = 1,          /* runtime: a bus reset */
    DFU_IDLE = 2,                /* a request */
    DFU_DNLOAD_SYNC = 3,         /* GETSTATUS, to tell that it is busy or how it went */
    DFU_DNBUSY = 4,              /* the end of the work */
    DFU_DNLOAD_IDLE = 5,         /* the next block or the end of the download */
    DFU_MANIFEST_SYNC = 6,       /* GETSTATUS, to leave */
    DFU_MANIFEST = 7,            /* the end of the work: then it leaves */
    DFU_MANIFEST_WAIT_RESET = 8, /* a bus reset, to leave; plain DFU only */
    DFU_UPLOAD_IDLE = 9,         /* the next UPLOAD */
    DFU_ERROR = 10,              /* CLRSTATUS */
};

/* bStatus, DFU 1.1 section 6.1.2 */
enum dfu_status {
    DFU_OK = 0x00,
    DFU_ERR_TARGET = 0x01,       /* DfuSe: address wrong or not supported */
    DFU_ERR_FILE = 0x02,         /* file fails some vendor-specific verification test */
    DFU_ERR_WRITE = 0x03,        /* unable to write memory */
    DFU_ERR_ERASE = 0x04,        /* memory erase function failed */
    DFU_ERR_CHECK_ERASED = 0x05, /* memory erase check failed */
    DFU_ERR_PROG = 0x06,         /* program memory function failed */
    DFU_ERR_VERIFY = 0x07,       /* programmed memory failed verification */
    DFU_ERR_ADDRESS = 0x08,      /* address out of range */
    DFU_ERR_NOTDONE = 0x09,      /* DNLOAD with length 0, but there is not all of the data yet */
    DFU_ERR_FIRMWARE = 0x0A,     /* firmware is corrupt */
    DFU_ERR_VENDOR = 0x0B,       /* DfuSe: read protection is active */
    DFU_ERR_USBR = 0x0C,         /* unexpected USB reset */
    DFU_ERR_POR = 0x0D,          /* unexpected power-on reset */
    DFU_ERR_UNKNOWN = 0x0E,      /* something went wrong */
    DFU_ERR_STALLEDPKT = 0x0F,   /* the device stalled an unexpected request */
};

/* First byte of a DNLOAD with wBlockNum 0, DfuSe 1.1a; UPLOAD of block 0 lists those supported. */
enum dfuse_command {
    DFUSE_GET = 0x00,
    DFUSE_SET_ADDRESS = 0x21,
    DFUSE_ERASE = 0x41, /* with an address: its page; alone: everything */
    DFUSE_READ_UNPROTECT = 0x92,
};

/* bmAttributes of the functional descriptor, DFU 1.1 table 4.2 */
#define DFU_CAN_DNLOAD  0x01
#define DFU_CAN_UPLOAD  0x02
#define DFU_MANIFEST_OK 0x04
#define DFU_WILL_DETACH 0x08
#define DFU_VERSION     0x0110
#define DFUSE_VERSION   0x011A

#ifndef DFU_PLAIN
#define DFU_PLAIN 0
#endif

/* wTransferSize: the largest block. */
#ifndef DFU_TRANSFER_SIZE
#define DFU_TRANSFER_SIZE 2048
#endif
_Static_assert(DFU_TRANSFER_SIZE <= 4096, "dfu-util takes no larger ones");

/* Bytes of the answer to GETSTATUS: bStatus, bwPollTimeout (3), bState, iString. */
#define DFU_STATUS_SIZE 6

/* What dfu_work() has to do. */
enum dfu_operation {
    DFU_NOTHING,
    DFU_SET_ADDRESS, /* done when the host has heard of it */
    DFU_ERASE_PAGE,
    DFU_WRITE, /* the last that has an address */
    DFU_ERASE_ALL,
    DFU_UNPROTECT,
    DFU_LEAVE,
    DFU_BAD = 0x80, /* and an enum dfu_status: only to be reported */
};

struct dfu {
    uint8_t state;       /* enum dfu_state; changed by one function only, and last */
    uint8_t status;      /* enum dfu_status, of the last error */
    uint8_t operation;   /* enum dfu_operation, in DFU_DNLOAD_SYNC and DFU_DNBUSY */
    uint8_t alternate;   /* bAlternateSetting: which memory is selected */
    uint8_t memory;      /* ... and that of the operation */
    uint16_t length;     /* bytes in `data` to be written; of other operations 1 */
    uint16_t block_size; /* of the blocks after block 2 */
    uint32_t pointer;    /* where block 2 goes, and where to go in the end: set by SET_ADDRESS */
    uint32_t address;    /* of the operation */
    uint32_t reply[2];   /* of GETSTATUS, whose last two bytes are not sent */
    _Alignas(4) uint8_t data[DFU_TRANSFER_SIZE];
};

/* Into dfuIDLE, with address pointer `address`; *d may hold anything. */
void dfu_init(struct dfu *d, uint32_t address);
/* The bus was reset: back to dfuIDLE and alternate 0, unless there is work going on; in
 * dfuMANIFEST-WAIT-RESET it leaves. */
void dfu_reset(struct dfu *d);
/* SET_INTERFACE: for what is asked from now on. */
void dfu_select(struct dfu *d, uint8_t alternate);
/* A class request to the DFU interface; same contract as usb_request() of usbd.h. */
int dfu_request(struct dfu *d, const struct usb_setup *setup, uint8_t **data);
/* Its status stage is over. */
void dfu_request_done(struct dfu *d, const struct usb_setup *setup);
/* dfu_work() has something to do: when false, nothing changes until the next request. */
bool dfu_busy(const struct dfu *d);
/* Does the work the host was told about. It may leave for good. */
void dfu_work(struct dfu *d);

#endif
