/* SPDX-License-Identifier: MIT */
#include "symbols.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct symbols {
    Dwfl *dwfl;
    Dwfl_Module *module;
};

/* Only the file itself is read, no separate debug files. */
static int no_debug_file(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
                         const char *file, const char *link, GElf_Word crc, char **path)
{
    (void)module, (void)data, (void)name, (void)base;
    (void)file, (void)link, (void)crc, (void)path;
    return -1;
}

static const Dwfl_Callbacks callbacks = {
    .find_debuginfo = no_debug_file,
    .section_address = dwfl_offline_section_address,
};

struct symbols *symbols_open(const char *elf)
{
    struct symbols *symbols = calloc(1, sizeof(*symbols));
    if (!symbols)
        return NULL;
    symbols->dwfl = dwfl_begin(&callbacks);
    if (symbols->dwfl)
        symbols->module = dwfl_report_offline(symbols->dwfl, elf, elf, -1);
    if (!symbols->module || dwfl_report_end(symbols->dwfl, NULL, NULL) != 0 ||
        dwfl_module_getsymtab(symbols->module) <= 0) {
        symbols_close(symbols);
        return NULL;
    }
    return symbols;
}

void symbols_close(struct symbols *symbols)
{
    if (!symbols)
        return;
    dwfl_end(symbols->dwfl);
    free(symbols);
}

/* The function `address` is in. Bit 0 of a Thumb function's symbol is not part of its address;
 * a symbol of hand-written assembler may have no size. */
static const char *function_at(Dwfl_Module *module, uint32_t address)
{
    const char *found = NULL;
    GElf_Addr best = 0;
    int count = dwfl_module_getsymtab(module);
    for (int i = 1; i < count; i++) {
        GElf_Sym symbol;
        const char *name = dwfl_module_getsym(module, i, &symbol, NULL);
        GElf_Addr start = symbol.st_value & ~(GElf_Addr)1;
        if (!name || GELF_ST_TYPE(symbol.st_info) != STT_FUNC || start > address || start < best)
            continue;
        bool inside = symbol.st_size == 0 || address - start < symbol.st_size;
        found = inside ? name : NULL;
        best = start;
    }
    return found;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *symbols_at(const struct symbols *symbols, uint32_t address, char *text, size_t size)
{
    text[0] = '\0';
    if (!symbols)
        return text;
    const char *function = function_at(symbols->module, address);
    Dwfl_Line *place = dwfl_module_getsrc(symbols->module, address);
    int line = 0;
    const char *path = place ? dwfl_lineinfo(place, NULL, &line, NULL, NULL, NULL) : NULL;
    if (!path) {
        snprintf(text, size, "%s", function ? function : "");
        return text;
    }
    snprintf(text, size, "%s%s(%s:%d)", function ? function : "", function ? " " : "",
             base_name(path), line);
    return text;
}

/* Where an inlined function is called: the file, and its line. */
static const char *call_site(Dwarf_Die *unit, Dwarf_Die *inlined, int *line)
{
    Dwarf_Attribute attribute;
    Dwarf_Word file, number;
    Dwarf_Files *files;
    size_t count;
    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file) != 0 ||
        dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &number) != 0 ||
        dwarf_getsrcfiles(unit, &files, &count) != 0 || file >= count)
        return NULL;
    *line = (int)number;
    return dwarf_filesrc(files, file, NULL, NULL);
}

static bool is_of(const char *path, const char *source)
{
    return path && strcmp(base_name(path), source) == 0;
}

const char *symbols_use(const struct symbols *symbols, uint32_t address, char *text, size_t size)
{
    Dwarf_Addr bias = 0;
    Dwarf_Die *unit = symbols ? dwfl_module_addrdie(symbols->module, address, &bias) : NULL;
    const char *name = unit ? dwarf_diename(unit) : NULL;
    Dwfl_Line *place = name ? dwfl_module_getsrc(symbols->module, address) : NULL;
    text[0] = '\0';
    if (!place)
        return text;
    const char *source = base_name(name);
    Dwarf_Die *scopes = NULL;
    int count = 0, line = 0;
    if (!is_of(dwfl_lineinfo(place, NULL, NULL, NULL, NULL, NULL), source))
        count = dwarf_getscopes(unit, address - bias, &scopes);
    for (int i = 0; i < count && !text[0]; i++)
        if (dwarf_tag(&scopes[i]) == DW_TAG_inlined_subroutine &&
            is_of(call_site(unit, &scopes[i], &line), source))
            snprintf(text, size, "%s:%d", source, line);
    free(scopes);
    return text;
}

/* ---- Searches -------------------------------------------------------------------------------- */

static int symbol_count(const struct symbols *symbols)
{
    return symbols ? dwfl_module_getsymtab(symbols->module) : 0;
}

static bool is_function(const GElf_Sym *symbol)
{
    return GELF_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_shndx != SHN_UNDEF;
}

bool symbols_function(const struct symbols *symbols, const char *name, uint32_t *address)
{
    for (int i = 1; i < symbol_count(symbols); i++) {
        GElf_Sym symbol;
        const char *found = dwfl_module_getsym(symbols->module, i, &symbol, NULL);
        if (!found || !is_function(&symbol) || strcasecmp(found, name) != 0)
            continue;
        *address = (uint32_t)symbol.st_value & ~UINT32_C(1);
        return true;
    }
    return false;
}

bool symbols_value(const struct symbols *symbols, const char *name, uint32_t *value)
{
    for (int i = 1; i < symbol_count(symbols); i++) {
        GElf_Sym symbol;
        const char *found = dwfl_module_getsym(symbols->module, i, &symbol, NULL);
        if (!found || symbol.st_shndx == SHN_UNDEF || strcmp(found, name) != 0)
            continue;
        *value = (uint32_t)symbol.st_value;
        return true;
    }
    return false;
}

bool symbols_functions(const struct symbols *symbols,
                       bool (*visit)(void *context, const char *name, uint32_t address,
                                     uint32_t size),
                       void *context)
{
    for (int i = 1; i < symbol_count(symbols); i++) {
        GElf_Sym symbol;
        const char *name = dwfl_module_getsym(symbols->module, i, &symbol, NULL);
        if (name && is_function(&symbol) && symbol.st_size &&
            visit(context, name, (uint32_t)symbol.st_value & ~UINT32_C(1),
                  (uint32_t)symbol.st_size))
            return true;
    }
    return false;
}

static bool unit_sources(Dwarf_Die *unit, bool (*visit)(void *context, const char *path),
                         void *context)
{
    Dwarf_Files *files;
    size_t count;
    if (dwarf_getsrcfiles(unit, &files, &count) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *path = dwarf_filesrc(files, i, NULL, NULL);
        if (path && visit(context, path))
            return true;
    }
    return false;
}

bool symbols_sources(const struct symbols *symbols, bool (*visit)(void *context, const char *path),
                     void *context)
{
    Dwarf_Die *unit = NULL;
    Dwarf_Addr bias;
    while (symbols && (unit = dwfl_module_nextcu(symbols->module, unit, &bias)))
        if (unit_sources(unit, visit, context))
            return true;
    return false;
}
