/* SPDX-License-Identifier: MIT */
/*
 * Not modelled: what drives the lines of PVD, comparators, I2C, USARTs and LPTIM1.
 * Simplified: the internal lines change only when exti_line() says so; a line whose flag in EXTI_PR
 * was set before its bit in EXTI_IMR ends Stop mode too.
 * Unconfirmed, and how it is read here:
 * - IMR starts as 0x3F840000. Line 18, the wake-up by USB, is wired to the interrupt of USB.
 */
#include "board.h"

enum {
    EXTI_IMR = 0x00,
    EXTI_EMR = 0x04,
    EXTI_RTSR = 0x08,
    EXTI_FTSR = 0x0C,
    EXTI_SWIER = 0x10,
    EXTI_PR = 0x14
};

/* Lines 18 and 23-29 are direct: they have no edge selection and no pending bit. */
#define LINES      UINT32_C(0x3FFFFFFF)
#define EDGE_LINES UINT32_C(0x007BFFFF)
#define IMR_RESET  UINT32_C(0x3F840000)

/* The interrupt of each line (RM0376 EXTI line mapping). */
static const struct {
    uint32_t lines;
    enum irq irq;
} vectors[] = {
    {0x00000003, IRQ_EXTI0_1    },
    {0x0000000C, IRQ_EXTI2_3    },
    {0x0000FFF0, IRQ_EXTI4_15   },
    {0x00010000, IRQ_PVD        },
    {0x001A0000, IRQ_RTC        },
    {0x00040000, IRQ_USB        },
    {0x00600000, IRQ_ADC_COMP   },
    {0x02000000, IRQ_USART1     },
    {0x04000000, IRQ_USART2     },
    {0x10000000, IRQ_RNG_LPUART1},
    {0x20000000, IRQ_LPTIM1     },
};

static uint32_t active_lines(const struct exti *e)
{
    return (e->pr | (e->level & ~EDGE_LINES)) & e->imr;
}

/* Source 0 of an interrupt belongs to the peripheral itself, source 1 to its EXTI lines. */
static void update(struct board *b)
{
    uint32_t active = active_lines(&b->exti);

    for (unsigned i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        nvic_drive(b, vectors[i].irq, 1, (active & vectors[i].lines) != 0);
    if (active)
        pwr_leave_stop(b);
}

bool exti_active(const struct board *b)
{
    return active_lines(&b->exti) != 0;
}

/* The event of a line is a pulse: it leaves no flag in EXTI_PR (RM0376 EXTI event management). */
static void signal_event(struct board *b, uint32_t line)
{
    if (!(b->exti.emr & line))
        return;
    b->cpu.event = true;
    b->cpu.attention = true;
    pwr_leave_stop(b);
}

void exti_reset(struct board *b)
{
    b->exti = (struct exti){.imr = IMR_RESET, .level = b->exti.level};
    update(b);
}

static void edge(struct board *b, uint32_t line, bool rising)
{
    struct exti *e = &b->exti;
    uint32_t seen = line & (rising ? e->rtsr | ~EDGE_LINES : e->ftsr);

    e->pr |= seen & EDGE_LINES;
    signal_event(b, seen);
    update(b);
}

void exti_pin_changed(struct board *b, unsigned port, unsigned pin, bool level)
{
    if (syscfg_exti_port(b, pin) == port)
        edge(b, UINT32_C(1) << pin, level);
}

void exti_line(struct board *b, unsigned line, bool level)
{
    uint32_t bit = UINT32_C(1) << line;

    if (level == ((b->exti.level & bit) != 0))
        return;
    b->exti.level ^= bit;
    edge(b, bit, level);
}

/* A bit of SWIER that goes to 1 pends its line, when the line is not masked (RM0376 EXTI_SWIER). */
static void write_swier(struct board *b, uint32_t value)
{
    struct exti *e = &b->exti;
    uint32_t set = value & ~e->swier & EDGE_LINES;

    e->pr |= set & e->imr;
    e->swier |= set;
    signal_event(b, set);
}

static void write_pr(struct exti *e, uint32_t value)
{
    e->pr &= ~value;
    e->swier &= ~value;
}

uint32_t exti_read(struct board *b, uint32_t offset)
{
    const struct exti *e = &b->exti;

    switch (offset) {
    case EXTI_IMR: return e->imr;
    case EXTI_EMR: return e->emr;
    case EXTI_RTSR: return e->rtsr;
    case EXTI_FTSR: return e->ftsr;
    case EXTI_SWIER: return e->swier;
    case EXTI_PR: return e->pr;
    default: bus_no_register(b, "EXTI", offset); return 0;
    }
}

void exti_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    struct exti *e = &b->exti;

    switch (offset) {
    case EXTI_IMR: bus_merge(&e->imr, value, mask & LINES); break;
    case EXTI_EMR: bus_merge(&e->emr, value, mask & LINES); break;
    case EXTI_RTSR: bus_merge(&e->rtsr, value, mask & EDGE_LINES); break;
    case EXTI_FTSR: bus_merge(&e->ftsr, value, mask & EDGE_LINES); break;
    case EXTI_SWIER: write_swier(b, value & mask); break;
    case EXTI_PR: write_pr(e, value & mask); break;
    default: bus_no_register(b, "EXTI", offset); break;
    }
    update(b);
}
