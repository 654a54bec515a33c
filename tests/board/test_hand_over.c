/* SPDX-License-Identifier: MIT */
/*
 * What the ROM finds after dfuse_CheckAndRun(), called by a program that had switched on what it
 * could, against what it finds when BOOT0 starts it.
 */
#include "scenario.h"

#include "board.h"

/* Registers as the ROM could read them. `mask`: bits compared. */
struct row {
    const char *name;
    uint32_t address, count, mask;
};

static const struct row ungated[] = {
    {"RCC_CR ... CIER",     0x40021000, 5, 0xFDFFFFFF}, /* not PLLRDY, which drops a little later */
    {"RCC_IOPRSTR ... ENR", 0x4002101C, 8, UINT32_MAX},
    {"RCC_CCIPR",           0x4002104C, 1, UINT32_MAX},
    {"FLASH_ACR, PECR",     0x40022000, 2, UINT32_MAX},
    {"EXTI_EMR ... FTSR",   0x40010404, 3, UINT32_MAX},
    {"EXTI_PR",             0x40010414, 1, UINT32_MAX},
    {"SYST_CSR",            0xE000E010, 1, 7         },
    {"NVIC_ISER",           0xE000E100, 1, UINT32_MAX},
    {"NVIC_ISPR",           0xE000E200, 1, UINT32_MAX},
    {"NVIC_IPR",            0xE000E400, 8, UINT32_MAX},
    {"SCB_ICSR, VTOR",      0xE000ED04, 2, UINT32_MAX},
    {"SCB_SCR",             0xE000ED10, 1, UINT32_MAX},
    {"SCB_SHPR2, SHPR3",    0xE000ED1C, 2, UINT32_MAX},
    {"MPU_CTRL",            0xE000ED94, 1, UINT32_MAX},
};

/* These need their clocks on to be read. */
static const struct row gated[] = {
    {"PWR_CR",                 0x40007000, 1, UINT32_MAX},
    {"SYSCFG_CFGR1: MEM_MODE", 0x40010000, 1, 0x0000000B},
    {"SYSCFG_CFGR3",           0x40010020, 1, UINT32_MAX},
    {"CRS_CR",                 0x40006C00, 1, UINT32_MAX},
    {"USART2_CR1",             0x40004400, 1, UINT32_MAX},
    {"USB_CNTR",               0x40005C40, 1, UINT32_MAX},
    {"USB_BCDR",               0x40005C58, 1, UINT32_MAX},
    {"GPIOA_MODER ... PUPDR",  0x50000000, 4, UINT32_MAX},
    {"GPIOA_ODR",              0x50000014, 1, UINT32_MAX},
    {"GPIOB_MODER ... PUPDR",  0x50000400, 4, UINT32_MAX},
};

/* A struct l072 begins with its struct board. */
static struct board *inside(struct l072 *board)
{
    return (struct board *)board;
}

/* Runs to the first instruction in system memory. */
static struct l072 *at_rom_entry(const struct l072_config *config, const char *image)
{
    struct scenario s;
    struct l072_event event;

    scenario_begin(&s, config, image);
    l072_power(s.board, true);
    for (;;) {
        assert_true(l072_run(s.board, 100 * MS) != L072_TIME);
        assert_int_equal(l072_stop(s.board)->kind, L072_STOP_NONE);
        while (l072_next_event(s.board, &event))
            if (event.kind == L072_EVENT_ENTER_ROM)
                return s.board;
    }
}

static uint32_t read_word(struct l072 *board, uint32_t address)
{
    uint32_t value;

    assert_true(bus_read(inside(board), address, 4, &value));
    return value;
}

static void same(struct l072 *found, struct l072 *expected, const struct row *row)
{
    for (uint32_t i = 0; i < row->count; i++) {
        uint32_t address = row->address + 4 * i;
        uint32_t a = read_word(found, address) & row->mask;
        uint32_t b = read_word(expected, address) & row->mask;

        if (a != b)
            fail_msg("%s, 0x%08X: 0x%08X, after reset 0x%08X", row->name, address, a, b);
    }
}

static void switch_clocks_on(struct l072 *board)
{
    for (uint32_t enr = 0x4002102C; enr <= 0x40021038; enr += 4)
        assert_true(bus_write(inside(board), enr, 4, UINT32_MAX));
}

static void the_rom_gets_a_chip_as_after_reset(void **state)
{
    struct l072 *found =
        at_rom_entry(&(struct l072_config){.seed = 1}, "build/examples/test/dirty.elf");
    struct l072 *expected =
        at_rom_entry(&(struct l072_config){.seed = 1, .boot0 = true}, "build/examples/app-1.elf");

    (void)state;
    for (size_t i = 0; i < sizeof ungated / sizeof ungated[0]; i++)
        same(found, expected, &ungated[i]);
    switch_clocks_on(found);
    switch_clocks_on(expected);
    for (size_t i = 0; i < sizeof gated / sizeof gated[0]; i++)
        same(found, expected, &gated[i]);
    assert_int_equal(l072_register(found, 17), l072_register(expected, 17)); /* MSP */
    assert_int_equal(l072_register(found, 19), 0);                           /* PRIMASK */
    assert_int_equal(l072_register(found, 20), 0);                           /* CONTROL */
    l072_destroy(found);
    l072_destroy(expected);
}

/* From the pull-up off, by USBRST, to the ROM: what a host has to notice that the device left. */
static void the_pull_up_is_off_for_10_ms(void **state)
{
    struct scenario s;
    struct l072_event event;
    uint64_t detached = 0;

    (void)state;
    scenario_begin(&s, &(struct l072_config){.seed = 1}, "build/examples/test/dirty.elf");
    l072_power(s.board, true);
    for (bool in_rom = false; !in_rom;) {
        assert_int_equal(l072_run(s.board, 100 * MS), L072_EVENTS);
        while (l072_next_event(s.board, &event)) {
            if (event.kind == L072_EVENT_USB_DETACH)
                detached = event.time;
            in_rom |= event.kind == L072_EVENT_ENTER_ROM;
        }
    }
    assert_true(detached > 0);
    assert_in_range(event.time - detached, 10 * MS, 15 * MS);
    l072_destroy(s.board);
}

static void the_rom_works_afterwards(void **state)
{
    struct scenario s;

    (void)state;
    scenario_begin(&s, &(struct l072_config){.seed = 1}, "build/examples/test/dirty.elf");
    scenario_power_on(&s);
    assert_true(in_dfu(&s));
    l072_destroy(s.board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rom_gets_a_chip_as_after_reset),
        cmocka_unit_test(the_pull_up_is_off_for_10_ms),
        cmocka_unit_test(the_rom_works_afterwards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
