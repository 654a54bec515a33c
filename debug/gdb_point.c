/* SPDX-License-Identifier: MIT */
/*
 * Breakpoints stop before their instruction, watchpoints behind the instruction that accesses the
 * data, as those of the chip do. The access is known before it happens, from the instruction.
 *
 * Not modelled / simplified: the number of comparators of the chip (4 and 2); stacking by
 * exceptions and accesses of the DMA are not watched.
 */
#include "gdb_private.h"

enum { SP = 13, PC = 15 };

struct access {
    bool write;
    uint32_t address, size;
};

/* How the address of a load or store is made, from the fields of the encoding. */
enum mode { LITERAL, REGISTER, IMMEDIATE, STACK, PUSH, POP, MULTIPLE };

/* ARM DDI 0419 A5.2, in its order. */
static const struct encoding {
    uint16_t mask, bits;
    uint8_t mode, size;
    bool write;
} encodings[] = {
    {0xF800, 0x4800, LITERAL,   4, false}, /* LDR literal */
    {0xFE00, 0x5000, REGISTER,  4, true }, /* STR */
    {0xFE00, 0x5200, REGISTER,  2, true }, /* STRH */
    {0xFE00, 0x5400, REGISTER,  1, true }, /* STRB */
    {0xFE00, 0x5600, REGISTER,  1, false}, /* LDRSB */
    {0xFE00, 0x5800, REGISTER,  4, false}, /* LDR */
    {0xFE00, 0x5A00, REGISTER,  2, false}, /* LDRH */
    {0xFE00, 0x5C00, REGISTER,  1, false}, /* LDRB */
    {0xFE00, 0x5E00, REGISTER,  2, false}, /* LDRSH */
    {0xF800, 0x6000, IMMEDIATE, 4, true }, /* STR */
    {0xF800, 0x6800, IMMEDIATE, 4, false}, /* LDR */
    {0xF800, 0x7000, IMMEDIATE, 1, true }, /* STRB */
    {0xF800, 0x7800, IMMEDIATE, 1, false}, /* LDRB */
    {0xF800, 0x8000, IMMEDIATE, 2, true }, /* STRH */
    {0xF800, 0x8800, IMMEDIATE, 2, false}, /* LDRH */
    {0xF800, 0x9000, STACK,     4, true }, /* STR to the stack */
    {0xF800, 0x9800, STACK,     4, false}, /* LDR from the stack */
    {0xFE00, 0xB400, PUSH,      4, true },
    {0xFE00, 0xBC00, POP,       4, false},
    {0xF800, 0xC000, MULTIPLE,  4, true }, /* STM */
    {0xF800, 0xC800, MULTIPLE,  4, false}, /* LDM */
};

static uint32_t list_size(unsigned list)
{
    return 4 * (uint32_t)__builtin_popcount(list);
}

static struct access access_of(const struct l072 *board, const struct encoding *e, uint32_t op)
{
    const uint32_t sp = l072_register(board, SP);
    const uint32_t base = l072_register(board, op >> 3 & 7);
    struct access access = {.write = e->write, .size = e->size};
    switch ((enum mode)e->mode) {
    case LITERAL: access.address = ((l072_register(board, PC) + 4) & ~3u) + 4 * (op & 255); break;
    case REGISTER: access.address = base + l072_register(board, op >> 6 & 7); break;
    case IMMEDIATE: access.address = base + e->size * (op >> 6 & 31); break;
    case STACK: access.address = sp + 4 * (op & 255); break;
    case PUSH:
        access.size = list_size(op & 0x1FF);
        access.address = sp - access.size;
        break;
    case POP:
        access.size = list_size(op & 0x1FF);
        access.address = sp;
        break;
    case MULTIPLE:
        access.size = list_size(op & 255);
        access.address = l072_register(board, op >> 8 & 7);
        break;
    }
    return access;
}

/* The data access of the next instruction; of size 0 when it makes none. */
static struct access next_access(struct l072 *board)
{
    uint32_t op;
    if (l072_read(board, l072_register(board, PC), 2, &op) != 0)
        return (struct access){.size = 0};
    for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++)
        if ((op & encodings[i].mask) == encodings[i].bits)
            return access_of(board, &encodings[i], op);
    return (struct access){.size = 0};
}

static bool is_break(const struct gdb_point *point)
{
    return point->type == GDB_SOFTWARE_BREAK || point->type == GDB_HARDWARE_BREAK;
}

static bool hits(const struct gdb_point *point, const struct access *access)
{
    bool kind = point->type == GDB_ACCESS_WATCH ||
                point->type == (access->write ? GDB_WRITE_WATCH : GDB_READ_WATCH);
    return kind && (access->address - point->address < point->size ||
                    point->address - access->address < access->size);
}

const struct gdb_point *gdb_break_here(const struct gdb *gdb)
{
    uint32_t pc = l072_register(gdb->board, PC);
    for (size_t i = 0; i < gdb->points; i++)
        if (is_break(&gdb->point[i]) && gdb->point[i].address == pc)
            return &gdb->point[i];
    return NULL;
}

const struct gdb_point *gdb_watch_ahead(const struct gdb *gdb)
{
    struct access access = {.size = 0};
    for (size_t i = 0; i < gdb->points; i++) {
        if (is_break(&gdb->point[i]))
            continue;
        if (access.size == 0)
            access = next_access(gdb->board);
        if (access.size == 0)
            return NULL;
        if (hits(&gdb->point[i], &access))
            return &gdb->point[i];
    }
    return NULL;
}

static struct gdb_point *find(struct gdb *gdb, const struct gdb_point *point)
{
    for (size_t i = 0; i < gdb->points; i++)
        if (gdb->point[i].type == point->type && gdb->point[i].address == point->address &&
            gdb->point[i].size == point->size)
            return &gdb->point[i];
    return NULL;
}

bool gdb_point_add(struct gdb *gdb, const struct gdb_point *point)
{
    if (find(gdb, point))
        return true;
    if (gdb->points == GDB_POINTS)
        return false;
    gdb->point[gdb->points++] = *point;
    return true;
}

void gdb_point_remove(struct gdb *gdb, const struct gdb_point *point)
{
    struct gdb_point *found = find(gdb, point);
    if (found)
        *found = gdb->point[--gdb->points];
}
