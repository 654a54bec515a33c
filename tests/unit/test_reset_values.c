/* SPDX-License-Identifier: MIT */
/* What registers read after power-on, and which of their bits take a one (RM0376 register maps). */
#include "board_rig.h"

#define AS_IT_IS UINT64_MAX /* not written: ones would start something, or it has no such bits */

/* The ones that go to RCC switch the clocks of all the others on. */
static const struct row {
    const char *name;
    uint32_t address, reset;
    uint64_t ones; /* reads so after 0xFFFFFFFF was written */
} rows[] = {
    {"FLASH_ACR",      0x40022000, 0x00000000, AS_IT_IS  },
    {"FLASH_PECR",     0x40022004, 0x00000007, AS_IT_IS  },
    {"FLASH_SR",       0x40022018, 0x0000000C, 0x0000000C},
    {"FLASH_OPTR",     0x4002201C, 0x807000AA, AS_IT_IS  },
    {"FLASH_WRPROT1",  0x40022020, 0x00000000, AS_IT_IS  },
    {"FLASH_WRPROT2",  0x40022080, 0x00000000, AS_IT_IS  },
    {"RCC_CR",         0x40021000, 0x00000300, AS_IT_IS  },
    {"RCC_ICSCR",      0x40021004, 0x0000B000, AS_IT_IS  },
    {"RCC_CRRCR",      0x40021008, 0x00000000, 0x00000005},
    {"RCC_CFGR",       0x4002100C, 0x00000000, AS_IT_IS  },
    {"RCC_CIER",       0x40021010, 0x00000000, 0x000000FF},
    {"RCC_CIFR",       0x40021014, 0x00000000, 0x00000000},
    {"RCC_CICR",       0x40021018, 0x00000000, 0x00000000},
    {"RCC_IOPRSTR",    0x4002101C, 0x00000000, AS_IT_IS  },
    {"RCC_AHBRSTR",    0x40021020, 0x00000000, AS_IT_IS  },
    {"RCC_APB2RSTR",   0x40021024, 0x00000000, AS_IT_IS  },
    {"RCC_APB1RSTR",   0x40021028, 0x00000000, AS_IT_IS  },
    {"RCC_IOPENR",     0x4002102C, 0x00000000, 0x0000009F},
    {"RCC_AHBENR",     0x40021030, 0x00000100, 0x00111101},
    {"RCC_APB2ENR",    0x40021034, 0x00000000, 0x004052A5},
    {"RCC_APB1ENR",    0x40021038, 0x00000000, 0xF8FE4833},
    {"RCC_IOPSMENR",   0x4002103C, 0x0000009F, 0x0000009F},
    {"RCC_AHBSMENR",   0x40021040, 0x00111301, 0x00111301},
    {"RCC_APB2SMENR",  0x40021044, 0x00405225, 0x00405225},
    {"RCC_APB1SMENR",  0x40021048, 0xF8FE4833, 0xF8FE4833},
    {"RCC_CCIPR",      0x4002104C, 0x00000000, 0x040F3C0F},
    {"RCC_CSR",        0x40021050, 0x0C000000, AS_IT_IS  },
    {"PWR_CR",         0x40007000, 0x00001000, AS_IT_IS  },
    {"PWR_CSR",        0x40007004, 0x00000008, 0x00000708},
    {"RTC_ISR",        0x4000280C, 0x00000007, AS_IT_IS  },
    {"RTC_PRER",       0x40002810, 0x007F00FF, AS_IT_IS  },
    {"BKP0R",          0x40002850, 0x00000000, AS_IT_IS  },
    {"BKP4R",          0x40002860, 0x00000000, AS_IT_IS  },
    {"CRS_CR",         0x40006C00, 0x00002000, AS_IT_IS  },
    {"CRS_CFGR",       0x40006C04, 0x2022BB7F, 0xB7FFFFFF},
    {"CRS_ISR",        0x40006C08, 0x00000000, 0x00000000},
    {"USB_EP0R",       0x40005C00, 0x00000000, AS_IT_IS  },
    {"USB_EP7R",       0x40005C1C, 0x00000000, AS_IT_IS  },
    {"USB_CNTR",       0x40005C40, 0x00000003, AS_IT_IS  },
    {"USB_ISTR",       0x40005C44, 0x00000000, 0x00000000},
    {"USB_DADDR",      0x40005C4C, 0x00000000, AS_IT_IS  },
    {"USB_BTABLE",     0x40005C50, 0x00000000, 0x0000FFF8},
    {"USB_LPMCSR",     0x40005C54, 0x00000000, 0x00000003},
    {"USB_BCDR",       0x40005C58, 0x00000000, 0x0000801F}, /* DCDET: there is contact */
    {"SYSCFG_CFGR1",   0x40010000, 0x00000000, AS_IT_IS  },
    {"SYSCFG_CFGR2",   0x40010004, 0x00000001, 0x00007F01},
    {"SYSCFG_EXTICR1", 0x40010008, 0x00000000, 0x0000FFFF},
    {"SYSCFG_EXTICR4", 0x40010014, 0x00000000, 0x0000FFFF},
    {"SYSCFG_CFGR3",   0x40010020, 0x00000000, 0xFC003331}, /* the ready flags, REF_LOCK */
    {"DBGMCU_CR",      0x40015804, 0x00000000, 0x00000007},
    {"DBGMCU_APB1_FZ", 0x40015808, 0x00000000, 0x80E01C33},
    {"DBGMCU_APB2_FZ", 0x4001580C, 0x00000000, 0x00000024},
    {"GPIOA_MODER",    0x50000000, 0xEBFFFCFF, 0xFFFFFFFF},
    {"GPIOB_MODER",    0x50000400, 0xFFFFFFFF, 0xFFFFFFFF},
    {"GPIOC_MODER",    0x50000800, 0xFFFFFFFF, 0xFFFFFFFF},
    {"GPIOD_MODER",    0x50000C00, 0xFFFFFFFF, 0xFFFFFFFF},
    {"GPIOE_MODER",    0x50001000, 0xFFFFFFFF, 0xFFFFFFFF},
    {"GPIOH_MODER",    0x50001C00, 0xFFFFFFFF, 0xFFFFFFFF},
    {"GPIOA_OTYPER",   0x50000004, 0x00000000, 0x0000FFFF},
    {"GPIOA_OSPEEDR",  0x50000008, 0x00000000, 0xFFFFFFFF},
    {"GPIOA_PUPDR",    0x5000000C, 0x24000000, 0xFFFFFFFF},
    {"GPIOB_PUPDR",    0x5000040C, 0x00000000, 0xFFFFFFFF},
    {"GPIOA_ODR",      0x50000014, 0x00000000, 0x0000FFFF},
    {"GPIOA_BSRR",     0x50000018, 0x00000000, 0x00000000},
    {"GPIOA_LCKR",     0x5000001C, 0x00000000, AS_IT_IS  },
    {"GPIOA_AFRL",     0x50000020, 0x00000000, 0xFFFFFFFF},
    {"GPIOA_AFRH",     0x50000024, 0x00000000, 0xFFFFFFFF},
    {"GPIOA_BRR",      0x50000028, 0x00000000, 0x00000000},
    {"EXTI_IMR",       0x40010400, 0x3F840000, 0x3FFFFFFF},
    {"EXTI_EMR",       0x40010404, 0x00000000, 0x3FFFFFFF},
    {"EXTI_RTSR",      0x40010408, 0x00000000, 0x007BFFFF},
    {"EXTI_FTSR",      0x4001040C, 0x00000000, 0x007BFFFF},
    {"EXTI_SWIER",     0x40010410, 0x00000000, 0x007BFFFF},
    {"EXTI_PR",        0x40010414, 0x007BFFFF, 0x00000000}, /* of SWIER, and rc_w1 */
    {"IWDG_PR",        0x40003004, 0x00000000, AS_IT_IS  },
    {"IWDG_RLR",       0x40003008, 0x00000FFF, AS_IT_IS  },
    {"IWDG_SR",        0x4000300C, 0x00000000, 0x00000000},
    {"IWDG_WINR",      0x40003010, 0x00000FFF, AS_IT_IS  },
    {"WWDG_CR",        0x40002C00, 0x0000007F, AS_IT_IS  },
    {"WWDG_CFR",       0x40002C04, 0x0000007F, 0x000003FF},
    {"WWDG_SR",        0x40002C08, 0x00000000, 0x00000000},
    {"CRC_DR",         0x40023000, 0xFFFFFFFF, AS_IT_IS  },
    {"CRC_IDR",        0x40023004, 0x00000000, 0x000000FF},
    {"CRC_CR",         0x40023008, 0x00000000, 0x000000F8},
    {"CRC_INIT",       0x40023010, 0xFFFFFFFF, 0xFFFFFFFF},
    {"CRC_POL",        0x40023014, 0x04C11DB7, 0xFFFFFFFF},
    {"USART1_ISR",     0x4001381C, 0x000000C0, 0x000000C0},
    {"USART2_ISR",     0x4000441C, 0x000000C0, 0x000000C0},
    {"USART4_ISR",     0x40004C1C, 0x000000C0, 0x000000C0},
    {"USART5_ISR",     0x4000501C, 0x000000C0, 0x000000C0},
    {"LPUART1_ISR",    0x4000481C, 0x000000C0, 0x000000C0},
    {"USART2_BRR",     0x4000440C, 0x00000000, 0x0000FFFF},
    {"LPUART1_BRR",    0x4000480C, 0x00000000, 0x000FFFFF},
    {"RNG_CR",         0x40025000, 0x00000000, AS_IT_IS  },
    {"RNG_SR",         0x40025004, 0x00000000, 0x00000000},
    {"TIM2_ARR",       0x4000002C, 0x0000FFFF, 0x0000FFFF},
    {"TIM2_CNT",       0x40000024, 0x00000000, 0x0000FFFF},
    {"TIM22_PSC",      0x40011428, 0x00000000, 0x0000FFFF},
    {"DMA1_ISR",       0x40020000, 0x00000000, 0x00000000},
    {"DMA1_CNDTR1",    0x4002000C, 0x00000000, 0x0000FFFF},
    {"DMA1_CPAR7",     0x40020088, 0x00000000, 0xFFFFFFFF},
    {"DMA1_CMAR7",     0x4002008C, 0x00000000, 0xFFFFFFFF},
    {"DMA1_CSELR",     0x400200A8, 0x00000000, 0x0FFFFFFF},
    {"SYST_CSR",       0xE000E010, 0x00000000, AS_IT_IS  },
    {"CPUID",          0xE000ED00, 0x410CC601, AS_IT_IS  },
    {"VTOR",           0xE000ED08, 0x00000000, AS_IT_IS  },
    {"CCR",            0xE000ED14, 0x00000208, 0x00000208},
    {"MPU_TYPE",       0xE000ED90, 0x00000800, 0x00000800},
};

static void each_register(void **state)
{
    struct board *b = *state;

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];

        if (load(b, row->address) != row->reset)
            fail_msg("%s reads 0x%08X after reset", row->name, (unsigned)load(b, row->address));
        assert_no_stop(b);
        if (row->ones == AS_IT_IS)
            continue;
        store(b, row->address, UINT32_MAX);
        if (load(b, row->address) != row->ones)
            fail_msg("%s reads 0x%08X after ones", row->name, (unsigned)load(b, row->address));
        assert_no_stop(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {BOARD_TEST(each_register)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
