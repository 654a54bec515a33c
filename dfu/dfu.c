/* SPDX-License-Identifier: MIT */
#include "dfu.h"

#include <stddef.h>

#include "dfu_mem.h"

#define STALL      (-1)
#define BLOCK_CMD  0 /* wBlockNum of commands; 1 is reserved */
#define BLOCK_DATA 2 /* first of the data */
#define LEAVE_MS   1
#define CLASS_IN   (USB_DIR_IN | USB_TYPE_CLASS | USB_RECIPIENT_IFACE)
#define CLASS_OUT  (USB_TYPE_CLASS | USB_RECIPIENT_IFACE)

/* ---- State ----------------------------------------------------------------------------------- */

static void set_state(struct dfu *d, enum dfu_state state)
{
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
    if (d->state != DFU_DNBUSY && d->state != DFU_MANIFEST)
        fail(d, status);
    return STALL;
}

void dfu_init(struct dfu *d, uint32_t address)
{
    d->pointer = address;
    d->leave = address;
    d->alternate = 0;
    d->block_size = DFU_TRANSFER_SIZE;
    go_idle(d);
}

void dfu_reset(struct dfu *d)
{
    if (dfu_busy(d))
        return;
    d->alternate = 0;
    go_idle(d);
}

void dfu_select(struct dfu *d, uint8_t alternate)
{
    if (!dfu_busy(d))
        d->alternate = alternate;
}

/* ---- DNLOAD ---------------------------------------------------------------------------------- */

static uint32_t get_u32(const uint8_t bytes[4])
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Hosts count blocks from 2 on, or send block 2 again and again with SET_ADDRESS in between. The
 * last block is shorter than the others: only block 2 tells their size. */
static uint32_t block_address(struct dfu *d, uint16_t block, uint16_t length)
{
    if (block == BLOCK_DATA)
        d->block_size = length;
    return d->pointer + (uint32_t)(block - BLOCK_DATA) * d->block_size;
}

static int start_download(struct dfu *d, const struct usb_setup *setup, uint8_t **data)
{
    bool leave = setup->wLength == 0;
    bool block_known = setup->wValue == BLOCK_CMD || setup->wValue >= BLOCK_DATA;
    switch (d->state) {
    case DFU_IDLE:
    case DFU_DNLOAD_IDLE:
        if (!leave && (!block_known || setup->wLength > DFU_TRANSFER_SIZE))
            break;
        *data = d->data;
        return 0;
    default: break;
    }
    return refuse(d, DFU_ERR_STALLEDPKT);
}

static enum dfu_operation parse_command(struct dfu *d)
{
    bool has_address = d->length == 5;
    d->address = get_u32(d->data + 1);
    if (d->data[0] == DFUSE_SET_ADDRESS && has_address)
        return DFU_SET_ADDRESS;
    if (d->data[0] == DFUSE_ERASE && has_address)
        return DFU_ERASE_PAGE;
    if (d->data[0] == DFUSE_ERASE && d->length == 1)
        return DFU_ERASE_ALL;
    if (d->data[0] == DFUSE_READ_UNPROTECT && d->length == 1)
        return DFU_UNPROTECT;
    return DFU_BAD_COMMAND;
}

static void end_download(struct dfu *d, const struct usb_setup *setup)
{
    d->length = setup->wLength;
    if (d->length == 0) {
        d->operation = DFU_LEAVE;
        set_state(d, DFU_MANIFEST_SYNC);
        return;
    }
    if (setup->wValue == BLOCK_CMD) {
        d->operation = (uint8_t)parse_command(d);
    } else {
        d->operation = DFU_WRITE;
        d->address = block_address(d, setup->wValue, d->length);
        d->leave = d->pointer;
    }
    set_state(d, DFU_DNLOAD_SYNC);
}

/* ---- UPLOAD ---------------------------------------------------------------------------------- */

static int upload_memory(struct dfu *d, const struct usb_setup *setup, uint8_t **data)
{
    uint32_t address = block_address(d, setup->wValue, setup->wLength);
    uint32_t left = dfu_mem_left(d->alternate, address);
    enum dfu_status status = dfu_mem_allows(d->alternate, DFU_READ);
    if (status != DFU_OK || left == 0)
        return refuse(d, status != DFU_OK ? status : DFU_ERR_TARGET);
    *data = (uint8_t *)(uintptr_t)dfu_mem_read(d->alternate, address); /* only read */
    return left < setup->wLength ? (int)left : setup->wLength;
}

static int start_upload(struct dfu *d, const struct usb_setup *setup, uint8_t **data)
{
    int size = 0;
    switch (d->state) {
    case DFU_IDLE:
    case DFU_UPLOAD_IDLE:
        if (setup->wValue == 1 || setup->wLength > DFU_TRANSFER_SIZE)
            return refuse(d, DFU_ERR_STALLEDPKT);
        if (setup->wValue >= BLOCK_DATA) {
            size = upload_memory(d, setup, data);
        } else {
            *data = (uint8_t *)(uintptr_t)dfu_mem_commands;
            size = sizeof dfu_mem_commands;
        }
        if (size >= 0) /* a short answer ends the upload */
            set_state(d, size < setup->wLength ? DFU_IDLE : DFU_UPLOAD_IDLE);
        return size;
    default: return refuse(d, DFU_ERR_STALLEDPKT);
    }
}

/* ---- Status ---------------------------------------------------------------------------------- */

/* The state that GETSTATUS tells: entered when the host has the answer. */
static enum dfu_state state_to_tell(const struct dfu *d)
{
    switch (d->state) {
    case DFU_DNLOAD_SYNC: return d->operation == DFU_NOTHING ? DFU_DNLOAD_IDLE : DFU_DNBUSY;
    case DFU_MANIFEST_SYNC: return DFU_MANIFEST;
    default: return (enum dfu_state)d->state;
    }
}

static int get_status(struct dfu *d, uint8_t **data)
{
    uint32_t wait_ms = 0;
    uint8_t state = (uint8_t)state_to_tell(d);
    if (state == DFU_DNBUSY)
        wait_ms = dfu_mem_time(d->alternate, (enum dfu_operation)d->operation, d->length);
    if (state == DFU_MANIFEST)
        wait_ms = LEAVE_MS;
    d->reply[0] = d->status;
    d->reply[1] = (uint8_t)wait_ms;
    d->reply[2] = (uint8_t)(wait_ms >> 8);
    d->reply[3] = (uint8_t)(wait_ms >> 16);
    d->reply[4] = state;
    d->reply[5] = 0; /* iString */
    *data = d->reply;
    return sizeof d->reply;
}

/* The work may have ended between the answer and the end of its transfer: then the answer, busy, is
 * out of date, and the next one tells how it went. */
static void status_told(struct dfu *d)
{
    if (d->reply[4] == state_to_tell(d))
        set_state(d, (enum dfu_state)d->reply[4]);
}

static int get_state(struct dfu *d, uint8_t **data)
{
    d->reply[0] = d->state;
    *data = d->reply;
    return 1;
}

static int clear_status(struct dfu *d)
{
    switch (d->state) {
    case DFU_ERROR:
    case DFU_IDLE:
    case DFU_DNLOAD_IDLE: /* the betaflight configurator's way of saying ABORT */
    case DFU_UPLOAD_IDLE: go_idle(d); return 0;
    default: return refuse(d, DFU_ERR_STALLEDPKT);
    }
}

static int abort_transfer(struct dfu *d)
{
    switch (d->state) {
    case DFU_IDLE:
    case DFU_DNLOAD_SYNC: /* the work has not begun: it is dropped */
    case DFU_DNLOAD_IDLE:
    case DFU_MANIFEST_SYNC:
    case DFU_UPLOAD_IDLE: go_idle(d); return 0;
    default: return refuse(d, DFU_ERR_STALLEDPKT);
    }
}

/* ---- Requests -------------------------------------------------------------------------------- */

#define REQUEST(type, request) ((type) << 8 | (request))

int dfu_request(struct dfu *d, const struct usb_setup *setup, uint8_t **data)
{
    switch (REQUEST(setup->bmRequestType, setup->bRequest)) {
    case REQUEST(CLASS_OUT, DFU_DNLOAD): return start_download(d, setup, data);
    case REQUEST(CLASS_IN, DFU_UPLOAD): return start_upload(d, setup, data);
    case REQUEST(CLASS_IN, DFU_GETSTATUS): return get_status(d, data);
    case REQUEST(CLASS_IN, DFU_GETSTATE): return get_state(d, data);
    case REQUEST(CLASS_OUT, DFU_CLRSTATUS): return clear_status(d);
    case REQUEST(CLASS_OUT, DFU_ABORT): return abort_transfer(d);
    default: return refuse(d, DFU_ERR_STALLEDPKT);
    }
}

void dfu_request_done(struct dfu *d, const struct usb_setup *setup)
{
    switch (REQUEST(setup->bmRequestType, setup->bRequest)) {
    case REQUEST(CLASS_OUT, DFU_DNLOAD): end_download(d, setup); break;
    case REQUEST(CLASS_IN, DFU_GETSTATUS): status_told(d); break;
    default: break;
    }
}

/* ---- Work ------------------------------------------------------------------------------------ */

bool dfu_busy(const struct dfu *d)
{
    return d->state == DFU_DNBUSY || d->state == DFU_MANIFEST;
}

static enum dfu_status set_address(struct dfu *d)
{
    if (dfu_mem_left(d->alternate, d->address) == 0)
        return DFU_ERR_TARGET;
    d->pointer = d->address;
    d->leave = d->address;
    return DFU_OK;
}

static enum dfu_status run(struct dfu *d)
{
    enum dfu_operation operation = (enum dfu_operation)d->operation;
    enum dfu_status allowed = dfu_mem_allows(d->alternate, operation);
    uint32_t left = dfu_mem_left(d->alternate, d->address);
    if (allowed != DFU_OK)
        return allowed;
    switch (operation) {
    case DFU_SET_ADDRESS: return set_address(d);
    case DFU_ERASE_PAGE: return left ? dfu_mem_erase(d->alternate, d->address) : DFU_ERR_TARGET;
    case DFU_ERASE_ALL: return dfu_mem_erase_all(d->alternate);
    case DFU_WRITE:
        if (left < d->length)
            return DFU_ERR_TARGET;
        return dfu_mem_write(d->alternate, d->address, d->data, d->length);
    case DFU_UNPROTECT: return dfu_mem_unprotect();
    default: return DFU_ERR_STALLEDPKT; /* a command nobody knows */
    }
}

void dfu_work(struct dfu *d)
{
    if (d->state == DFU_MANIFEST) {
        dfu_mem_leave(d->leave);
        return;
    }
    if (d->state != DFU_DNBUSY)
        return;
    enum dfu_status status = run(d);
    d->operation = DFU_NOTHING;
    if (status == DFU_OK)
        set_state(d, DFU_DNLOAD_SYNC);
    else
        fail(d, status);
}
