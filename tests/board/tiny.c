/* SPDX-License-Identifier: MIT */
#include "tiny.h"

#include <string.h>

#define CODE 16 /* the first word of it; before it are the vectors of the core */

struct seal tiny_seal(const struct tiny_app *app)
{
    uint32_t length = sizeof app->words, crc = resident_crc32(app->words, length);

    return (struct seal){length, crc, ~length, ~crc};
}

struct tiny_app tiny_app(const uint16_t *code, uint32_t count)
{
    static const uint16_t nothing[] = {0xE7FE}; /* B . */
    struct tiny_app app = {
        .words = {SRAM_BASE + 0x1000, APP_BASE + 4 * CODE + 1}
    };

    if (code)
        memcpy(&app.words[CODE], code, count * sizeof code[0]);
    else
        memcpy(&app.words[CODE], nothing, sizeof nothing);
    app.seal = tiny_seal(&app);
    return app;
}

void tiny_load(struct l072 *board, const struct tiny_app *app)
{
    assert_int_equal(l072_load(board, APP_BASE, app->words, sizeof app->words), 0);
    assert_int_equal(l072_load(board, SEAL_BASE, &app->seal, sizeof app->seal), 0);
}
