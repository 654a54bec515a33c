/* SPDX-License-Identifier: MIT */
/*
 * Not modelled: time stamps, tamper detection, smooth and reference calibration, shift, the summer
 * time bits: what would start one of them complains. The outputs RTC_OUT only keep their bits.
 * Simplified: the registers answer whatever RTCEN and RTCSEL say; RTCRST acts once, when it is set;
 * INITF and RSF rise with the next RTCCLK, ALRxWF and WUTWF at once; the wake-up timer counts
 * seconds from the moment it is enabled. Nothing here is touched by a system reset.
 * Unconfirmed, and how it is read here:
 * - The backup registers need DBP but no key of RTC_WPR, and neither RTCEN nor RTCSEL.
 * - PRER starts as 0x007F00FF, ISR with ALRAWF, ALRBWF and WUTWF set.
 */
#include "board.h"

enum rtc_register {
    RTC_TR = 0x00,
    RTC_DR = 0x04,
    RTC_CR = 0x08,
    RTC_ISR = 0x0C,
    RTC_PRER = 0x10,
    RTC_WUTR = 0x14,
    RTC_ALRMAR = 0x1C,
    RTC_ALRMBR = 0x20,
    RTC_WPR = 0x24,
    RTC_SSR = 0x28,
    RTC_SHIFTR = 0x2C,
    RTC_CALR = 0x3C,
    RTC_TAMPCR = 0x40,
    RTC_ALRMASSR = 0x44,
    RTC_ALRMBSSR = 0x48,
    RTC_OR = 0x4C
};

#define CR_WUCKSEL  UINT32_C(0x00000007)
#define CR_BYPSHAD  UINT32_C(0x00000020)
#define CR_ALRAE    UINT32_C(0x00000100)
#define CR_ALRBE    UINT32_C(0x00000200)
#define CR_WUTE     UINT32_C(0x00000400)
#define CR_ALRAIE   UINT32_C(0x00001000)
#define CR_ALRBIE   UINT32_C(0x00002000)
#define CR_WUTIE    UINT32_C(0x00004000)
#define CR_NO_MODEL UINT32_C(0x00030810) /* SUB1H, ADD1H, TSE, REFCKON */
#define ISR_ALRAWF  UINT32_C(0x00000001)
#define ISR_ALRBWF  UINT32_C(0x00000002)
#define ISR_WUTWF   UINT32_C(0x00000004)
#define ISR_INITS   UINT32_C(0x00000010)
#define ISR_RSF     UINT32_C(0x00000020)
#define ISR_INITF   UINT32_C(0x00000040)
#define ISR_INIT    UINT32_C(0x00000080)
#define ISR_ALRAF   UINT32_C(0x00000100)
#define ISR_ALRBF   UINT32_C(0x00000200)
#define ISR_WUTF    UINT32_C(0x00000400)
#define ISR_FREE    UINT32_C(0x00003F00) /* bits that need no key */
#define TAMPCR_RUN  UINT32_C(0x00000029) /* TAMP1E, TAMP2E, TAMP3E */
#define ALARMS      2

/* RM0376 RTC register map: value after an RTC domain reset, bits that software writes. */
static const struct {
    uint32_t reset, write;
} registers[RTC_END / 4] = {
    {0x00000000,   0x007F7F7F}, /* TR */
    {RTC_DR_RESET, 0x00FFFF3F}, /* DR */
    {0x00000000,   0x00FFFF7F}, /* CR */
    {0x00000000,   0x00000000}, /* ISR: see read_isr(), write_isr() */
    {0x007F00FF,   0x007F7FFF}, /* PRER */
    {0x0000FFFF,   0x0000FFFF}, /* WUTR */
    {0x00000000,   0x00000000}, /* reserved */
    {0x00000000,   0xFFFFFFFF}, /* ALRMAR */
    {0x00000000,   0xFFFFFFFF}, /* ALRMBR */
    {0x00000000,   0x00000000}, /* WPR */
    {0x00000000,   0x00000000}, /* SSR: see subseconds() */
    {0x00000000,   0x00000000}, /* SHIFTR */
    {0x00000000,   0x00000000}, /* TSTR */
    {0x00000000,   0x00000000}, /* TSDR */
    {0x00000000,   0x00000000}, /* TSSSR */
    {0x00000000,   0x0000E1FF}, /* CALR */
    {0x00000000,   0x01FFFFFF}, /* TAMPCR */
    {0x00000000,   0x0F007FFF}, /* ALRMASSR */
    {0x00000000,   0x0F007FFF}, /* ALRMBSSR */
    {0x00000000,   0x00000003}, /* OR */
    {0x00000000,   0xFFFFFFFF}, /* BKP0R */
    {0x00000000,   0xFFFFFFFF}, /* BKP1R */
    {0x00000000,   0xFFFFFFFF}, /* BKP2R */
    {0x00000000,   0xFFFFFFFF}, /* BKP3R */
    {0x00000000,   0xFFFFFFFF}, /* BKP4R */
};

static const struct {
    uint32_t enable, interrupt, flag;
    enum rtc_register time, subseconds;
} alarms[ALARMS] = {
    {CR_ALRAE, CR_ALRAIE, ISR_ALRAF, RTC_ALRMAR, RTC_ALRMASSR},
    {CR_ALRBE, CR_ALRBIE, ISR_ALRBF, RTC_ALRMBR, RTC_ALRMBSSR},
};

/* Registers that take a write only while this holds (RM0376, programming the RTC). */
static const struct {
    uint32_t offset;
    uint32_t cr; /* this bit is 0, or */
    bool init;   /* INITF is 1 */
    const char *todo;
} guards[] = {
    {RTC_TR,       0,        true,  "set INIT and wait for INITF"},
    {RTC_DR,       0,        true,  "set INIT and wait for INITF"},
    {RTC_PRER,     0,        true,  "set INIT and wait for INITF"},
    {RTC_WUTR,     CR_WUTE,  false, "clear WUTE"                 },
    {RTC_ALRMAR,   CR_ALRAE, true,  "clear ALRAE"                },
    {RTC_ALRMASSR, CR_ALRAE, true,  "clear ALRAE"                },
    {RTC_ALRMBR,   CR_ALRBE, true,  "clear ALRBE"                },
    {RTC_ALRMBSSR, CR_ALRBE, true,  "clear ALRBE"                },
};

static uint32_t get(const struct rtc *rtc, enum rtc_register offset)
{
    return rtc->reg[offset / 4];
}

static uint32_t *at(struct rtc *rtc, enum rtc_register offset)
{
    return &rtc->reg[offset / 4];
}

/* ---- Time ------------------------------------------------------------------------------------ */

static uint64_t ticks_a_second(const struct rtc *rtc)
{
    return (uint64_t)RTC_PRER_A(get(rtc, RTC_PRER)) * RTC_PRER_S(get(rtc, RTC_PRER));
}

static uint32_t subseconds(const struct rtc *rtc)
{
    uint32_t prer = get(rtc, RTC_PRER);

    return RTC_PRER_S(prer) - 1 - (uint32_t)(rtc->phase / RTC_PRER_A(prer));
}

/* WUCKSEL: RTCCLK by 16, 8, 4, 2; seconds; seconds, with 2^16 more (RM0376 RTC_CR). */
static uint64_t wakeup_period(const struct rtc *rtc)
{
    uint32_t select = get(rtc, RTC_CR) & CR_WUCKSEL;
    uint64_t count = (uint64_t)get(rtc, RTC_WUTR) + 1;

    if (select < 4)
        return count << (4 - select);
    return (count + ((select & 2) ? 0x10000 : 0)) * ticks_a_second(rtc);
}

static void run_wakeup(struct rtc *rtc, uint64_t ticks)
{
    if (!(get(rtc, RTC_CR) & CR_WUTE))
        return;
    if (ticks < rtc->wakeup_left) {
        rtc->wakeup_left -= ticks;
        return;
    }
    *at(rtc, RTC_ISR) |= ISR_WUTF;
    ticks = (ticks - rtc->wakeup_left) % wakeup_period(rtc);
    rtc->wakeup_left = wakeup_period(rtc) - ticks;
}

static bool counts_subseconds(const struct rtc *rtc, unsigned alarm)
{
    return get(rtc, alarms[alarm].subseconds) >> 24 & 15;
}

/* Without sub-seconds an alarm is compared when the second changes (RM0376 RTC_ALRMASSR). */
static void check_alarms(struct rtc *rtc, bool new_second)
{
    for (unsigned i = 0; i < ALARMS; i++)
        if (get(rtc, RTC_CR) & alarms[i].enable && (new_second || counts_subseconds(rtc, i)) &&
            rtc_alarm_matches(get(rtc, alarms[i].time), get(rtc, alarms[i].subseconds),
                              get(rtc, RTC_TR), get(rtc, RTC_DR), subseconds(rtc)))
            *at(rtc, RTC_ISR) |= alarms[i].flag;
}

/* The calendar stands still in initialisation mode. */
static void run_calendar(struct rtc *rtc, uint64_t ticks)
{
    uint32_t before = subseconds(rtc);
    uint64_t seconds;

    if (get(rtc, RTC_ISR) & ISR_INIT) {
        *at(rtc, RTC_ISR) |= ISR_INITF;
        return;
    }
    *at(rtc, RTC_ISR) |= ISR_RSF;
    rtc->phase += ticks;
    seconds = rtc->phase / ticks_a_second(rtc);
    rtc->phase %= ticks_a_second(rtc);
    if (seconds)
        rtc_calendar_advance(at(rtc, RTC_TR), at(rtc, RTC_DR), get(rtc, RTC_CR), seconds);
    if (seconds || subseconds(rtc) != before)
        check_alarms(rtc, seconds != 0);
}

/* ---- Interrupts and events ------------------------------------------------------------------- */

/* Both lines to EXTI are wake-up events of PWR too. */
static void drive(struct board *b, unsigned line, uint8_t output, bool level)
{
    struct rtc *rtc = &b->rtc;

    if (level && !(rtc->outputs & output))
        pwr_wakeup(b);
    rtc->outputs = (uint8_t)(level ? rtc->outputs | output : rtc->outputs & ~output);
    exti_line(b, line, level);
}

static void update_lines(struct board *b)
{
    uint32_t isr = get(&b->rtc, RTC_ISR), cr = get(&b->rtc, RTC_CR);
    bool alarm = false;

    for (unsigned i = 0; i < ALARMS; i++)
        alarm = alarm || (isr & alarms[i].flag && cr & alarms[i].interrupt);
    drive(b, EXTI_LINE_RTC_ALARM, 1, alarm);
    drive(b, EXTI_LINE_RTC_WAKEUP, 2, isr & ISR_WUTF && cr & CR_WUTIE);
}

static void catch_up(struct board *b)
{
    struct rtc *rtc = &b->rtc;
    uint64_t ticks = time_ticks(time_now(b) - rtc->origin, rtc->hz) - rtc->done;

    if (!ticks)
        return;
    rtc->done += ticks;
    run_wakeup(rtc, ticks);
    run_calendar(rtc, ticks);
    update_lines(b);
}

/* Ticks until something here has to be looked at. */
static uint64_t next_look(const struct rtc *rtc)
{
    uint64_t next = (get(rtc, RTC_CR) & CR_WUTE) ? rtc->wakeup_left : NEVER;

    for (unsigned i = 0; i < ALARMS; i++) {
        uint64_t step =
            counts_subseconds(rtc, i) ? RTC_PRER_A(get(rtc, RTC_PRER)) : ticks_a_second(rtc);
        uint64_t left = step - rtc->phase % step;

        if (get(rtc, RTC_CR) & alarms[i].enable && left < next)
            next = left;
    }
    return next;
}

static void schedule(struct board *b)
{
    const struct rtc *rtc = &b->rtc;
    uint64_t next = next_look(rtc);

    if (!rtc->hz || next == NEVER)
        event_cancel(b, EVENT_RTC);
    else
        event_at(b, EVENT_RTC, rtc->origin + time_of_tick(rtc->done + next, rtc->hz));
}

void rtc_event(struct board *b)
{
    catch_up(b);
    schedule(b);
}

void rtc_clock_changed(struct board *b)
{
    struct rtc *rtc = &b->rtc;

    if (rcc_rtc_hz(b) == rtc->hz)
        return;
    catch_up(b);
    rtc->hz = rcc_rtc_hz(b);
    rtc->origin = time_now(b);
    rtc->done = 0;
    schedule(b);
}

void rtc_power_on(struct board *b)
{
    b->rtc = (struct rtc){.outputs = b->rtc.outputs};
    for (unsigned i = 0; i < RTC_END / 4; i++)
        b->rtc.reg[i] = registers[i].reset;
    update_lines(b);
    schedule(b);
}

/* ---- Registers ------------------------------------------------------------------------------- */

static bool is_register(uint32_t offset)
{
    return offset < RTC_END && offset != 0x18;
}

static uint32_t read_isr(const struct rtc *rtc)
{
    uint32_t cr = get(rtc, RTC_CR);

    return get(rtc, RTC_ISR) | ((cr & CR_ALRAE) ? 0 : ISR_ALRAWF) |
           ((cr & CR_ALRBE) ? 0 : ISR_ALRBWF) | ((cr & CR_WUTE) ? 0 : ISR_WUTWF) |
           ((get(rtc, RTC_DR) & RTC_DR_YEAR) ? ISR_INITS : 0);
}

/* Without BYPSHAD a read of SSR locks TR and DR, one of TR locks DR, until DR is read (RM0376,
 * reading the calendar). */
static uint32_t read_calendar(struct rtc *rtc, uint32_t offset)
{
    bool shadow = !(get(rtc, RTC_CR) & CR_BYPSHAD);
    uint32_t tr = rtc->tr_locked ? rtc->shadow_tr : get(rtc, RTC_TR);
    uint32_t dr = rtc->dr_locked ? rtc->shadow_dr : get(rtc, RTC_DR);

    rtc->shadow_tr = tr;
    rtc->shadow_dr = dr;
    rtc->tr_locked = shadow && offset != RTC_DR && (rtc->tr_locked || offset == RTC_SSR);
    rtc->dr_locked = shadow && offset != RTC_DR;
    switch (offset) {
    case RTC_TR: return tr;
    case RTC_DR: return dr;
    default: return subseconds(rtc);
    }
}

uint32_t rtc_read(struct board *b, uint32_t offset)
{
    if (!is_register(offset)) {
        bus_no_register(b, "RTC", offset);
        return 0;
    }
    catch_up(b);
    switch (offset) {
    case RTC_TR:
    case RTC_DR:
    case RTC_SSR: return read_calendar(&b->rtc, offset);
    case RTC_ISR: return read_isr(&b->rtc);
    default: return get(&b->rtc, offset);
    }
}

/* 0xCA, 0x53 opens; anything else closes (RM0376 RTC register write protection). */
static void write_key(struct rtc *rtc, uint8_t key)
{
    if (rtc->keys == 1 && key == 0x53)
        rtc->keys = 2;
    else
        rtc->keys = key == 0xCA;
}

/* Registers that RTC_WPR does not protect, or not whole (RM0376): ISR, TAMPCR, OR and the backup
 * registers. */
static bool key_free(uint32_t offset)
{
    return offset == RTC_ISR || offset == RTC_TAMPCR || offset >= RTC_OR;
}

/* Flags are cleared by writing 0; the calendar starts from its full second when INIT is cleared. */
static void write_isr(struct rtc *rtc, uint32_t value, uint32_t mask)
{
    uint32_t *isr = at(rtc, RTC_ISR);
    bool open = rtc->keys == 2;

    *isr &= value | ~mask | ~(ISR_FREE | (open ? ISR_RSF : 0));
    if (!open)
        return;
    bus_merge(isr, value, mask & ISR_INIT);
    if (*isr & ISR_INIT) {
        rtc->tr_locked = rtc->dr_locked = false;
    } else if (*isr & ISR_INITF) {
        *isr &= ~(ISR_INITF | ISR_RSF);
        rtc->phase = 0;
    }
}

static void write_cr(struct board *b, uint32_t value, uint32_t mask)
{
    struct rtc *rtc = &b->rtc;
    uint32_t old = get(rtc, RTC_CR);

    bus_merge(at(rtc, RTC_CR), value, mask & registers[RTC_CR / 4].write);
    if ((get(rtc, RTC_CR) ^ old) & CR_WUCKSEL && get(rtc, RTC_CR) & old & CR_WUTE)
        board_complain(b, L072_STOP_RULE, 0,
                       "RTC_CR.WUCKSEL is changed while WUTE is set: clear WUTE first");
    if (get(rtc, RTC_CR) & ~old & CR_WUTE)
        rtc->wakeup_left = wakeup_period(rtc);
}

static void check_modelled(struct board *b, uint32_t offset, uint32_t value)
{
    if ((offset == RTC_CR && value & CR_NO_MODEL) || (offset == RTC_TAMPCR && value & TAMPCR_RUN) ||
        offset == RTC_SHIFTR || (offset == RTC_CALR && value))
        board_complain(b, L072_STOP_NOT_MODELLED, 0,
                       "RTC+0x%02X = 0x%08X: time stamp, tamper, calibration, shift and summer "
                       "time are not modelled",
                       (unsigned)offset, (unsigned)value);
}

/* False: the register takes no write now. */
static bool check_guards(struct board *b, uint32_t offset)
{
    const struct rtc *rtc = &b->rtc;

    for (unsigned i = 0; i < sizeof guards / sizeof guards[0]; i++) {
        bool free = (guards[i].cr && !(get(rtc, RTC_CR) & guards[i].cr)) ||
                    (guards[i].init && get(rtc, RTC_ISR) & ISR_INITF);

        if (guards[i].offset != offset || free)
            continue;
        board_complain(b, L072_STOP_RULE, 0, "RTC+0x%02X is written too early: %s first",
                       (unsigned)offset, guards[i].todo);
        return false;
    }
    return true;
}

static bool check_protection(struct board *b, uint32_t offset)
{
    const char *todo = NULL;

    if (!pwr_dbp(b))
        todo = "write-protected: set PWR_CR.DBP";
    else if (offset != RTC_WPR && !key_free(offset) && b->rtc.keys != 2)
        todo = "locked: write 0xCA, 0x53 to RTC_WPR";
    if (todo)
        board_complain(b, L072_STOP_RULE, 0, "RTC+0x%02X is written while %s first",
                       (unsigned)offset, todo);
    return !todo;
}

void rtc_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    struct rtc *rtc = &b->rtc;

    if (!is_register(offset)) {
        bus_no_register(b, "RTC", offset);
        return;
    }
    catch_up(b);
    if (!check_protection(b, offset) || !check_guards(b, offset))
        return;
    check_modelled(b, offset, value & mask);
    switch (offset) {
    case RTC_WPR: write_key(rtc, (uint8_t)value); break;
    case RTC_ISR: write_isr(rtc, value, mask); break;
    case RTC_CR: write_cr(b, value, mask); break;
    default: bus_merge(at(rtc, offset), value, mask & registers[offset / 4].write); break;
    }
    update_lines(b);
    schedule(b);
}
