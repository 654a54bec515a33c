/* SPDX-License-Identifier: MIT */
/*
 * Power, reset, boot selection and the run loop.
 *
 * Simplified: reset takes no time; the supply is either off or good (no brown-out levels).
 */
#include "board.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "memories are kept in host byte order");

uint32_t board_random(struct board *b)
{
    b->random ^= b->random << 13;
    b->random ^= b->random >> 17;
    b->random ^= b->random << 5;
    return b->random;
}

void board_log(struct board *b, enum l072_event_kind kind, uint32_t value, uint32_t detail)
{
    struct event_log *log = &b->log;

    if (log->count == LOG_SIZE)
        return; /* a caller who never looks: a run returns to it as soon as there is one */
    log->entry[(log->head + log->count++) % LOG_SIZE] =
        (struct l072_event){time_now(b), kind, value, detail, b->cpu.here};
    b->cpu.attention = true;
}

void board_complain(struct board *b, enum l072_stop_kind kind, uint32_t address, const char *format,
                    ...)
{
    struct l072_stop *stop = &b->stop;
    va_list arguments;

    if (b->lenient) {
        board_log(b, L072_EVENT_WARNING, kind, address);
        return;
    }
    if (stop->kind)
        return;
    stop->kind = kind;
    stop->time = time_now(b);
    stop->pc = b->cpu.here;
    stop->address = address;
    va_start(arguments, format);
    (void)vsnprintf(stop->reason, sizeof stop->reason, format, arguments);
    va_end(arguments);
    b->cpu.attention = true;
}

void board_request_reset(struct board *b, enum reset_cause cause)
{
    b->reset_request |= cause;
    b->cpu.attention = true;
}

bool board_must_return(const struct board *b)
{
    return b->stop.kind || b->reset_request || b->log.count || !b->powered;
}

/*
 * What the chip maps at address 0 after reset (AN2606 table 2, patterns 2 and 7; RM0376 boot
 * configuration). BOOT1 is the inverse of nBOOT1. RDP level 2 ignores the BOOT0 pin.
 */
static unsigned boot_pins(const struct board *b)
{
    if (!b->boot0 || flash_rdp_level(b) == 2)
        return 0;
    return flash_option_nboot1(b) ? 1 : 3;
}

static unsigned boot_mode(const struct board *b)
{
    if (boot_pins(b) == 0 && b->part.bank2 && flash_option_bfb2(b))
        return 1;
    return boot_pins(b);
}

/* All that Standby mode switches off too. */
static void reset_peripherals(struct board *b, uint32_t causes)
{
    nvic_reset(b);
    for (unsigned i = 0; i < TIM_COUNT; i++)
        tim_reset(b, i);
    wwdg_reset(b);
    lptim_reset(b);
    rng_reset(b);
    crc_reset(b);
    rcc_reset(b, causes); /* after those who follow a change of clock */
    syscfg_reset(b);
    flash_reset(b);
    crs_reset(b);
    exti_reset(b); /* before the pins change */
    gpio_reset(b);
    dma_reset(b);
    for (unsigned i = 0; i < USART_COUNT; i++)
        usart_reset(b, i);
    dbgmcu_reset(b);
    usb_reset(b);
}

void board_reset(struct board *b, uint32_t causes)
{
    b->reset_request = 0;
    b->stop = (struct l072_stop){0};
    time_go_on(b);
    reset_peripherals(b, causes);
    pwr_reset(b);
    iwdg_reset(b);
    if (causes & RESET_OPTIONS)
        flash_load_options(b);
    syscfg_boot(b, boot_mode(b), boot_pins(b));
    if (!flash_option_wdg_sw(b))
        iwdg_option_start(b);
    board_log(b, L072_EVENT_RESET, rcc_reset_flags(b), causes);
    cpu_reset(b);
    host_attach_changed(b);
    signals_update(b);
}

static void fill_random(struct board *b, uint8_t *memory, uint32_t size)
{
    for (uint32_t i = 0; i < size; i += 4) {
        uint32_t word = board_random(b);

        memcpy(&memory[i], &word, sizeof word);
    }
}

static void supply_rises(struct board *b)
{
    b->powered = true;
    b->cpu.window = (struct fetch_window){0};
    b->power_on_cycles = b->time.cycles;
    rcc_power_on(b);
    pwr_power_on(b);
    rtc_power_on(b);
    gpio_power_on(b);
    flash_power_on(b);
    board_reset(b, RESET_POWER | RESET_PIN);
    host_power_on(b);
}

static void lose_memory(struct board *b)
{
    fill_random(b, b->sram, sizeof b->sram);
    fill_random(b, b->usb.pma, sizeof b->usb.pma);
}

void board_power_on(struct board *b)
{
    for (unsigned i = EVENT_FAULT + 1; i < EVENT_COUNT; i++)
        event_cancel(b, (enum event)i);
    lose_memory(b);
    supply_rises(b);
}

void board_enter_standby(struct board *b)
{
    reset_peripherals(b, 0);
    lose_memory(b);
    host_attach_changed(b);
    signals_update(b);
}

void board_power_off(struct board *b)
{
    flash_power_off(b);
    b->powered = false;
    b->cpu.attention = true;
    b->reset_request = 0;
    time_go_on(b);
    for (unsigned i = EVENT_FAULT + 1; i < EVENT_COUNT; i++)
        event_cancel(b, (enum event)i);
    host_power_off(b);
    signals_update(b);
}

/* Between two instructions. A dip of the supply is a power-on reset with the SRAM as it was. */
static void do_reset(struct board *b)
{
    if (b->reset_request & RESET_POWER) {
        board_power_off(b);
        supply_rises(b);
    } else {
        board_reset(b, b->reset_request);
    }
}

/* One stretch: to the next event or `until`, or until something wants attention. */
static void run_stretch(struct board *b, uint64_t until)
{
    uint64_t end = b->time.next_due < until ? b->time.next_due : until;

    if (!b->powered || cpu_idle(b)) {
        time_skip_to(b, end);
    } else {
        b->time.run_until = end;
        time_set_target(b, end);
        cpu_run(b);
    }
    time_run_due(b);
    if (b->reset_request && !b->stop.kind)
        do_reset(b);
}

enum l072_why board_run(struct board *b, uint64_t until)
{
    if (until > TIME_END)
        until = TIME_END;
    for (;;) {
        if (b->stop.kind)
            return L072_STOPPED;
        if (b->log.count)
            return L072_EVENTS;
        if (time_now(b) >= until)
            return L072_TIME;
        run_stretch(b, until);
    }
}

enum l072_why board_step(struct board *b)
{
    uint64_t until = time_now(b) + b->time.period_ps;

    if (cpu_idle(b) && b->time.next_due != NEVER && b->time.next_due > until)
        until = b->time.next_due;
    return board_run(b, until);
}
