/* SPDX-License-Identifier: MIT */
/* What can be told about a firmware file, and what is wrong with it. */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include "dfufile.h"
#include "image.h"
#include "l072.h"

#define BANK2_PARTS 2 /* with 128 and 192 KB: their second banks begin elsewhere */
#define PROBLEMS    (DFU_PROBLEMS + 4)

struct findings {
    struct image image;
    struct dfu_file dfu; /* of IMAGE_DFU and IMAGE_DFUSE */
    struct l072_geometry geometry;

    bool has_vectors;
    uint32_t vectors, sp, reset;
    bool sp_sane, reset_sane;

    bool has_word0; /* at the start of the flash */
    uint32_t word0;
    bool hidden; /* ROM V4.1 takes word 0 for no stack pointer */
    struct {
        unsigned kb;
        uint32_t address, word;
        bool given, visible;
    } bank2[BANK2_PARTS];

    size_t problems;
    struct error problem[PROBLEMS];
};

/* Plain bytes go to `address`; `part` NULL is the largest. False: the file cannot be read at all,
 * and nothing is left to free. */
bool findings_make(struct findings *findings, const char *path, uint32_t address, const char *part,
                   struct error *error);
void findings_free(struct findings *findings);

const char *findings_kind(const struct findings *findings);
/* "flash", "eeprom", "options" or "no memory". */
const char *findings_place(const struct findings *findings, uint32_t address);
void findings_print(const struct findings *findings, const char *path);
void findings_print_json(const struct findings *findings, const char *path);

#endif
