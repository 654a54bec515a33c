/* SPDX-License-Identifier: MIT */
/*
 * Unicorn 2.0.1 as a judge. What it needs help with:
 *  - its instruction limit is not honoured once code is in its cache: a hook stops it;
 *  - it allows unaligned accesses, which ARMv6-M does not (ARM DDI 0419 A3.2.1): a hook sees them;
 *  - it keeps bits 1:0 of the SPs, which read as zero (B1.4.1): they are masked;
 *  - it has the Q flag of ARMv7-M, set by MSR: each run starts with 0.
 */
#include "judge.h"

#include <stdlib.h>
#include <unicorn/unicorn.h>

#define FLASH_BASE 0x08000000u
#define SRAM_BASE  0x20000000u
#define NO_END     0xFFFFFFFEu /* there is no code */
#define SP_BITS    ~3u
#define CPSR_T     0x20u
#define SPSEL      2u
#define INTR_BKPT  7u

struct judge {
    uc_engine *uc;
    bool single;
    unsigned instructions; /* begun in this run */
    bool unaligned, breakpoint;
};

/* The SPs come after CONTROL, which decides which of them R13 is. PC is not written but given. */
enum {
    ALL_LOW = 13, /* R0 to R12 */
    IN_LR = ALL_LOW,
    IN_CONTROL,
    IN_MSP,
    IN_PSP,
    IN_FLAGS,
    IN_PRIMASK,
    WRITTEN,
    OUT_PC = WRITTEN,
    OUT_CPSR,
    REGISTERS
};
static const int names[REGISTERS] = {
    UC_ARM_REG_R0,   UC_ARM_REG_R1,  UC_ARM_REG_R2,   UC_ARM_REG_R3,      UC_ARM_REG_R4,
    UC_ARM_REG_R5,   UC_ARM_REG_R6,  UC_ARM_REG_R7,   UC_ARM_REG_R8,      UC_ARM_REG_R9,
    UC_ARM_REG_R10,  UC_ARM_REG_R11, UC_ARM_REG_R12,  UC_ARM_REG_LR,      UC_ARM_REG_CONTROL,
    UC_ARM_REG_MSP,  UC_ARM_REG_PSP, UC_ARM_REG_XPSR, UC_ARM_REG_PRIMASK, UC_ARM_REG_PC,
    UC_ARM_REG_CPSR,
};

/* ---- Hooks ----------------------------------------------------------------------------------- */

static void on_instruction(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    struct judge *j = user;

    (void)address;
    (void)size;
    if (j->instructions++)
        (void)uc_emu_stop(uc);
}

static void on_access(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                      void *user)
{
    struct judge *j = user;

    (void)uc;
    (void)type;
    (void)value;
    if (address & (uint64_t)(size - 1))
        j->unaligned = true;
}

/* The same where there is no memory; false: and so it ends. */
static bool on_bad_access(uc_engine *uc, uc_mem_type type, uint64_t address, int size,
                          int64_t value, void *user)
{
    on_access(uc, type, address, size, value, user);
    return false;
}

static void on_interrupt(uc_engine *uc, uint32_t number, void *user)
{
    struct judge *j = user;

    if (number == INTR_BKPT)
        j->breakpoint = true;
    (void)uc_emu_stop(uc);
}

/* ---- Life ------------------------------------------------------------------------------------ */

static bool map(uc_engine *uc, const struct judge_memory *m)
{
    uint32_t readable = UC_PROT_READ | UC_PROT_EXEC;

    return !uc_mem_map_ptr(uc, 0, m->flash_size, readable, m->flash) &&
           !uc_mem_map_ptr(uc, FLASH_BASE, m->flash_size, readable, m->flash) &&
           !uc_mem_map_ptr(uc, SRAM_BASE, m->sram_size, UC_PROT_READ | UC_PROT_WRITE, m->sram);
}

static bool add_hook(struct judge *j, int type, void *function)
{
    uc_hook hook;

    return !uc_hook_add(j->uc, &hook, type, function, j, 1, 0);
}

static bool add_hooks(struct judge *j)
{
    return add_hook(j, UC_HOOK_CODE, (void *)on_instruction) &&
           add_hook(j, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)on_access) &&
           add_hook(j, UC_HOOK_MEM_READ_UNMAPPED | UC_HOOK_MEM_WRITE_UNMAPPED,
                    (void *)on_bad_access) &&
           add_hook(j, UC_HOOK_INTR, (void *)on_interrupt);
}

struct judge *judge_open(const struct judge_memory *memory, bool single)
{
    struct judge *j = calloc(1, sizeof *j);

    if (!j || uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &j->uc)) {
        free(j);
        return NULL;
    }
    j->single = single;
    if (uc_ctl_set_cpu_model(j->uc, UC_CPU_ARM_CORTEX_M0) || !map(j->uc, memory) ||
        (single && !add_hooks(j))) {
        judge_close(j);
        return NULL;
    }
    return j;
}

void judge_close(struct judge *j)
{
    (void)uc_close(j->uc);
    free(j);
}

bool judge_code_changed(struct judge *j, uint32_t from, uint32_t to)
{
    return !uc_ctl_remove_cache(j->uc, (uint64_t)from, (uint64_t)to);
}

/* ---- Runs ------------------------------------------------------------------------------------ */

static bool set_state(struct judge *j, const struct model *m)
{
    bool process = m->r[CONTROL] & SPSEL;
    uint32_t value[WRITTEN];
    void *at[WRITTEN];

    for (unsigned i = 0; i < WRITTEN; i++) {
        value[i] = m->r[i % ALL_LOW];
        at[i] = &value[i];
    }
    value[IN_LR] = m->r[R_LR];
    value[IN_CONTROL] = m->r[CONTROL];
    value[IN_MSP] = process ? m->r[BANKED_SP] : m->r[R_SP];
    value[IN_PSP] = process ? m->r[R_SP] : m->r[BANKED_SP];
    value[IN_FLAGS] = m->r[FLAGS];
    value[IN_PRIMASK] = m->r[PRIMASK];
    return !uc_reg_write_batch(j->uc, (int *)names, at, WRITTEN);
}

static bool get_state(struct judge *j, struct model *m, bool *thumb)
{
    uint32_t value[REGISTERS] = {0};
    void *at[REGISTERS];

    for (unsigned i = 0; i < REGISTERS; i++)
        at[i] = &value[i];
    if (uc_reg_read_batch(j->uc, (int *)names, at, REGISTERS))
        return false;
    for (unsigned i = 0; i < ALL_LOW; i++)
        m->r[i] = value[i];
    bool process = value[IN_CONTROL] & SPSEL;
    m->r[R_SP] = SP_BITS & (process ? value[IN_PSP] : value[IN_MSP]);
    m->r[BANKED_SP] = SP_BITS & (process ? value[IN_MSP] : value[IN_PSP]);
    m->r[R_LR] = value[IN_LR];
    m->r[R_PC] = value[OUT_PC];
    m->r[FLAGS] = value[OUT_CPSR] & 0xF0000000;
    m->r[PRIMASK] = value[IN_PRIMASK];
    m->r[CONTROL] = value[IN_CONTROL];
    *thumb = value[OUT_CPSR] & CPSR_T;
    return true;
}

/* False: Unicorn itself failed. Code may well be missing where an instruction branched to. */
static bool judge_error(const struct judge *j, uc_err error, bool thumb, enum outcome *outcome)
{
    *outcome = DONE;
    if (j->unaligned) {
        *outcome = MISALIGNED;
        return true;
    }
    switch (error) {
    case UC_ERR_OK:
    case UC_ERR_FETCH_UNMAPPED:
    case UC_ERR_FETCH_PROT:
    case UC_ERR_INSN_INVALID:
        if (!thumb)
            *outcome = NOT_THUMB;
        else if (j->breakpoint || error == UC_ERR_INSN_INVALID)
            *outcome = UNDEFINED;
        return true;
    case UC_ERR_READ_UNMAPPED:
    case UC_ERR_WRITE_UNMAPPED:
    case UC_ERR_WRITE_PROT: *outcome = NO_ACCESS; return true;
    default: return false;
    }
}

bool judge_run(struct judge *j, struct model *m, uint32_t end, enum outcome *outcome)
{
    bool thumb = true;

    j->instructions = 0;
    j->unaligned = j->breakpoint = false;
    if (!set_state(j, m))
        return false;
    uc_err error = uc_emu_start(j->uc, m->r[R_PC] | 1, j->single ? NO_END : end, 0, 0);
    return get_state(j, m, &thumb) && judge_error(j, error, thumb, outcome);
}
