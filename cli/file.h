/* SPDX-License-Identifier: MIT */
/* Whole files. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Reads the file into memory the caller frees; an empty file is an error. */
bool file_read(const char *path, uint8_t **data, size_t *size, struct error *error);
/* Tells, before the work for it is done, whether file_write() would be allowed to write there. */
bool file_can_write(const char *path, struct error *error);
/* Writes the file whole or not at all: a failure leaves what was at `path` as it was. */
bool file_write(const char *path, const void *data, size_t size, struct error *error);

/* Both paths lead to the same regular file, there or not. NULL leads nowhere. */
bool file_same(const char *a, const char *b);

/* Looks for a program as execvp() does, so that a typing error shows before the board runs. */
bool file_find_program(const char *name, struct error *error);

#endif
