/* SPDX-License-Identifier: MIT */
/*
 * The instructions of ARMv6-M, one at a time.
 *
 * Not modelled / simplified:
 *  - The two-stage pipeline: its refills are in the cycle counts, and a store is seen by the very
 *    next fetch.
 *  - Flash read buffers: a word costs its wait states again as soon as another was fetched, unless
 *    prefetched in sequence.
 *  - LDM, STM, PUSH and POP are not interrupted half-way. BKPT is a fault: debug never halts.
 *  - What the architecture leaves UNPREDICTABLE: empty register lists are undefined instructions,
 *    the rest does the obvious.
 * Unconfirmed, and how it is read here:
 *  - MULS takes one cycle. A fetch reads 32 bits; PRFTEN hides its wait in sequence. nPRIV exists.
 */
#include <string.h>

#include "board.h"
#include "access.h"
#include "alu.h"
#include "core.h"
#include "decode.h"

/* ---- Branches and high registers ------------------------------------------------------------ */

static inline void branch_taken(struct board *b, uint32_t target)
{
    b->cpu.r[PC] = target;
    b->time.cycles++;
}

/* To an address whose bit 0 becomes the T bit. False: abandoned. */
static bool branch_interworking(struct board *b, uint32_t target)
{
    struct cpu *c = &b->cpu;

    if (!(target & 1)) {
        board_complain(b, L072_STOP_STATE, target,
                       "branch to 0x%08X without the Thumb bit: bit 0 of a code address must be 1",
                       target);
        if (exception_abandoned(b)) {
            c->r[PC] = c->here;
            return false;
        }
        c->t = false;
        c->attention = true;
    }
    c->r[PC] = target & ~1u;
    return true;
}

static void branch_exchange(struct board *b, uint32_t target)
{
    if (b->cpu.ipsr && target >> 28 == 0xF)
        exception_return(b, target);
    else
        branch_interworking(b, target);
}

static void branch_link(struct board *b, uint32_t target)
{
    uint32_t next = b->cpu.r[PC] | 1;

    if (branch_interworking(b, target))
        b->cpu.r[LR] = next;
}

static inline uint32_t get(const struct cpu *c, unsigned n)
{
    return n == PC ? c->here + 4 : c->r[n];
}

static inline void set(struct board *b, unsigned n, uint32_t value)
{
    if (n == PC)
        branch_taken(b, value & ~1u);
    else
        b->cpu.r[n] = n == SP ? core_set_stack(b, value & ~3u) : value;
}

static void undefined(struct board *b, const char *what)
{
    uint32_t here = b->cpu.here;

    board_complain(b, L072_STOP_UNDEFINED, here, "%s at 0x%08X", what, here);
    exception_fault(b);
}

/* ---- Register lists ------------------------------------------------------------------------- */

static unsigned count(uint32_t list)
{
    return (unsigned)__builtin_popcount(list);
}

static bool store_list(struct board *b, uint32_t address, uint32_t list)
{
    if (!list) {
        undefined(b, "empty register list");
        return false;
    }
    b->time.cycles += count(list);
    for (unsigned i = 0; i < PC; i++) {
        if (!(list >> i & 1))
            continue;
        if (!write_data(b, address, 4, b->cpu.r[i]))
            return false;
        address += 4;
    }
    return true;
}

/* Reads everything before it changes a register, so that a fault can restart it. */
static bool load_list(struct board *b, uint32_t address, uint32_t list, uint32_t r[16])
{
    uint32_t value[16];

    if (!list) {
        undefined(b, "empty register list");
        return false;
    }
    b->time.cycles += count(list);
    for (unsigned i = 0; i < 16; i++) {
        if (!(list >> i & 1))
            continue;
        if (!read_data(b, address, 4, &value[i]))
            return false;
        address += 4;
    }
    for (unsigned i = 0; i < 16; i++)
        if (list >> i & 1)
            r[i] = value[i];
    return true;
}

static void stm(struct board *b, unsigned n, uint32_t list)
{
    if (store_list(b, b->cpu.r[n], list))
        b->cpu.r[n] += 4 * count(list);
}

static void ldm(struct board *b, unsigned n, uint32_t list)
{
    uint32_t end = b->cpu.r[n] + 4 * count(list);

    if (load_list(b, b->cpu.r[n], list, b->cpu.r) && !(list >> n & 1))
        b->cpu.r[n] = end;
}

static void push(struct board *b, uint32_t list)
{
    uint32_t sp = b->cpu.r[SP] - 4 * count(list);

    if (store_list(b, sp, list))
        b->cpu.r[SP] = core_grow_stack(b, sp);
}

static void pop(struct board *b, uint32_t list)
{
    struct cpu *c = &b->cpu;
    uint32_t before[16];

    memcpy(before, c->r, sizeof before);
    if (!load_list(b, c->r[SP], list, c->r))
        return;
    c->r[SP] += 4 * count(list);
    if (!(list >> PC & 1))
        return;
    b->time.cycles += 2;
    branch_exchange(b, c->r[PC]);
    if (exception_abandoned(b)) {
        memcpy(c->r, before, sizeof before);
        c->r[PC] = c->here;
    }
}

/* ---- Hints and 32-bit instructions ----------------------------------------------------------- */

static void change_state(struct board *b, uint32_t op)
{
    if ((op & ~0x10u) == 0xB662)
        special_write_primask(b, op & 0x10);
    else
        undefined(b, "undefined CPS");
}

static void wait_for(struct board *b, enum cpu_sleep how)
{
    b->time.cycles++;
    exception_sleep(b, how);
    if (exception_abandoned(b))
        b->cpu.r[PC] = b->cpu.here;
}

/* Hints without a meaning here execute as NOP. */
static void hint(struct board *b, uint32_t op)
{
    switch (op) {
    case 0xBF20: wait_for(b, CPU_WFE); break;
    case 0xBF30: wait_for(b, CPU_WFI); break;
    case 0xBF40: b->cpu.event = true; break;
    default:
        if (op & 15)
            undefined(b, "IT instruction, which ARMv6-M does not have,");
    }
}

/* BL, T1: offset S:I1:I2:imm10:imm11:0. */
static void branch_with_link(struct cpu *c, uint32_t first, uint32_t second)
{
    uint32_t s = first >> 10 & 1;
    uint32_t i1 = !((second >> 13 & 1) ^ s), i2 = !((second >> 11 & 1) ^ s);
    uint32_t offset = i1 << 23 | i2 << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1;

    c->r[LR] = c->r[PC] | 1;
    c->r[PC] += offset - (s << 24);
}

/* Every 32-bit instruction of ARMv6-M (ARM DDI 0419 A5.3). */
static void execute_32_bit(struct board *b, uint32_t first)
{
    struct cpu *c = &b->cpu;
    uint32_t second;

    if (!fetch(b, c->here + 2, &second))
        return;
    c->r[PC] = c->here + 4;
    if ((second & 0xD000) == 0xD000)
        branch_with_link(c, first, second);
    else if ((first & 0xFFF0) == 0xF380 && (second & 0xFF00) == 0x8800)
        special_write(b, second & 0xFF, get(c, first & 15));
    else if (first == 0xF3EF && (second & 0xF000) == 0x8000)
        set(b, second >> 8 & 15, special_read(b, second & 0xFF));
    else if (first != 0xF3BF || second < 0x8F40 || second > 0x8F6F) /* DSB, DMB, ISB */
        undefined(b, "undefined 32-bit instruction");
}

/* ---- One instruction ------------------------------------------------------------------------ */

/* By the sections of ARM DDI 0419, one instruction a line. Fields of the encodings have names:
 * registers by their lowest bit, immediates by their size. */

/* A5.2.1: shift by an immediate, add, subtract, move, compare. */
static void shift_add_move(struct board *b, uint32_t op, enum op what)
{
    struct cpu *c = &b->cpu;
    uint32_t *const r = b->cpu.r;
    const unsigned r0 = op & 7, r3 = op >> 3 & 7, r6 = op >> 6 & 7, r8 = op >> 8 & 7;
    const uint32_t imm5 = op >> 6 & 31, imm8 = op & 255;

    switch (what) {
    case OP_LSL_IMM: r[r0] = lsl(c, r[r3], imm5); break;
    case OP_LSR_IMM: r[r0] = lsr(c, r[r3], imm5 ? imm5 : 32); break;
    case OP_ASR_IMM: r[r0] = asr(c, r[r3], imm5 ? imm5 : 32); break;
    case OP_ADD_REG: r[r0] = add(c, r[r3], r[r6], 0); break;
    case OP_SUB_REG: r[r0] = add(c, r[r3], ~r[r6], 1); break;
    case OP_ADD_IMM3: r[r0] = add(c, r[r3], r6, 0); break;
    case OP_SUB_IMM3: r[r0] = add(c, r[r3], ~r6, 1); break;
    case OP_MOV_IMM: r[r8] = nz(c, imm8); break;
    case OP_CMP_IMM: add(c, r[r8], ~imm8, 1); break;
    case OP_ADD_IMM8: r[r8] = add(c, r[r8], imm8, 0); break;
    case OP_SUB_IMM8: r[r8] = add(c, r[r8], ~imm8, 1); break;
    default: undefined(b, "undefined instruction");
    }
}

/* A5.2.2: data processing. */
static void process_data(struct board *b, uint32_t op, enum op what)
{
    struct cpu *c = &b->cpu;
    uint32_t *const r = b->cpu.r;
    const unsigned r0 = op & 7, r3 = op >> 3 & 7;

    switch (what) {
    case OP_AND: r[r0] = nz(c, r[r0] & r[r3]); break;
    case OP_EOR: r[r0] = nz(c, r[r0] ^ r[r3]); break;
    case OP_LSL_REG: r[r0] = lsl(c, r[r0], r[r3] & 255); break;
    case OP_LSR_REG: r[r0] = lsr(c, r[r0], r[r3] & 255); break;
    case OP_ASR_REG: r[r0] = asr(c, r[r0], r[r3] & 255); break;
    case OP_ADC: r[r0] = add(c, r[r0], r[r3], c->c); break;
    case OP_SBC: r[r0] = add(c, r[r0], ~r[r3], c->c); break;
    case OP_ROR: r[r0] = ror(c, r[r0], r[r3] & 255); break;
    case OP_TST: nz(c, r[r0] & r[r3]); break;
    case OP_RSB: r[r0] = add(c, ~r[r3], 0, 1); break;
    case OP_CMP_REG: add(c, r[r0], ~r[r3], 1); break;
    case OP_CMN: add(c, r[r0], r[r3], 0); break;
    case OP_ORR: r[r0] = nz(c, r[r0] | r[r3]); break;
    case OP_MUL: r[r0] = nz(c, r[r0] * r[r3]); break;
    case OP_BIC: r[r0] = nz(c, r[r0] & ~r[r3]); break;
    case OP_MVN: r[r0] = nz(c, ~r[r3]); break;
    default: undefined(b, "undefined instruction");
    }
}

/* A5.2.3: special data instructions, branch and exchange. */
static void process_high(struct board *b, uint32_t op, enum op what)
{
    struct cpu *c = &b->cpu;
    const unsigned high0 = (op >> 4 & 8) | (op & 7), high3 = op >> 3 & 15;

    switch (what) {
    case OP_ADD_HIGH: set(b, high0, get(c, high0) + get(c, high3)); break;
    case OP_CMP_HIGH: add(c, get(c, high0), ~get(c, high3), 1); break;
    case OP_MOV_HIGH: set(b, high0, get(c, high3)); break;
    case OP_BX: branch_exchange(b, get(c, high3)); break;
    case OP_BLX: branch_link(b, get(c, high3)); break;
    default: undefined(b, "undefined instruction");
    }
}

/* A5.2.4: load and store a single data item, and LDR (literal). */
static void load_store(struct board *b, uint32_t op, enum op what)
{
    uint32_t *const r = b->cpu.r;
    const unsigned r0 = op & 7, r3 = op >> 3 & 7, r6 = op >> 6 & 7, r8 = op >> 8 & 7;
    const uint32_t imm5 = op >> 6 & 31, imm8 = op & 255, pc = b->cpu.here + 4;

    switch (what) {
    case OP_LDR_PC: load(b, (pc & ~3u) + 4 * imm8, 4, &r[r8]); break;
    case OP_STR_REG: store(b, r[r3] + r[r6], 4, r[r0]); break;
    case OP_STRH_REG: store(b, r[r3] + r[r6], 2, r[r0] & 0xFFFF); break;
    case OP_STRB_REG: store(b, r[r3] + r[r6], 1, r[r0] & 0xFF); break;
    case OP_LDRSB_REG:
        if (load(b, r[r3] + r[r6], 1, &r[r0]))
            r[r0] = sign8(r[r0]);
        break;
    case OP_LDR_REG: load(b, r[r3] + r[r6], 4, &r[r0]); break;
    case OP_LDRH_REG: load(b, r[r3] + r[r6], 2, &r[r0]); break;
    case OP_LDRB_REG: load(b, r[r3] + r[r6], 1, &r[r0]); break;
    case OP_LDRSH_REG:
        if (load(b, r[r3] + r[r6], 2, &r[r0]))
            r[r0] = sign16(r[r0]);
        break;
    case OP_STR_IMM: store(b, r[r3] + 4 * imm5, 4, r[r0]); break;
    case OP_LDR_IMM: load(b, r[r3] + 4 * imm5, 4, &r[r0]); break;
    case OP_STRB_IMM: store(b, r[r3] + imm5, 1, r[r0] & 0xFF); break;
    case OP_LDRB_IMM: load(b, r[r3] + imm5, 1, &r[r0]); break;
    case OP_STRH_IMM: store(b, r[r3] + 2 * imm5, 2, r[r0] & 0xFFFF); break;
    case OP_LDRH_IMM: load(b, r[r3] + 2 * imm5, 2, &r[r0]); break;
    case OP_STR_SP: store(b, r[SP] + 4 * imm8, 4, r[r8]); break;
    case OP_LDR_SP: load(b, r[SP] + 4 * imm8, 4, &r[r8]); break;
    default: undefined(b, "undefined instruction");
    }
}

/* A5.2: addresses by PC and SP; A5.2.5: miscellaneous. */
static void address_and_more(struct board *b, uint32_t op, enum op what)
{
    uint32_t *const r = b->cpu.r;
    const unsigned r0 = op & 7, r3 = op >> 3 & 7, r8 = op >> 8 & 7;
    const uint32_t imm7 = op & 127, imm8 = op & 255, pc = b->cpu.here + 4;

    switch (what) {
    case OP_ADR: r[r8] = (pc & ~3u) + 4 * imm8; break;
    case OP_ADD_SP: r[r8] = r[SP] + 4 * imm8; break;
    case OP_INC_SP: r[SP] += 4 * imm7; break;
    case OP_DEC_SP: r[SP] = core_grow_stack(b, r[SP] - 4 * imm7); break;
    case OP_SXTH: r[r0] = sign16(r[r3]); break;
    case OP_SXTB: r[r0] = sign8(r[r3]); break;
    case OP_UXTH: r[r0] = r[r3] & 0xFFFF; break;
    case OP_UXTB: r[r0] = r[r3] & 0xFF; break;
    case OP_PUSH: push(b, imm8 | (op & 0x100) << (LR - 8)); break;
    case OP_CPS: change_state(b, op); break;
    case OP_REV: r[r0] = rev(r[r3]); break;
    case OP_REV16: r[r0] = rev16(r[r3]); break;
    case OP_REVSH: r[r0] = sign16(rev16(r[r3])); break;
    case OP_POP: pop(b, imm8 | (op & 0x100) << (PC - 8)); break;
    case OP_BKPT: undefined(b, "BKPT without a debugger"); break;
    case OP_HINT: hint(b, op); break;
    default: undefined(b, "undefined instruction");
    }
}

/* A5.2: load and store multiple; A5.2.6: branch and supervisor call; A5.3: all of 32 bits. */
static void multiple_and_branch(struct board *b, uint32_t op, enum op what)
{
    struct cpu *c = &b->cpu;
    uint32_t *const r = b->cpu.r;
    const unsigned r8 = op >> 8 & 7;
    const uint32_t imm8 = op & 255, imm11 = op & 2047, pc = b->cpu.here + 4;

    switch (what) {
    case OP_STM: stm(b, r8, imm8); break;
    case OP_LDM: ldm(b, r8, imm8); break;
    case OP_B_COND:
        if (condition(c, op >> 8 & 15))
            branch_taken(b, pc + 2 * sign8(imm8));
        break;
    case OP_SVC: exception_svc(b); break;
    case OP_B: r[PC] = pc + 2 * imm11 - ((op & 0x400) << 2); break;
    case OP_32_BIT: execute_32_bit(b, op); break;
    default: undefined(b, "undefined instruction");
    }
}

/* The groups follow each other in enum op as they do here; OP_UNDEFINED is before them all. */
static void execute(struct board *b, uint32_t op, enum op what)
{
    if (what <= OP_SUB_IMM8)
        shift_add_move(b, op, what);
    else if (what <= OP_MVN)
        process_data(b, op, what);
    else if (what <= OP_BLX)
        process_high(b, op, what);
    else if (what <= OP_LDR_SP)
        load_store(b, op, what);
    else if (what <= OP_HINT)
        address_and_more(b, op, what);
    else
        multiple_and_branch(b, op, what);
}

void cpu_run(struct board *b)
{
    struct cpu *c = &b->cpu;
    uint64_t instructions = 0;
    uint32_t op;

    while (b->time.cycles < b->time.target) {
        if (c->attention) {
            if (!exception_attend(b))
                break;
            continue;
        }
        c->here = c->r[PC];
        if (!fetch(b, c->here, &op))
            continue;
        c->r[PC] = c->here + 2;
        b->time.cycles += decode[op >> 6].cycles;
        instructions++;
        execute(b, op, (enum op)decode[op >> 6].op);
    }
    b->counters.instructions += instructions;
}

/* ---- The rest of cpu.h ---------------------------------------------------------------------- */

void cpu_reset(struct board *b)
{
    struct cpu *c = &b->cpu;
    struct fetch_window window = c->window;
    uint32_t sp = 0, start = 0;

    *c = (struct cpu){.window = window, .last_word = UINT32_MAX, .attention = true};
    c->r[LR] = UINT32_MAX;
    bus_close_window(b);
    if (!bus_read(b, 0, 4, &sp) || !bus_read(b, 4, 4, &start)) {
        c->lockup = true;
        return;
    }
    c->r[SP] = sp & ~3u;
    counters_stack_new(&b->counters, c->r[SP]);
    c->here = c->r[PC] = start & ~1u;
    c->t = start & 1;
    if (!c->t)
        board_complain(b, L072_STOP_STATE, start,
                       "reset vector 0x%08X without the Thumb bit: no firmware there?", start);
}

uint32_t cpu_xpsr(const struct board *b)
{
    const struct cpu *c = &b->cpu;

    return (uint32_t)c->n << 31 | (uint32_t)c->z << 30 | (uint32_t)c->c << 29 |
           (uint32_t)c->v << 28 | (uint32_t)c->t << 24 | c->ipsr;
}
