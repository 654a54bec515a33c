/* SPDX-License-Identifier: MIT */
#include "doctor_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "print.h"

#define PLACE_MAX 256

static const struct {
    const char *id, *text;
} outcomes[] = {
    [OUTCOME_DFU] = {"dfu",         "a DFU device appears"                          },
    [OUTCOME_LOCKED] = {"locked",      "a DFU device appears, but it cannot be flashed"},
    [OUTCOME_BOUNCE] = {"bounce",      "the ROM bounces back to the application"       },
    [OUTCOME_CRASH] = {"crash",       "crashes"                                       },
    [OUTCOME_WATCHDOG] = {"watchdog",    "a watchdog resets the chip"                    },
    [OUTCOME_NO_JUMP] = {"no-jump",     "never jumps to the ROM"                        },
    [OUTCOME_NO_DEVICE] = {"no-device",   "the ROM runs, but no device appears"           },
    [OUTCOME_NOT_STARTED] = {"not-started", "the ROM stays, the application never starts"   },
};

/* Prints a line of the answer, or more, with its label. */
static void wrap(const char *label, const char *words)
{
    print_wrapped(printf("   %-8s", label), words);
}

static void press_text(const struct request *request, char *text, size_t size)
{
    const char *level = request->level ? "high" : "low";
    if (request->hold_ps == REQUEST_HELD)
        snprintf(text, size, "%s held %s at power-on", request->pin, level);
    else
        snprintf(text, size, "a %spress of %s (%s)",
                 request->hold_ps > REQUEST_SHORT_PS ? "long " : "", request->pin, level);
}

/* What is sent, in what a terminal can show. */
static void uart_text(const char *sent, char *text, size_t size)
{
    size_t at = (size_t)snprintf(text, size, "'");
    for (; *sent && at < size; sent++)
        at +=
            (size_t)snprintf(text + at, size - at, isprint((unsigned char)*sent) ? "%c" : "\\x%02x",
                             (unsigned char)*sent);
    if (at < size)
        snprintf(text + at, size - at, "' on the serial lines");
}

static void request_text(const struct doctor_text *t, char *text, size_t size)
{
    const struct request *request = &t->diagnosis[0].request;
    bool named = request->text && !isdigit((unsigned char)request->text[0]);
    text[0] = '\0';
    if (!t->diagnosis[0].asked)
        snprintf(text, size, "all that may do it, without effect");
    else if (request->how == REQUEST_CALL)
        snprintf(text, size, "a call of %s%s", request->text, named ? "()" : "");
    else if (request->how == REQUEST_PRESS)
        press_text(request, text, size);
    else if (request->how == REQUEST_UART)
        uart_text(request->text, text, size);
    else if (request->how == REQUEST_DETACH)
        snprintf(text, size, "DFU_DETACH from the host");
    else
        snprintf(text, size, "nobody: it %s by itself",
                 t->diagnosis[0].outcome == OUTCOME_CRASH ? "crashes" : "goes there");
    size_t at = strlen(text);
    if (t->guessed && t->diagnosis[0].asked && at < size)
        snprintf(text + at, size - at, " (a guess)");
}

struct merged {
    const struct doctor_finding *finding;
    bool on[DOCTOR_ROMS];
};

/* The finding of a cause on any of the ROMs. */
static struct merged find(const struct doctor_text *t, const struct cause *cause)
{
    struct merged merged = {0};
    for (size_t rom = 0; rom < DOCTOR_ROMS; rom++) {
        const struct doctor_diagnosis *d = &t->diagnosis[rom];
        for (size_t i = 0; i < d->count; i++)
            if (d->finding[i].cause == cause) {
                merged.on[rom] = true;
                merged.finding = merged.finding ? merged.finding : &d->finding[i];
            }
    }
    return merged;
}

/* The names of the ROMs with `quote` around each. */
static void roms_text(const struct doctor_text *t, const struct merged *merged, const char *quote,
                      char *text, size_t size)
{
    text[0] = '\0';
    for (size_t rom = 0; rom < DOCTOR_ROMS; rom++) {
        size_t at = strlen(text);
        if (merged->on[rom])
            snprintf(text + at, size - at, "%s%s%s%s", at ? ", " : "", quote, t->rom[rom], quote);
    }
}

/* What is at an address: RM0376, memory map and register boundary addresses. */
static const char *address_name(uint32_t address)
{
    static const struct {
        uint32_t first, last;
        const char *name;
    } names[] = {
        {0x00000000, 0x0002FFFF, "what is mapped at 0"},
        {0x08000000, 0x0802FFFF, "flash"              },
        {0x08080000, 0x080817FF, "data EEPROM"        },
        {0x1FF00000, 0x1FF01FFF, "system memory"      },
        {0x1FF80000, 0x1FF8009F, "option bytes"       },
        {0x20000000, 0x20004FFF, "SRAM"               },
        {0x40002850, 0x40002863, "RTC_BKPxR"          },
        {0x40010000, 0x40010003, "SYSCFG_CFGR1"       },
        {0x40010004, 0x400103FF, "SYSCFG"             },
        {0x40000000, 0x5FFFFFFF, "peripherals"        },
        {0xE0000000, 0xE00FFFFF, "the core"           },
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (address >= names[i].first && address <= names[i].last)
            return names[i].name;
    return "nothing there";
}

/* Writes what the instruction does, with numbers for the marks @ and #. */
static void act_text(const struct doctor_finding *finding, char *text, size_t size)
{
    const char *act = finding->cause->act;
    size_t at = 0;
    text[0] = '\0';
    for (; act && *act && at < size; act++) {
        if (*act == '@')
            at += (size_t)snprintf(text + at, size - at, "0x%08X (%s)", finding->place.address,
                                   address_name(finding->place.address));
        else if (*act == '#')
            at += (size_t)snprintf(text + at, size - at, "0x%08X", finding->place.value);
        else
            at += (size_t)snprintf(text + at, size - at, "%c", *act);
    }
}

static void print_place(const struct doctor_text *t, const struct doctor_finding *finding)
{
    const struct fact *place = &finding->place;
    char name[PLACE_MAX], line[PLACE_MAX + 80];
    if (!place->pc)
        return;
    symbols_at(t->symbols, place->pc, name, sizeof name);
    snprintf(line, sizeof line, "%s%s0x%08X", name, name[0] ? " at " : "", place->pc);
    wrap("where", line);
    symbols_use(t->symbols, place->pc, name, sizeof name);
    if (name[0])
        wrap("in", name);
    act_text(finding, line, sizeof line);
    if (line[0])
        wrap("what", line);
}

/* All findings, in the order in which they happen. Returns how many. */
static size_t merge(const struct doctor_text *t, struct merged merged[DOCTOR_FINDINGS])
{
    size_t count = 0;
    const struct cause *cause;
    for (size_t i = 0; (cause = cause_at(i)) && count < DOCTOR_FINDINGS; i++) {
        struct merged one = find(t, cause);
        size_t at = count;
        if (!one.finding)
            continue;
        for (; at > 0 && merged[at - 1].finding->place.time > one.finding->place.time; at--)
            merged[at] = merged[at - 1];
        merged[at] = one;
        count++;
    }
    return count;
}

void doctor_print(const struct doctor_text *t)
{
    char request[160], roms[40], title[160];
    struct merged merged[DOCTOR_FINDINGS];
    size_t count = merge(t, merged);
    request_text(t, request, sizeof request);
    printf("%s\non %s%s%s%s,\nDFU asked for by %s\n", t->file, t->part,
           t->guess[0] ? " (a guess: " : "", t->guess, t->guess[0] ? ")" : "", request);
    for (size_t rom = 0; rom < DOCTOR_ROMS; rom++) {
        const struct doctor_diagnosis *d = &t->diagnosis[rom];
        printf("  ROM %s: %s\n", t->rom[rom], outcomes[d->outcome].text);
        if (d->repaired != d->outcome)
            printf("            with all changes below: %s\n", outcomes[d->repaired].text);
    }
    for (size_t i = 0; i < count; i++) {
        const struct cause *cause = merged[i].finding->cause;
        snprintf(title, sizeof title, "%s (%s)", cause->title, cause->id);
        print_wrapped(printf("\n%zu. ", i + 1) - 1, title);
        print_place(t, merged[i].finding);
        roms_text(t, &merged[i], "", roms, sizeof roms);
        wrap("on ROM", roms);
        wrap("why", cause->why);
        wrap("change", cause->fix);
    }
}

void doctor_explain(const struct cause *cause)
{
    printf("%s: %s\n\n", cause->id, cause->title);
    wrap("why", cause->why);
    wrap("change", cause->fix);
    if (cause->reference)
        wrap("see", cause->reference);
}

static void sentence(const char *label, const char *words)
{
    printf("%s%c%s%s\n", label, *words >= 'a' && *words <= 'z' ? *words - 'a' + 'A' : *words,
           words + 1, words[strlen(words) - 1] == '.' ? "" : ".");
}

void doctor_explain_all(void)
{
    const struct cause *cause;
    puts("# Why no DFU device appears\n\n"
         "What `dfuse doctor` finds, in the order in which an application meets it. Seen on the\n"
         "simulated board; where ST tells nothing of its ROM, the causes say so. This page is\n"
         "the output of `dfuse doctor --explain all`.");
    for (size_t i = 0; (cause = cause_at(i)); i++) {
        printf("\n## %s: %s\n\n", cause->id, cause->title);
        sentence("", cause->why);
        sentence("\nChange: ", cause->fix);
        if (cause->reference)
            printf("\nSee: %s.\n", cause->reference);
    }
}

static void json_member(const char *name, const char *value, const char *end)
{
    printf("\"%s\": ", name);
    print_json_string(value);
    printf("%s", end);
}

static void json_cause(const struct doctor_text *t, const struct merged *merged)
{
    const struct cause *cause = merged->finding->cause;
    const struct fact *place = &merged->finding->place;
    char roms[40];
    char act[160];
    act_text(merged->finding, act, sizeof act);
    json_member("id", cause->id, ", ");
    json_member("title", cause->title, ",\n     ");
    roms_text(t, merged, "\"", roms, sizeof roms);
    printf("\"roms\": [%s], ", roms);
    if (place->pc) {
        char name[PLACE_MAX];
        json_member("place", symbols_at(t->symbols, place->pc, name, sizeof name), ", ");
        json_member("use", symbols_use(t->symbols, place->pc, name, sizeof name), ", ");
        json_member("act", act, ",\n     ");
        printf("\"pc\": %u, \"address\": %u, \"value\": %u,\n     ", place->pc, place->address,
               place->value);
    }
    json_member("why", cause->why, ",\n     ");
    json_member("fix", cause->fix, ",\n     ");
    json_member("reference", cause->reference ? cause->reference : "", "");
}

void doctor_print_json(const struct doctor_text *t)
{
    char request[160];
    struct merged merged[DOCTOR_FINDINGS];
    size_t count = merge(t, merged);
    request_text(t, request, sizeof request);
    printf("{");
    json_member("file", t->file, ",\n ");
    json_member("part", t->part, ", ");
    json_member("guess", t->guess, ",\n ");
    json_member("request", request, ",\n \"roms\": [");
    for (size_t rom = 0; rom < DOCTOR_ROMS; rom++) {
        const struct doctor_diagnosis *d = &t->diagnosis[rom];
        printf("%s{", rom ? ", " : "");
        json_member("rom", t->rom[rom], ", ");
        json_member("outcome", outcomes[d->outcome].id, ", ");
        json_member("repaired", outcomes[d->repaired].id, "}");
    }
    printf("],\n \"causes\": [");
    for (size_t i = 0; i < count; i++) {
        printf("%s    {", i ? ",\n" : "\n");
        json_cause(t, &merged[i]);
        printf("}");
    }
    printf("]}\n");
}
