/* SPDX-License-Identifier: MIT */
/*
 * What the DFU engine needs of the device it runs on. The product supplies these; so does a test.
 * `alternate` is the bAlternateSetting that selects the memory.
 */
#ifndef DFU_MEM_H
#define DFU_MEM_H

#include "dfu.h"

/* Command bytes, the answer to UPLOAD of block 0. */
extern const uint8_t dfu_mem_commands[4];

/* How many bytes there are from `address` on; 0: the address is not in this memory. */
uint32_t dfu_mem_left(uint8_t alternate, uint32_t address);
/* DFU_OK when `operation` is allowed now, else the error for the host: DFU_ERR_VENDOR when read
 * protection forbids it, DFU_ERR_TARGET when this memory cannot do it. */
enum dfu_status dfu_mem_allows(uint8_t alternate, enum dfu_operation operation);
/* How long `operation` takes, milliseconds, rounded up. `size`: bytes, of DFU_WRITE. */
uint32_t dfu_mem_time(uint8_t alternate, enum dfu_operation operation, uint32_t size);

/* The next three are called inside the memory, when allowed, and return when it is done. */
enum dfu_status dfu_mem_erase(uint8_t alternate, uint32_t address); /* the page that holds it */
enum dfu_status dfu_mem_erase_all(uint8_t alternate);
enum dfu_status dfu_mem_write(uint8_t alternate, uint32_t address, const uint8_t *data,
                              uint32_t size); /* data is aligned to 4 */
/* Where the bytes of `address` can be read until the next request. */
const uint8_t *dfu_mem_read(uint8_t alternate, uint32_t address);

/* Removes the read protection, and everything with it; ends in a reset. */
enum dfu_status dfu_mem_unprotect(void);
/* Leaves the bus and starts the program at `address`. Does not return, but in a test. */
void dfu_mem_leave(uint32_t address);

#endif
