/* SPDX-License-Identifier: MIT */
/*
 * Not modelled: the running calendar, alarms, the wake-up timer, time stamps, tamper detection:
 * registers keep what is written to them, and whatever would start one of these complains.
 * Simplified: the registers answer whatever RTCEN and RTCSEL say; RTCRST acts once, when it is set.
 * Nothing here is touched by a system reset.
 */
#include "board.h"

enum { RTC_CR = 0x08, RTC_ISR = 0x0C, RTC_WPR = 0x24, RTC_TAMPCR = 0x40, RTC_OR = 0x4C };

#define CR_RUN     UINT32_C(0x00000F00) /* ALRAE, ALRBE, WUTE, TSE */
#define ISR_INIT   UINT32_C(0x00000080)
#define TAMPCR_RUN UINT32_C(0x00000029) /* TAMP1E, TAMP2E, TAMP3E */

/* RM0376 RTC register map: value after an RTC domain reset, bits that software writes. */
static const struct {
    uint32_t reset, write;
} registers[RTC_END / 4] = {
    {0x00000000, 0x007F7F7F}, /* TR */
    {0x00002101, 0x00FFFF3F}, /* DR */
    {0x00000000, 0x00FFFF7F}, /* CR */
    {0x00000007, 0x00000000}, /* ISR: ALRAWF, ALRBWF, WUTWF */
    {0x007F00FF, 0x007F7FFF}, /* PRER */
    {0x0000FFFF, 0x0000FFFF}, /* WUTR */
    {0x00000000, 0x00000000}, /* reserved */
    {0x00000000, 0xFFFFFFFF}, /* ALRMAR */
    {0x00000000, 0xFFFFFFFF}, /* ALRMBR */
    {0x00000000, 0x00000000}, /* WPR */
    {0x00000000, 0x00000000}, /* SSR */
    {0x00000000, 0x00000000}, /* SHIFTR */
    {0x00000000, 0x00000000}, /* TSTR */
    {0x00000000, 0x00000000}, /* TSDR */
    {0x00000000, 0x00000000}, /* TSSSR */
    {0x00000000, 0x0000E1FF}, /* CALR */
    {0x00000000, 0x01FFFFFF}, /* TAMPCR */
    {0x00000000, 0x0F007FFF}, /* ALRMASSR */
    {0x00000000, 0x0F007FFF}, /* ALRMBSSR */
    {0x00000000, 0x00000003}, /* OR */
    {0x00000000, 0xFFFFFFFF}, /* BKP0R */
    {0x00000000, 0xFFFFFFFF}, /* BKP1R */
    {0x00000000, 0xFFFFFFFF}, /* BKP2R */
    {0x00000000, 0xFFFFFFFF}, /* BKP3R */
    {0x00000000, 0xFFFFFFFF}, /* BKP4R */
};

static bool is_register(uint32_t offset)
{
    return offset < RTC_END && offset != 0x18;
}

void rtc_power_on(struct board *b)
{
    for (unsigned i = 0; i < RTC_END / 4; i++)
        b->rtc.reg[i] = registers[i].reset;
    b->rtc.keys = 0;
}

uint32_t rtc_read(struct board *b, uint32_t offset)
{
    if (!is_register(offset)) {
        bus_no_register(b, "RTC", offset);
        return 0;
    }
    return b->rtc.reg[offset / 4];
}

/* 0xCA, 0x53 opens; anything else closes (RM0376 RTC register write protection). */
static void write_key(struct rtc *rtc, uint8_t key)
{
    if (rtc->keys == 1 && key == 0x53)
        rtc->keys = 2;
    else
        rtc->keys = key == 0xCA;
}

/* Registers that RTC_WPR does not protect (RM0376): TAMPCR, OR and the backup registers. */
static bool key_free(uint32_t offset)
{
    return offset == RTC_TAMPCR || offset >= RTC_OR;
}

static void check_start(struct board *b, uint32_t offset, uint32_t value)
{
    if ((offset == RTC_ISR && value & ISR_INIT) || (offset == RTC_CR && value & CR_RUN) ||
        (offset == RTC_TAMPCR && value & TAMPCR_RUN))
        board_complain(b, L072_STOP_NOT_MODELLED, 0,
                       "RTC+0x%02X = 0x%08X: calendar, alarms and tamper are not modelled",
                       (unsigned)offset, (unsigned)value);
}

void rtc_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    struct rtc *rtc = &b->rtc;

    if (!is_register(offset)) {
        bus_no_register(b, "RTC", offset);
        return;
    }
    if (!pwr_dbp(b)) {
        board_complain(b, L072_STOP_RULE, 0,
                       "RTC+0x%02X is written while write-protected: set PWR_CR.DBP first",
                       (unsigned)offset);
        return;
    }
    if (offset == RTC_WPR) {
        write_key(rtc, (uint8_t)value);
        return;
    }
    if (!key_free(offset) && rtc->keys != 2) {
        board_complain(b, L072_STOP_RULE, 0,
                       "RTC+0x%02X is written while locked: write 0xCA, 0x53 to RTC_WPR first",
                       (unsigned)offset);
        return;
    }
    check_start(b, offset, value & mask);
    bus_merge(&rtc->reg[offset / 4], value, mask & registers[offset / 4].write);
}
