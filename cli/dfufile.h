/* SPDX-License-Identifier: MIT */
/*
 * Files that DFU hosts take: a DFU suffix (DFU 1.1, appendix B) behind plain bytes, or behind the
 * targets and elements of DfuSe (UM0391, 1.1a). Reads and makes them; does not print.
 */
#ifndef CLI_DFUFILE_H
#define CLI_DFUFILE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define DFU_ANY 0xFFFFu /* of idVendor, idProduct, bcdDevice: every device */

enum { DFU_PLAIN_1_0 = 0x0100, DFU_PLAIN_1_1 = 0x0110, DFU_DFUSE = 0x011A }; /* bcdDFU */

/* Sizes of the parts of a file. */
enum {
    DFU_SUFFIX_SIZE = 16,
    DFUSE_PREFIX_SIZE = 11,
    DFUSE_TARGET_SIZE = 274, /* its prefix */
    DFUSE_ELEMENT_SIZE = 8,  /* its prefix */
    DFUSE_NAME_SIZE = 255,
};

struct dfu_suffix {
    uint16_t bcd_device, id_product, id_vendor, bcd_dfu;
    uint8_t length;
    uint32_t crc;
};

struct dfuse_element {
    uint8_t target; /* which one it is of, from 0 on */
    uint32_t address, size;
    const uint8_t *data;
};

struct dfuse_target {
    uint8_t alternate;
    bool named;
    char name[DFUSE_NAME_SIZE + 1];
    uint32_t size, elements; /* as the file says */
};

#define DFU_PROBLEMS 8 /* what is wrong beyond these is not told */

/* What a file says, and what it should say. `data` and `payload` point into the file. */
struct dfu_file {
    bool has_suffix, is_dfuse;
    struct dfu_suffix suffix;
    uint32_t crc;           /* as computed */
    uint8_t prefix_version; /* of the DfuSe prefix; also the next two */
    uint32_t image_size;
    uint32_t right_image_size;
    uint8_t targets_told;
    struct dfuse_target *target;
    size_t targets;
    struct dfuse_element *element; /* in the order of the file */
    size_t elements;
    const uint8_t *payload; /* all but the suffix */
    size_t payload_size;
    size_t problems;
    struct error problem[DFU_PROBLEMS];
};

bool dfu_has_suffix(const uint8_t *file, size_t size); /* DFU, at its end */
bool dfu_has_prefix(const uint8_t *file, size_t size); /* DfuSe, at its start */
/* Reads as much as can be read; what is wrong is in `problem`. False: memory is short. */
bool dfu_parse(struct dfu_file *dfu, const uint8_t *file, size_t size);
void dfu_free(struct dfu_file *dfu);

/* The CRC of a suffix: over all of the file but its last four bytes. */
uint32_t dfu_crc(const uint8_t *data, size_t size);
/* Puts the right CRC into the suffix of a file that was changed. */
void dfu_seal(uint8_t *file, size_t size);

/* Makes a DfuSe file of targets and their elements, or a plain one of `payload` when there are no
 * targets. The sizes, counts and CRC are computed. For the caller to free; NULL: memory is short.
 */
uint8_t *dfu_build(const struct dfu_file *dfu, size_t *size);

#endif
