/* SPDX-License-Identifier: MIT */
/*
 * The calendar of the RTC (RM0376 RTC_TR, RTC_DR, RTC_ALRMxR): binary-coded decimals.
 *
 * Simplified: a date that does not exist counts as if its month had 31 days.
 */
#include "rtc.h"

#define SECONDS_A_DAY 86400u
#define TR_PM         (1u << 22)
#define ALRM_WDSEL    (1u << 30)
#define ALRM_MSK4     (1u << 31)

static uint32_t from_bcd(uint32_t bcd)
{
    return 10 * (bcd >> 4) + (bcd & 15);
}

static uint32_t to_bcd(uint32_t value)
{
    return value / 10 << 4 | value % 10;
}

static uint32_t seconds_of(uint32_t tr, bool half_days)
{
    uint32_t hour = from_bcd(tr >> 16 & 0x3F);

    if (half_days)
        hour = hour % 12 + ((tr & TR_PM) ? 12 : 0);
    return (hour * 60 + from_bcd(tr >> 8 & 0x7F)) * 60 + from_bcd(tr & 0x7F);
}

/* With half days: 12, 1 ... 11 AM, then PM. */
static uint32_t time_of(uint32_t seconds, bool half_days)
{
    uint32_t hour = seconds / 3600;
    uint32_t pm = half_days && hour >= 12 ? TR_PM : 0;

    if (half_days)
        hour = (hour + 11) % 12 + 1;
    return pm | to_bcd(hour) << 16 | to_bcd(seconds / 60 % 60) << 8 | to_bcd(seconds % 60);
}

static uint32_t days_in(uint32_t month, uint32_t year)
{
    static const uint8_t days[13] = {31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (month == 2 && year % 4 == 0)
        return 29;
    return days[month < 13 ? month : 0];
}

static uint32_t next_day(uint32_t dr)
{
    uint32_t day = from_bcd(dr & 0x3F) + 1, month = from_bcd(dr >> 8 & 0x1F);
    uint32_t weekday = (dr >> 13 & 7) % 7 + 1, year = from_bcd(dr >> 16 & 0xFF);

    if (day > days_in(month, year)) {
        day = 1;
        month++;
    }
    if (month > 12) {
        month = 1;
        year = (year + 1) % 100;
    }
    return to_bcd(year) << 16 | weekday << 13 | to_bcd(month) << 8 | to_bcd(day);
}

void rtc_calendar_advance(uint32_t *tr, uint32_t *dr, uint32_t cr, uint64_t seconds)
{
    bool half_days = cr & RTC_CR_FMT;

    seconds += seconds_of(*tr, half_days);
    *tr = time_of((uint32_t)(seconds % SECONDS_A_DAY), half_days);
    for (; seconds >= SECONDS_A_DAY; seconds -= SECONDS_A_DAY)
        *dr = next_day(*dr);
}

/* MSK1-3 leave out seconds, minutes, hours; they stand as in RTC_TR. */
static bool time_matches(uint32_t alarm, uint32_t tr)
{
    for (unsigned shift = 0; shift < 24; shift += 8)
        if (!(alarm >> shift & 0x80) && (alarm ^ tr) >> shift & 0x7F)
            return false;
    return true;
}

static bool day_matches(uint32_t alarm, uint32_t dr)
{
    if (alarm & ALRM_MSK4)
        return true;
    if (alarm & ALRM_WDSEL)
        return (alarm >> 24 & 0x0F) == (dr >> 13 & 7);
    return (alarm >> 24 & 0x3F) == (dr & 0x3F);
}

bool rtc_alarm_matches(uint32_t alarm, uint32_t alarm_ss, uint32_t tr, uint32_t dr, uint32_t ssr)
{
    uint32_t mask = (1u << (alarm_ss >> 24 & 15)) - 1;

    return time_matches(alarm, tr) && day_matches(alarm, dr) && !((alarm_ss ^ ssr) & mask);
}
