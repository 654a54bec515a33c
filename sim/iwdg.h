/* SPDX-License-Identifier: MIT */
/* Independent watchdog (RM0376 IWDG), 0x40003000. */
#ifndef SIM_IWDG_H
#define SIM_IWDG_H

#include <stdbool.h>
#include <stdint.h>

struct board;

enum iwdg_setting { IWDG_SETTING_PR, IWDG_SETTING_RLR, IWDG_SETTING_WINR, IWDG_SETTINGS };

struct iwdg {
    bool running, unlocked;
    uint32_t setting[IWDG_SETTINGS];    /* PR, RLR, WINR */
    uint64_t updated_at[IWDG_SETTINGS]; /* picoseconds: end of PVU, RVU, WVU; NEVER: no LSI */
    uint64_t loaded_at;                 /* picoseconds: when the counter was last loaded */
    uint32_t loaded;                    /* ... with this */
};

void iwdg_reset(struct board *b);
uint32_t iwdg_read(struct board *b, uint32_t offset);
void iwdg_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);
void iwdg_event(struct board *b);

/* Hardware watchdog: option WDG_SW is 0. */
void iwdg_option_start(struct board *b);
/* LSI became ready: pending register updates go on. */
void iwdg_lsi_ready(struct board *b);

#endif
