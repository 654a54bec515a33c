/* SPDX-License-Identifier: MIT */
/*
 * Simplified: LSI runs at exactly 37 kHz and feeds a started watchdog at once; a new setting counts
 * from the write on, its flag in IWDG_SR falls five LSI cycles later, or when LSI is started.
 * Unconfirmed, and how it is read here:
 * - PR = 7 divides by 256. An update takes five LSI cycles.
 */
#include "board.h"

enum { IWDG_KR = 0x00, IWDG_PR = 0x04, IWDG_RLR = 0x08, IWDG_SR = 0x0C, IWDG_WINR = 0x10 };
enum { KEY_START = 0xCCCC, KEY_RELOAD = 0xAAAA, KEY_UNLOCK = 0x5555 };

#define LSI_PS      (PS_PER_S / 37000)
#define UPDATE_PS   (5 * LSI_PS)
#define COUNTER_MAX UINT32_C(0xFFF)

/* In the order of enum iwdg_setting. */
static const struct {
    uint32_t offset, write, reset;
} settings[IWDG_SETTINGS] = {
    {IWDG_PR,   7,           0          },
    {IWDG_RLR,  COUNTER_MAX, COUNTER_MAX},
    {IWDG_WINR, COUNTER_MAX, COUNTER_MAX},
};

void iwdg_reset(struct board *b)
{
    b->iwdg = (struct iwdg){0};
    for (unsigned i = 0; i < IWDG_SETTINGS; i++)
        b->iwdg.setting[i] = settings[i].reset;
    event_cancel(b, EVENT_IWDG);
}

/* Dividers 4, 8 ... 256; PR = 7 is 256 like 6. */
static uint64_t tick_ps(const struct iwdg *w)
{
    uint32_t pr = w->setting[IWDG_SETTING_PR];

    return LSI_PS * (UINT64_C(4) << (pr < 6 ? pr : 6));
}

static uint32_t counter(const struct board *b)
{
    uint64_t ticks = (time_now(b) - b->iwdg.loaded_at) / tick_ps(&b->iwdg);

    return ticks < b->iwdg.loaded ? b->iwdg.loaded - (uint32_t)ticks : 0;
}

static void load(struct board *b, uint32_t value)
{
    struct iwdg *w = &b->iwdg;

    if (!w->running)
        return;
    w->loaded = value;
    w->loaded_at = time_now(b);
    event_at(b, EVENT_IWDG, w->loaded_at + (value + UINT64_C(1)) * tick_ps(w));
}

void iwdg_event(struct board *b)
{
    board_request_reset(b, RESET_IWDG);
}

void iwdg_lsi_ready(struct board *b)
{
    for (unsigned i = 0; i < IWDG_SETTINGS; i++)
        if (b->iwdg.updated_at[i] == NEVER)
            b->iwdg.updated_at[i] = time_now(b) + UPDATE_PS;
}

static void start(struct board *b)
{
    if (b->iwdg.running)
        return;
    b->iwdg.running = true;
    load(b, COUNTER_MAX);
    iwdg_lsi_ready(b);
}

void iwdg_option_start(struct board *b)
{
    start(b);
}

/* A reload above the window resets at once (RM0376 IWDG_WINR). */
static void reload(struct board *b)
{
    const struct iwdg *w = &b->iwdg;

    if (w->running && counter(b) > w->setting[IWDG_SETTING_WINR])
        board_request_reset(b, RESET_IWDG);
    else
        load(b, w->setting[IWDG_SETTING_RLR]);
}

static void write_key(struct board *b, uint32_t key)
{
    b->iwdg.unlocked = key == KEY_UNLOCK;
    if (key == KEY_START)
        start(b);
    if (key == KEY_RELOAD)
        reload(b);
}

static bool updating(const struct board *b, unsigned setting)
{
    return time_now(b) < b->iwdg.updated_at[setting];
}

/* A new prescaler goes on from the present count; writing WINR reloads (RM0376 IWDG_WINR). */
static void write_setting(struct board *b, enum iwdg_setting setting, uint32_t value, uint32_t mask)
{
    struct iwdg *w = &b->iwdg;
    uint32_t count = counter(b);

    bus_merge(&w->setting[setting], value, mask & settings[setting].write);
    w->updated_at[setting] =
        w->running || rcc_ready(b, SOURCE_LSI) ? time_now(b) + UPDATE_PS : NEVER;
    if (setting == IWDG_SETTING_PR)
        load(b, count);
    if (setting == IWDG_SETTING_WINR)
        load(b, w->setting[IWDG_SETTING_RLR]);
}

static bool find_setting(uint32_t offset, enum iwdg_setting *setting)
{
    for (enum iwdg_setting i = 0; i < IWDG_SETTINGS; i++)
        if (settings[i].offset == offset) {
            *setting = i;
            return true;
        }
    return false;
}

static uint32_t status(const struct board *b)
{
    uint32_t sr = 0;

    for (unsigned i = 0; i < IWDG_SETTINGS; i++)
        if (updating(b, i))
            sr |= UINT32_C(1) << i;
    return sr;
}

uint32_t iwdg_read(struct board *b, uint32_t offset)
{
    enum iwdg_setting setting;

    if (find_setting(offset, &setting))
        return b->iwdg.setting[setting];
    if (offset == IWDG_SR)
        return status(b);
    if (offset != IWDG_KR)
        bus_no_register(b, "IWDG", offset);
    return 0;
}

static void try_setting(struct board *b, enum iwdg_setting setting, uint32_t value, uint32_t mask)
{
    if (!b->iwdg.unlocked)
        board_complain(b, L072_STOP_RULE, 0,
                       "IWDG+0x%02X is written while locked: write 0x5555 to IWDG_KR first",
                       (unsigned)settings[setting].offset);
    else if (updating(b, setting))
        board_complain(b, L072_STOP_RULE, 0,
                       "IWDG+0x%02X is written while its update flag in IWDG_SR is set",
                       (unsigned)settings[setting].offset);
    else
        write_setting(b, setting, value, mask);
}

void iwdg_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    enum iwdg_setting setting;

    if (find_setting(offset, &setting))
        try_setting(b, setting, value, mask);
    else if (offset == IWDG_KR)
        write_key(b, value & mask & 0xFFFF);
    else if (offset != IWDG_SR)
        bus_no_register(b, "IWDG", offset);
}
