/* SPDX-License-Identifier: MIT */
/* Names for code addresses, from an ELF's symbols and line table. */
#ifndef CLI_SYMBOLS_H
#define CLI_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

/* NULL when the file has none; all functions take NULL for "no symbols". */
struct symbols *symbols_open(const char *elf);
void symbols_close(struct symbols *symbols);
/* Writes "function (file.c:123)", as much of it as is known, or an empty line. Returns `text`. */
const char *symbols_at(const struct symbols *symbols, uint32_t address, char *text, size_t size);
/* For code inlined from a header: writes "file.c:123", where the source file uses it; else an empty
 * line. Returns `text`. */
const char *symbols_use(const struct symbols *symbols, uint32_t address, char *text, size_t size);
/* Finds a function by its name, in whatever case; false: there is none, or no code of it. */
bool symbols_function(const struct symbols *symbols, const char *name, uint32_t *address);
/* Any symbol's value. */
bool symbols_value(const struct symbols *symbols, const char *name, uint32_t *value);
/* These visit until `visit` returns true, and return whether it did. */
/* All functions with a size; the name lives as long as `symbols`. */
bool symbols_functions(const struct symbols *symbols,
                       bool (*visit)(void *context, const char *name, uint32_t address,
                                     uint32_t size),
                       void *context);
/* The paths of the source files, headers included. */
bool symbols_sources(const struct symbols *symbols, bool (*visit)(void *context, const char *path),
                     void *context);

#endif
