/* SPDX-License-Identifier: MIT */
/* Names for code addresses, from an ELF's symbols and line table. */
#ifndef CLI_SYMBOLS_H
#define CLI_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct symbols;

/* NULL when the file has none; all functions take NULL for "no symbols". */
struct symbols *symbols_open(const char *elf);
void symbols_close(struct symbols *symbols);
/* Writes "function (file.c:123)", as much of it as is known, or an empty line. Returns `text`. */
const char *symbols_at(const struct symbols *symbols, uint32_t address, char *text, size_t size);

#endif
