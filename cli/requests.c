/* SPDX-License-Identifier: MIT */
#include "requests.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static void add(struct requests *requests, struct doctor_request request)
{
    if (requests->count < REQUESTS_MAX)
        requests->request[requests->count++] = request;
}

bool requests_add_press(struct requests *requests, const char *text, struct error *error)
{
    char *pin = requests->text[requests->count];
    size_t length = strcspn(text, ":");
    if (length == 0 || length >= sizeof(requests->text[0]) ||
        (text[length] && strcmp(text + length, ":0") != 0))
        return error_set(error, "'%s' is no button; write PA0, or PA0:0 to pull low", text);
    memcpy(pin, text, length);
    pin[length] = '\0';
    add(requests,
        (struct doctor_request){.how = DOCTOR_PRESS, .text = pin, .level = !text[length]});
    return true;
}

bool requests_find_functions(struct requests *requests, const struct symbols *symbols,
                             struct error *error)
{
    for (size_t i = 0; i < requests->count; i++) {
        struct doctor_request *request = &requests->request[i];
        if (request->how == DOCTOR_CALL &&
            !symbols_function(symbols, request->text, &request->function) &&
            !parse_u32(request->text, &request->function))
            return error_set(error, "has no function '%s'; its address will do, as 0x08000120",
                             request->text);
    }
    return true;
}

/* ---- Functions by what they contain ---------------------------------------------------------- */

#define REQUESTS_FOUND 6 /* of each kind, at most */

struct search {
    struct requests *requests;
    const struct image *image;
    const struct symbols *symbols;
    uint32_t reset; /* NVIC_SystemReset(), where it is no inline function; else 0 */
    bool jumps;     /* what is looked for: those that jump, not those that ask */
    unsigned left;  /* requests that may still be added */
};

/* Not an address of this chip, nor small: a number that somebody has thought of. */
static bool is_magic(uint32_t word)
{
    uint32_t top = word >> 24;
    return word > 0xFFFF && top != 0x08 && top != 0x1F && top != 0x20 && top != 0x40 &&
           top != 0x50 && top != 0xE0 && word >> 16 != 0x05FA && word >> 16 != 0xFFFF;
}

/* System memory, or where other families have theirs. */
static bool is_system_memory(uint32_t word)
{
    return word >> 13 == 0x1FF00000 >> 13 || word >> 16 == 0x1FFF;
}

/* Where the BL at `address` goes (ARMv6-M, encoding T1); 0: there is none. */
static uint32_t call_target(const struct image *image, uint32_t address)
{
    uint32_t word;
    if (!image_word(image, address, &word) || (word & 0xD000F800) != 0xD000F000)
        return 0;
    uint32_t s = word >> 10 & 1, i1 = !((word >> 29 & 1) ^ s), i2 = !((word >> 27 & 1) ^ s);
    uint32_t offset = i1 << 23 | i2 << 22 | (word & 0x3FF) << 12 | (word >> 16 & 0x7FF) << 1;
    return address + 4 + (s ? offset | 0xFF000000 : offset);
}

/* The constant that the instruction at `address` loads (LDR, literal); 0: it does not. */
static uint32_t constant(const struct image *image, uint32_t address)
{
    uint32_t code, word;
    if (!image_word(image, address, &code) || (code & 0xF800) != 0x4800 ||
        !image_word(image, (address + 4) / 4 * 4 + (code & 0xFF) * 4, &word))
        return 0;
    return word;
}

/* Asking: leaves a number for after the reset, and resets. */
static bool suits(const struct search *s, uint32_t address, uint32_t size)
{
    bool magic = false, reset = false, system_memory = false;
    for (uint32_t at = address; at - address < size && image_contains(s->image, at); at += 2) {
        uint32_t word = constant(s->image, at);
        magic |= is_magic(word);
        reset |= word >> 16 == 0x05FA || (word >= 0xE000ED00 && word <= 0xE000ED0C) ||
                 (s->reset && call_target(s->image, at) == s->reset);
        system_memory |= is_system_memory(word);
    }
    return s->jumps ? system_memory : magic && reset;
}

/* What runs before the main loop, or never ends: nothing calls it from there. */
static bool is_start(const char *name)
{
    static const char *const starts[] = {"main", "Reset_Handler", "SystemInit", "_start", "start"};
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (strcmp(name, starts[i]) == 0)
            return true;
    return strstr(name, "_Handler") || strstr(name, "_IRQHandler");
}

static bool try_function(void *context, const char *name, uint32_t address, uint32_t size)
{
    struct search *s = context;
    if (is_start(name) || !suits(s, address, size))
        return false;
    add(s->requests,
        (struct doctor_request){.how = DOCTOR_CALL, .text = name, .function = address});
    return --s->left == 0;
}

/* Without symbols a function is from one target of a BL to the next. True: enough are found. */
static bool try_code(struct search *s, const struct image_segment *code)
{
    bool *starts = calloc(code->size, sizeof(*starts)), enough = false;
    uint32_t start = 0;
    for (uint32_t at = 0; starts && at < code->size; at += 2) {
        uint32_t target = call_target(s->image, code->address + at) - code->address;
        if (target < code->size)
            starts[target] = true;
    }
    for (uint32_t at = 2; starts && at < code->size && !enough; at += 2) {
        if (!starts[at] && at + 2 < code->size)
            continue;
        char *text = s->requests->text[s->requests->count];
        snprintf(text, sizeof(s->requests->text[0]), "0x%08X", code->address + start);
        enough = start && try_function(s, text, code->address + start, at - start);
        start = at;
    }
    free(starts);
    return enough;
}

static void search(struct search s)
{
    if (s.symbols)
        symbols_functions(s.symbols, try_function, &s);
    for (size_t i = 0; !s.symbols && i < s.image->count; i++)
        if (try_code(&s, &s.image->segment[i]))
            break;
}

/* ---- All of it ------------------------------------------------------------------------------- */

/* How people call it; what only jumps is behind what asks. */
static bool usual_function(struct requests *requests, const struct symbols *symbols)
{
    static const char *const usual[] = {
        "dfuse_RunBootloader", "RequestBootloader", "request_bootloader", "reboot_to_bootloader",
        "RebootToBootloader",  "enter_bootloader",  "EnterBootloader",    "EnterDFU",
        "enter_dfu",           "EnterDFUMode",      "enter_dfu_mode",     "dfu_run_bootloader",
        "dfu_reset",           "RunBootloader",     "run_bootloader",     "JumpToBootloader",
        "jump_to_bootloader",  "JumpBootloader",    "JumpToDFU",          "jump_to_dfu",
        "BootloaderJump",      "bootloader_jump",   "GoToBootloader",     "goto_bootloader",
        "JumpToSystemMemory",  "JumpToSysMem",      "Bootloader",         "StartBootloader",
        "start_bootloader",
    };
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        struct doctor_request request = {.how = DOCTOR_CALL, .text = usual[i]};
        if (!symbols_function(symbols, usual[i], &request.function))
            continue;
        add(requests, request);
        return true;
    }
    return false;
}

void requests_guess(struct requests *requests, const struct image *image,
                    const struct symbols *symbols)
{
    struct search asking = {requests, image, symbols, 0, false, REQUESTS_FOUND};
    struct search jumping = {requests, image, symbols, 0, true, REQUESTS_FOUND};
    (void)(symbols_function(symbols, "NVIC_SystemReset", &asking.reset) ||
           symbols_function(symbols, "__NVIC_SystemReset", &asking.reset));
    if (!usual_function(requests, symbols))
        search(asking);
    add(requests, (struct doctor_request){.how = DOCTOR_PRESS, .text = "PA0", .level = true});
    add(requests, (struct doctor_request){.how = DOCTOR_DETACH});
    search(jumping);
    add(requests, (struct doctor_request){.how = DOCTOR_POWER_ON});
}
