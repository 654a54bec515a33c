/* SPDX-License-Identifier: MIT */
/* The clock enables and resets of the peripherals (RM0376 RCC). */
#include "board.h"

/* What the peripherals' bits of the RSTR registers reset. */
static const struct {
    enum rcc_gate gate;
    void (*reset)(struct board *b);
    void (*reset_unit)(struct board *b, unsigned unit);
    unsigned unit;
} resets[] = {
    {RCC_GATE_GPIOA,   NULL,         gpio_port_reset, 0},
    {RCC_GATE_GPIOB,   NULL,         gpio_port_reset, 1},
    {RCC_GATE_GPIOC,   NULL,         gpio_port_reset, 2},
    {RCC_GATE_GPIOD,   NULL,         gpio_port_reset, 3},
    {RCC_GATE_GPIOE,   NULL,         gpio_port_reset, 4},
    {RCC_GATE_GPIOH,   NULL,         gpio_port_reset, 7},
    {RCC_GATE_CRC,     crc_reset,    NULL,            0},
    {RCC_GATE_RNG,     rng_reset,    NULL,            0},
    {RCC_GATE_DMA,     dma_reset,    NULL,            0},
    {RCC_GATE_SYSCFG,  syscfg_reset, NULL,            0},
    {RCC_GATE_TIM21,   NULL,         tim_reset,       4},
    {RCC_GATE_TIM22,   NULL,         tim_reset,       5},
    {RCC_GATE_USART1,  NULL,         usart_reset,     0},
    {RCC_GATE_DBG,     dbgmcu_reset, NULL,            0},
    {RCC_GATE_TIM2,    NULL,         tim_reset,       0},
    {RCC_GATE_TIM3,    NULL,         tim_reset,       1},
    {RCC_GATE_TIM6,    NULL,         tim_reset,       2},
    {RCC_GATE_TIM7,    NULL,         tim_reset,       3},
    {RCC_GATE_WWDG,    wwdg_reset,   NULL,            0},
    {RCC_GATE_USART2,  NULL,         usart_reset,     1},
    {RCC_GATE_LPUART1, NULL,         usart_reset,     4},
    {RCC_GATE_USART4,  NULL,         usart_reset,     2},
    {RCC_GATE_USART5,  NULL,         usart_reset,     3},
    {RCC_GATE_USB,     usb_reset,    NULL,            0},
    {RCC_GATE_CRS,     crs_reset,    NULL,            0},
    {RCC_GATE_PWR,     pwr_reset,    NULL,            0},
    {RCC_GATE_LPTIM1,  lptim_reset,  NULL,            0},
};

/* An RSTR register lies this far below the ENR register of the same bus. */
#define RSTR_BELOW_ENR (RCC_IOPENR - RCC_IOPRSTR)

static bool gate_bit(const struct board *b, enum rcc_gate gate, uint32_t below)
{
    return b->rcc.reg[((gate >> 8) - below) / 4] >> (gate & 31) & 1;
}

bool rcc_enabled(const struct board *b, enum rcc_gate gate)
{
    return gate == RCC_GATE_NONE || gate_bit(b, gate, 0);
}

bool rcc_in_reset(const struct board *b, enum rcc_gate gate)
{
    return gate != RCC_GATE_NONE && gate_bit(b, gate, RSTR_BELOW_ENR);
}

const char *rcc_gate_name(enum rcc_gate gate)
{
    switch (gate) {
#define GATE(gate, register, bit, name)                                                            \
    case RCC_GATE_##gate: return "RCC_" #register "." #name;
        RCC_GATES(GATE)
#undef GATE
    default: return "";
    }
}

void rcc_reset_peripherals(struct board *b, uint32_t offset, uint32_t started)
{
    for (unsigned i = 0; i < sizeof resets / sizeof resets[0]; i++) {
        uint32_t gate = resets[i].gate;

        if ((gate >> 8) - RSTR_BELOW_ENR != offset || !(started >> (gate & 31) & 1))
            continue;
        if (resets[i].reset)
            resets[i].reset(b);
        else
            resets[i].reset_unit(b, resets[i].unit);
    }
}
