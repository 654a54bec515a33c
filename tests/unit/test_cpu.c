/* SPDX-License-Identifier: MIT */
/* Every instruction: result and flags; test_cycles.c has how long each form takes. */
#include "core_board.h"

/* ---- Data processing: r0, r1, r2 and NZCV before and after --------------------------------- */

struct data_row {
    const char *text;
    uint16_t op;
    uint32_t in[3];
    unsigned nzcv_in;
    uint32_t r0;
    unsigned nzcv;
};

#define N 8u
#define Z 4u
#define C 2u
#define V 1u

static const struct data_row data_rows[] = {
    {"movs r0, r1",       0x0008, {9, 0x80000000, 0},          C | V,     0x80000000,   N | C | V},
    {"lsls r0, r1, #1",   0x0048, {9, 0xC0000001, 0},          V,         0x80000002,   N | C | V},
    {"lsls r0, r1, #31",  0x07C8, {9, 2, 0},                   0,         0,            Z | C    },
    {"lsrs r0, r1, #1",   0x0848, {9, 0x80000001, 0},          V,         0x40000000,   C | V    },
    {"lsrs r0, r1, #32",  0x0808, {9, 0x80000000, 0},          0,         0,            Z | C    },
    {"asrs r0, r1, #4",   0x1108, {9, 0x80000008, 0},          0,         0xF8000000,   N | C    },
    {"asrs r0, r1, #32",  0x1008, {9, 0x80000000, 0},          0,         0xFFFFFFFF,   N | C    },
    {"asrs r0, r1, #32",  0x1008, {9, 0x7FFFFFFF, 0},          C,         0,            Z        },
    {"adds r0, r1, r2",   0x1888, {9, 0x7FFFFFFF, 1},          0,         0x80000000,   N | V    },
    {"adds r0, r1, r2",   0x1888, {9, 0x80000000, 0x80000000}, 0,         0,            Z | C | V},
    {"subs r0, r1, r2",   0x1A88, {9, 3, 5},                   0,         0xFFFFFFFE,   N        },
    {"subs r0, r1, r2",   0x1A88, {9, 0x80000000, 1},          0,         0x7FFFFFFF,   C | V    },
    {"adds r0, r1, #7",   0x1DC8, {9, 0xFFFFFFF9, 0},          V,         0,            Z | C    },
    {"subs r0, r1, #7",   0x1FC8, {9, 7, 0},                   0,         0,            Z | C    },
    {"subs r0, r1, #0",   0x1E08, {9, 0, 0},                   0,         0,            Z | C    },
    {"movs r0, #255",     0x20FF, {9, 0, 0},                   N | C | V, 255,          C | V    },
    {"movs r0, #0",       0x2000, {9, 0, 0},                   C,         0,            Z | C    },
    {"cmp r0, #255",      0x28FF, {255, 0, 0},                 0,         255,          Z | C    },
    {"cmp r0, #1",        0x2801, {0, 0, 0},                   0,         0,            N        },
    {"adds r0, #255",     0x30FF, {0xFFFFFF00, 0, 0},          0,         0xFFFFFFFF,   N        },
    {"subs r0, #255",     0x38FF, {254, 0, 0},                 C,         0xFFFFFFFF,   N        },
    {"ands r0, r1",       0x4008, {0xF0F0, 0x0FF0, 0},         C | V,     0x00F0,       C | V    },
    {"eors r0, r1",       0x4048, {0xF0F0, 0xF0F0, 0},         C,         0,            Z | C    },
    {"lsls r0, r1",       0x4088, {0x80000001, 0x100, 0},      C,         0x80000001,   N | C    },
    {"lsls r0, r1",       0x4088, {0x80000001, 32, 0},         0,         0,            Z | C    },
    {"lsls r0, r1",       0x4088, {0x80000001, 33, 0},         C,         0,            Z        },
    {"lsls r0, r1",       0x4088, {0x40000001, 2, 0},          0,         4,            C        },
    {"lsrs r0, r1",       0x40C8, {0x80000001, 0, 0},          C,         0x80000001,   N | C    },
    {"lsrs r0, r1",       0x40C8, {0x80000001, 32, 0},         0,         0,            Z | C    },
    {"lsrs r0, r1",       0x40C8, {0x80000001, 33, 0},         C,         0,            Z        },
    {"lsrs r0, r1",       0x40C8, {0x80000001, 1, 0},          0,         0x40000000,   C        },
    {"asrs r0, r1",       0x4108, {0x80000000, 255, 0},        0,         0xFFFFFFFF,   N | C    },
    {"asrs r0, r1",       0x4108, {0x80000002, 2, 0},          0,         0xE0000000,   N | C    },
    {"asrs r0, r1",       0x4108, {0x80000002, 0, 0},          0,         0x80000002,   N        },
    {"adcs r0, r1",       0x4148, {0xFFFFFFFF, 0, 0},          C,         0,            Z | C    },
    {"adcs r0, r1",       0x4148, {0x7FFFFFFF, 0, 0},          C,         0x80000000,   N | V    },
    {"sbcs r0, r1",       0x4188, {5, 5, 0},                   0,         0xFFFFFFFF,   N        },
    {"sbcs r0, r1",       0x4188, {5, 5, 0},                   C,         0,            Z | C    },
    {"rors r0, r1",       0x41C8, {0x12345678, 8, 0},          C,         0x78123456,   0        },
    {"rors r0, r1",       0x41C8, {0x80000000, 32, 0},         0,         0x80000000,   N | C    },
    {"rors r0, r1",       0x41C8, {0x80000000, 0x100, 0},      0,         0x80000000,   N        },
    {"tst r0, r1",        0x4208, {1, 2, 0},                   N | C,     1,            Z | C    },
    {"rsbs r0, r1, #0",   0x4248, {9, 1, 0},                   C,         0xFFFFFFFF,   N        },
    {"rsbs r0, r1, #0",   0x4248, {9, 0x80000000, 0},          C,         0x80000000,   N | V    },
    {"cmp r0, r1",        0x4288, {1, 2, 0},                   C,         1,            N        },
    {"cmn r0, r1",        0x42C8, {1, 0xFFFFFFFF, 0},          0,         1,            Z | C    },
    {"orrs r0, r1",       0x4308, {0x80000000, 1, 0},          V,         0x80000001,   N | V    },
    {"muls r0, r1, r0",   0x4348, {0x10001, 0x10001, 0},       C | V,     0x20001,      C | V    },
    {"bics r0, r1",       0x4388, {0xFF, 0x0F, 0},             0,         0xF0,         0        },
    {"mvns r0, r1",       0x43C8, {9, 0, 0},                   V,         0xFFFFFFFF,   N | V    },
    {"add r0, r8",        0x4440, {0xFFFFFFFF, 0, 0},          N,         7,            N        },
    {"cmp r0, r8",        0x4540, {8, 0, 0},                   0,         8,            Z | C    },
    {"mov r0, r8",        0x4640, {0, 0, 0},                   V,         8,            V        },
    {"adr r0, .+8",       0xA001, {9, 0, 0},                   0,         CODE + 8,     0        },
    {"add r0, sp, #1020", 0xA8FF, {9, 0, 0},                   Z,         STACK + 1020, Z        },
    {"sxth r0, r1",       0xB208, {9, 0x18000, 0},             Z,         0xFFFF8000,   Z        },
    {"sxtb r0, r1",       0xB248, {9, 0x17F, 0},               0,         0x7F,         0        },
    {"sxtb r0, r1",       0xB248, {9, 0x80, 0},                0,         0xFFFFFF80,   0        },
    {"uxth r0, r1",       0xB288, {9, 0x18000, 0},             0,         0x8000,       0        },
    {"uxtb r0, r1",       0xB2C8, {9, 0x1FF, 0},               0,         0xFF,         0        },
    {"rev r0, r1",        0xBA08, {9, 0x11223344, 0},          0,         0x44332211,   0        },
    {"rev16 r0, r1",      0xBA48, {9, 0x11223344, 0},          0,         0x22114433,   0        },
    {"revsh r0, r1",      0xBAC8, {9, 0x11223380, 0},          0,         0xFFFF8033,   0        },
    {"nop",               0x46C0, {9, 0, 0},                   N | C,     9,            N | C    },
    {"yield",             0xBF10, {9, 0, 0},                   N | C,     9,            N | C    },
    {"sev",               0xBF40, {9, 0, 0},                   N | C,     9,            N | C    },
};

static void check_data_row(struct board *b, const struct data_row *row)
{
    uint32_t expected[16];

    for (unsigned i = 0; i < 13; i++)
        b->cpu.r[i] = i;
    memcpy(b->cpu.r, row->in, sizeof row->in);
    b->cpu.r[PC] = CODE;
    set_nzcv(b, row->nzcv_in);
    memcpy(expected, b->cpu.r, sizeof expected);
    expected[0] = row->r0;
    expected[PC] = CODE + 2;
    PUT(b, CODE, row->op);
    CHECK(row, step(b) == 1);
    CHECK(row, !memcmp(b->cpu.r, expected, sizeof expected));
    CHECK(row, get_nzcv(b) == row->nzcv);
}

static void test_data_processing(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    for (size_t i = 0; i < COUNT(data_rows); i++)
        check_data_row(b, &data_rows[i]);
    core_end(b);
}

/* ---- Loads and stores: r1 = DATA + 4, r2 = 4, SP = DATA - 1012 ------------------------------- */

struct access_row {
    const char *text;
    uint16_t op;
    uint32_t address; /* of the word that is read or written */
    uint32_t before;  /* what it holds */
    uint32_t r0_in, after, r0;
};

static const struct access_row access_rows[] = {
    {"ldr r0, [pc, #8]",    0x4802, CODE + 12,  0x81828384, 9,          0x81828384, 0x81828384},
    {"str r0, [r1, r2]",    0x5088, DATA + 8,   0,          0x81828384, 0x81828384, 0x81828384},
    {"strh r0, [r1, r2]",   0x5288, DATA + 8,   0x11111111, 0x81828384, 0x11118384, 0x81828384},
    {"strb r0, [r1, r2]",   0x5488, DATA + 8,   0x11111111, 0x81828384, 0x11111184, 0x81828384},
    {"ldrsb r0, [r1, r2]",  0x5688, DATA + 8,   0x81828384, 9,          0x81828384, 0xFFFFFF84},
    {"ldr r0, [r1, r2]",    0x5888, DATA + 8,   0x81828384, 9,          0x81828384, 0x81828384},
    {"ldrh r0, [r1, r2]",   0x5A88, DATA + 8,   0x81828384, 9,          0x81828384, 0x8384    },
    {"ldrb r0, [r1, r2]",   0x5C88, DATA + 8,   0x81828384, 9,          0x81828384, 0x84      },
    {"ldrsh r0, [r1, r2]",  0x5E88, DATA + 8,   0x81828384, 9,          0x81828384, 0xFFFF8384},
    {"str r0, [r1, #124]",  0x67C8, DATA + 128, 0,          0x81828384, 0x81828384, 0x81828384},
    {"ldr r0, [r1, #124]",  0x6FC8, DATA + 128, 0x81828384, 9,          0x81828384, 0x81828384},
    {"strb r0, [r1, #31]",  0x77C8, DATA + 32,  0x11111111, 0x81828384, 0x84111111, 0x81828384},
    {"ldrb r0, [r1, #31]",  0x7FC8, DATA + 32,  0x81828384, 9,          0x81828384, 0x81      },
    {"strh r0, [r1, #62]",  0x87C8, DATA + 64,  0x11111111, 0x81828384, 0x83841111, 0x81828384},
    {"ldrh r0, [r1, #62]",  0x8FC8, DATA + 64,  0x81828384, 9,          0x81828384, 0x8182    },
    {"str r0, [sp, #1020]", 0x90FF, DATA + 8,   0,          0x81828384, 0x81828384, 0x81828384},
    {"ldr r0, [sp, #1020]", 0x98FF, DATA + 8,   0x81828384, 9,          0x81828384, 0x81828384},
};

static void test_loads_and_stores(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    for (size_t i = 0; i < COUNT(access_rows); i++) {
        const struct access_row *row = &access_rows[i];

        b->cpu.r[0] = row->r0_in;
        b->cpu.r[1] = DATA + 4;
        b->cpu.r[2] = 4;
        b->cpu.r[SP] = DATA - 1012;
        b->cpu.r[PC] = CODE;
        PUT(b, CODE, row->op);
        preset(b, row->address, row->before);
        CHECK(row, step(b) == 2);
        CHECK(row, peek(b, row->address) == row->after);
        CHECK(row, b->cpu.r[0] == row->r0);
        CHECK(row, b->cpu.r[PC] == CODE + 2);
    }
    core_end(b);
}

/* The single-cycle port: RM0376 calls it IOPORT. */
static void test_ioport_takes_one_cycle(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0x6808, 0x6008);                /* ldr r0, [r1]; str r0, [r1] */
    assert_true(bus_write(b, 0x4002102C, 4, 1)); /* RCC_IOPENR.IOPAEN */
    b->cpu.r[1] = 0x50000000;
    assert_int_equal(step(b), 1);
    assert_int_equal(step(b), 1);
    core_end(b);
}

/* ---- Register lists -------------------------------------------------------------------------- */

static void test_stm_and_ldm(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0xC00E, 0xC870, 0xC809); /* stm r0!, {r1-r3}; ldm r0!, {r4-r6}; ldm r0, {r0, r3} */
    memcpy(b->cpu.r, (uint32_t[]){DATA, 11, 12, 13}, 16);
    assert_int_equal(step(b), 4);
    assert_int_equal(peek(b, DATA), 11);
    assert_int_equal(peek(b, DATA + 8), 13);
    assert_int_equal(b->cpu.r[0], DATA + 12);

    b->cpu.r[0] = DATA;
    assert_int_equal(step(b), 4);
    assert_memory_equal(&b->cpu.r[4], &b->cpu.r[1], 12);
    assert_int_equal(b->cpu.r[0], DATA + 12);

    b->cpu.r[0] = DATA + 4; /* a base in the list is loaded, not counted up */
    assert_int_equal(step(b), 3);
    assert_int_equal(b->cpu.r[0], 12);
    assert_int_equal(b->cpu.r[3], 13);
    core_end(b);
}

static void test_push_and_pop(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0xB502, 0xB081, 0xB001, 0xBD04); /* push {r1, lr}; sub sp, #4; add sp, #4; */
    b->cpu.r[1] = 11;                             /* pop {r2, pc} */
    b->cpu.r[LR] = CODE + 0x101;
    assert_int_equal(step(b), 3);
    assert_int_equal(b->cpu.r[SP], STACK - 8);
    assert_int_equal(peek(b, STACK - 8), 11);
    assert_int_equal(peek(b, STACK - 4), CODE + 0x101);
    assert_int_equal(step(b), 1);
    assert_int_equal(b->cpu.r[SP], STACK - 12);
    assert_int_equal(step(b), 1);
    assert_int_equal(step(b), 5);
    assert_int_equal(b->cpu.r[2], 11);
    assert_int_equal(b->cpu.r[SP], STACK);
    assert_int_equal(b->cpu.r[PC], CODE + 0x100);
    core_end(b);
}

/* ---- Branches -------------------------------------------------------------------------------- */

/* For each condition, the set of NZCV values (0 to 15) that take the branch. */
static const uint16_t taken[14] = {
    0xF0F0, 0x0F0F, 0xCCCC, 0x3333, 0xFF00, 0x00FF, 0xAAAA, /* EQ NE CS CC MI PL VS */
    0x5555, 0x0C0C, 0xF3F3, 0xAA55, 0x55AA, 0x0A05, 0xF5FA, /* VC HI LS GE LT GT LE */
};

static void test_conditional_branches(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    for (unsigned i = 0; i < 14 * 16; i++) {
        unsigned condition = i / 16, nzcv = i % 16;
        bool takes = taken[condition] >> nzcv & 1;

        PUT(b, CODE, (uint16_t)(0xD080 | condition << 8)); /* b<cond> .-252 */
        b->cpu.r[PC] = CODE;
        set_nzcv(b, nzcv);
        assert_int_equal(step(b), takes ? 2 : 1);
        assert_int_equal(b->cpu.r[PC], takes ? CODE - 252 : CODE + 2);
    }
    core_end(b);
}

struct branch_row {
    const char *text;
    uint16_t op[2];
    uint32_t r1;
    uint32_t pc, lr;
    unsigned cycles;
};

static const struct branch_row branch_rows[] = {
    {"b .+2046",      {0xE3FD},         0,        CODE + 2046,     1,        2},
    {"b .-2044",      {0xE400},         0,        CODE - 2044,     1,        2},
    {"bx r1",         {0x4708},         DATA | 1, DATA,            1,        2},
    {"blx r1",        {0x4788},         DATA | 1, DATA,            CODE + 3, 2},
    {"mov pc, r1",    {0x468F},         DATA,     DATA,            1,        2},
    {"add pc, r1",    {0x448F},         0x101,    CODE + 0x104,    1,        2},
    {"bl .+0x204",    {0xF000, 0xF900}, 0,        CODE + 0x204,    CODE + 5, 3},
    {"bl .-0x204",    {0xF7FF, 0xFEFC}, 0,        CODE - 0x204,    CODE + 5, 3},
    {"bl .+0xfffffe", {0xF3FF, 0xD7FD}, 0,        CODE + 0xFFFFFE, CODE + 5, 3},
    {"bl .+0x7ffffe", {0xF3FF, 0xF7FD}, 0,        CODE + 0x7FFFFE, CODE + 5, 3},
    {"bl .-0xfffffc", {0xF400, 0xD000}, 0,        CODE - 0xFFFFFC, CODE + 5, 3},
    {"dmb",           {0xF3BF, 0x8F5F}, 0,        CODE + 4,        1,        3},
    {"dsb",           {0xF3BF, 0x8F4F}, 0,        CODE + 4,        1,        3},
    {"isb",           {0xF3BF, 0x8F6F}, 0,        CODE + 4,        1,        3},
};

static void test_branches_and_barriers(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    for (size_t i = 0; i < COUNT(branch_rows); i++) {
        const struct branch_row *row = &branch_rows[i];

        PUT(b, CODE, row->op[0], row->op[1]);
        b->cpu.r[1] = row->r1;
        b->cpu.r[LR] = 1;
        b->cpu.r[PC] = CODE;
        CHECK(row, step(b) == row->cycles);
        CHECK(row, b->cpu.r[PC] == row->pc);
        CHECK(row, b->cpu.r[LR] == row->lr);
    }
    core_end(b);
}

/* PC reads as the address of the instruction plus 4; SP keeps to whole words. */
static void test_pc_and_sp_as_operands(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0x4678, 0x4479, 0x4695, 0x44ED); /* mov r0, pc; add r1, pc; mov sp, r2; */
    b->cpu.r[1] = 1;                              /* add sp, sp */
    b->cpu.r[2] = 0x10003;
    steps(b, 4);
    assert_int_equal(b->cpu.r[0], CODE + 4);
    assert_int_equal(b->cpu.r[1], CODE + 2 + 4 + 1);
    assert_int_equal(b->cpu.r[SP], 0x20000);
    core_end(b);
}

/* ---- Special registers ----------------------------------------------------------------------- */

static void test_flags_through_special_registers(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0xF381, 0x8800, 0xF3EF, 0x8000, 0xF3EF, 0x8205); /* msr apsr, r1; mrs r0, apsr; */
    b->cpu.r[1] = 0xAFFFFFFF;                                     /* mrs r2, ipsr */
    assert_int_equal(step(b), 3);
    assert_int_equal(get_nzcv(b), N | C);
    assert_int_equal(step(b), 3);
    assert_int_equal(b->cpu.r[0], 0xA0000000);
    assert_int_equal(step(b), 3);
    assert_int_equal(b->cpu.r[2], 0);
    core_end(b);
}

static void test_two_stacks(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0xF380, 0x8809, 0xF381, 0x8814); /* msr psp, r0; msr control, r1 */
    PUT(b, CODE + 8, 0x46EA, 0xF3EF, 0x8308, 0xF3EF, 0x8414, 0xF382, 0x8808); /* mov r10, sp; */
    b->cpu.r[0] = DATA + 3; /* mrs r3, msp; mrs r4, control; msr msp, r2 */
    b->cpu.r[1] = 2;
    b->cpu.r[2] = DATA + 0x100;
    steps(b, 6);
    assert_int_equal(b->cpu.r[10], DATA);
    assert_int_equal(b->cpu.r[3], STACK);
    assert_int_equal(b->cpu.r[4], 2);
    assert_int_equal(b->cpu.r[SP], DATA);
    assert_int_equal(b->cpu.banked_sp, DATA + 0x100);
    core_end(b);
}

static void test_primask(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0xB672, 0xF3EF, 0x8010, 0xB662, 0xF3EF, 0x8110, 0xF380, 0x8810);
    assert_int_equal(step(b), 1); /* cpsid i */
    step(b);                      /* mrs r0, primask */
    assert_int_equal(step(b), 1); /* cpsie i */
    step(b);                      /* mrs r1, primask */
    assert_int_equal(b->cpu.r[0], 1);
    assert_int_equal(b->cpu.r[1], 0);
    step(b); /* msr primask, r0 */
    assert_true(b->cpu.primask);
    core_end(b);
}

/* Unprivileged code keeps its flags and CONTROL to read, and nothing more. */
static void test_unprivileged(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0xF381, 0x8814, 0xB672, 0xF382, 0x8808, 0xF3EF, 0x8308, 0xF3EF, 0x8414, 0x6828);
    memcpy(b->cpu.r, (uint32_t[]){9, 1, DATA, 9, 9, 0xE000ED00}, 24);
    steps(b, 5); /* msr control, r1; cpsid i; msr msp, r2; mrs r3, msp; mrs r4, control */
    assert_false(b->cpu.primask);
    assert_int_equal(b->cpu.r[SP], STACK);
    assert_int_equal(b->cpu.r[3], 0);
    assert_int_equal(b->cpu.r[4], 1);
    step(b); /* ldr r0, [r5] */
    assert_int_equal(b->stop.kind, L072_STOP_RULE);
    assert_int_equal(b->cpu.r[0], 9);
    core_end(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_processing),
        cmocka_unit_test(test_loads_and_stores),
        cmocka_unit_test(test_ioport_takes_one_cycle),
        cmocka_unit_test(test_stm_and_ldm),
        cmocka_unit_test(test_push_and_pop),
        cmocka_unit_test(test_conditional_branches),
        cmocka_unit_test(test_branches_and_barriers),
        cmocka_unit_test(test_pc_and_sp_as_operands),
        cmocka_unit_test(test_flags_through_special_registers),
        cmocka_unit_test(test_two_stacks),
        cmocka_unit_test(test_primask),
        cmocka_unit_test(test_unprivileged),
    };

    return cmocka_run_group_tests_name("cpu", tests, NULL, NULL);
}
