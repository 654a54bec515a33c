/* SPDX-License-Identifier: MIT */
/*
 * The 16-bit instruction set in the order of its encodings (ARM DDI 0419 A5.2): first and last
 * half-word, instruction, cycles with memory that does not wait (ARM DDI 0484 3.3). What depends on
 * the execution - a branch taken, a word transferred - adds its cycles in cpu.c. Half-words not
 * listed are undefined. 0xF000-0xF7FF is the first half of every 32-bit instruction there is.
 */
#ifndef SIM_DECODE_H
#define SIM_DECODE_H

#include <stdint.h>

/* clang-format off */
#define INSTRUCTIONS(X) \
    X(0x0000, 0x07FF, LSL_IMM,   1) \
    X(0x0800, 0x0FFF, LSR_IMM,   1) \
    X(0x1000, 0x17FF, ASR_IMM,   1) \
    X(0x1800, 0x19FF, ADD_REG,   1) \
    X(0x1A00, 0x1BFF, SUB_REG,   1) \
    X(0x1C00, 0x1DFF, ADD_IMM3,  1) \
    X(0x1E00, 0x1FFF, SUB_IMM3,  1) \
    X(0x2000, 0x27FF, MOV_IMM,   1) \
    X(0x2800, 0x2FFF, CMP_IMM,   1) \
    X(0x3000, 0x37FF, ADD_IMM8,  1) \
    X(0x3800, 0x3FFF, SUB_IMM8,  1) \
    X(0x4000, 0x403F, AND,       1) \
    X(0x4040, 0x407F, EOR,       1) \
    X(0x4080, 0x40BF, LSL_REG,   1) \
    X(0x40C0, 0x40FF, LSR_REG,   1) \
    X(0x4100, 0x413F, ASR_REG,   1) \
    X(0x4140, 0x417F, ADC,       1) \
    X(0x4180, 0x41BF, SBC,       1) \
    X(0x41C0, 0x41FF, ROR,       1) \
    X(0x4200, 0x423F, TST,       1) \
    X(0x4240, 0x427F, RSB,       1) \
    X(0x4280, 0x42BF, CMP_REG,   1) \
    X(0x42C0, 0x42FF, CMN,       1) \
    X(0x4300, 0x433F, ORR,       1) \
    X(0x4340, 0x437F, MUL,       1) \
    X(0x4380, 0x43BF, BIC,       1) \
    X(0x43C0, 0x43FF, MVN,       1) \
    X(0x4400, 0x44FF, ADD_HIGH,  1) \
    X(0x4500, 0x45FF, CMP_HIGH,  1) \
    X(0x4600, 0x46FF, MOV_HIGH,  1) \
    X(0x4700, 0x477F, BX,        2) \
    X(0x4780, 0x47FF, BLX,       2) \
    X(0x4800, 0x4FFF, LDR_PC,    1) \
    X(0x5000, 0x51FF, STR_REG,   1) \
    X(0x5200, 0x53FF, STRH_REG,  1) \
    X(0x5400, 0x55FF, STRB_REG,  1) \
    X(0x5600, 0x57FF, LDRSB_REG, 1) \
    X(0x5800, 0x59FF, LDR_REG,   1) \
    X(0x5A00, 0x5BFF, LDRH_REG,  1) \
    X(0x5C00, 0x5DFF, LDRB_REG,  1) \
    X(0x5E00, 0x5FFF, LDRSH_REG, 1) \
    X(0x6000, 0x67FF, STR_IMM,   1) \
    X(0x6800, 0x6FFF, LDR_IMM,   1) \
    X(0x7000, 0x77FF, STRB_IMM,  1) \
    X(0x7800, 0x7FFF, LDRB_IMM,  1) \
    X(0x8000, 0x87FF, STRH_IMM,  1) \
    X(0x8800, 0x8FFF, LDRH_IMM,  1) \
    X(0x9000, 0x97FF, STR_SP,    1) \
    X(0x9800, 0x9FFF, LDR_SP,    1) \
    X(0xA000, 0xA7FF, ADR,       1) \
    X(0xA800, 0xAFFF, ADD_SP,    1) \
    X(0xB000, 0xB07F, INC_SP,    1) \
    X(0xB080, 0xB0FF, DEC_SP,    1) \
    X(0xB200, 0xB23F, SXTH,      1) \
    X(0xB240, 0xB27F, SXTB,      1) \
    X(0xB280, 0xB2BF, UXTH,      1) \
    X(0xB2C0, 0xB2FF, UXTB,      1) \
    X(0xB400, 0xB5FF, PUSH,      1) \
    X(0xB640, 0xB67F, CPS,       1) \
    X(0xBA00, 0xBA3F, REV,       1) \
    X(0xBA40, 0xBA7F, REV16,     1) \
    X(0xBAC0, 0xBAFF, REVSH,     1) \
    X(0xBC00, 0xBDFF, POP,       1) \
    X(0xBE00, 0xBEFF, BKPT,      1) \
    X(0xBF00, 0xBFFF, HINT,      1) \
    X(0xC000, 0xC7FF, STM,       1) \
    X(0xC800, 0xCFFF, LDM,       1) \
    X(0xD000, 0xDDFF, B_COND,    1) \
    X(0xDF00, 0xDFFF, SVC,       1) \
    X(0xE000, 0xE7FF, B,         2) \
    X(0xF000, 0xF7FF, 32_BIT,    3)
/* clang-format on */

#define OP_NAME(first, last, name, cycles) OP_##name,
enum op { OP_UNDEFINED, INSTRUCTIONS(OP_NAME) };
#undef OP_NAME

struct decoded {
    uint8_t op; /* enum op */
    uint8_t cycles;
};

/* Indexed by the upper ten bits of the half-word. */
#define OP_ENTRY(first, last, name, cycles) [first >> 6 ... last >> 6] = {OP_##name, cycles},
static const struct decoded decode[1024] = {INSTRUCTIONS(OP_ENTRY)};
#undef OP_ENTRY

#endif
