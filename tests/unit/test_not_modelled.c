/* SPDX-License-Identifier: MIT */
/*
 * What is not modelled stops the board by its name: whole peripherals, registers that peripherals
 * do not have, and bits that would start something. Nothing of it reads as silent zeros.
 */
#include "board_rig.h"

/* All that has a clock enable has it. */
static void switch_all_on(struct board *b)
{
    store(b, R_IOPENR, 0x9F);
    store(b, R_AHBENR, 0x00111101);
    store(b, R_APB2ENR, 0x004052A5);
    store(b, R_APB1ENR, 0xF8FE4833);
    assert_no_stop(b);
}

static void assert_named(struct board *b, const char *name)
{
    assert_int_equal(b->stop.kind, L072_STOP_NOT_MODELLED);
    if (strncmp(b->stop.reason, name, strlen(name)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", b->stop.reason, name);
    b->stop = (struct l072_stop){0};
}

static void each_access_stops(struct board *b, uint32_t address, const char *name)
{
    uint32_t value;

    (void)bus_read(b, address, 4, &value);
    assert_named(b, name);
    (void)bus_write(b, address, 4, 0);
    assert_named(b, name);
}

static const struct {
    uint32_t base, last; /* address of its last register */
    const char *name;
} peripherals[] = {
    {0x40003800, 0x40003820, "SPI2 is not modelled"    },
    {0x40005400, 0x40005428, "I2C1 is not modelled"    },
    {0x40005800, 0x40005828, "I2C2 is not modelled"    },
    {0x40007400, 0x40007434, "DAC is not modelled"     },
    {0x40007800, 0x40007828, "I2C3 is not modelled"    },
    {0x40010018, 0x40010018, "COMP1 is not modelled"   },
    {0x4001001C, 0x4001001C, "COMP2 is not modelled"   },
    {0x40011C00, 0x40011C20, "FIREWALL is not modelled"},
    {0x40012400, 0x400124B4, "ADC1 is not modelled"    },
    {0x40012708, 0x40012708, "ADC1 is not modelled"    },
    {0x40013000, 0x40013020, "SPI1 is not modelled"    },
    {0x40024000, 0x40024050, "TSC is not modelled"     },
    {0x40026000, 0x4002602C, "AES is not modelled"     },
    {0xE0001000, 0xE0001FCC, "DWT is not modelled"     },
    {0xE0002000, 0xE0002014, "BPU is not modelled"     },
    {0xE00FF000, 0xE00FFFCC, "ROMTABLE is not modelled"},
};

static void a_peripheral_stops_by_its_name(void **state)
{
    struct board *b = *state;

    for (unsigned clocks = 0; clocks < 2; clocks++) {
        for (unsigned i = 0; i < sizeof peripherals / sizeof peripherals[0]; i++) {
            bool in_syscfg = peripherals[i].base >> 8 == 0x400100;

            if (in_syscfg && !clocks)
                continue; /* SYSCFG itself is asked first */
            each_access_stops(b, peripherals[i].base, peripherals[i].name);
            each_access_stops(b, peripherals[i].last, peripherals[i].name);
        }
        switch_all_on(b);
    }
}

/* Behind the last register of each peripheral, and in its gaps. */
static const struct {
    uint32_t address;
    const char *name;
} gaps[] = {
    {0x40000030, "TIM2+0x30"   },
    {0x40000044, "TIM2+0x44"   },
    {0x40000448, "TIM3+0x48"   },
    {0x40001030, "TIM6+0x30"   },
    {0x40001444, "TIM7+0x44"   },
    {0x40002818, "RTC+0x18"    },
    {0x40002864, "RTC+0x64"    },
    {0x40002C0C, "WWDG+0x0C"   },
    {0x40003014, "IWDG+0x14"   },
    {0x4000442C, "USART2+0x2C" },
    {0x40004810, "LPUART1+0x10"},
    {0x40004814, "LPUART1+0x14"},
    {0x4000482C, "LPUART1+0x2C"},
    {0x40004C2C, "USART4+0x2C" },
    {0x4000502C, "USART5+0x2C" },
    {0x40005C20, "USB+0x20"    },
    {0x40005C5C, "USB+0x5C"    },
    {0x40006C10, "CRS+0x10"    },
    {0x40007008, "PWR+0x08"    },
    {0x40010024, "SYSCFG+0x24" },
    {0x40010418, "EXTI+0x18"   },
    {0x40010830, "TIM21+0x30"  },
    {0x40011444, "TIM22+0x44"  },
    {0x4001382C, "USART1+0x2C" },
    {0x40015810, "DBGMCU+0x10" },
    {0x40020018, "DMA1+0x18"   },
    {0x40020094, "DMA1+0x94"   },
    {0x400200AC, "DMA1+0xAC"   },
    {0x40021054, "RCC+0x54"    },
    {0x40022024, "FLASH+0x24"  },
    {0x40022084, "FLASH+0x84"  },
    {0x4002300C, "CRC+0x0C"    },
    {0x40023018, "CRC+0x18"    },
    {0x4002500C, "RNG+0x0C"    },
    {0x5000002C, "GPIOA+0x2C"  },
    {0x5000042C, "GPIOB+0x2C"  },
    {0x5000082C, "GPIOC+0x2C"  },
    {0x50000C2C, "GPIOD+0x2C"  },
    {0x5000102C, "GPIOE+0x2C"  },
    {0x50001C2C, "GPIOH+0x2C"  },
    {0xE000E008, "SCS+0x08"    },
    {0xE000ED24, "SCS+0xD24"   }, /* SHCSR */
    {0xE000EDF0, "SCS+0xDF0"   }, /* DHCSR: the debugger's alone */
};

static void a_register_that_is_not_there_stops_by_name(void **state)
{
    struct board *b = *state;

    switch_all_on(b);
    store(b, PWR_CR, 0x1100); /* DBP, for the RTC */
    for (unsigned i = 0; i < sizeof gaps / sizeof gaps[0]; i++)
        each_access_stops(b, gaps[i].address, gaps[i].name);
}

/* ST's HAL reads the enable register, sets a bit, and reads it back; the reset register likewise.
 */
static void their_bits_in_rcc_are_free_to_use(void **state)
{
    static const struct {
        uint32_t enable, bit;
    } rcc[] = {
        {R_AHBENR,  16}, /* TSC */
        {R_APB2ENR, 7 }, /* FW */
        {R_APB2ENR, 9 }, /* ADC */
        {R_APB2ENR, 12}, /* SPI1 */
        {R_APB1ENR, 14}, /* SPI2 */
        {R_APB1ENR, 21}, /* I2C1 */
        {R_APB1ENR, 22}, /* I2C2 */
        {R_APB1ENR, 29}, /* DAC */
        {R_APB1ENR, 30}, /* I2C3 */
    };
    struct board *b = *state;

    for (unsigned i = 0; i < sizeof rcc / sizeof rcc[0]; i++) {
        uint32_t bit = UINT32_C(1) << rcc[i].bit, reset = rcc[i].enable - 0x10;

        set_bits(b, rcc[i].enable, bit);
        assert_true(load(b, rcc[i].enable) & bit);
        set_bits(b, reset, bit);
        store(b, reset, load(b, reset) & ~bit);
        store(b, rcc[i].enable, load(b, rcc[i].enable) & ~bit);
        assert_false(load(b, rcc[i].enable) & bit);
    }
    set_bits(b, R_AHBENR, 1 << 24);   /* AES, which this part does not have */
    set_bits(b, R_CCIPR, 0x00033000); /* clocks of I2C */
    assert_no_stop(b);
}

/* A store that would start what is not there. */
static const struct {
    uint32_t address, value;
    const char *name;
} stores[] = {
    {0x40010004, 0x00000000, "SYSCFG_CFGR2.FWDIS" },
    {0x40013800, 0x00000002, "USART1"             }, /* UESM */
    {0x40004400, 0x00002000, "USART2"             }, /* MME */
    {0x40004C00, 0x04000000, "USART4"             }, /* RTOIE */
    {0x40005000, 0x08000000, "USART5"             }, /* EOBIE */
    {0x40004404, 0x00000800, "USART2"             }, /* CLKEN */
    {0x40004404, 0x00004000, "USART2"             }, /* LINEN */
    {0x40004404, 0x00100000, "USART2"             }, /* ABREN */
    {0x40004404, 0x00800000, "USART2"             }, /* RTOEN */
    {0x40004408, 0x00000002, "USART2"             }, /* IREN */
    {0x40004408, 0x00000008, "USART2"             }, /* HDSEL */
    {0x40004408, 0x00000020, "USART2"             }, /* SCEN */
    {0x40004808, 0x00000200, "LPUART1"            }, /* CTSE */
    {0x40004418, 0x00000001, "USART2"             }, /* ABRRQ */
    {0x40004418, 0x00000002, "USART2"             }, /* SBKRQ */
    {0x40004418, 0x00000004, "USART2"             }, /* MMRQ */
    {0x40000000, 0x00000020, "TIM2"               }, /* CMS */
    {0x4000040C, 0x00000200, "TIM3"               }, /* CC1DE */
    {0x40010808, 0x00000001, "TIM21"              }, /* SMS */
    {0x40011418, 0x00000001, "TIM22"              }, /* CC1S */
    {0x40006C04, 0x1022BB7F, NULL                 }, /* SYNCSRC = LSE, and then: */
    {0x40006C00, 0x00002020, "CRS"                }, /* CEN */
    {0xE000ED94, 0x00000001, "MPU is not modelled"}, /* ENABLE */
    {0x4000282C, 0x00000001, "RTC"                }, /* SHIFTR */
    {0x40002840, 0x00000001, "RTC"                }, /* TAMP1E */
    {0x4000283C, 0x00000001, "RTC"                }, /* CALM */
};

static void a_bit_that_starts_what_is_not_there_stops(void **state)
{
    struct board *b = *state;

    switch_all_on(b);
    store(b, PWR_CR, 0x1100);
    store(b, 0x40002824, 0xCA); /* RTC_WPR */
    store(b, 0x40002824, 0x53);
    for (unsigned i = 0; i < sizeof stores / sizeof stores[0]; i++) {
        store(b, stores[i].address, stores[i].value);
        if (stores[i].name)
            assert_named(b, stores[i].name);
    }
}

/* Outside everything: an address where the part has nothing, peripheral area and core included. */
static void nothing_is_not_a_peripheral(void **state)
{
    static const uint32_t nothing[] = {
        0x40000800, 0x40002000, 0x40006400, 0x40008000, 0x40010C00, 0x40012000,
        0x40014000, 0x40020400, 0x40021400, 0x40027000, 0x50001400, 0x50002000,
        0x60000000, 0xA0000000, 0xE0000000, 0xE000F000, 0xF0000000, 0x20005000,
        0x08030000, 0x08081800, 0x1FF02000, 0x1FF80080, 0x10000000,
    };
    struct board *b = *state;
    uint32_t value;

    for (unsigned i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        assert_false(bus_read(b, nothing[i], 4, &value));
        assert_stop(b, L072_STOP_UNMAPPED);
        assert_false(bus_write(b, nothing[i], 4, 0));
        assert_stop(b, L072_STOP_UNMAPPED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOARD_TEST(a_peripheral_stops_by_its_name),
        BOARD_TEST(a_register_that_is_not_there_stops_by_name),
        BOARD_TEST(their_bits_in_rcc_are_free_to_use),
        BOARD_TEST(a_bit_that_starts_what_is_not_there_stops),
        BOARD_TEST(nothing_is_not_a_peripheral),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
