/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

#include "faults.h"
#include "target.h"

#define PLACE_MAX 256

/* RCC_CSR (RM0376), the most telling flag first: PORRSTF comes with PINRSTF, and so do others. */
static const struct {
    uint32_t flag;
    const char *cause;
} reset_causes[] = {
    {UINT32_C(1) << 27, "power on"                         },
    {UINT32_C(1) << 28, "reset by software"                },
    {UINT32_C(1) << 29, "reset by the independent watchdog"},
    {UINT32_C(1) << 30, "reset by the window watchdog"     },
    {UINT32_C(1) << 31, "reset by low-power entry"         },
    {UINT32_C(1) << 25, "reset, option bytes reloaded"     },
    {UINT32_C(1) << 24, "reset by the firewall"            },
    {UINT32_C(1) << 26, "reset by NRST"                    },
};

static const char *const stop_what[] = {
    [L072_STOP_NONE] = "nothing",
    [L072_STOP_UNMAPPED] = "access to nothing",
    [L072_STOP_NOT_MODELLED] = "access to what is not simulated",
    [L072_STOP_NO_CLOCK] = "peripheral without clock",
    [L072_STOP_MISALIGNED] = "misaligned access",
    [L072_STOP_WIDTH] = "wrong access width",
    [L072_STOP_UNDEFINED] = "undefined instruction",
    [L072_STOP_STATE] = "branch without the Thumb bit",
    [L072_STOP_EXECUTE] = "execution of data",
    [L072_STOP_LOCKUP] = "lockup",
    [L072_STOP_FLASH] = "broken flash rule",
    [L072_STOP_USB] = "broken USB rule",
    [L072_STOP_RULE] = "broken rule",
    [L072_STOP_VOLTAGE] = "clock too fast for the voltage range of PWR_CR.VOS",
    [L072_STOP_CRYSTAL] = "HSE is switched on, and the board has none (--hse)",
};

static const char *const stop_advice[] = {
    [L072_STOP_NONE] = "",
    [L072_STOP_UNMAPPED] = "look for a bad pointer or a stack never set",
    [L072_STOP_NOT_MODELLED] = "leave that peripheral alone, or go on with --lenient",
    [L072_STOP_NO_CLOCK] = "set its enable bit in RCC first",
    [L072_STOP_MISALIGNED] = "a Cortex-M0+ needs aligned addresses",
    [L072_STOP_WIDTH] = "access the register in the width it has",
    [L072_STOP_UNDEFINED] = "see with --trace how it got there",
    [L072_STOP_STATE] = "set bit 0 of code addresses",
    [L072_STOP_EXECUTE] = "see with --trace how it got there",
    [L072_STOP_LOCKUP] = "see with --trace what faulted first",
    [L072_STOP_FLASH] = "follow the sequence of RM0376, or go on with --lenient",
    [L072_STOP_USB] = "check the buffer table and the endpoint registers",
    [L072_STOP_RULE] = "follow RM0376, or go on with --lenient",
    [L072_STOP_VOLTAGE] = "",
    [L072_STOP_CRYSTAL] = "",
};

__attribute__((format(printf, 2, 3))) static void line(uint64_t time, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%4llu.%06llu s  ", (unsigned long long)(time / L072_PS_PER_S),
            (unsigned long long)(time % L072_PS_PER_S / L072_PS_PER_US));
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static const char *reset_cause(uint32_t flags)
{
    for (size_t i = 0; i < sizeof(reset_causes) / sizeof(reset_causes[0]); i++)
        if (flags & reset_causes[i].flag)
            return reset_causes[i].cause;
    return "reset by leaving Standby";
}

void report_refresh(struct report *report)
{
    report->names_valid = target_holds(report->board, report->image);
}

const char *report_place(const struct report *report, uint32_t address, char *text, size_t size)
{
    char name[PLACE_MAX] = "";
    if (report->names_valid)
        symbols_at(report->symbols, address, name, sizeof(name));
    snprintf(text, size, "0x%08X%s%s", address, name[0] ? " " : "", name);
    return text;
}

void report_event(struct report *report, const struct l072_event *event)
{
    char place[PLACE_MAX], detail[16];
    switch (event->kind) {
    case L072_EVENT_RESET:
        report_refresh(report);
        line(event->time, "%s", reset_cause(event->detail));
        break;
    case L072_EVENT_ENTER_ROM: line(event->time, "jump to ROM 0x%08X", event->value); break;
    case L072_EVENT_LEAVE_ROM:
        report_refresh(report);
        line(event->time, "ROM jumps to %s",
             report_place(report, event->value, place, sizeof(place)));
        break;
    case L072_EVENT_USB_ATTACH: line(event->time, "USB attached"); break;
    case L072_EVENT_USB_DETACH: line(event->time, "USB detached"); break;
    case L072_EVENT_UART:
        putchar((int)(event->value & 0xFF)); /* stdout is line-buffered: see sim.c */
        break;
    case L072_EVENT_URB:
    case L072_EVENT_POWER:
    case L072_EVENT_SLEEP:
    case L072_EVENT_FLASH:
    case L072_EVENT_PINS: break;
    case L072_EVENT_FAULT:
        report->faults++;
        line(event->time, "fault: %s, after %u flash operations", faults_kind_name(event->value),
             event->detail);
        break;
    case L072_EVENT_WARNING:
        report_refresh(report);
        detail[0] = '\0';
        if (event->detail)
            snprintf(detail, sizeof(detail), " 0x%08X", event->detail);
        line(event->time, "warning: %s%s, at %s", stop_what[event->value], detail,
             report_place(report, event->pc, place, sizeof(place)));
        break;
    }
}

void report_stop(struct report *report)
{
    const struct l072_stop *stop = l072_stop(report->board);
    char place[PLACE_MAX];
    report_refresh(report);
    line(stop->time, "stopped: %s, at %s; what to do: %s", stop->reason,
         report_place(report, stop->pc, place, sizeof(place)), stop_advice[stop->kind]);
}

void report_faults(const struct report *report, size_t armed)
{
    if (report->faults < armed)
        fprintf(stderr, "%zu of %zu faults did not happen\n", armed - report->faults, armed);
}

static double seconds(uint64_t ps)
{
    return (double)ps / (double)L072_PS_PER_S;
}

void report_summary(const struct report *report)
{
    struct l072_counters k;
    l072_get_counters(report->board, &k);
    fprintf(stderr, "simulated time    %.6f s\n", seconds(l072_now(report->board)));
    fprintf(stderr, "cycles            %llu\n", (unsigned long long)k.cycles);
    fprintf(stderr, "instructions      %llu\n", (unsigned long long)k.instructions);
    fprintf(stderr, "flash operations  %u\n", k.flash_operations);
    fprintf(stderr, "flash busy        %.6f s\n", seconds(k.flash_busy_ps));
    fprintf(stderr, "USB transactions  %llu\n", (unsigned long long)k.usb_transactions);
    fprintf(stderr, "main stack        %u bytes at most\n", k.stack_depth);
}
