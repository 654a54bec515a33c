/* SPDX-License-Identifier: MIT */
#include "dfu.h"

#include <stdatomic.h>
#include <stddef.h>

#include "dfu_mem.h"

#define NOINLINE __attribute__((noinline)) /* where that is smaller */
#define STALL    (-1)

/* wBlockNum of DfuSe: commands, nothing, and then data; else the data begin at 0. */
#define BLOCK_COMMAND  0
#define BLOCK_RESERVED 1
#define BLOCK_DATA     (DFU_PLAIN ? 0 : 2)

/* ---- State ----------------------------------------------------------------------------------- */

/* Whoever is interrupted here, or interrupts, finds what belongs to the state. */
static void set_state(struct dfu *d, enum dfu_state state)
{
    atomic_signal_fence(memory_order_seq_cst);
    d->state = (uint8_t)state;
}

static void fail(struct dfu *d, enum dfu_status status)
{
    d->status = (uint8_t)status;
    d->operation = DFU_NOTHING;
    set_state(d, DFU_ERROR);
}

static void go_idle(struct dfu *d)
{
    d->status = DFU_OK;
    d->operation = DFU_NOTHING;
    set_state(d, DFU_IDLE);
}

/* The loud default: what is not allowed is stalled and remembered. The work that goes on in
 * dfuDNBUSY and dfuMANIFEST owns the state until it ends. */
static int refuse(struct dfu *d, enum dfu_status status)
{
    if (!dfu_busy(d))
        fail(d, status);
    return STALL;
}

void dfu_init(struct dfu *d, uint32_t address)
{
    d->pointer = address;
    d->alternate = 0;
    d->block_size = DFU_TRANSFER_SIZE;
    go_idle(d);
}

void dfu_reset(struct dfu *d)
{
    d->alternate = 0;
    if (dfu_busy(d))
        return;
    if (DFU_PLAIN && d->state == DFU_MANIFEST_WAIT_RESET)
        dfu_mem_leave(d->pointer);
    go_idle(d);
}

void dfu_select(struct dfu *d, uint8_t alternate)
{
    d->alternate = alternate;
}

/* ---- DNLOAD ---------------------------------------------------------------------------------- */

/* Behind the first byte of a command. */
static uint32_t command_address(const struct dfu *d)
{
    const uint32_t *words = (const uint32_t *)(const void *)d->data;
    return words[0] >> 8 | words[1] << 24;
}

static bool is_data(uint16_t block)
{
    return DFU_PLAIN || block > BLOCK_RESERVED;
}

/* DfuSe: hosts count blocks from 2 on, or send block 2 again and again with SET_ADDRESS in between.
 * The last block is shorter than the others: only the first tells their size. */
static uint32_t block_address(struct dfu *d, uint16_t block, uint16_t length)
{
    if (block == BLOCK_DATA)
        d->block_size = length;
    return d->pointer + (uint32_t)(block - BLOCK_DATA) * d->block_size;
}

static bool fits(const struct usb_setup *setup)
{
    return setup->wLength <= DFU_TRANSFER_SIZE &&
           (is_data(setup->wValue) || setup->wValue == BLOCK_COMMAND);
}

static int start_download(struct dfu *d, const struct usb_setup *setup, uint8_t **data)
{
    bool leave = setup->wLength == 0;
    /* In plain DFU there must be something to end. */
    if (leave ? DFU_PLAIN && d->state == DFU_IDLE : !fits(setup))
        return refuse(d, DFU_ERR_STALLEDPKT);
    *data = d->data;
    return 0;
}

/* Of the command in d->data. */
static enum dfu_operation command(const struct dfu *d)
{
    uint8_t first = d->data[0];
    if (d->length == 5)
        return first == DFUSE_SET_ADDRESS ? DFU_SET_ADDRESS
               : first == DFUSE_ERASE     ? DFU_ERASE_PAGE
                                          : DFU_BAD | DFU_ERR_STALLEDPKT;
    if (d->length == 1)
        return first == DFUSE_ERASE            ? DFU_ERASE_ALL
               : first == DFUSE_READ_UNPROTECT ? DFU_UNPROTECT
                                               : DFU_BAD | DFU_ERR_STALLEDPKT;
    return DFU_BAD | DFU_ERR_STALLEDPKT;
}

static void end_download(struct dfu *d, const struct usb_setup *setup)
{
    d->length = setup->wLength;
    d->memory = d->alternate;
    if (d->length == 0) {
        d->operation = DFU_LEAVE;
        set_state(d, DFU_MANIFEST_SYNC);
        return;
    }
    if (is_data(setup->wValue)) {
        d->operation = DFU_WRITE;
        d->address = block_address(d, setup->wValue, d->length);
    } else {
        d->operation = (uint8_t)command(d);
        d->address = command_address(d);
        d->length = 1;
    }
    if (d->operation <= DFU_WRITE && dfu_mem_left(d->alternate, d->address) < d->length)
        d->operation = DFU_BAD | DFU_ERR_TARGET;
    set_state(d, DFU_DNLOAD_SYNC);
}

/* ---- UPLOAD ---------------------------------------------------------------------------------- */

static int upload_memory(struct dfu *d, const struct usb_setup *setup, uint8_t **data)
{
    uint32_t address = block_address(d, setup->wValue, setup->wLength);
    uint32_t left = dfu_mem_left(d->alternate, address);
    if (left == 0 && d->state == DFU_UPLOAD_IDLE)
        return 0; /* that was all */
    uint32_t size = left < setup->wLength ? left : setup->wLength;
    enum dfu_status status =
        left ? dfu_mem_read(d->alternate, address, d->data, size) : DFU_ERR_TARGET;
    if (status != DFU_OK)
        return refuse(d, status);
    *data = d->data;
    return (int)size;
}

static int upload(struct dfu *d, const struct usb_setup *setup, uint8_t **data)
{
    int size = sizeof dfu_mem_commands;
    if (!fits(setup))
        return refuse(d, DFU_ERR_STALLEDPKT);
    *data = (uint8_t *)(uintptr_t)dfu_mem_commands;
    if (is_data(setup->wValue))
        size = upload_memory(d, setup, data);
    if (size >= 0) /* a short answer ends the upload */
        set_state(d, size < setup->wLength ? DFU_IDLE : DFU_UPLOAD_IDLE);
    return size;
}

/* ---- Status ---------------------------------------------------------------------------------- */

/* The state that GETSTATUS tells: entered when the host has the answer. */
NOINLINE static uint8_t state_to_tell(const struct dfu *d)
{
    if (d->state == DFU_DNLOAD_SYNC)
        return d->operation == DFU_NOTHING ? DFU_DNLOAD_IDLE : DFU_DNBUSY;
    return d->state == DFU_MANIFEST_SYNC ? DFU_MANIFEST : d->state;
}

static int get_status(struct dfu *d, uint8_t **data)
{
    uint8_t state = state_to_tell(d);
    uint32_t wait_ms = d->operation > DFU_SET_ADDRESS ? dfu_mem_time(d) : d->operation;
    d->reply[0] = d->status | wait_ms << 8;
    d->reply[1] = state; /* and iString 0 */
    *data = (uint8_t *)d->reply;
    return DFU_STATUS_SIZE;
}

/* The work may have ended between the answer and the end of its transfer: then the answer, busy, is
 * out of date, and the next one tells how it went. */
static void status_told(struct dfu *d)
{
    if (d->reply[1] != state_to_tell(d))
        return;
    set_state(d, (enum dfu_state)d->reply[1]);
    if (d->operation == DFU_SET_ADDRESS) { /* takes no time, whatever else goes on */
        d->pointer = d->address;
        d->operation = DFU_NOTHING;
        set_state(d, DFU_DNLOAD_SYNC);
    }
}

static int get_state(struct dfu *d, uint8_t **data)
{
    d->reply[0] = d->state;
    *data = (uint8_t *)d->reply;
    return 1;
}

/* ---- Requests -------------------------------------------------------------------------------- */

/* The states in which each is allowed, a bit a state. CLRSTATUS outside dfuERROR is how the
 * betaflight configurator says ABORT; in dfuDNLOAD-SYNC the work has not begun, and is dropped. */
#define ANY     0x7FF
#define TO_HOST 0x8000 /* it has data to the host */
static const uint16_t allowed[] = {
    [DFU_DETACH] = 0,
    [DFU_DNLOAD] = 1 << DFU_IDLE | 1 << DFU_DNLOAD_IDLE,
    [DFU_UPLOAD] = TO_HOST | 1 << DFU_IDLE | 1 << DFU_UPLOAD_IDLE,
    [DFU_GETSTATUS] = TO_HOST | ANY,
    [DFU_CLRSTATUS] = 1 << DFU_IDLE | 1 << DFU_DNLOAD_IDLE | 1 << DFU_UPLOAD_IDLE | 1 << DFU_ERROR,
    [DFU_GETSTATE] = TO_HOST | ANY,
    [DFU_ABORT] = 1 << DFU_IDLE | 1 << DFU_DNLOAD_SYNC | 1 << DFU_DNLOAD_IDLE |
                  1 << DFU_MANIFEST_SYNC | 1 << DFU_UPLOAD_IDLE,
};

int dfu_request(struct dfu *d, const struct usb_setup *setup, uint8_t **data)
{
    uint8_t request = setup->bRequest;
    if (request >= sizeof allowed / sizeof allowed[0] || !(allowed[request] >> d->state & 1) ||
        allowed[request] >> 15 != setup->bmRequestType >> 7)
        return refuse(d, DFU_ERR_STALLEDPKT);
    switch (request) {
    case DFU_DNLOAD: return start_download(d, setup, data);
    case DFU_UPLOAD: return upload(d, setup, data);
    case DFU_GETSTATUS: return get_status(d, data);
    case DFU_GETSTATE: return get_state(d, data);
    default: go_idle(d); return 0; /* CLRSTATUS, ABORT */
    }
}

void dfu_request_done(struct dfu *d, const struct usb_setup *setup)
{
    if (setup->bRequest == DFU_DNLOAD)
        end_download(d, setup);
    else if (setup->bRequest == DFU_GETSTATUS)
        status_told(d);
}

/* ---- Work ------------------------------------------------------------------------------------ */

bool dfu_busy(const struct dfu *d)
{
    return (1u << DFU_DNBUSY | 1u << DFU_MANIFEST) >> d->state & 1;
}

void dfu_work(struct dfu *d)
{
    if (!dfu_busy(d))
        return;
    enum dfu_status status =
        d->operation & DFU_BAD ? (enum dfu_status)(d->operation - DFU_BAD) : dfu_mem_work(d);
    bool leaves = d->state == DFU_MANIFEST;
    d->operation = DFU_NOTHING;
    if (status != DFU_OK)
        fail(d, status);
    else if (leaves && !DFU_PLAIN)
        dfu_mem_leave(d->pointer);
    else
        set_state(d, leaves ? DFU_MANIFEST_WAIT_RESET : DFU_DNLOAD_SYNC);
}
