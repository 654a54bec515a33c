/* SPDX-License-Identifier: MIT */
#include "requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"
#include "token.h"

static void add(struct requests *requests, struct request request)
{
    if (requests->count < REQUESTS_MAX)
        requests->request[requests->count++] = request;
}

bool requests_add_press(struct requests *requests, const char *text, struct error *error)
{
    size_t length = strcspn(text, ":");
    struct request press = {.how = REQUEST_PRESS, .level = !text[length]};
    if (length == 0 || length >= sizeof(press.pin) ||
        (text[length] && strcmp(text + length, ":0") != 0))
        return error_set(error, "'%s' is no button; write PA0, or PA0:0 to pull low", text);
    memcpy(press.pin, text, length);
    add(requests, press);
    return true;
}

bool requests_find_functions(struct requests *requests, const struct symbols *symbols,
                             struct error *error)
{
    for (size_t i = 0; i < requests->count; i++) {
        struct request *request = &requests->request[i];
        if (request->how == REQUEST_CALL &&
            !symbols_function(symbols, request->text, &request->function) &&
            !parse_u32(request->text, &request->function))
            return error_set(error,
                             "the image has no function '%s'; give its address, as 0x08000120",
                             request->text);
    }
    return true;
}

/* ---- Functions by what their names and their code say ---------------------------------------- */

#define REQUESTS_FOUND 4  /* of each kind, at most */
#define RESET_SIZE     16 /* bytes of code of NVIC_SystemReset() */

enum kind { SAYS_IT_ASKS, ASKS, SAYS_IT_JUMPS, JUMPS, RESETS };

struct search {
    struct requests *requests;
    const struct image *image;
    const struct symbols *symbols;
    uint32_t reset; /* NVIC_SystemReset(), where it is no inline function; else 0 */
    enum kind kind; /* what is looked for */
    unsigned left;  /* requests that may still be added */
};

/* What is left for after a reset, or the address of what outlasts one. */
static bool is_left(uint32_t word)
{
    bool rtc = word >= 0x40002800 && word < 0x40002864; /* BKPxR are reached from its base */
    return rtc || (token_may_be(word) && !chip_is_sram(word)) ||
           (token_is_magic(word) && word >> 16 != 0x05FA);
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

/* What the code of a function says of it. */
static bool suits(const struct search *s, uint32_t address, uint32_t size)
{
    bool leaves = false, reset = false, system_memory = false;
    for (uint32_t at = address; at - address < size && image_contains(s->image, at); at += 2) {
        uint32_t word = constant(s->image, at);
        leaves |= is_left(word);
        reset |= word >> 16 == 0x05FA || (word >= 0xE000ED00 && word <= 0xE000ED0C) ||
                 (s->reset && call_target(s->image, at) == s->reset);
        system_memory |= is_system_memory(word);
    }
    return s->kind == JUMPS ? system_memory : reset && (leaves || s->kind == RESETS);
}

static bool has_one_of(const char *name, const char *const *words)
{
    for (; *words; words++)
        if (strcasestr(name, *words))
            return true;
    return false;
}

/* "RequestBootloader", "enter_dfu_mode"; "JumpToSystemMemory", "BootJump". */
static bool says_so(const char *name, bool jumps)
{
    static const char *const where[] = {"boot", "sysmem", "systemmem", "system_mem", NULL};
    static const char *const ask[] = {"enter", "request", "reset", "run", "start", NULL};
    static const char *const jump[] = {"jump", "goto", "go_to", NULL};
    static const char *const ask_dfu[] = {"enter", "request", "boot", NULL};
    if (!jumps && strcasecmp(name, "bootloader") == 0)
        return true;
    if (has_one_of(name, jump) != jumps)
        return false;
    return (has_one_of(name, where) && (jumps || has_one_of(name, ask))) ||
           (strcasestr(name, "dfu") && (jumps || has_one_of(name, ask_dfu)));
}

/* What runs before the main loop, or never ends: nothing calls it from there. */
static bool is_start(const char *name)
{
    static const char *const starts[] = {"main", "Reset_Handler", "SystemInit", "_start", "start"};
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (strcmp(name, starts[i]) == 0)
            return true;
    return strstr(name, "_Handler") || strstr(name, "IRQHandler");
}

static bool try_function(void *context, const char *name, uint32_t address, uint32_t size)
{
    struct search *s = context;
    bool by_name = s->kind == SAYS_IT_ASKS || s->kind == SAYS_IT_JUMPS;
    if (is_start(name) ||
        !(by_name ? says_so(name, s->kind == SAYS_IT_JUMPS) : suits(s, address, size)))
        return false;
    add(s->requests, (struct request){.how = REQUEST_CALL,
                                      .text = name,
                                      .function = address,
                                      .inner = s->kind == JUMPS || s->kind == RESETS});
    return --s->left == 0;
}

/* Without symbols a function is from one target of a BL to the next; what comes first in a segment
 * is one too, unless it is the vector table. True: enough are found. */
static bool try_code(struct search *s, const struct image_segment *code)
{
    bool *starts = calloc(code->size, sizeof(*starts)), enough = false;
    uint32_t start = code->address & 1;
    bool is_code = code->address != IMAGE_FLASH;
    for (uint32_t at = start; starts && at < code->size; at += 2) {
        uint32_t target = call_target(s->image, code->address + at) - code->address;
        if (target < code->size)
            starts[target] = true;
    }
    for (uint32_t at = start + 2;
         starts && at < code->size && !enough && s->requests->count < REQUESTS_MAX; at += 2) {
        if (!starts[at] && at + 2 < code->size)
            continue;
        char *text = s->requests->text[s->requests->count];
        snprintf(text, sizeof(s->requests->text[0]), "0x%08X", code->address + start);
        enough = is_code && try_function(s, text, code->address + start, at - start);
        is_code = true;
        start = at;
    }
    free(starts);
    return enough;
}

/* NVIC_SystemReset() of an image without symbols: a function with the key and no more. */
static uint32_t reset_function(const struct image *image)
{
    for (size_t i = 0; i < image->count; i++)
        for (uint32_t at = 0; at < image->segment[i].size; at += 2) {
            uint32_t target = call_target(image, image->segment[i].address + at);
            for (uint32_t in = 0; target && in < RESET_SIZE; in += 2)
                if (constant(image, target + in) == 0x05FA0004)
                    return target;
        }
    return 0;
}

static void search(struct search s, enum kind kind)
{
    bool by_name = kind == SAYS_IT_ASKS || kind == SAYS_IT_JUMPS;
    s.kind = kind;
    s.left = REQUESTS_FOUND;
    if (s.symbols)
        symbols_functions(s.symbols, try_function, &s);
    bool found = s.left < REQUESTS_FOUND;
    for (size_t i = 0; !found && !by_name && i < s.image->count; i++)
        if (try_code(&s, &s.image->segment[i]))
            break;
}

void requests_guess(struct requests *requests, const struct image *image,
                    const struct symbols *symbols)
{
    struct search s = {.requests = requests, .image = image, .symbols = symbols};
    if (!symbols_function(symbols, "NVIC_SystemReset", &s.reset) &&
        !symbols_function(symbols, "__NVIC_SystemReset", &s.reset))
        s.reset = reset_function(image);
    struct request entry = {.how = REQUEST_CALL, .text = "dfuse_RunBootloader"};
    if (symbols_function(symbols, entry.text, &entry.function))
        add(requests, entry);
    search(s, SAYS_IT_ASKS);
    search(s, ASKS);
    add(requests, (struct request){.how = REQUEST_INPUTS});
    add(requests, (struct request){.how = REQUEST_DETACH});
    search(s, SAYS_IT_JUMPS);
    search(s, JUMPS);
    search(s, RESETS);
}
