/* SPDX-License-Identifier: MIT */
/*
 * Not modelled: clock security, MCO, calibration values, the clock of Sleep mode (the SMENR
 * registers only keep their bits).
 *
 * Simplified: the board carries a 32768 Hz crystal, and LSE takes 2 s to start; every other source
 * starts in the longest time of the datasheet; all are at their nominal frequencies; RTCSEL may be
 * changed without an RTC domain reset.
 *
 * Unconfirmed, and how it is read here:
 * - Every reset sets PINRSTF with its own flag.
 * - SW to a clock that is not ready waits for it. A clock in use cannot be switched off.
 * - The PLL takes no new setting while it is on.
 * - HSI16, HSI48 and MSI start in 6 us, the PLL in 160 us, HSE in 2 ms.
 */
#include "board.h"
#include "rcc_bits.h"

#define HZ_PER_MHZ 1000000u

/* RM0376 RCC register map: value after a system reset, bits that software writes. */
static const struct {
    uint32_t reset, write;
} registers[RCC_END / 4] = {
    {0x00000300, 0x013D012B}, /* CR */
    {0x0000B000, 0xFF00FF00}, /* ICSCR */
    {0x00000000, 0x00000005}, /* CRRCR */
    {0x00000000, 0x7FFDBFF3}, /* CFGR */
    {0x00000000, 0x000000FF}, /* CIER */
    {0x00000000, 0x00000000}, /* CIFR */
    {0x00000000, 0x00000000}, /* CICR */
    {0x00000000, 0x0000009F}, /* IOPRSTR */
    {0x00000000, 0x00111101}, /* AHBRSTR */
    {0x00000000, 0x00405225}, /* APB2RSTR */
    {0x00000000, 0xF8FE4833}, /* APB1RSTR */
    {0x00000000, 0x0000009F}, /* IOPENR */
    {0x00000100, 0x00111101}, /* AHBENR */
    {0x00000000, 0x004052A5}, /* APB2ENR */
    {0x00000000, 0xF8FE4833}, /* APB1ENR */
    {0x0000009F, 0x0000009F}, /* IOPSMENR */
    {0x00111301, 0x00111301}, /* AHBSMENR */
    {0x00405225, 0x00405225}, /* APB2SMENR */
    {0xF8FE4833, 0xF8FE4833}, /* APB1SMENR */
    {0x00000000, 0x040F3C0F}, /* CCIPR */
    {0x00000000, 0x008F3D01}, /* CSR */
};

/* In the order of enum rcc_source: where each is switched on and reports ready, its bit in CIER,
 * CIFR and CICR, its start-up time. */
static const struct {
    enum rcc_register where;
    uint32_t on, ready, interrupt;
    uint64_t startup;
} sources[SOURCE_COUNT] = {
    {RCC_CSR,   CSR_LSION,     CSR_LSIRDY,     1 << 0, 200 * PS_PER_US},
    {RCC_CSR,   CSR_LSEON,     CSR_LSERDY,     1 << 1, 2 * PS_PER_S   },
    {RCC_CR,    CR_HSI16ON,    CR_HSI16RDY,    1 << 2, 6 * PS_PER_US  },
    {RCC_CR,    CR_HSEON,      CR_HSERDY,      1 << 3, 2 * PS_PER_MS  },
    {RCC_CR,    CR_MSION,      CR_MSIRDY,      1 << 5, 6 * PS_PER_US  },
    {RCC_CRRCR, CRRCR_HSI48ON, CRRCR_HSI48RDY, 1 << 6, 6 * PS_PER_US  },
    {RCC_CR,    CR_PLLON,      CR_PLLRDY,      1 << 4, 160 * PS_PER_US},
};

static void set(struct board *b, uint32_t offset, uint32_t value)
{
    b->rcc.reg[offset / 4] = value;
}

/* ---- Sources --------------------------------------------------------------------------------- */

bool rcc_ready(const struct board *b, enum rcc_source source)
{
    return rcc_get(b, sources[source].where) & sources[source].ready;
}

static enum rcc_source pll_source(const struct board *b)
{
    return rcc_get(b, RCC_CFGR) & CFGR_PLLSRC ? SOURCE_HSE : SOURCE_HSI16;
}

/* Switched on, and what it runs from is there. */
static bool can_start(const struct board *b, enum rcc_source source)
{
    if (!(rcc_get(b, sources[source].where) & sources[source].on))
        return false;
    if (source == SOURCE_HSI48)
        return syscfg_hsi48_reference(b) && !b->faults.hsi48_stuck;
    if (source == SOURCE_HSE)
        return b->rcc.hse_hz;
    if (source == SOURCE_PLL)
        return rcc_ready(b, pll_source(b)) && rcc_pll_setting_hz(b);
    return true;
}

static void follow_source(struct board *b, enum rcc_source source)
{
    uint64_t *ready_at = &b->rcc.ready_at[source];
    uint32_t where = sources[source].where;

    if (!can_start(b, source)) {
        set(b, where, rcc_get(b, where) & ~sources[source].ready);
        *ready_at = NEVER;
    } else if (!rcc_ready(b, source) && *ready_at == NEVER) {
        *ready_at = time_now(b) + sources[source].startup;
    }
}

/* The switch happens when the clock that SW selects is ready. */
static void follow_switch(struct board *b)
{
    static const enum rcc_source selected[4] = {[SYSCLK_MSI] = SOURCE_MSI,
                                                [SYSCLK_HSI16] = SOURCE_HSI16,
                                                [SYSCLK_HSE] = SOURCE_HSE,
                                                [SYSCLK_PLL] = SOURCE_PLL};
    uint32_t cfgr = rcc_get(b, RCC_CFGR);
    uint32_t sw = cfgr & CFGR_SW;

    if (rcc_ready(b, selected[sw]))
        set(b, RCC_CFGR, (cfgr & ~(uint32_t)CFGR_SWS) | sw << CFGR_SWS_SHIFT);
}

/* The limits are those of voltage range 1, the widest. */
static void set_hclk(struct board *b)
{
    uint32_t hz = rcc_hclk_hz(b);

    if (time_period(hz) == b->time.period_ps)
        return;
    time_set_period(b, time_period(hz));
    if (hz > 32 * HZ_PER_MHZ)
        board_complain(b, L072_STOP_RULE, 0, "HCLK goes to %u MHz; 32 MHz is the limit",
                       hz / HZ_PER_MHZ);
    else if (hz > 16 * HZ_PER_MHZ && !(b->flash.acr & FLASH_ACR_LATENCY))
        board_complain(
            b, L072_STOP_RULE, 0,
            "HCLK goes to %u MHz without a flash wait state: set FLASH_ACR.LATENCY first",
            hz / HZ_PER_MHZ);
}

/* Brings everything in line with the registers after any of them has changed. */
static void update(struct board *b)
{
    uint64_t next = NEVER;

    for (enum rcc_source s = 0; s < SOURCE_COUNT; s++) {
        follow_source(b, s);
        if (b->rcc.ready_at[s] < next)
            next = b->rcc.ready_at[s];
    }
    follow_switch(b);
    set_hclk(b);
    event_at(b, EVENT_RCC, next);
    wwdg_clock_changed(b);
    tim_clock_changed(b);
    lptim_clock_changed(b);
    rng_clock_changed(b);
    rtc_clock_changed(b);
    voltage_check(b);
    nvic_drive(b, IRQ_RCC_CRS, 0, rcc_get(b, RCC_CIFR) != 0);
}

void rcc_event(struct board *b)
{
    for (enum rcc_source s = 0; s < SOURCE_COUNT; s++) {
        if (b->rcc.ready_at[s] > time_now(b))
            continue;
        b->rcc.ready_at[s] = NEVER;
        set(b, sources[s].where, rcc_get(b, sources[s].where) | sources[s].ready);
        set(b, RCC_CIFR, rcc_get(b, RCC_CIFR) | (rcc_get(b, RCC_CIER) & sources[s].interrupt));
        if (s == SOURCE_LSI)
            iwdg_lsi_ready(b);
    }
    update(b);
}

void rcc_hsi48_reference_changed(struct board *b)
{
    update(b);
}

/* ---- Reset ----------------------------------------------------------------------------------- */

void rcc_power_on(struct board *b)
{
    set(b, RCC_CSR, 0);
    b->rcc.ready_at[SOURCE_LSE] = NEVER;
}

/* The RTC domain and what runs it in Standby go on; leaving Standby has no cause. */
void rcc_reset(struct board *b, uint32_t causes)
{
    uint32_t kept = CSR_RTC_DOMAIN | CSR_LSERDY | CSR_FLAGS;

    if (b->pwr.mode == PWR_STANDBY || b->pwr.mode == PWR_WAKING_STANDBY)
        kept |= CSR_LSION | CSR_LSIRDY;
    kept &= rcc_get(b, RCC_CSR);
    for (unsigned i = 0; i < RCC_END / 4; i++)
        b->rcc.reg[i] = registers[i].reset;
    for (unsigned s = 0; s < SOURCE_COUNT; s++)
        if (s != SOURCE_LSE)
            b->rcc.ready_at[s] = NEVER;
    set(b, RCC_CSR, kept | causes | (causes ? RESET_PIN : 0));
    update(b);
}

/* All but MSI or HSI16, LSI and LSE is switched off (RM0376 Stop mode). */
void rcc_enter_stop(struct board *b)
{
    bool hsi16 = rcc_get(b, RCC_CFGR) & CFGR_STOPWUCK;
    uint32_t source = hsi16 ? SYSCLK_HSI16 : SYSCLK_MSI;
    uint32_t running = hsi16 ? CR_HSI16ON | CR_HSI16RDY : CR_MSION | CR_MSIRDY;
    uint32_t off = CR_HSI16ON | CR_HSI16RDY | CR_MSION | CR_MSIRDY | CR_HSEON | CR_PLLON;

    set(b, RCC_CR, (rcc_get(b, RCC_CR) & ~off) | running);
    set(b, RCC_CRRCR, rcc_get(b, RCC_CRRCR) & ~(uint32_t)CRRCR_HSI48ON);
    set(b, RCC_CFGR,
        (rcc_get(b, RCC_CFGR) & ~(uint32_t)(CFGR_SW | CFGR_SWS)) | source |
            source << CFGR_SWS_SHIFT);
    update(b);
}

uint32_t rcc_reset_flags(const struct board *b)
{
    return rcc_get(b, RCC_CSR);
}

/* ---- Registers ------------------------------------------------------------------------------- */

/* The ON bits that cannot be cleared because SYSCLK comes, or is to come, from that source. */
static uint32_t in_use(const struct board *b)
{
    const uint32_t on[4] = {[SYSCLK_MSI] = CR_MSION,
                            [SYSCLK_HSI16] = CR_HSI16ON,
                            [SYSCLK_HSE] = CR_HSEON,
                            [SYSCLK_PLL] = CR_PLLON | sources[pll_source(b)].on};
    uint32_t cfgr = rcc_get(b, RCC_CFGR);

    return on[cfgr & CFGR_SW] | on[(cfgr & CFGR_SWS) >> CFGR_SWS_SHIFT];
}

static void check_pll(struct board *b)
{
    uint32_t vco = rcc_pll_setting_hz(b);
    bool input = pll_source(b) != SOURCE_HSE || b->rcc.hse_hz;

    if (input && (vco == 0 || rcc_pll_divider(b) == 1))
        board_complain(b, L072_STOP_RULE, 0, "PLLON is set with a reserved PLLMUL or PLLDIV");
    else if (vco > 96 * HZ_PER_MHZ)
        board_complain(b, L072_STOP_RULE, 0,
                       "PLLON is set for a VCO of %u MHz; 96 MHz is the limit", vco / HZ_PER_MHZ);
}

static void write_cr(struct board *b, uint32_t value)
{
    uint32_t old = rcc_get(b, RCC_CR);

    value |= old & in_use(b);
    value &= ~(uint32_t)CR_HSI16DIVF;
    if (value & CR_HSI16DIVEN)
        value |= CR_HSI16DIVF;
    set(b, RCC_CR, value);
    if (value & ~old & CR_PLLON)
        check_pll(b);
    if (value & ~old & CR_HSEON && !b->rcc.hse_hz)
        board_log(b, L072_EVENT_WARNING, L072_STOP_CRYSTAL, 0);
}

static void write_icscr(struct board *b, uint32_t value)
{
    if ((value & ICSCR_MSIRANGE) == ICSCR_MSIRANGE) {
        board_complain(b, L072_STOP_RULE, 0, "RCC_ICSCR.MSIRANGE 7 is not allowed");
        return;
    }
    set(b, RCC_ICSCR, value);
}

static void write_cfgr(struct board *b, uint32_t value)
{
    uint32_t changed = (value ^ rcc_get(b, RCC_CFGR)) & CFGR_PLL;

    if (changed && rcc_get(b, RCC_CR) & CR_PLLON) {
        board_complain(
            b, L072_STOP_RULE, 0,
            "PLLSRC, PLLMUL or PLLDIV is changed while the PLL is on: clear PLLON first");
        value ^= changed;
    }
    set(b, RCC_CFGR, value);
}

static void write_csr(struct board *b, uint32_t value)
{
    uint32_t old = rcc_get(b, RCC_CSR);
    uint32_t changed = (value ^ old) & CSR_RTC_DOMAIN;

    if (changed && !pwr_dbp(b)) {
        board_complain(
            b, L072_STOP_RULE, 0,
            "RTC bits of RCC_CSR are written while write-protected: set PWR_CR.DBP first");
        value ^= changed;
    }
    if (value & CSR_RMVF)
        value &= ~CSR_FLAGS;
    if (value & ~old & CSR_RTCRST) {
        value &= ~(uint32_t)CSR_RTC_DOMAIN | CSR_RTCRST;
        rtc_power_on(b);
    }
    set(b, RCC_CSR, value);
}

uint32_t rcc_read(struct board *b, uint32_t offset)
{
    if (offset >= RCC_END) {
        bus_no_register(b, "RCC", offset);
        return 0;
    }
    return rcc_get(b, offset);
}

void rcc_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    uint32_t old;

    if (offset >= RCC_END) {
        bus_no_register(b, "RCC", offset);
        return;
    }
    old = rcc_get(b, offset);
    if (offset == RCC_CICR)
        set(b, RCC_CIFR, rcc_get(b, RCC_CIFR) & ~(value & mask));
    mask &= registers[offset / 4].write;
    value = (old & ~mask) | (value & mask);
    switch (offset) {
    case RCC_CR: write_cr(b, value); break;
    case RCC_ICSCR: write_icscr(b, value); break;
    case RCC_CFGR: write_cfgr(b, value); break;
    case RCC_CSR: write_csr(b, value); break;
    default: set(b, offset, value); break;
    }
    if (offset >= RCC_IOPRSTR && offset <= RCC_APB1RSTR)
        rcc_reset_peripherals(b, offset, value & ~old);
    update(b);
}
