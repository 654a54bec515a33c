/* SPDX-License-Identifier: MIT */
/* What shipping flash drivers do, which must work without a complaint. */
#include "nvm_rig.h"

static void set_bits(struct board *b, uint32_t bits)
{
    store(b, R_PECR, load(b, R_PECR) | bits);
}

static void clear_bits(struct board *b, uint32_t bits)
{
    store(b, R_PECR, load(b, R_PECR) & ~bits);
}

/* ST HAL: erases with ERASE set before PROG; locks PRGLOCK, then PELOCK. */
static void st_hal(void **state)
{
    struct board *b = *state;

    preset(b, PAGE, 5);
    unlock_prg(b);
    set_bits(b, ERASE);
    set_bits(b, PROG);
    store(b, PAGE, 0);
    wait_ready(b);
    store(b, R_SR, EOP);
    clear_bits(b, PROG);
    clear_bits(b, ERASE);
    store(b, PAGE, 6);
    wait_ready(b);
    set_bits(b, PRGLOCK);
    set_bits(b, PELOCK);
    assert_int_equal(peek(b, PAGE), 6);
    assert_no_stop(b);
}

/* libopencm3, sboot: keys without a look at the locks, which each operation closes again. */
static void unconditional_keys(void **state)
{
    struct board *b = *state;

    for (uint32_t i = 0; i < 3; i++) {
        unlock_prg(b);
        store(b, R_PECR, PROG | ERASE); /* whole register, lock bits 0 */
        store(b, PAGE + 128 * i, 0);
        wait_ready(b);
        store(b, R_PECR, PELOCK);
    }
    assert_int_equal(b->flash.operations, 3);
    assert_no_stop(b);
}

/* Arduino core: PELOCK first, then PRGLOCK in a second write; polls EOP with EOPIE=0. */
static void arduino(void **state)
{
    struct board *b = *state;

    unlock_prg(b);
    set_bits(b, PROG | FPRG);
    load_half_page(b, PAGE, 4, 16);
    while (!(load(b, R_SR) & EOP))
        run(b, 10 * L072_PS_PER_US);
    store(b, R_SR, EOP);
    clear_bits(b, PROG | FPRG);
    set_bits(b, PELOCK);
    set_bits(b, PRGLOCK);
    assert_half_page(b, PAGE);
    assert_no_stop(b);
}

/* RIOT: one mode for many pages, no wait between them; MCCI leaves EOP set. */
static void many_pages(void **state)
{
    struct board *b = *state;

    for (uint32_t i = 0; i < 4; i++)
        preset(b, PAGE + 128 * i, 1);
    unlock_prg(b);
    set_bits(b, PROG | ERASE);
    for (uint32_t i = 0; i < 4; i++)
        store(b, PAGE + 128 * i, 0);
    wait_ready(b);
    clear_bits(b, PROG | ERASE);
    set_bits(b, PELOCK);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(peek(b, PAGE + 128 * i), 0);
    assert_int_equal(b->flash.busy_ps, 4 * TPROG);
    assert_no_stop(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(st_hal),
        TEST(unconditional_keys),
        TEST(arduino),
        TEST(many_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
