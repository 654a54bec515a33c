/* SPDX-License-Identifier: MIT */
/*
 * The number of each exception and interrupt, and where its vector is: a table of what a firmware
 * does to get it, against the vector table of the part. No name of the simulator is used.
 */
#include "board_rig.h"

#define ISER    0xE000E100u
#define ISPR    0xE000E200u
#define ICSR    0xE000ED04u
#define HANDLER 0x08000200u /* of exception 0; the others follow, 4 bytes each */

enum { EXTI_IMR = 0x40010400, EXTI_SWIER = 0x40010410 };
enum { UE_TE_TXEIE = 0x89 }; /* USART_CR1: TDR is empty, which interrupts */
enum { MEM2MEM_TCIE_EN = 0x4003 };

enum { CRS_CR = 0x40006C00 }; /* SWSYNC, CEN; SYNCOKIE, ESYNCIE */

struct access {
    uint32_t address, value;
};

#define LINE(n)                                                                                    \
    {                                                                                              \
        {EXTI_IMR, UINT32_C(1) << (n)},                                                            \
        {                                                                                          \
            EXTI_SWIER, UINT32_C(1) << (n)                                                         \
        }                                                                                          \
    }
#define CHANNEL(n)                                                                                 \
    {                                                                                              \
        {0x4002000C + 20 * ((n)-1), 1}, {0x40020010 + 20 * ((n)-1), 0x20000000},                   \
            {0x40020014 + 20 * ((n)-1), 0x20000100}, {0x40020008 + 20 * ((n)-1), MEM2MEM_TCIE_EN}, \
    }
#define TIMER(base)                                                                                \
    {                                                                                              \
        {(base) + 0x0C, 1},                                                                        \
        {                                                                                          \
            (base) + 0x14, 1                                                                       \
        } /* DIER.UIE, EGR.UG */                                                                   \
    }
#define PORT(base)                                                                                 \
    {                                                                                              \
        {                                                                                          \
            (base), UE_TE_TXEIE                                                                    \
        }                                                                                          \
    }

static const struct row {
    const char *name;
    unsigned exception;
    struct access access[6];
} rows[] = {
    {"NMI",            2,       {{ICSR, UINT32_C(1) << 31}}               },
    {"PendSV",         14,      {{ICSR, UINT32_C(1) << 28}}               },
    {"SysTick",        15,      {{ICSR, UINT32_C(1) << 26}}               },
    {"WWDG",           16 + 0,  {{0x40002C04, 0x27F}, {0x40002C00, 0x41}} },
    {"PVD",            16 + 1,  LINE(16)                                  },
    {"RTC alarm",      16 + 2,  LINE(17)                                  },
    {"RTC tamper",     16 + 2,  LINE(19)                                  },
    {"RTC wake-up",    16 + 2,  LINE(20)                                  },
    {"FLASH",
     16 + 3,
     {{0x4002200C, 0x89ABCDEF},
      {0x4002200C, 0x02030405},
      {0x40022004, 0x10006}, /* EOPIE */
      {0x08080000, 1}}                                                    },
    {"RCC",            16 + 4,  {{R_CIER, 4}, {R_CR, 0x301}}              },
    {"CRS",            16 + 4,  {{CRS_CR, 0x20A1}, {CRS_CR, 0x20A8}}      },
    {"EXTI0",          16 + 5,  LINE(0)                                   },
    {"EXTI1",          16 + 5,  LINE(1)                                   },
    {"EXTI2",          16 + 6,  LINE(2)                                   },
    {"EXTI3",          16 + 6,  LINE(3)                                   },
    {"EXTI4",          16 + 7,  LINE(4)                                   },
    {"EXTI15",         16 + 7,  LINE(15)                                  },
    {"DMA1 channel 1", 16 + 9,  CHANNEL(1)                                },
    {"DMA1 channel 2", 16 + 10, CHANNEL(2)                                },
    {"DMA1 channel 3", 16 + 10, CHANNEL(3)                                },
    {"DMA1 channel 4", 16 + 11, CHANNEL(4)                                },
    {"DMA1 channel 7", 16 + 11, CHANNEL(7)                                },
    {"COMP1",          16 + 12, LINE(21)                                  },
    {"COMP2",          16 + 12, LINE(22)                                  },
    {"USART4",         16 + 14, PORT(0x40004C00)                          },
    {"USART5",         16 + 14, PORT(0x40005000)                          },
    {"TIM2",           16 + 15, TIMER(0x40000000)                         },
    {"TIM3",           16 + 16, TIMER(0x40000400)                         },
    {"TIM6",           16 + 17, TIMER(0x40001000)                         },
    {"TIM7",           16 + 18, TIMER(0x40001400)                         },
    {"TIM21",          16 + 20, TIMER(0x40010800)                         },
    {"TIM22",          16 + 22, TIMER(0x40011400)                         },
    {"USART1",         16 + 27, PORT(0x40013800)                          },
    {"USART2",         16 + 28, PORT(0x40004400)                          },
    {"LPUART1",        16 + 29, PORT(0x40004800)                          },
    {"RNG",            16 + 29, {{0x40025000, 0xC}}                       },
    {"USB",            16 + 31, {{0x40005C40, 0x402}, {0x40005C40, 0x403}}}, /* RESETM; FRES */
};

/* Clocks for all, HSI48 on, and a vector table whose handlers wait for ever. */
static void prepare(struct board *b)
{
    for (unsigned i = 2; i < 48; i++) {
        preset(b, 0x08000000 + 4 * i, (HANDLER + 4 * i) | 1);
        preset(b, HANDLER + 4 * i, 0xE7FEE7FE); /* B . */
    }
    preset(b, 0x08000004, HANDLER | 1);
    preset(b, HANDLER, 0xE7FEE7FE);
    l072_reset(handle(b));
    store(b, R_AHBENR, 0x00101101);
    store(b, R_APB2ENR, 0x00004025);
    store(b, R_APB1ENR, 0x189E0833);
    store(b, SYSCFG_CFGR3, 1 << 13);
    store(b, R_CRRCR, 1);
    store(b, R_CCIPR, 1 << 26);
    run(b, 100 * PS_PER_US);
}

static void take(struct board *b, const struct row *row)
{
    uint32_t irq = row->exception - 16;

    for (unsigned i = 0; i < 6 && row->access[i].address; i++)
        store(b, row->access[i].address, row->access[i].value);
    run(b, 8 * PS_PER_MS);
    if (row->exception >= 16 && load(b, ISPR) != UINT32_C(1) << irq)
        fail_msg("%s: ISPR is 0x%08X", row->name, (unsigned)load(b, ISPR));
    store(b, ISER, UINT32_MAX);
    run(b, 100 * PS_PER_US);
    if (l072_register(handle(b), 16) % 64 != row->exception)
        fail_msg("%s: IPSR is %u", row->name, (unsigned)(l072_register(handle(b), 16) % 64));
    assert_int_equal(l072_register(handle(b), 15), HANDLER + 4 * row->exception);
    assert_no_stop(b);
}

static void each_has_its_number_and_vector(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *board = NULL;

        assert_int_equal(make_board(&board), 0);
        prepare(board);
        take(board, &rows[i]);
        (void)destroy_board(&board);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_has_its_number_and_vector)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
