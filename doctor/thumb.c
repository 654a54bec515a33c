/* SPDX-License-Identifier: MIT */
/* Only what the doctor asks for is decoded (ARM DDI 0419, A5.2). */
#include "thumb.h"

static uint32_t low(struct l072 *board, unsigned opcode, unsigned shift)
{
    return l072_register(board, opcode >> shift & 7);
}

/* STR, STRH, STRB, LDRSB, LDR, LDRH, LDRB, LDRSH with a register as offset. */
static struct thumb register_offset(struct l072 *board, unsigned opcode)
{
    static const uint8_t sizes[8] = {4, 2, 1, 1, 4, 2, 1, 2};
    unsigned operation = opcode >> 9 & 7;
    return (struct thumb){
        .kind = operation < 3 ? THUMB_STORE : THUMB_LOAD,
        .address = low(board, opcode, 3) + low(board, opcode, 6),
        .size = sizes[operation],
        .value = low(board, opcode, 0),
    };
}

static struct thumb immediate_offset(struct l072 *board, unsigned opcode)
{
    unsigned operation = opcode >> 12;
    uint32_t size = operation == 6 ? 4 : operation == 7 ? 1 : 2;
    return (struct thumb){
        .kind = opcode >> 11 & 1 ? THUMB_LOAD : THUMB_STORE,
        .address = low(board, opcode, 3) + (opcode >> 6 & 31) * size,
        .size = size,
        .value = low(board, opcode, 0),
        /* R7 is the frame pointer of unoptimised code. */
        .stack = (opcode >> 3 & 7) == 7 && l072_register(board, 7) == l072_register(board, SP),
    };
}

static struct thumb stack_offset(struct l072 *board, unsigned opcode)
{
    return (struct thumb){
        .kind = opcode >> 11 & 1 ? THUMB_LOAD : THUMB_STORE,
        .address = l072_register(board, SP) + (opcode & 0xFF) * 4,
        .size = 4,
        .value = low(board, opcode, 8),
        .stack = true,
    };
}

static struct thumb multiple(struct l072 *board, unsigned opcode)
{
    return (struct thumb){
        .kind = opcode >> 11 & 1 ? THUMB_LOAD : THUMB_STORE,
        .address = low(board, opcode, 8),
        .size = 4 * (uint32_t)__builtin_popcount(opcode & 0xFF),
        .value = opcode & 0xFF ? l072_register(board, (unsigned)__builtin_ctz(opcode)) : 0,
    };
}

static struct thumb push_pop(struct l072 *board, unsigned opcode)
{
    bool pop = opcode >> 11 & 1;
    uint32_t size = 4 * (uint32_t)__builtin_popcount(opcode & 0x1FF);
    return (struct thumb){
        .kind = pop ? THUMB_LOAD : THUMB_STORE,
        .address = l072_register(board, SP) - (pop ? 0 : size),
        .size = size,
        .stack = true,
    };
}

static struct thumb branch(struct l072 *board, unsigned opcode)
{
    return (struct thumb){
        .kind = THUMB_BRANCH,
        .address = l072_register(board, opcode >> 3 & 15),
        .wants_thumb_bit = (opcode & 0xFF00) == 0x4700,
    };
}

static struct thumb set_msp(struct l072 *board, unsigned opcode)
{
    return (struct thumb){.kind = THUMB_SET_MSP, .address = l072_register(board, opcode & 15)};
}

static bool halfword(struct l072 *board, uint32_t address, unsigned *value)
{
    uint8_t bytes[2];
    uint32_t word;
    if (l072_peek(board, address, bytes, sizeof bytes) == 0) {
        *value = bytes[0] | (unsigned)bytes[1] << 8;
        return true;
    }
    if (address >= 0x08000000 || l072_read(board, address, 2, &word) != 0)
        return false;
    *value = word;
    return true;
}

struct thumb thumb_next(struct l072 *board)
{
    uint32_t pc = l072_register(board, PC);
    unsigned opcode, second;
    if (!halfword(board, pc, &opcode))
        return (struct thumb){0};
    switch (opcode >> 12) {
    case 4: /* 0100 0111: BX, BLX; 0100 0110 1... .111: MOV PC */
        if ((opcode & 0xFF00) == 0x4700 || (opcode & 0xFF87) == 0x4687)
            return branch(board, opcode);
        break;
    case 5: return register_offset(board, opcode);
    case 6:
    case 7:
    case 8: return immediate_offset(board, opcode);
    case 9: return stack_offset(board, opcode);
    case 11:
        if ((opcode & 0xF600) == 0xB400)
            return push_pop(board, opcode);
        break;
    case 12: return multiple(board, opcode);
    case 15:
        if ((opcode & 0xFFF0) == 0xF380 && halfword(board, pc + 2, &second) && second == 0x8808)
            return set_msp(board, opcode);
        break;
    default: break;
    }
    return (struct thumb){0};
}
