/* SPDX-License-Identifier: MIT */
/*
 * The same instructions on the same states, on our CPU and on Unicorn's Cortex-M0: registers,
 * flags, memory and refusals must be the same.
 *
 *   cpu_judge [STATES SEQUENCES [SEED]]
 *
 * STATES random states of each half-word below 0xF000 and of each 32-bit instruction, and SEQUENCES
 * straight lines of 20 random instructions. Prints TAP.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "core.h"
#include "exemptions.h"
#include "judge.h"

#define FLASH_BASE      0x08000000u
#define SRAM_BASE       0x20000000u
#define CODE            0x08010000u
#define CODE_ODD        (CODE + 18) /* half-way in a word: PC-relative addresses are rounded */
#define CODE_END        (CODE + 0x100)
#define LENGTH          20u /* of a sequence, in instructions */
#define REPORTS         20u /* differences that are printed */
#define FIRST_OF_32_BIT 0xF000u
#define SYSM_PRIMASK    16u
#define SYSM_CONTROL    20u
#define OP_B_SELF       0xE7FEu

/* ---- Our CPU --------------------------------------------------------------------------------- */

struct match {
    struct board *b;
    void *fresh;                /* what it was when the match began, without memories */
    struct judge_memory memory; /* of the judge */
    struct judge *judge;
    uint64_t random;
    uint64_t compared, refused, outside, differences;
};

/* Before and after a run. */
struct run {
    struct model before, after;
    uint32_t end; /* of the code */
    enum outcome outcome;
};

static void set_ours(struct board *b, const struct model *m)
{
    struct cpu *c = &b->cpu;

    memcpy(c->r, m->r, sizeof c->r);
    c->banked_sp = m->r[BANKED_SP];
    c->n = m->r[FLAGS] >> 31;
    c->z = m->r[FLAGS] >> 30 & 1;
    c->c = m->r[FLAGS] >> 29 & 1;
    c->v = m->r[FLAGS] >> 28 & 1;
    c->primask = m->r[PRIMASK];
    c->control = (uint8_t)m->r[CONTROL];
}

static void get_ours(const struct board *b, struct model *m)
{
    const struct cpu *c = &b->cpu;

    memcpy(m->r, c->r, sizeof c->r);
    m->r[BANKED_SP] = c->banked_sp;
    m->r[FLAGS] = cpu_xpsr(b) & 0xF0000000;
    m->r[PRIMASK] = c->primask;
    m->r[CONTROL] = c->control;
}

/* One instruction. The board is strict: what it refuses leaves no trace in the registers. */
static enum outcome step(struct board *b)
{
    b->cpu.attention = false;
    b->time.target = b->time.cycles + 1;
    cpu_run(b);
    enum l072_stop_kind kind = b->stop.kind;
    b->stop.kind = L072_STOP_NONE;
    switch (kind) {
    case L072_STOP_NONE: return DONE;
    case L072_STOP_UNDEFINED: return UNDEFINED;
    case L072_STOP_MISALIGNED: return MISALIGNED;
    case L072_STOP_STATE: return NOT_THUMB;
    default: return NO_ACCESS;
    }
}

/* All but the memories, which come last in the struct. */
static void restore(struct match *m)
{
    memcpy(m->b, m->fresh, offsetof(struct board, flash_mem));
}

static void put_code(struct match *m, uint32_t address, uint32_t op)
{
    uint16_t half = (uint16_t)op;

    memcpy(&m->memory.flash[address - FLASH_BASE], &half, sizeof half);
}

/* ---- Random states --------------------------------------------------------------------------- */

/* splitmix64: any seed will do */
static uint64_t draw(struct match *m)
{
    uint64_t x = m->random += 0x9E3779B97F4A7C15;

    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    return x ^ x >> 31;
}

/* What registers hold in programs: numbers, small numbers, edges, addresses, halves of addresses
 * (for two registers that make one). */
static uint32_t draw_value(struct match *m)
{
    static const uint32_t edges[] = {0, 1, 31, 32, 33, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    uint64_t x = draw(m);
    uint32_t number = (uint32_t)(x >> 32), offset = number % 0x5000;

    switch (x % 12) {
    case 0:
    case 1: return number;
    case 2: return number % 256;
    case 3: return number % 64 * 4;
    case 4: return edges[number % 8];
    case 5: return SRAM_BASE + offset;
    case 6: return FLASH_BASE + offset;
    case 7: return SRAM_BASE / 2 + offset / 4 * 2;
    default: return SRAM_BASE + offset / 4 * 4;
    }
}

static void draw_state(struct match *m, uint32_t pc, struct model *state)
{
    uint64_t x = draw(m);

    for (unsigned i = 0; i <= R_LR; i++)
        state->r[i] = draw_value(m);
    if (x & 7)
        state->r[R_SP] = SRAM_BASE + (uint32_t)(x >> 32) % 0x5000;
    state->r[R_SP] &= ~3u;
    state->r[R_PC] = pc;
    state->r[BANKED_SP] = (uint32_t)draw(m) & ~3u;
    state->r[FLAGS] = (uint32_t)x & 0xF0000000;
    state->r[PRIMASK] = x >> 16 & 1;
    state->r[CONTROL] = x >> 16 & CONTROL_SPSEL;
}

/* ---- Comparing ------------------------------------------------------------------------------- */

static const char *const outcomes[] = {
    [DONE] = "done",           [UNDEFINED] = "undefined", [MISALIGNED] = "misaligned",
    [NO_ACCESS] = "no access", [NOT_THUMB] = "not Thumb",
};
static const char *const registers[MODEL_WORDS] = {
    "r0",  "r1",  "r2",  "r3", "r4", "r5", "r6",       "r7",    "r8",      "r9",
    "r10", "r11", "r12", "sp", "lr", "pc", "other sp", "flags", "primask", "control",
};

static void report(struct match *m, const struct run *ours, const struct run *theirs)
{
    const struct model *before = &ours->before;

    if (m->differences++ >= REPORTS)
        return;
    printf("# ours %s, Unicorn's %s:", outcomes[ours->outcome], outcomes[theirs->outcome]);
    for (uint32_t at = before->r[R_PC]; at != ours->end; at += 2)
        printf(" %02X%02X", m->memory.flash[at + 1 - FLASH_BASE], m->memory.flash[at - FLASH_BASE]);
    printf("\n");
    for (unsigned i = 0; i < MODEL_WORDS; i++)
        if (ours->after.r[i] != theirs->after.r[i])
            printf("#   %s was 0x%08X, ours 0x%08X, Unicorn's 0x%08X\n", registers[i], before->r[i],
                   ours->after.r[i], theirs->after.r[i]);
}

static bool same(const struct match *m, const struct run *ours, const struct run *theirs)
{
    if (ours->outcome != theirs->outcome)
        return false;
    if (ours->outcome == MISALIGNED) /* memory differs: Unicorn has done it */
        return true;
    if (memcmp(m->b->sram, m->memory.sram, m->memory.sram_size) != 0)
        return false;
    return ours->outcome != DONE || !memcmp(&ours->after, &theirs->after, sizeof ours->after);
}

/* Runs the judge and compares; then both are ready for the next. False: Unicorn failed. */
static bool compare(struct match *m, const struct run *ours)
{
    struct run theirs = {.after = ours->before};

    if (!judge_run(m->judge, &theirs.after, ours->end, &theirs.outcome))
        return false;
    /* A peripheral or a memory that the judge does not have. */
    bool outside = ours->outcome == DONE && theirs.outcome == NO_ACCESS;
    bool equal = same(m, ours, &theirs);

    m->compared++;
    m->outside += outside;
    m->refused += theirs.outcome != DONE;
    if (!equal && !outside)
        report(m, ours, &theirs);
    if (!equal)
        restore(m);
    if (!equal || ours->outcome == MISALIGNED)
        memcpy(m->memory.sram, m->b->sram, m->memory.sram_size);
    return true;
}

/* MSR CONTROL writes no nPRIV, which the Cortex-M0 does not have: Unicorn does, and cannot be
 * brought back from it; nor bits of ARMv8-M, which Unicorn has too. */
static void tame_control(struct model *state, uint32_t first, uint32_t second)
{
    if ((first & 0xFFF0) == 0xF380 && second == (0x8800 | SYSM_CONTROL))
        state->r[first & 15] &= CONTROL_SPSEL;
}

/* ---- Single instructions --------------------------------------------------------------------- */

static bool judge_encoding(struct match *m, uint32_t first, uint32_t second, unsigned states)
{
    static const uint32_t places[] = {CODE, CODE_ODD};
    struct run ours;

    for (unsigned i = 0; i < 2; i++) {
        put_code(m, places[i], first);
        put_code(m, places[i] + 2, second);
        put_code(m, places[i] + 4, OP_B_SELF);
    }
    if (!judge_code_changed(m->judge, CODE, CODE_END))
        return false;
    for (unsigned i = 0; i < states; i++) {
        draw_state(m, places[i % 2], &ours.before);
        tame_control(&ours.before, first, second);
        ours.end = places[i % 2] + 4;
        set_ours(m->b, &ours.before);
        ours.outcome = step(m->b);
        get_ours(m->b, &ours.after);
        if (!compare(m, &ours))
            return false;
    }
    return true;
}

static bool judge_16_bit(struct match *m, unsigned states)
{
    for (uint32_t op = 0; op < FIRST_OF_32_BIT; op++)
        if (exemption(op) == EXEMPTIONS && !judge_encoding(m, op, OP_B_SELF, states))
            return false;
    return true;
}

/* The special registers of MRS and MSR (B5.2). */
static const uint8_t sysm[] = {0, 1, 2, 3, 5, 6, 7, 8, 9, SYSM_PRIMASK, SYSM_CONTROL};
#define SYSM_COUNT (sizeof sysm / sizeof sysm[0])

#define BL(x)      0xF000u | ((x)&0x7FF), 0xD000u | ((x) >> 11 & 0x2FFF)
#define MSR(n, s)  0xF380u | (n), 0x8800u | (s)
#define MRS(n, s)  0xF3EFu, 0x8000u | (n) << 8 | (s)
#define BARRIER(x) 0xF3BFu, 0x8F40u | (x)

static bool judge_special(struct match *m, unsigned states)
{
    for (uint32_t n = 0; n <= R_LR; n++)
        for (size_t i = 0; n != R_SP && i < SYSM_COUNT; i++)
            if (!judge_encoding(m, MSR(n, sysm[i]), states) ||
                !judge_encoding(m, MRS(n, sysm[i]), states))
                return false;
    for (uint32_t x = 0; x < 0x30; x++) /* DSB, DMB, ISB with each option */
        if (!judge_encoding(m, BARRIER(x), states))
            return false;
    return true;
}

/* Each first half, with as many second halves. */
static bool judge_bl(struct match *m, unsigned states)
{
    for (uint32_t first = 0; first < 0x800; first++)
        for (unsigned i = 0; i < states; i += 2)
            if (!judge_encoding(m, BL(first | (uint32_t)draw(m) << 11), 2))
                return false;
    return true;
}

/* ---- Sequences ------------------------------------------------------------------------------- */

/* An instruction; its size. */
static unsigned draw_instruction(struct match *m, uint32_t address)
{
    uint64_t x = draw(m);
    uint32_t n = x >> 8 & 7, s = sysm[(x >> 16) % SYSM_COUNT];
    uint32_t half[2] = {(uint32_t)(x >> 32) % FIRST_OF_32_BIT};

    switch (x & 63) {
    case 0: memcpy(half, (uint32_t[]){MRS(n, s)}, sizeof half); break;
    case 1: memcpy(half, (uint32_t[]){MSR(n, SYSM_PRIMASK)}, sizeof half); break;
    case 2: memcpy(half, (uint32_t[]){BARRIER(s)}, sizeof half); break;
    }
    put_code(m, address, half[0]);
    put_code(m, address + 2, half[1]);
    return half[1] ? 4 : 2;
}

static bool straight(const struct board *b, uint32_t next)
{
    return b->cpu.r[R_PC] == next && b->cpu.sleep == CPU_AWAKE && !b->cpu.ipsr;
}

/* Not in the middle of a sequence: see the top of unicorn.c for SP. */
static bool unfit(uint32_t op)
{
    bool writes_sp = (op & 0xFD87) == 0x4485; /* MOV, ADD */

    return op < FIRST_OF_32_BIT && (exemption(op) != EXEMPTIONS || writes_sp);
}

/* Appends what our CPU executes without a branch or a refusal; returns the next address. */
static uint32_t extend(struct match *m, uint32_t address)
{
    const struct cpu before = m->b->cpu;

    for (;;) {
        uint32_t next = address + draw_instruction(m, address);
        uint16_t op;

        memcpy(&op, &m->memory.flash[address - FLASH_BASE], sizeof op);
        if (unfit(op))
            continue;
        if (step(m->b) == DONE && straight(m->b, next))
            return next;
        m->b->cpu = before;
    }
}

/* Draws a sequence and runs it. False: it is not straight, because it reads its own code, which
 * was not complete yet. */
static bool run_sequence(struct match *m, struct run *ours)
{
    draw_state(m, CODE, &ours->before);
    set_ours(m->b, &ours->before);
    ours->end = CODE;
    for (unsigned i = 0; i < LENGTH; i++)
        ours->end = extend(m, ours->end);
    /* What was tried and refused may have stored something. */
    memcpy(m->b->sram, m->memory.sram, m->memory.sram_size);
    set_ours(m->b, &ours->before);
    ours->outcome = DONE;
    for (unsigned i = 0; i < LENGTH && ours->outcome == DONE; i++)
        ours->outcome = step(m->b);
    get_ours(m->b, &ours->after);
    return ours->outcome == DONE && straight(m->b, ours->end);
}

static bool judge_sequence(struct match *m)
{
    struct run ours;

    while (!run_sequence(m, &ours))
        restore(m);
    return judge_code_changed(m->judge, CODE, CODE_END) && compare(m, &ours);
}

/* A new judge now and then: Unicorn crashes when its cache of translated code is full. */
static bool judge_sequences(struct match *m, unsigned count)
{
    while (m->compared - m->outside < count) {
        if (m->compared % 100000 == 99999) {
            judge_close(m->judge);
            m->judge = judge_open(&m->memory, false);
        }
        if (!m->judge || !judge_sequence(m))
            return false;
    }
    return true;
}

/* ---- The match ------------------------------------------------------------------------------- */

static void *copy(const void *from, size_t size)
{
    void *to = malloc(size);

    return to ? memcpy(to, from, size) : NULL;
}

static bool start(struct match *m, uint64_t seed)
{
    const struct l072_config config = {.part = "l072xz"};
    const uint32_t vectors[2] = {SRAM_BASE + 0x1000, CODE | 1};
    struct l072 *handle = l072_create(&config);

    *m = (struct match){.random = seed};
    if (!handle || l072_load(handle, FLASH_BASE, vectors, sizeof vectors))
        return false;
    l072_power(handle, true);
    m->b = (struct board *)handle; /* its first member */
    m->b->log.count = 0;
    m->fresh = copy(m->b, offsetof(struct board, flash_mem));
    m->memory = (struct judge_memory){m->b->flash_mem, copy(m->b->sram, m->b->part.sram_size),
                                      m->b->part.flash_size, m->b->part.sram_size};
    for (uint32_t i = 8; i < m->memory.flash_size; i += 2)
        put_code(m, FLASH_BASE + i, (uint32_t)draw(m));
    return m->fresh && m->memory.sram;
}

struct round {
    const char *text;
    bool (*play)(struct match *m, unsigned count);
    bool single;
};
static const struct round rounds[] = {
    {"16-bit instructions",          judge_16_bit,    true },
    {"MSR, MRS and barriers",        judge_special,   true },
    {"BL",                           judge_bl,        true },
    {"sequences of 20 instructions", judge_sequences, false},
};
#define ROUNDS (sizeof rounds / sizeof rounds[0])

static bool play(struct match *m, const struct round *round, size_t number, unsigned count)
{
    m->judge = judge_open(&m->memory, round->single);
    bool ok = m->judge && round->play(m, count);

    if (m->judge)
        judge_close(m->judge);
    if (!ok)
        printf("# Unicorn failed\n");
    ok = ok && m->compared && !m->differences;
    printf("# %" PRIu64 " compared: %" PRIu64 " refused by both, %" PRIu64
           " where Unicorn has no memory, %" PRIu64 " different\n",
           m->compared, m->refused - m->outside, m->outside, m->differences);
    printf("%sok %zu - %s\n", ok ? "" : "not ", number, round->text);
    m->compared = m->refused = m->outside = m->differences = 0;
    return ok;
}

static void tell_exemptions(void)
{
    unsigned count[EXEMPTIONS + 1] = {0};

    for (uint32_t op = 0; op < FIRST_OF_32_BIT; op++)
        count[exemption(op)]++;
    for (size_t i = 0; i < EXEMPTIONS; i++)
        printf("# %4u half-words not compared: %s\n", count[i], exemptions[i].why);
}

int main(int argc, char **argv)
{
    unsigned long states = argc > 2 ? strtoul(argv[1], NULL, 10) : 20;
    unsigned long sequences = argc > 2 ? strtoul(argv[2], NULL, 10) : 100000;
    struct match m;
    bool ok = true;

    if (!start(&m, argc > 3 ? strtoul(argv[3], NULL, 10) : 1)) {
        fprintf(stderr, "cpu_judge: no board, or no memory\n");
        return 2;
    }
    tell_exemptions();
    printf("1..%zu\n", ROUNDS);
    for (size_t i = 0; i < ROUNDS; i++)
        ok &= play(&m, &rounds[i], i + 1, (unsigned)(rounds[i].single ? states : sequences));
    free(m.memory.sram);
    free(m.fresh);
    l072_destroy((struct l072 *)m.b);
    return !ok;
}
