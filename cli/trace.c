/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN 42 /* where the changed registers stand */

enum { REG_LR = 14, REG_PC = 15, REG_XPSR = 16, REGS = 17 };

static const char *const names[REGS] = {
    "r0", "r1",  "r2",  "r3",  "r4", "r5", "r6", "r7",   "r8",
    "r9", "r10", "r11", "r12", "sp", "lr", "pc", "xpsr",
};

struct trace {
    csh disassembler;
    const struct report *report;
    uint32_t last;      /* address of the line printed last */
    char function[256]; /* that the last line was in */
};

static bool open_disassembler(csh *disassembler)
{
    return cs_open(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS, disassembler) == CS_ERR_OK;
}

static const char *disassemble(csh disassembler, const struct l072 *board, uint32_t address,
                               char *text, size_t size)
{
    uint8_t code[4] = {0};
    if (l072_peek(board, address, code, 4) != 0)
        (void)l072_peek(board, address, code, 2); /* the last halfword of a memory */
    cs_insn *instruction;
    size_t count = cs_disasm(disassembler, code, sizeof(code), address, 1, &instruction);
    if (count == 0)
        snprintf(text, size, ".hword 0x%04x", code[0] | code[1] << 8);
    else
        snprintf(text, size, "%s %s", instruction->mnemonic, instruction->op_str);
    if (count > 0)
        cs_free(instruction, count);
    return text;
}

const char *trace_instruction(const struct l072 *board, uint32_t address, char *text, size_t size)
{
    csh disassembler;
    text[0] = '\0';
    if (!open_disassembler(&disassembler))
        return text;
    disassemble(disassembler, board, address, text, size);
    cs_close(&disassembler);
    return text;
}

struct trace *trace_open(const struct report *report, struct error *error)
{
    struct trace *trace = calloc(1, sizeof(*trace));
    if (trace && open_disassembler(&trace->disassembler)) {
        trace->report = report;
        return trace;
    }
    free(trace);
    error_set(error, "the disassembler does not start");
    return NULL;
}

void trace_close(struct trace *trace)
{
    if (!trace)
        return;
    cs_close(&trace->disassembler);
    free(trace);
}

/* Prints the function and source line when they are not those of the line before. */
static void print_place(struct trace *trace, uint32_t address)
{
    char place[256];
    const char *name = strchr(report_place(trace->report, address, place, sizeof(place)), ' ');
    name = name ? name + 1 : "";
    if (name[0] && strcmp(name, trace->function) != 0)
        fprintf(stderr, "%s\n", name);
    snprintf(trace->function, sizeof(trace->function), "%s", name);
}

/* Ends a line of `width` characters with the registers that changed. */
static void print_changes(int width, const uint32_t before[REGS], const uint32_t after[REGS])
{
    for (unsigned n = 0; n < REGS; n++) {
        if (n == REG_PC || before[n] == after[n])
            continue;
        fprintf(stderr, "%*s %s=%08X", width < COLUMN ? COLUMN - width : 0, "", names[n], after[n]);
        width = COLUMN;
    }
    fputc('\n', stderr);
}

static void read_registers(const struct l072 *board, uint32_t registers[REGS])
{
    for (unsigned n = 0; n < REGS; n++)
        registers[n] = l072_register(board, n);
}

/* The step took an exception instead of an instruction: LR holds an EXC_RETURN value. */
static bool took_exception(const uint32_t before[REGS], const uint32_t after[REGS])
{
    uint32_t was = before[REG_XPSR] & 0x3F, is = after[REG_XPSR] & 0x3F;
    return is != 0 && is != was && after[REG_LR] >= 0xFFFFFFF0u && before[REG_LR] != after[REG_LR];
}

static void step(struct trace *trace, struct l072 *board)
{
    uint32_t before[REGS], after[REGS];
    char text[200];
    read_registers(board, before);
    uint32_t pc = before[REG_PC];
    disassemble(trace->disassembler, board, pc, text, sizeof(text));
    (void)l072_step(board); /* what it says, the caller's l072_run() says again */
    read_registers(board, after);

    bool asleep = after[REG_PC] == pc && pc == trace->last; /* or an endless loop to itself */
    if (asleep)
        return;
    trace->last = pc;
    int width;
    if (took_exception(before, after)) {
        width = fprintf(stderr, "-- exception %u", after[REG_XPSR] & 0x3F);
    } else {
        print_place(trace, pc);
        width = fprintf(stderr, "%08X  %s", pc, text);
    }
    print_changes(width, before, after);
}

void trace_run(struct trace *trace, struct l072 *board, uint64_t until)
{
    /* A run of no time tells without side effects whether there are events or a stop. */
    while (l072_now(board) < until && l072_run(board, 0) == L072_TIME)
        step(trace, board);
}
