/* SPDX-License-Identifier: MIT */
/*
 * Simplified: system memory and SRAM have no wait states.
 * Not modelled: DMA1 and the CPU waiting for each other, the firewall.
 * Unconfirmed, and how it is read here:
 * - The bridges may cost a cycle or two of HCLK an access: here none.
 */
#include "board.h"

#include <string.h>

enum width { BYTE = 1, HALF = 2, WORD = 4, ANY = BYTE | HALF | WORD };

struct peripheral {
    uint32_t base, size;
    const char *name;
    enum rcc_gate gate;
    unsigned widths; /* accesses that the register file accepts */
    uint32_t (*read)(struct board *b, uint32_t offset); /* NULL: not modelled */
    void (*write)(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);
};

/* Peripherals that exist several times: one pair of functions for each. */
#define INSTANCE(name, kind, index)                                                                \
    static uint32_t name##_read(struct board *b, uint32_t offset)                                  \
    {                                                                                              \
        return kind##_read(b, index, offset);                                                      \
    }                                                                                              \
    static void name##_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)      \
    {                                                                                              \
        kind##_write(b, index, offset, value, mask);                                               \
    }
INSTANCE(gpioa, gpio, 0)
INSTANCE(gpiob, gpio, 1)
INSTANCE(gpioc, gpio, 2)
INSTANCE(gpiod, gpio, 3)
INSTANCE(gpioe, gpio, 4)
INSTANCE(gpioh, gpio, 7)
INSTANCE(usart1, usart, 0)
INSTANCE(usart2, usart, 1)
INSTANCE(usart4, usart, 2)
INSTANCE(usart5, usart, 3)
INSTANCE(lpuart1, usart, 4)
INSTANCE(tim2, tim, 0)
INSTANCE(tim3, tim, 1)
INSTANCE(tim6, tim, 2)
INSTANCE(tim7, tim, 3)
INSTANCE(tim21, tim, 4)
INSTANCE(tim22, tim, 5)

#define MODEL(x) x##_read, x##_write
#define NO_MODEL NULL, NULL
#define GATE(x)  RCC_GATE_##x
#define PORT(base, X, x)                                                                           \
    {                                                                                              \
        base, 0x400, "GPIO" #X, GATE(GPIO##X), ANY, MODEL(x)                                       \
    }

/* RM0376 memory map, rising addresses. */
static const struct peripheral peripherals[] = {
    {0x40000000, 0x400,  "TIM2",     GATE(TIM2),    HALF | WORD, MODEL(tim2)   },
    {0x40000400, 0x400,  "TIM3",     GATE(TIM3),    HALF | WORD, MODEL(tim3)   },
    {0x40001000, 0x400,  "TIM6",     GATE(TIM6),    HALF | WORD, MODEL(tim6)   },
    {0x40001400, 0x400,  "TIM7",     GATE(TIM7),    HALF | WORD, MODEL(tim7)   },
    {0x40002800, 0x400,  "RTC",      GATE(NONE),    ANY,         MODEL(rtc)    },
    {0x40002C00, 0x400,  "WWDG",     GATE(WWDG),    HALF | WORD, MODEL(wwdg)   },
    {0x40003000, 0x400,  "IWDG",     GATE(NONE),    ANY,         MODEL(iwdg)   },
    {0x40003800, 0x400,  "SPI2",     GATE(SPI2),    ANY,         NO_MODEL      },
    {0x40004400, 0x400,  "USART2",   GATE(USART2),  ANY,         MODEL(usart2) },
    {0x40004800, 0x400,  "LPUART1",  GATE(LPUART1), ANY,         MODEL(lpuart1)},
    {0x40004C00, 0x400,  "USART4",   GATE(USART4),  ANY,         MODEL(usart4) },
    {0x40005000, 0x400,  "USART5",   GATE(USART5),  ANY,         MODEL(usart5) },
    {0x40005400, 0x400,  "I2C1",     GATE(I2C1),    ANY,         NO_MODEL      },
    {0x40005800, 0x400,  "I2C2",     GATE(I2C2),    ANY,         NO_MODEL      },
    {0x40005C00, 0x400,  "USB",      GATE(USB),     HALF | WORD, MODEL(usb)    },
    {0x40006000, 0x400,  "USB PMA",  GATE(USB),     ANY,         MODEL(pma)    },
    {0x40006C00, 0x400,  "CRS",      GATE(CRS),     ANY,         MODEL(crs)    },
    {0x40007000, 0x400,  "PWR",      GATE(PWR),     ANY,         MODEL(pwr)    },
    {0x40007400, 0x400,  "DAC",      GATE(DAC),     ANY,         NO_MODEL      },
    {0x40007800, 0x400,  "I2C3",     GATE(I2C3),    ANY,         NO_MODEL      },
    {0x40007C00, 0x400,  "LPTIM1",   GATE(LPTIM1),  ANY,         MODEL(lptim)  },
    {0x40010000, 0x400,  "SYSCFG",   GATE(SYSCFG),  ANY,         MODEL(syscfg) },
    {0x40010400, 0x400,  "EXTI",     GATE(NONE),    ANY,         MODEL(exti)   },
    {0x40010800, 0x400,  "TIM21",    GATE(TIM21),   HALF | WORD, MODEL(tim21)  },
    {0x40011400, 0x400,  "TIM22",    GATE(TIM22),   HALF | WORD, MODEL(tim22)  },
    {0x40011C00, 0x400,  "FIREWALL", GATE(FW),      ANY,         NO_MODEL      },
    {0x40012400, 0x400,  "ADC1",     GATE(ADC),     ANY,         NO_MODEL      },
    {0x40013000, 0x400,  "SPI1",     GATE(SPI1),    ANY,         NO_MODEL      },
    {0x40013800, 0x400,  "USART1",   GATE(USART1),  ANY,         MODEL(usart1) },
    {0x40015800, 0x400,  "DBGMCU",   GATE(NONE),    WORD,        MODEL(dbgmcu) },
    {0x40020000, 0x400,  "DMA1",     GATE(DMA),     ANY,         MODEL(dma)    },
    {0x40021000, 0x400,  "RCC",      GATE(NONE),    ANY,         MODEL(rcc)    },
    {0x40022000, 0x400,  "FLASH",    GATE(NONE),    ANY,         MODEL(flash)  },
    {0x40023000, 0x400,  "CRC",      GATE(CRC),     ANY,         MODEL(crc)    },
    {0x40024000, 0x400,  "TSC",      GATE(TSC),     ANY,         NO_MODEL      },
    {0x40025000, 0x400,  "RNG",      GATE(RNG),     ANY,         MODEL(rng)    },
    {0x40026000, 0x400,  "AES",      GATE(NONE),    ANY,         NO_MODEL      },
    PORT(0x50000000, A, gpioa),
    PORT(0x50000400, B, gpiob),
    PORT(0x50000800, C, gpioc),
    PORT(0x50000C00, D, gpiod),
    PORT(0x50001000, E, gpioe),
    PORT(0x50001C00, H, gpioh),
    {0xE0001000, 0x1000, "DWT",      GATE(NONE),    WORD,        NO_MODEL      },
    {0xE0002000, 0x1000, "BPU",      GATE(NONE),    WORD,        NO_MODEL      },
    {0xE000E000, 0x1000, "SCS",      GATE(NONE),    WORD,        MODEL(scs)    },
    {0xE00FF000, 0x1000, "ROMTABLE", GATE(NONE),    WORD,        NO_MODEL      },
};

/* ---- Memories -------------------------------------------------------------------------------- */

/* Where an address leads: a region of memory and the offset in it, banks in physical order. */
struct place {
    enum bus_region region;
    uint32_t offset;
    uint32_t before; /* bytes of the region (of the bank, for NVM) below this one */
    uint32_t size;   /* of the region (the bank) */
};

#define OPTION_BASE 0x1FF80000u
#define ROM_BASE    0x1FF00000u
#define FLASH_BASE  0x08000000u
#define EEPROM_BASE 0x08080000u
#define SRAM_BASE   0x20000000u

#define PERIPHERAL_BASE 0x40000000u
#define IOPORT_BASE     0x50000000u

/* SYSCFG_CFGR1.UFB exchanges the two banks of the flash and of the EEPROM (RM0376). */
static struct place nvm_place(const struct board *b, enum bus_region region, uint32_t offset,
                              uint32_t size)
{
    uint32_t bank = b->part.bank2 ? size / 2 : size;
    uint32_t before = offset % bank;

    if (b->part.bank2 && syscfg_ufb(b))
        offset = (offset + bank) % size;
    return (struct place){region, offset, before, bank};
}

/* MEM_MODE chooses what is seen at 0 (RM0376 SYSCFG_CFGR1): with the flash also the EEPROM, with
 * system memory nothing behind it, although option bytes and SRAM follow it in the map. */
static uint32_t boot_alias(const struct board *b, uint32_t address)
{
    static const uint32_t base[4] = {FLASH_BASE, ROM_BASE, FLASH_BASE, SRAM_BASE};
    unsigned mode = syscfg_mem_mode(b);
    uint32_t end = base[mode] == ROM_BASE ? b->part.rom_size : FLASH_BASE;

    return address < end ? base[mode] + address : address;
}

static struct place locate(const struct board *b, uint32_t address)
{
    const struct part *part = &b->part;
    uint32_t offset;

    address = boot_alias(b, address);
    if ((offset = address - SRAM_BASE) < part->sram_size)
        return (struct place){REGION_SRAM, offset, offset, part->sram_size};
    if ((offset = address - FLASH_BASE) < part->flash_size)
        return nvm_place(b, REGION_FLASH, offset, part->flash_size);
    if ((offset = address - EEPROM_BASE) < part->eeprom_size)
        return nvm_place(b, REGION_EEPROM, offset, part->eeprom_size);
    if ((offset = address - ROM_BASE) < part->rom_size)
        return (struct place){REGION_ROM, offset, offset, part->rom_size};
    if ((offset = address - OPTION_BASE) < sizeof b->option)
        return (struct place){REGION_OPTION, offset, offset, sizeof b->option};
    return (struct place){REGION_NONE, 0, 0, 0};
}

/* The region's bytes, as an offset in struct board, and its physical address. */
static const struct {
    uint32_t memory, base;
} regions[] = {
    [REGION_FLASH] = {offsetof(struct board, flash_mem), FLASH_BASE },
    [REGION_EEPROM] = {offsetof(struct board, eeprom),    EEPROM_BASE},
    [REGION_ROM] = {offsetof(struct board, rom),       ROM_BASE   },
    [REGION_SRAM] = {offsetof(struct board, sram),      SRAM_BASE  },
    [REGION_OPTION] = {offsetof(struct board, option),    OPTION_BASE},
};

static uint8_t *bytes_at(struct board *b, struct place place)
{
    return (uint8_t *)b + regions[place.region].memory + place.offset;
}

static bool is_nvm(enum bus_region region)
{
    return region == REGION_FLASH || region == REGION_EEPROM || region == REGION_OPTION;
}

uint8_t *bus_memory(struct board *b, uint32_t address, uint32_t size)
{
    const struct part *part = &b->part;
    const struct {
        enum bus_region region;
        uint32_t size;
    } all[] = {
        {REGION_FLASH,  part->flash_size },
        {REGION_EEPROM, part->eeprom_size},
        {REGION_ROM,    part->rom_size   },
        {REGION_SRAM,   part->sram_size  },
        {REGION_OPTION, sizeof b->option }
    };

    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
        uint32_t offset = address - regions[all[i].region].base;

        if (offset < all[i].size && size <= all[i].size - offset)
            return (uint8_t *)b + regions[all[i].region].memory + offset;
    }
    return NULL;
}

static uint32_t get_bytes(const uint8_t *from, unsigned size)
{
    uint32_t value = 0;

    memcpy(&value, from, size); /* hosts are little-endian: see the assertion in board.c */
    return value;
}

/* ---- Peripherals ----------------------------------------------------------------------------- */

static const struct peripheral *find(uint32_t address)
{
    unsigned low = 0, high = sizeof peripherals / sizeof peripherals[0];

    while (low < high) {
        unsigned middle = (low + high) / 2;
        const struct peripheral *p = &peripherals[middle];

        if (address - p->base < p->size)
            return p;
        if (address < p->base)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

void bus_no_register(struct board *b, const char *peripheral, uint32_t offset)
{
    board_complain(b, L072_STOP_NOT_MODELLED, 0, "%s+0x%02X is no register that is modelled",
                   peripheral, (unsigned)offset);
}

static void unmapped(struct board *b, uint32_t address, const char *what)
{
    board_complain(b, L072_STOP_UNMAPPED, address, "%s 0x%08X, where this part has nothing", what,
                   (unsigned)address);
}

/* What every access to a peripheral must pass. */
static bool usable(struct board *b, const struct peripheral *p, uint32_t address, unsigned size)
{
    if (!p->read) {
        board_complain(b, L072_STOP_NOT_MODELLED, address, "%s is not modelled", p->name);
        return false;
    }
    if (!b->part.usb && (p->gate == RCC_GATE_USB || p->gate == RCC_GATE_CRS)) {
        board_complain(b, L072_STOP_UNMAPPED, address, "%s is not on this part", p->name);
        return false;
    }
    if (!rcc_enabled(b, p->gate)) {
        board_complain(b, L072_STOP_NO_CLOCK, address,
                       "access to %s while its clock is off: set %s first", p->name,
                       rcc_gate_name(p->gate));
        return false;
    }
    if (rcc_in_reset(b, p->gate)) {
        board_complain(b, L072_STOP_RULE, address,
                       "access to %s while its RCC reset bit holds it in reset", p->name);
        return false;
    }
    if (!(p->widths & size)) {
        board_complain(b, L072_STOP_WIDTH, address, "%u-bit access to %s, which has no such access",
                       8 * size, p->name);
        return false;
    }
    return true;
}

/* A peripheral that cannot answer reads 0 and ignores stores, as a gated one does on the chip. */
static bool peripheral_read(struct board *b, uint32_t address, unsigned size, uint32_t *value)
{
    const struct peripheral *p = find(address);

    *value = 0;
    if (!p) {
        unmapped(b, address, "load from");
        return false;
    }
    if (usable(b, p, address, size))
        *value = p->read(b, (address - p->base) & ~3u) >> 8 * (address & 3) &
                 (size == WORD ? UINT32_MAX : (1u << 8 * size) - 1);
    return true;
}

static bool peripheral_write(struct board *b, uint32_t address, unsigned size, uint32_t value)
{
    const struct peripheral *p = find(address);
    unsigned shift = 8 * (address & 3);
    uint32_t mask = size == WORD ? UINT32_MAX : ((1u << 8 * size) - 1) << shift;

    if (!p) {
        unmapped(b, address, "store to");
        return false;
    }
    if (usable(b, p, address, size))
        p->write(b, (address - p->base) & ~3u, value << shift & mask, mask);
    return true;
}

/* ---- The CPU's accesses ---------------------------------------------------------------------- */

bool bus_read(struct board *b, uint32_t address, unsigned size, uint32_t *value)
{
    struct place place = locate(b, address);

    if (place.region == REGION_NONE)
        return peripheral_read(b, address, size, value);
    if (is_nvm(place.region))
        nvm_load(b, regions[place.region].base + place.offset, size, value);
    else
        *value = get_bytes(bytes_at(b, place), size);
    return true;
}

bool bus_write(struct board *b, uint32_t address, unsigned size, uint32_t value)
{
    struct place place = locate(b, address);

    if (place.region == REGION_NONE)
        return peripheral_write(b, address, size, value);
    if (place.region == REGION_ROM) {
        unmapped(b, address, "store to system memory at");
        return false;
    }
    if (is_nvm(place.region))
        nvm_store(b, regions[place.region].base + place.offset, size, value);
    else
        memcpy(bytes_at(b, place), &value, size);
    return true;
}

/* ---- DMA1's accesses ------------------------------------------------------------------------- */

/* Neither the core's own peripherals nor the IOPORT are on the bus of DMA1 (RM0376, system
 * architecture). */
static bool dma_reaches(uint32_t address)
{
    return address - PERIPHERAL_BASE < IOPORT_BASE - PERIPHERAL_BASE && find(address);
}

bool bus_dma_read(struct board *b, uint32_t address, unsigned size, uint32_t *value)
{
    struct place place = locate(b, address);

    if (place.region == REGION_NONE)
        return dma_reaches(address) && peripheral_read(b, address, size, value);
    *value = get_bytes(bytes_at(b, place), size);
    return true;
}

bool bus_dma_write(struct board *b, uint32_t address, unsigned size, uint32_t value)
{
    struct place place = locate(b, address);

    if (place.region == REGION_NONE)
        return dma_reaches(address) && peripheral_write(b, address, size, value);
    if (place.region != REGION_SRAM)
        return false;
    memcpy(bytes_at(b, place), &value, size);
    return true;
}

/* ---- A debugger's accesses ------------------------------------------------------------------- */

/* Access to a peripheral, which answers as on a strict board, but stops nothing. */
static bool quietly(struct board *b, bool write, uint32_t address, unsigned size, uint32_t *value)
{
    const struct l072_stop stop = b->stop;
    const bool lenient = b->lenient;
    bool ok;

    b->stop.kind = L072_STOP_NONE;
    b->lenient = false;
    ok = write ? peripheral_write(b, address, size, *value)
               : peripheral_read(b, address, size, value);
    ok = ok && !b->stop.kind;
    b->stop = stop;
    b->lenient = lenient;
    return ok;
}

bool bus_debug_read(struct board *b, uint32_t address, unsigned size, uint32_t *value)
{
    struct place place = locate(b, address);

    if (place.region == REGION_NONE)
        return quietly(b, false, address, size, value);
    *value = get_bytes(bytes_at(b, place), size);
    return true;
}

bool bus_debug_write(struct board *b, uint32_t address, unsigned size, uint32_t value)
{
    struct place place = locate(b, address);

    if (place.region == REGION_NONE)
        return quietly(b, true, address, size, &value);
    if (place.region != REGION_SRAM)
        return false;
    memcpy(bytes_at(b, place), &value, size);
    return true;
}

/* ---- Instruction fetch ----------------------------------------------------------------------- */

static void report_rom(struct board *b, enum bus_region region, uint32_t address)
{
    struct fetch_window *w = &b->cpu.window;

    if (region == REGION_ROM && !w->in_rom)
        board_log(b, L072_EVENT_ENTER_ROM, address, 0);
    if (region == REGION_FLASH && w->in_rom)
        board_log(b, L072_EVENT_LEAVE_ROM, address, 0);
    if (region == REGION_ROM || region == REGION_FLASH)
        w->in_rom = region == REGION_ROM;
}

static bool executable(struct board *b, enum bus_region region, uint32_t address)
{
    if (address >= 0x40000000) {
        board_complain(b, L072_STOP_EXECUTE, address,
                       "jump to 0x%08X, from where nothing is ever executed", (unsigned)address);
        return false;
    }
    if (region == REGION_NONE || region == REGION_OPTION) {
        unmapped(b, address, "jump to");
        return false;
    }
    return true;
}

bool bus_open_window(struct board *b, uint32_t address)
{
    struct fetch_window *w = &b->cpu.window;
    struct place place = locate(b, address);

    if (!executable(b, place.region, address))
        return false;
    if (is_nvm(place.region) && !nvm_fetch(b, regions[place.region].base + place.offset))
        return false;
    report_rom(b, place.region, address);
    w->base = address - place.before;
    w->size = place.size;
    w->memory = (uint32_t)(bytes_at(b, place) - place.before - (uint8_t *)b);
    w->wait = is_nvm(place.region) && (b->flash.acr & FLASH_ACR_LATENCY) ? 1 : 0;
    w->prefetch = is_nvm(place.region) && (b->flash.acr & FLASH_ACR_PRFTEN);
    w->region = (uint8_t)place.region;
    return true;
}

void bus_close_window(struct board *b)
{
    b->cpu.window.size = 0;
}
