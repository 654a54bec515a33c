/* SPDX-License-Identifier: MIT */
/*
 * Not modelled: COMP1, COMP2 and the firewall: their registers, and FWDIS going to 0, stop the
 * board; the I2C drive strength of CFGR2, and which pin shows VREFINT: these only keep their bits.
 * Simplified: VREFINT and what it feeds are ready as soon as they are switched on.
 * Unconfirmed, and how it is read here:
 * - MEM_MODE = 2 (reserved) shows the flash.
 * - BOOT1 is the inverse of nBOOT1.
 */
#include "board.h"

enum {
    SYSCFG_CFGR1 = 0x00,
    SYSCFG_CFGR2 = 0x04,
    SYSCFG_EXTICR1 = 0x08,
    SYSCFG_EXTICR4 = 0x14,
    SYSCFG_COMP1_CSR = 0x18,
    SYSCFG_COMP2_CSR = 0x1C,
    SYSCFG_CFGR3 = 0x20
};

#define CFGR1_MEM_MODE             UINT32_C(0x00000003)
#define CFGR1_UFB                  UINT32_C(0x00000008)
#define CFGR1_BOOT_MODE_SHIFT      8
#define CFGR2_FWDIS                UINT32_C(0x00000001)
#define CFGR2_WRITE                UINT32_C(0x00007F01)
#define CFGR3_EN_VREFINT           UINT32_C(0x00000001)
#define CFGR3_ENBUF_VREFINT_ADC    UINT32_C(0x00000100)
#define CFGR3_ENBUF_SENSOR_ADC     UINT32_C(0x00000200)
#define CFGR3_ENBUFLP_VREFINT_COMP UINT32_C(0x00001000)
#define CFGR3_ENREF_HSI48          UINT32_C(0x00002000)
#define CFGR3_WRITE                UINT32_C(0x80003331)
#define CFGR3_REF_HSI48_RDYF       UINT32_C(0x04000000)
#define CFGR3_SENSOR_ADC_RDYF      UINT32_C(0x08000000)
#define CFGR3_VREFINT_ADC_RDYF     UINT32_C(0x10000000)
#define CFGR3_VREFINT_COMP_RDYF    UINT32_C(0x20000000)
#define CFGR3_VREFINT_RDYF         UINT32_C(0x40000000)
#define CFGR3_REF_LOCK             UINT32_C(0x80000000)

static void set_cfgr1(struct board *b, uint32_t value)
{
    b->syscfg.cfgr1 = value;
    bus_close_window(b);
}

void syscfg_boot(struct board *b, unsigned mem_mode, unsigned pins)
{
    set_cfgr1(b, mem_mode | pins << CFGR1_BOOT_MODE_SHIFT);
}

void syscfg_reset(struct board *b)
{
    struct syscfg *s = &b->syscfg;

    unsigned pins = s->cfgr1 >> CFGR1_BOOT_MODE_SHIFT;

    syscfg_boot(b, pins, pins);
    s->cfgr2 = CFGR2_FWDIS;
    s->cfgr3 = 0;
    for (unsigned i = 0; i < 4; i++)
        s->exticr[i] = 0;
    rcc_hsi48_reference_changed(b);
}

unsigned syscfg_mem_mode(const struct board *b)
{
    return b->syscfg.cfgr1 & CFGR1_MEM_MODE;
}

bool syscfg_ufb(const struct board *b)
{
    return b->syscfg.cfgr1 & CFGR1_UFB;
}

unsigned syscfg_exti_port(const struct board *b, unsigned line)
{
    unsigned code = b->syscfg.exticr[line / 4] >> 4 * (line % 4) & 15;

    return code == 5 ? 7 : code; /* port H is coded 5 */
}

bool syscfg_hsi48_reference(const struct board *b)
{
    return b->syscfg.cfgr3 & CFGR3_ENREF_HSI48;
}

static void write_cfgr1(struct board *b, uint32_t value, uint32_t mask)
{
    mask &= b->part.bank2 ? CFGR1_MEM_MODE | CFGR1_UFB : CFGR1_MEM_MODE;
    set_cfgr1(b, (b->syscfg.cfgr1 & ~mask) | (value & mask));
}

/* FWDIS = 0 lets the firewall guard its segments (RM0376 SYSCFG_CFGR2). */
static void write_cfgr2(struct board *b, uint32_t value, uint32_t mask)
{
    if (~value & mask & CFGR2_FWDIS)
        board_complain(b, L072_STOP_NOT_MODELLED, 0,
                       "SYSCFG_CFGR2.FWDIS is cleared: FIREWALL is not modelled");
    bus_merge(&b->syscfg.cfgr2, value, mask & CFGR2_WRITE);
}

/* The comparators have their registers here (RM0376 memory map). */
static void no_register(struct board *b, uint32_t offset)
{
    if (offset == SYSCFG_COMP1_CSR || offset == SYSCFG_COMP2_CSR)
        board_complain(b, L072_STOP_NOT_MODELLED, 0, "COMP%u is not modelled",
                       offset == SYSCFG_COMP1_CSR ? 1 : 2);
    else
        bus_no_register(b, "SYSCFG", offset);
}

static void write_cfgr3(struct board *b, uint32_t value, uint32_t mask)
{
    uint32_t *cfgr3 = &b->syscfg.cfgr3;

    if (*cfgr3 & CFGR3_REF_LOCK)
        return;
    bus_merge(cfgr3, value, mask & CFGR3_WRITE);
    rcc_hsi48_reference_changed(b);
}

static void write_exticr(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    uint16_t *exticr = &b->syscfg.exticr[(offset - SYSCFG_EXTICR1) / 4];

    *exticr = (uint16_t)((*exticr & ~mask) | (value & mask));
}

/* Each use of VREFINT has a ready flag of its own, and any of them raises VREFINT_RDYF. The first
 * manuals of the family name them all, later ones VREFINT_RDYF alone; libopencm3 and others wait
 * for REF_HSI48_RDYF before they switch HSI48 on. */
static uint32_t read_cfgr3(const struct board *b)
{
    static const struct {
        uint32_t enable, ready;
    } uses[] = {
        {CFGR3_EN_VREFINT,           0                      },
        {CFGR3_ENREF_HSI48,          CFGR3_REF_HSI48_RDYF   },
        {CFGR3_ENBUF_SENSOR_ADC,     CFGR3_SENSOR_ADC_RDYF  },
        {CFGR3_ENBUF_VREFINT_ADC,    CFGR3_VREFINT_ADC_RDYF },
        {CFGR3_ENBUFLP_VREFINT_COMP, CFGR3_VREFINT_COMP_RDYF},
    };
    uint32_t cfgr3 = b->syscfg.cfgr3;
    uint32_t ready = 0;

    for (unsigned i = 0; i < sizeof uses / sizeof uses[0]; i++)
        if (cfgr3 & uses[i].enable)
            ready |= uses[i].ready | CFGR3_VREFINT_RDYF;
    return cfgr3 | ready;
}

static bool is_exticr(uint32_t offset)
{
    return offset >= SYSCFG_EXTICR1 && offset <= SYSCFG_EXTICR4;
}

uint32_t syscfg_read(struct board *b, uint32_t offset)
{
    if (is_exticr(offset))
        return b->syscfg.exticr[(offset - SYSCFG_EXTICR1) / 4];
    switch (offset) {
    case SYSCFG_CFGR1: return b->syscfg.cfgr1;
    case SYSCFG_CFGR2: return b->syscfg.cfgr2;
    case SYSCFG_CFGR3: return read_cfgr3(b);
    default: no_register(b, offset); return 0;
    }
}

void syscfg_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    if (is_exticr(offset)) {
        write_exticr(b, offset, value, mask);
        return;
    }
    switch (offset) {
    case SYSCFG_CFGR1: write_cfgr1(b, value, mask); break;
    case SYSCFG_CFGR2: write_cfgr2(b, value, mask); break;
    case SYSCFG_CFGR3: write_cfgr3(b, value, mask); break;
    default: no_register(b, offset); break;
    }
}
