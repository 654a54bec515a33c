/* SPDX-License-Identifier: MIT */
#include "fields.h"

#include <string.h>

#include "cli.h"

bool fields_add(struct fields *fields, const char *text, struct error *error)
{
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : 0;
    uint32_t value;
    if (length == 0 || length >= sizeof(fields->field[0].name) || !parse_u32(equals + 1, &value))
        return error_set(error, "--option: '%s' is not NAME=VALUE, as BFB2=1", text);
    if (fields->count == FIELDS_MAX)
        return error_set(error, "more than %d times --option", FIELDS_MAX);
    memcpy(fields->field[fields->count].name, text, length);
    fields->field[fields->count].name[length] = '\0';
    fields->field[fields->count++].value = value;
    return true;
}

bool fields_set(const struct fields *fields, struct l072 *board, struct error *error)
{
    for (size_t i = 0; i < fields->count; i++) {
        const char *name = fields->field[i].name;
        uint32_t value = fields->field[i].value;
        switch (l072_set_option(board, name, value)) {
        case 0: break;
        case L072_ERR_NAME:
            return error_set(
                error,
                "no option field '%s'; there are RDP, WPRMOD, BOR_LEV, WDG_SW, nRST_STOP, "
                "nRST_STDBY, BFB2, nBOOT1",
                name);
        default: return error_set(error, "option %s cannot be 0x%X", name, value);
        }
    }
    return true;
}
