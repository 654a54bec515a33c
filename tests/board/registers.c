/* SPDX-License-Identifier: MIT */
#include "registers.h"

#include "scenario.h"

/* Registers as a program could read them. `mask`: bits compared. */
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

static uint32_t read_word(struct l072 *board, uint32_t address)
{
    uint32_t value;

    assert_int_equal(l072_read(board, address, 4, &value), 0);
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
        assert_int_equal(l072_write(board, enr, 4, UINT32_MAX), 0);
}

void registers_same(struct l072 *found, struct l072 *after_reset)
{
    for (size_t i = 0; i < sizeof ungated / sizeof ungated[0]; i++)
        same(found, after_reset, &ungated[i]);
    switch_clocks_on(found);
    switch_clocks_on(after_reset);
    for (size_t i = 0; i < sizeof gated / sizeof gated[0]; i++)
        same(found, after_reset, &gated[i]);
    assert_int_equal(l072_register(found, 17), l072_register(after_reset, 17)); /* MSP */
    assert_int_equal(l072_register(found, 19), 0);                              /* PRIMASK */
    assert_int_equal(l072_register(found, 20), 0);                              /* CONTROL */
}
