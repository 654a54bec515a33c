/* SPDX-License-Identifier: MIT */
/* How long instructions take: each form, and loops with and without wait states of the flash. */
#include "core_board.h"

/* ---- Each form, in memory that does not wait (ARM DDI 0484 3.3) ----------------------------- */

#define LOW_PORT 0x50000000u /* GPIOA: the core's single-cycle port */

/* Z is 0, r1 = DATA, r2 = 4, r3 = CODE | 1, r4 = LOW_PORT, r5 = 0; the stack holds CODE | 1. */
struct cycles_row {
    const char *text;
    uint16_t op[2];
    unsigned cycles;
};

static const struct cycles_row cycles_rows[] = {
    {"movs r0, #1",          {0x2001},         1     },
    {"movs r0, r1",          {0x0008},         1     },
    {"mov r8, r1",           {0x4688},         1     },
    {"mov pc, r3",           {0x469F},         2     },
    {"adds r0, r1, #1",      {0x1C48},         1     },
    {"adds r0, r1, r2",      {0x1888},         1     },
    {"adds r0, #1",          {0x3001},         1     },
    {"add r8, r1",           {0x4488},         1     },
    {"add pc, r2",           {0x4497},         2     },
    {"adcs r0, r1",          {0x4148},         1     },
    {"add sp, #4",           {0xB001},         1     },
    {"add r0, sp, #4",       {0xA801},         1     },
    {"adr r0, .+4",          {0xA000},         1     },
    {"subs r0, r1, r2",      {0x1A88},         1     },
    {"subs r0, r1, #1",      {0x1E48},         1     },
    {"subs r0, #1",          {0x3801},         1     },
    {"sbcs r0, r1",          {0x4188},         1     },
    {"sub sp, #4",           {0xB081},         1     },
    {"rsbs r0, r1, #0",      {0x4248},         1     },
    {"muls r0, r1, r0",      {0x4348},         1     },
    {"cmp r0, #1",           {0x2801},         1     },
    {"cmp r0, r1",           {0x4288},         1     },
    {"cmp r0, r8",           {0x4540},         1     },
    {"cmn r0, r1",           {0x42C8},         1     },
    {"ands r0, r1",          {0x4008},         1     },
    {"eors r0, r1",          {0x4048},         1     },
    {"orrs r0, r1",          {0x4308},         1     },
    {"bics r0, r1",          {0x4388},         1     },
    {"mvns r0, r1",          {0x43C8},         1     },
    {"tst r0, r1",           {0x4208},         1     },
    {"lsls r0, r1, #1",      {0x0048},         1     },
    {"lsls r0, r1",          {0x4088},         1     },
    {"lsrs r0, r1, #1",      {0x0848},         1     },
    {"lsrs r0, r1",          {0x40C8},         1     },
    {"asrs r0, r1, #1",      {0x1048},         1     },
    {"asrs r0, r1",          {0x4108},         1     },
    {"rors r0, r1",          {0x41C8},         1     },
    {"ldr r0, [r1, #4]",     {0x6848},         2     },
    {"ldr r0, [r1, r2]",     {0x5888},         2     },
    {"ldr r0, [pc, #4]",     {0x4801},         2     },
    {"ldr r0, [sp, #4]",     {0x9801},         2     },
    {"ldrh r0, [r1, #4]",    {0x8888},         2     },
    {"ldrh r0, [r1, r2]",    {0x5A88},         2     },
    {"ldrsh r0, [r1, r2]",   {0x5E88},         2     },
    {"ldrb r0, [r1, #4]",    {0x7908},         2     },
    {"ldrb r0, [r1, r2]",    {0x5C88},         2     },
    {"ldrsb r0, [r1, r2]",   {0x5688},         2     },
    {"str r0, [r1, #4]",     {0x6048},         2     },
    {"str r0, [r1, r2]",     {0x5088},         2     },
    {"str r0, [sp, #4]",     {0x9001},         2     },
    {"strh r0, [r1, #4]",    {0x8088},         2     },
    {"strh r0, [r1, r2]",    {0x5288},         2     },
    {"strb r0, [r1, #4]",    {0x7108},         2     },
    {"strb r0, [r1, r2]",    {0x5488},         2     },
    {"ldr r0, [r4, #0]",     {0x6820},         1     },
    {"ldr r0, [r4, r5]",     {0x5960},         1     },
    {"ldrh r0, [r4, #0]",    {0x8820},         1     },
    {"ldrsh r0, [r4, r5]",   {0x5F60},         1     },
    {"ldrb r0, [r4, #0]",    {0x7820},         1     },
    {"ldrsb r0, [r4, r5]",   {0x5760},         1     },
    {"str r5, [r4, #0x14]",  {0x6165},         1     },
    {"strh r5, [r4, #0x14]", {0x82A5},         1     },
    {"strb r5, [r4, #0x14]", {0x7525},         1     },
    {"ldm r1!, {r0}",        {0xC901},         1 + 1 },
    {"ldm r1!, {all}",       {0xC9FF},         1 + 8 },
    {"stm r1!, {r1}",        {0xC102},         1 + 1 },
    {"stm r1!, {all}",       {0xC1FE},         1 + 7 },
    {"push {r0}",            {0xB401},         1 + 1 },
    {"push {all, lr}",       {0xB5FF},         1 + 9 },
    {"pop {r0}",             {0xBC01},         1 + 1 },
    {"pop {all}",            {0xBCFF},         1 + 8 },
    {"pop {pc}",             {0xBD00},         3 + 1 },
    {"pop {all, pc}",        {0xBDFF},         3 + 9 },
    {"b .+4",                {0xE000},         2     },
    {"bne .+4",              {0xD100},         2     },
    {"beq .+4",              {0xD000},         1     },
    {"bl .+4",               {0xF000, 0xF800}, 3     },
    {"bx r3",                {0x4718},         2     },
    {"blx r3",               {0x4798},         2     },
    {"sxth r0, r1",          {0xB208},         1     },
    {"sxtb r0, r1",          {0xB248},         1     },
    {"uxth r0, r1",          {0xB288},         1     },
    {"uxtb r0, r1",          {0xB2C8},         1     },
    {"rev r0, r1",           {0xBA08},         1     },
    {"rev16 r0, r1",         {0xBA48},         1     },
    {"revsh r0, r1",         {0xBAC8},         1     },
    {"cpsid i",              {0xB672},         1     },
    {"cpsie i",              {0xB662},         1     },
    {"mrs r0, primask",      {0xF3EF, 0x8010}, 3     },
    {"msr apsr, r0",         {0xF380, 0x8800}, 3     },
    {"sev",                  {0xBF40},         1     },
    {"nop",                  {0xBF00},         1     },
    {"yield",                {0xBF10},         1     },
    {"wfe",                  {0xBF20},         2     },
    {"wfi",                  {0xBF30},         2     },
    {"dmb",                  {0xF3BF, 0x8F5F}, 3     },
    {"dsb",                  {0xF3BF, 0x8F4F}, 3     },
    {"isb",                  {0xF3BF, 0x8F6F}, 3     },
    {"svc #0",               {0xDF00},         1 + 15},
};

static void test_each_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cycles_rows); i++) {
        const struct cycles_row *row = &cycles_rows[i];
        struct board *b = core_start(false);

        store(b, 0x4002102C, 1); /* RCC_IOPENR.IOPAEN */
        for (uint32_t at = STACK - 64; at < STACK; at += 4)
            preset(b, at, CODE | 1);
        memcpy(b->cpu.r, (uint32_t[]){9, DATA, 4, CODE | 1, LOW_PORT, 0}, 24);
        b->cpu.r[SP] = STACK - 64;
        PUT(b, CODE, row->op[0], row->op[1]);
        CHECK(row, step(b) == row->cycles);
        CHECK(row, !b->stop.kind);
        core_end(b);
    }
}

/* ---- Loops ----------------------------------------------------------------------------------- */

#define FLASH 0x08000100u

enum access { NO_WAIT, ONE_WAIT, PREFETCHED, ACCESSES };
static const uint32_t acr[ACCESSES] = {0, 1, 3}; /* LATENCY, PRFTEN */

/* r0 counts down, r2 = DATA, r3 = a constant in the flash. Cycles of a whole round: each word that
 * is fetched waits, unless it was prefetched because it follows the one before; each read of data
 * in the flash waits. */
struct loop_row {
    const char *text;
    uint32_t at;
    uint16_t op[8];
    unsigned cycles[ACCESSES];
};

static const struct loop_row loop_rows[] = {
    {"subs, bne: one word",     FLASH,     {0x3801, 0xD1FD},                           {3, 3, 3}  },
    {"subs, bne: two words",    FLASH + 2, {0x3801, 0xD1FD},                           {3, 5, 4}  },
    {"ldr, str, subs, bne",     FLASH,     {0x6811, 0x6051, 0x3801, 0xD1FB},           {7, 9, 8}  },
    {"movs x 6, subs, bne",     FLASH,     {0, 0, 0, 0, 0, 0, 0x3801, 0xD1F7},         {9, 13, 10}},
    {"bl to bx lr, subs, bne",  FLASH,     {0xF000, 0xF802, 0x3801, 0xD1FB, OP_BX_LR}, {8, 11, 11}},
    {"ldr literal, subs, bne",  FLASH,     {0x4901, 0x3801, 0xD1FC},                   {5, 8, 7}  },
    {"in SRAM: subs, bne",      CODE,      {0x3801, 0xD1FD},                           {3, 3, 3}  },
    {"in SRAM: ldr from flash", CODE,      {0x6819, 0x3801, 0xD1FC},                   {5, 6, 6}  },
};

static unsigned cycles_of_a_round(const struct loop_row *row, enum access access)
{
    struct board *b = core_start(false);
    unsigned cycles = 0, rounds = 0;

    store(b, 0x40022000, acr[access]);
    put_code(b, row->at, row->op, COUNT(row->op));
    memcpy(b->cpu.r, (uint32_t[]){10, 0, DATA, 0x08000000}, 16);
    b->cpu.r[PC] = row->at;
    while (rounds < 2) {
        unsigned one = step(b);

        cycles += rounds ? one : 0;
        rounds += b->cpu.r[PC] == row->at;
    }
    CHECK(row, !b->stop.kind);
    core_end(b);
    return cycles;
}

static void test_loops(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(loop_rows); i++)
        for (enum access access = NO_WAIT; access < ACCESSES; access++)
            CHECK(&loop_rows[i],
                  cycles_of_a_round(&loop_rows[i], access) == loop_rows[i].cycles[access]);
}

/* A delay loop as a whole: 3 cycles a round but for the last, whose branch is not taken. */
static void test_a_delay_loop_in_flash(void **state)
{
    struct board *b = core_start(false);
    unsigned cycles = 0;

    (void)state;
    put_code(b, FLASH, loop_rows[0].op, 2);
    b->cpu.r[0] = 1000;
    b->cpu.r[PC] = FLASH;
    while (b->cpu.r[PC] != FLASH + 4)
        cycles += step(b);
    assert_int_equal(cycles, 3 * 1000 - 1);
    core_end(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_form),
        cmocka_unit_test(test_loops),
        cmocka_unit_test(test_a_delay_loop_in_flash),
    };

    return cmocka_run_group_tests_name("cycles", tests, NULL, NULL);
}
