/* SPDX-License-Identifier: MIT */
/*
 * What the DFU engine needs of the device it runs on. The product supplies these; so does a test.
 * `alternate` is the bAlternateSetting that selects the memory.
 */
#ifndef DFU_MEM_H
#define DFU_MEM_H

#include "dfu.h"

/* Command bytes, the answer to UPLOAD of block 0. */
#define DFU_MEM_COMMANDS 4
extern const uint8_t dfu_mem_commands[DFU_MEM_COMMANDS];

/* How many bytes there are from `address` on; 0: the address is not in this memory. */
uint32_t dfu_mem_left(uint8_t alternate, uint32_t address);
/* Reads `size` bytes from `address` on, which are inside the memory, to `buffer`, which is aligned
 * to 4 and has room up to a multiple of 4. DFU_ERR_VENDOR: read protection forbids it;
 * DFU_ERR_TARGET: this memory cannot do it. */
enum dfu_status dfu_mem_read(uint8_t alternate, uint32_t address, uint8_t *buffer, uint32_t size);

/*
 * Does d->operation, at d->address, with the d->length bytes of d->data, which are inside the
 * memory; returns when it is done. DFU_OK, or the error for the host: DFU_ERR_VENDOR when read
 * protection forbids it, DFU_ERR_TARGET when this memory cannot do it.
 *   DFU_ERASE_PAGE   what hosts take for the page that holds d->address
 *   DFU_ERASE_ALL    the memory
 *   DFU_WRITE        data is aligned to 4
 *   DFU_UNPROTECT    removes the read protection, and everything with it; ends in a reset
 *   DFU_LEAVE        the host says that the download is complete; the error: it is not
 */
enum dfu_status dfu_mem_work(struct dfu *d);
/* How long that takes, milliseconds, rounded up; while it goes on, how long still. */
uint32_t dfu_mem_time(struct dfu *d);
/* Leaves the bus and starts the program at `address`. Does not return, but in a test. */
void dfu_mem_leave(uint32_t address);

#endif
