/* SPDX-License-Identifier: MIT */
/* Reset and clock control (RM0376 RCC), 0x40021000. */
#ifndef SIM_RCC_H
#define SIM_RCC_H

#include <stdbool.h>
#include <stdint.h>

struct board;

/* Register offsets. */
enum rcc_register {
    RCC_CR = 0x00,
    RCC_ICSCR = 0x04,
    RCC_CRRCR = 0x08,
    RCC_CFGR = 0x0C,
    RCC_CIER = 0x10,
    RCC_CIFR = 0x14,
    RCC_CICR = 0x18,
    RCC_IOPRSTR = 0x1C,
    RCC_AHBRSTR = 0x20,
    RCC_APB2RSTR = 0x24,
    RCC_APB1RSTR = 0x28,
    RCC_IOPENR = 0x2C,
    RCC_AHBENR = 0x30,
    RCC_APB2ENR = 0x34,
    RCC_APB1ENR = 0x38,
    RCC_IOPSMENR = 0x3C,
    RCC_AHBSMENR = 0x40,
    RCC_APB2SMENR = 0x44,
    RCC_APB1SMENR = 0x48,
    RCC_CCIPR = 0x4C,
    RCC_CSR = 0x50,
    RCC_END = 0x54
};

/* The clock enables of the peripherals: register, bit number and bit name (RM0376). */
#define RCC_GATES(X)                                                                               \
    X(GPIOA, IOPENR, 0, IOPAEN)                                                                    \
    X(GPIOB, IOPENR, 1, IOPBEN)                                                                    \
    X(GPIOC, IOPENR, 2, IOPCEN)                                                                    \
    X(GPIOD, IOPENR, 3, IOPDEN)                                                                    \
    X(GPIOE, IOPENR, 4, IOPEEN)                                                                    \
    X(GPIOH, IOPENR, 7, IOPHEN)                                                                    \
    X(DMA, AHBENR, 0, DMAEN)                                                                       \
    X(MIF, AHBENR, 8, MIFEN)                                                                       \
    X(CRC, AHBENR, 12, CRCEN)                                                                      \
    X(TSC, AHBENR, 16, TSCEN)                                                                      \
    X(RNG, AHBENR, 20, RNGEN)                                                                      \
    X(SYSCFG, APB2ENR, 0, SYSCFGEN)                                                                \
    X(TIM21, APB2ENR, 2, TIM21EN)                                                                  \
    X(TIM22, APB2ENR, 5, TIM22EN)                                                                  \
    X(FW, APB2ENR, 7, FWEN)                                                                        \
    X(ADC, APB2ENR, 9, ADCEN)                                                                      \
    X(SPI1, APB2ENR, 12, SPI1EN)                                                                   \
    X(USART1, APB2ENR, 14, USART1EN)                                                               \
    X(DBG, APB2ENR, 22, DBGEN)                                                                     \
    X(TIM2, APB1ENR, 0, TIM2EN)                                                                    \
    X(TIM3, APB1ENR, 1, TIM3EN)                                                                    \
    X(TIM6, APB1ENR, 4, TIM6EN)                                                                    \
    X(TIM7, APB1ENR, 5, TIM7EN)                                                                    \
    X(WWDG, APB1ENR, 11, WWDGEN)                                                                   \
    X(SPI2, APB1ENR, 14, SPI2EN)                                                                   \
    X(USART2, APB1ENR, 17, USART2EN)                                                               \
    X(LPUART1, APB1ENR, 18, LPUART1EN)                                                             \
    X(USART4, APB1ENR, 19, USART4EN)                                                               \
    X(USART5, APB1ENR, 20, USART5EN)                                                               \
    X(I2C1, APB1ENR, 21, I2C1EN)                                                                   \
    X(I2C2, APB1ENR, 22, I2C2EN)                                                                   \
    X(USB, APB1ENR, 23, USBEN)                                                                     \
    X(CRS, APB1ENR, 27, CRSEN)                                                                     \
    X(PWR, APB1ENR, 28, PWREN)                                                                     \
    X(DAC, APB1ENR, 29, DACEN)                                                                     \
    X(I2C3, APB1ENR, 30, I2C3EN)                                                                   \
    X(LPTIM1, APB1ENR, 31, LPTIM1EN)

/* Offset of the register, then the number of the bit in it. */
enum rcc_gate {
    RCC_GATE_NONE = 0, /* always on */
#define GATE(gate, register, bit, name) RCC_GATE_##gate = RCC_##register << 8 | (bit),
    RCC_GATES(GATE)
#undef GATE
};

/* The oscillators and the PLL that have a ready flag. */
enum rcc_source {
    SOURCE_LSI,
    SOURCE_LSE,
    SOURCE_HSI16,
    SOURCE_HSE,
    SOURCE_MSI,
    SOURCE_HSI48,
    SOURCE_PLL,
    SOURCE_COUNT
};

struct rcc {
    uint32_t reg[RCC_END / 4];       /* by offset / 4 */
    uint64_t ready_at[SOURCE_COUNT]; /* picoseconds; NEVER when off or ready already */
    uint32_t hse_hz;                 /* crystal or clock at OSC_IN; 0: none */
};

/* The RTC-domain bits and the reset flags of RCC_CSR; rcc_reset() does the rest. */
void rcc_power_on(struct board *b);
/* System reset by `causes` (enum reset_cause). Every reset also pulses NRST: PINRSTF is set. */
void rcc_reset(struct board *b, uint32_t causes);
uint32_t rcc_read(struct board *b, uint32_t offset);
void rcc_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);
void rcc_event(struct board *b);

/* RCC_CSR. */
uint32_t rcc_reset_flags(const struct board *b);
bool rcc_enabled(const struct board *b, enum rcc_gate gate);
/* The peripheral's bit in its RSTR register is 1: it takes no writes. */
bool rcc_in_reset(const struct board *b, enum rcc_gate gate);
/* Resets the peripherals behind the bits `started` of the RSTR register at `offset`. */
void rcc_reset_peripherals(struct board *b, uint32_t offset, uint32_t started);
/* "RCC_APB1ENR.USBEN". */
const char *rcc_gate_name(enum rcc_gate gate);

bool rcc_ready(const struct board *b, enum rcc_source source);
uint32_t rcc_hclk_hz(const struct board *b);
/* Of the PLL; 0 while it is off. */
uint32_t rcc_vco_hz(const struct board *b);
/* What CFGR asks of the PLL: its VCO, 0 for a reserved PLLMUL, and PLLDIV. */
uint32_t rcc_pll_setting_hz(const struct board *b);
uint32_t rcc_pll_divider(const struct board *b);
/* Frequency of LSI, LSE, HSI16, HSE or MSI; 0 while it is not ready. */
uint32_t rcc_source_hz(const struct board *b, enum rcc_source source);
/* The 48 MHz that USB and RNG need are there (RCC_CCIPR.HSI48SEL). */
bool rcc_usb_clock(const struct board *b);
/* Picoseconds of one cycle of the kernel clock of USART1, 2, 4, 5 (index 0-3) and LPUART1 (4); 0
 * when RCC_CCIPR selects a clock that is off. */
uint64_t rcc_usart_period(const struct board *b, unsigned index);
/* Frequency of RTCCLK; 0 when RTCEN is off or RTCSEL selects a clock that is off. */
uint32_t rcc_rtc_hz(const struct board *b);
/* Frequency of the kernel clock of LPTIM1; 0 when there is none. */
uint32_t rcc_lptim_hz(const struct board *b);
/* Leaves the registers as the wake-up from Stop finds them (CFGR.STOPWUCK): nobody looks earlier.
 */
void rcc_enter_stop(struct board *b);
/* HCLK cycles of one cycle of PCLK, and of the timer clock, of a peripheral on APB1 or APB2; 0
 * while its clock enable is off. */
uint32_t rcc_pclk_cycles(const struct board *b, enum rcc_gate gate);
uint32_t rcc_timer_cycles(const struct board *b, enum rcc_gate gate);
/* SYSCFG_CFGR3.ENREF_HSI48 may have changed. */
void rcc_hsi48_reference_changed(struct board *b);

#endif
