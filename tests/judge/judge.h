/* SPDX-License-Identifier: MIT */
/* The judge of the CPU: Debian's Unicorn, in its Cortex-M0 model, behind a few functions. */
#ifndef TESTS_JUDGE_H
#define TESTS_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

/* What software sees of a core, in Thread mode between two instructions. */
enum { R_SP = 13, R_LR, R_PC, BANKED_SP, FLAGS, PRIMASK, CONTROL, MODEL_WORDS };
struct model {
    uint32_t r[MODEL_WORDS]; /* FLAGS: N Z C V, bits 31 to 28 */
};

/* How an instruction ends. All but the first are HardFaults to be. */
enum outcome {
    DONE,
    UNDEFINED,
    MISALIGNED,
    NO_ACCESS, /* nothing there, or write-protected */
    NOT_THUMB, /* a branch that cleared the T bit */
};

/* Memory of both CPUs: the flash is one and the same, SRAM each has its own. */
struct judge_memory {
    uint8_t *flash, *sram;
    uint32_t flash_size, sram_size;
};

struct judge;

/* NULL: Unicorn would not start. `single`: one instruction a run, however it ends; else runs up to
 * judge_run()'s end. `memory` stays with the caller, until judge_close(). */
struct judge *judge_open(const struct judge_memory *memory, bool single);
void judge_close(struct judge *j);
/* The caller has put other code into the flash. */
bool judge_code_changed(struct judge *j, uint32_t from, uint32_t to);
/* Runs from m->r[R_PC] with this state, and leaves the new one there. */
bool judge_run(struct judge *j, struct model *m, uint32_t end, enum outcome *outcome);

#endif
