/* SPDX-License-Identifier: MIT */
#include "faults.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"

#define WORD_MAX 40

static const char *const kinds[] = {
    [L072_FAULT_NONE] = "none",           [L072_FAULT_CUT] = "cut",
    [L072_FAULT_BROWN_OUT] = "brown-out", [L072_FAULT_NRST] = "nrst",
    [L072_FAULT_HSI48] = "hsi48",         [L072_FAULT_FLIP] = "flip",
    [L072_FAULT_UNPLUG] = "unplug",       [L072_FAULT_PLUG] = "plug",
    [L072_FAULT_SILENCE] = "silence",     [L072_FAULT_RESUME] = "resume",
    [L072_FAULT_SUSPEND] = "suspend",     [L072_FAULT_WAKE] = "wake",
    [L072_FAULT_TOGGLE] = "toggle",       [L072_FAULT_SHORT] = "short",
    [L072_FAULT_LONG] = "long",           [L072_FAULT_BUS_RESET] = "bus-reset",
};

static const char *const moments[] = {
    [L072_TORN] = "torn",      [L072_TORN_BUT_ONE] = "all-but-one",
    [L072_TORN_NONE] = "none", [L072_BEFORE] = "before",
    [L072_AFTER] = "after",
};

const char *faults_kind_name(enum l072_fault_kind kind)
{
    return kinds[kind];
}

const char *faults_moment_name(enum l072_moment moment)
{
    return moments[moment];
}

/* The place of `word` in `names`, `count` when it is not there. */
static unsigned find(const char *const names[], unsigned count, const char *word)
{
    unsigned i = 0;
    while (i < count && strcmp(names[i], word) != 0)
        i++;
    return i;
}

static bool parse_flip(struct l072_fault *fault, char *word)
{
    char *bits = strchr(word, '^');
    if (!bits)
        return false;
    *bits++ = '\0';
    return parse_u32(word, &fault->address) && parse_u32(bits, &fault->bits);
}

/* The sorts of words behind the name. */
enum { NO_WORD = 0, WHEN = 1, MOMENT = 2, BITS = 4 };

/* Takes one word; tells of which sort it was. */
static unsigned parse_word(struct l072_fault *fault, char *word)
{
    if (strncmp(word, "n=", 2) == 0)
        return parse_u32(word + 2, &fault->operation) && fault->operation > 0 ? WHEN : NO_WORD;
    if (strncmp(word, "t=", 2) == 0)
        return parse_time(word + 2, &fault->time) ? WHEN : NO_WORD;
    if (strchr(word, '^'))
        return parse_flip(fault, word) && fault->bits ? BITS : NO_WORD;
    fault->moment = (enum l072_moment)find(moments, L072_AFTER + 1, word);
    return fault->moment <= L072_AFTER ? MOMENT : NO_WORD;
}

/* Cuts the next word off *text, which is NULL behind the last. */
static bool next_word(const char **text, char word[WORD_MAX])
{
    size_t length = strcspn(*text, ":");
    if (length == 0 || length >= WORD_MAX)
        return false;
    memcpy(word, *text, length);
    word[length] = '\0';
    *text = (*text)[length] ? *text + length + 1 : NULL;
    return true;
}

/* The words behind the name: a WHEN, BITS if and only if it is a flip, perhaps a MOMENT. */
static bool parse_words(struct l072_fault *fault, const char *text)
{
    const unsigned wanted = fault->kind == L072_FAULT_FLIP ? WHEN | BITS : WHEN;
    unsigned seen = 0;
    while (text) {
        char word[WORD_MAX];
        unsigned sort = next_word(&text, word) ? parse_word(fault, word) : NO_WORD;
        if (sort == NO_WORD || seen & sort)
            return false;
        seen |= sort;
    }
    return (seen & ~(unsigned)MOMENT) == wanted;
}

static bool parse(struct l072_fault *fault, const char *text)
{
    char word[WORD_MAX];
    unsigned kind = L072_FAULT_BUS_RESET + 1;
    if (next_word(&text, word))
        kind = find(kinds, L072_FAULT_BUS_RESET + 1, word);
    *fault = (struct l072_fault){.kind = (enum l072_fault_kind)kind};
    return kind <= L072_FAULT_BUS_RESET && parse_words(fault, text);
}

static bool add(struct faults_list *list, const struct l072_fault *fault, struct error *error)
{
    if (list->count == L072_FAULTS)
        return error_set(error, "more than %d faults", L072_FAULTS);
    list->fault[list->count++] = *fault;
    return true;
}

bool faults_add(struct faults_list *list, const char *text, struct error *error)
{
    struct l072_fault fault;
    if (parse(&fault, text))
        return add(list, &fault, error);
    return error_set(error,
                     "--fault: '%s' is no fault; write cut:n=117:torn, unplug:t=1.5s or "
                     "flip:t=1s:0x08000100^0x4, see 'dfuse help sim'",
                     text);
}

bool faults_add_cut(struct faults_list *list, const char *when, struct error *error)
{
    struct l072_fault cut = {.kind = L072_FAULT_CUT};
    if (parse_words(&cut, when))
        return add(list, &cut, error);
    return error_set(error, "--cut-power: '%s' is no moment; write n=117:torn or t=1.5s", when);
}

bool faults_arm(const struct faults_list *list, struct l072 *board, struct error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct l072_fault *fault = &list->fault[i];
        switch (l072_fault(board, fault)) {
        case 0: break;
        case L072_ERR_VALUE:
            return error_set(error, "a fault at a time cannot be 'before' or 'after'");
        case L072_ERR_ADDRESS:
            return error_set(error, "no word of memory at 0x%08X to flip", fault->address);
        default: return error_set(error, "more than %d faults", L072_FAULTS);
        }
    }
    return true;
}
