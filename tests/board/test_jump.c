/* SPDX-License-Identifier: MIT */
/* The ROM reached by a software jump, as the forums advise it. */
#include "scenario.h"

#define BANK1     0x08000000u
#define STACK_TOP 0x20005000u
#define NOP       0xBF00
#define CPSID_I   0xB672

/* A program that maps system memory at 0, loads MSP and jumps. */
static void begin(struct scenario *s, enum l072_rom rom, uint16_t first_instruction)
{
    const uint32_t vectors[] = {STACK_TOP, BANK1 + 8 + 1};
    const uint16_t program[] = {
        first_instruction,
        0x4806, /* ldr  r0, RCC_APB2ENR */
        0x2101, /* movs r1, #1 */
        0x6001, /* str  r1, [r0]      SYSCFGEN */
        0x4805, /* ldr  r0, SYSCFG_CFGR1 */
        0x6001, /* str  r1, [r0]      MEM_MODE = 1 */
        0x4805, /* ldr  r0, system memory */
        0x6801, /* ldr  r1, [r0] */
        0xF381,
        0x8808, /* msr  msp, r1 */
        0x6841, /* ldr  r1, [r0, #4] */
        0x4708, /* bx   r1 */
        0xBF00,
        0xBF00,
        0x1034,
        0x4002,
        0x0000,
        0x4001,
        0x0000,
        0x1FF0,
    };

    *s = (struct scenario){.board = l072_create(&(struct l072_config){.rom = rom})};
    assert_int_equal(l072_load(s->board, BANK1, vectors, sizeof vectors), 0);
    assert_int_equal(l072_load(s->board, BANK1 + 8, program, sizeof program), 0);
    scenario_power_on(s);
}

static void v40_takes_a_jump(void **state)
{
    struct scenario s;

    (void)state;
    begin(&s, L072_ROM_V40, NOP);
    assert_true(in_dfu(&s));
    l072_destroy(s.board);
}

/* The device is there, and deaf. */
static void masked_interrupts_are_not_unmasked(void **state)
{
    struct scenario s;

    (void)state;
    begin(&s, L072_ROM_V40, CPSID_I);
    assert_false(in_dfu(&s));
    assert_true(l072_usb_attached(s.board));
    l072_destroy(s.board);
}

static void v41_bounces_a_jump(void **state)
{
    struct scenario s;

    (void)state;
    begin(&s, L072_ROM_V41, NOP);
    assert_true(usb_device_run(&s.device, 3 * MS));
    assert_true(s.rom_entries > 1); /* back, and there again */
    assert_false(l072_usb_attached(s.board));
    l072_destroy(s.board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v40_takes_a_jump),
        cmocka_unit_test(masked_interrupts_are_not_unmasked),
        cmocka_unit_test(v41_bounces_a_jump),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
