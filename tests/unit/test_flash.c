/* SPDX-License-Identifier: MIT */
/* Flash program memory and the registers of its interface (RM0376 3.3, 3.7). */
#include "nvm_rig.h"

static void reset_values(void **state)
{
    struct board *b = *state;

    assert_int_equal(load(b, R_ACR), 0);
    assert_int_equal(load(b, R_PECR), PELOCK | PRGLOCK | OPTLOCK);
    assert_int_equal(load(b, R_SR), IDLE);
}

/* ---- Locks ----------------------------------------------------------------------------------- */

static void keys_open_the_locks_and_lock_bits_close_them(void **state)
{
    struct board *b = *state;

    unlock_prg(b);
    assert_int_equal(load(b, R_PECR), OPTLOCK);
    store(b, R_PECR, 0); /* lock bits cannot be cleared */
    assert_int_equal(load(b, R_PECR), OPTLOCK);
    store(b, R_OPTKEYR, 0xFBEAD9C8);
    store(b, R_OPTKEYR, 0x24252627);
    store(b, R_PECR, PRGLOCK);
    assert_int_equal(load(b, R_PECR), PRGLOCK);
    store(b, R_PECR, PELOCK); /* closes all */
    assert_int_equal(load(b, R_PECR), PELOCK | PRGLOCK | OPTLOCK);
    assert_no_stop(b);
}

static void wrong_key_shuts_until_reset(void **state)
{
    struct board *b = *state;

    store(b, R_PEKEYR, 0x89ABCDEF);
    store(b, R_PEKEYR, 0x12345678);
    assert_stop(b, "wrong key for FLASH_PEKEYR");
    store(b, R_PEKEYR, 0x89ABCDEF);
    assert_stop(b, "closed until reset");
    assert_int_equal(load(b, R_PECR) & PELOCK, PELOCK);
    l072_reset(handle(b));
    unlock_pe(b);
    assert_int_equal(load(b, R_PECR) & PELOCK, 0);
    assert_no_stop(b);
}

static void keys_out_of_place(void **state)
{
    struct board *b = *state;

    store(b, R_PRGKEYR, 0x8C9DAEBF);
    assert_stop(b, "PRGKEYR while FLASH_PECR.PELOCK=1");
    unlock_pe(b);
    store(b, R_PEKEYR, 0x89ABCDEF);
    assert_stop(b, "whose lock is open");
    assert_int_equal(load(b, R_PECR) & PELOCK, 0);
}

static void pecr_is_read_only_while_locked(void **state)
{
    struct board *b = *state;

    store(b, R_PECR, PELOCK | PRGLOCK | OPTLOCK | PROG);
    assert_stop(b, "PELOCK=1");
    store(b, R_PECR, 0);
    assert_stop(b, "PELOCK=1");
    assert_int_equal(load(b, R_PECR), PELOCK | PRGLOCK | OPTLOCK);
    store(b, R_PECR, PELOCK | PRGLOCK); /* only locks: harmless */
    assert_no_stop(b);
}

static void run_pd_has_a_lock_of_its_own(void **state)
{
    struct board *b = *state;

    store(b, R_ACR, 0x11);
    assert_stop(b, "PDKEYR");
    assert_int_equal(load(b, R_ACR), 1);
    store(b, R_PDKEYR, 0x04152637);
    store(b, R_PDKEYR, 0xFAFBFCFD);
    store(b, R_ACR, 0x11);
    assert_int_equal(load(b, R_ACR), 0x11);
    store(b, R_ACR, 0x01); /* closes it again */
    assert_no_stop(b);
    store(b, R_ACR, 0x11);
    assert_stop(b, "PDKEYR");
}

/* ---- Operations ------------------------------------------------------------------------------ */

static void page_erase(void **state)
{
    struct board *b = *state;

    preset(b, PAGE - 4, 1);
    preset(b, PAGE, 2);
    preset(b, PAGE + 124, 3);
    preset(b, PAGE + 128, 4);
    unlock_prg(b);
    store(b, R_PECR, PROG | ERASE);
    store(b, PAGE + 64, 0xFFFFFFFF); /* any word of the page, any data */
    assert_takes(b, 1);
    assert_int_equal(peek(b, PAGE - 4), 1);
    assert_int_equal(peek(b, PAGE), 0);
    assert_int_equal(peek(b, PAGE + 124), 0);
    assert_int_equal(peek(b, PAGE + 128), 4);
    assert_int_equal(load(b, R_PECR), PROG | ERASE | OPTLOCK); /* modes stay */
    assert_no_stop(b);
}

static void erase_needs_prog(void **state)
{
    struct board *b = *state;

    preset(b, PAGE, 2);
    unlock_prg(b);
    store(b, R_PECR, ERASE);
    assert_no_stop(b); /* ST HAL sets ERASE before PROG */
    store(b, PAGE, 0);
    assert_stop(b, "needs PROG");
    assert_int_equal(peek(b, PAGE), 2);
}

static void word_program(void **state)
{
    struct board *b = *state;

    unlock_prg(b);
    store(b, PAGE, 0x12345678);
    assert_takes(b, 1);
    assert_int_equal(peek(b, PAGE), 0x12345678);
    assert_int_equal(peek(b, PAGE + 4), 0);
    assert_no_stop(b);
}

static void word_that_is_not_zero_keeps_its_value(void **state)
{
    struct board *b = *state;

    preset(b, PAGE, 0x0000000F);
    unlock_prg(b);
    store(b, PAGE, 0x000000F0);
    assert_stop(b, "NOTZEROERR");
    assert_int_equal(load(b, R_SR), IDLE | NOTZEROERR);
    assert_int_equal(peek(b, PAGE), 0x0000000F);
    store(b, R_PECR, NZDISABLE);
    store(b, PAGE, 0x000000F0);
    wait_ready(b);
    assert_int_equal(peek(b, PAGE), 0x000000FF);
    assert_no_stop(b);
}

/* Bit 22 in ST's header, bit 23 in the manual. */
static void either_nzdisable_bit_adds_the_new_bits(void **state)
{
    struct board *b = *state;

    preset(b, PAGE, 0x0000000F);
    unlock_prg(b);
    store(b, R_PECR, 1 << 22);
    store(b, PAGE, 0x000000F0);
    wait_ready(b);
    store(b, R_PECR, 1 << 23);
    store(b, PAGE, 0x00000F00);
    wait_ready(b);
    assert_int_equal(peek(b, PAGE), 0x00000FFF);
    assert_no_stop(b);
}

static void fix_is_for_the_eeprom_alone(void **state)
{
    struct board *b = *state;

    unlock_prg(b);
    store(b, R_PECR, FIX);
    store(b, PAGE, 1);
    assert_takes(b, 1);
    assert_no_stop(b);
}

/* RM0376 FLASH_ACR: neither prefetch nor pre-read without buffers. */
static void no_prefetch_without_buffers(void **state)
{
    struct board *b = *state;

    store(b, R_ACR, 0x20);
    store(b, R_ACR, 0x22);
    assert_stop(b, "DISAB_BUF=1");
    assert_int_equal(load(b, R_ACR), 0x20);
    store(b, R_ACR, 0x60);
    assert_stop(b, "DISAB_BUF=1");
    assert_int_equal(load(b, R_ACR), 0x20);
}

static void stores_that_end_with_a_flag(void **state)
{
    struct board *b = *state;

    store(b, PAGE, 1);
    assert_stop(b, "PRGLOCK=1");
    assert_int_equal(load(b, R_SR), IDLE | WRPERR);
    store(b, R_SR, 0);
    assert_int_equal(load(b, R_SR), IDLE | WRPERR); /* rc_w1 */
    store(b, R_SR, WRPERR);
    unlock_prg(b);
    store_small(b, PAGE, 2, 1);
    assert_stop(b, "SIZERR");
    assert_int_equal(load(b, R_SR), IDLE | SIZERR);
    assert_int_equal(peek(b, PAGE), 0);
}

static void pecr_while_busy(void **state)
{
    struct board *b = *state;

    unlock_prg(b);
    store(b, PAGE, 1);
    store(b, R_PECR, PROG | OPTLOCK);
    assert_stop(b, "BSY=1");
    store(b, R_PECR, load(b, R_PECR) | PELOCK); /* only a lock: harmless */
    assert_no_stop(b);
    wait_ready(b);
    assert_int_equal(peek(b, PAGE), 1);
}

/* ---- Banks ----------------------------------------------------------------------------------- */

static void own_bank_waits_and_the_other_does_not(void **state)
{
    struct board *b = *state;
    uint64_t start = l072_now(handle(b));

    unlock_prg(b);
    store(b, BANK2, 1);
    assert_int_equal(load(b, PAGE), 0);
    assert_true(l072_now(handle(b)) - start < L072_PS_PER_MS);
    assert_int_equal(load(b, BANK2), 1);
    assert_true(l072_now(handle(b)) - start >= TPROG);
}

/* The program writes a word of the bank it runs in, and polls BSY: it never sees it set. */
static void code_waits_for_an_operation_in_its_bank(void **state)
{
    struct board *b = *state;

    preset(b, PAGE, 0x681A6001);     /* str r1, [r0]; ldr r2, [r3] */
    preset(b, PAGE + 4, 0xE7FEE7FE); /* b . */
    unlock_prg(b);
    b->cpu.r[0] = PAGE + 128;
    b->cpu.r[1] = 7;
    b->cpu.r[3] = R_SR;
    b->cpu.r[15] = PAGE;
    run(b, TPROG + L072_PS_PER_MS);
    assert_int_equal(b->cpu.r[2], IDLE | EOP);
    assert_int_equal(peek(b, PAGE + 128), 7);
    assert_no_stop(b);
}

/* The board stops while a store waits: it is not done. Here the PLL comes on without a wait state.
 */
static void a_stop_ends_the_wait(void **state)
{
    struct board *b = *state;

    store(b, 0x4002100C, 3u << 22 | 2u << 18 | 3); /* RCC_CFGR: 16 MHz x 6 / 4, SW */
    store(b, 0x40021000, 0x01000101);              /* RCC_CR: HSI16ON, MSION, PLLON */
    unlock_prg(b);
    store(b, PAGE, 1);
    store(b, PAGE + 4, 2);
    assert_int_equal(l072_stop(handle(b))->kind, L072_STOP_RULE);
    assert_true(l072_now(handle(b)) < L072_PS_PER_MS);
    assert_int_equal(b->flash.operations, 1);
}

/* ---- Reset and interrupts -------------------------------------------------------------------- */

static void reset_ends_an_operation(void **state)
{
    struct board *b = *state;

    unlock_prg(b);
    store(b, PAGE, 0xFFFFFFFF);
    l072_reset(handle(b));
    assert_int_equal(load(b, R_SR), IDLE);
    run(b, 2 * TPROG);
    assert_int_equal(load(b, R_SR), IDLE);
    assert_int_not_equal(peek(b, PAGE), 0xFFFFFFFF);
}

static void interrupt_on_end_and_on_error(void **state)
{
    struct board *b = *state;

    unlock_prg(b);
    store(b, PAGE, 1);
    wait_ready(b);
    assert_int_equal(b->nvic.line[IRQ_FLASH], 0);
    store(b, R_PECR, EOPIE);
    assert_int_equal(b->nvic.line[IRQ_FLASH], 1);
    store(b, R_SR, EOP);
    assert_int_equal(b->nvic.line[IRQ_FLASH], 0);
    store(b, R_PECR, ERRIE);
    store(b, PAGE, 1);
    assert_stop(b, "NOTZEROERR");
    assert_int_equal(b->nvic.line[IRQ_FLASH], 1);
    store(b, R_SR, NOTZEROERR);
    assert_int_equal(b->nvic.line[IRQ_FLASH], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reset_values),
        TEST(keys_open_the_locks_and_lock_bits_close_them),
        TEST(wrong_key_shuts_until_reset),
        TEST(keys_out_of_place),
        TEST(pecr_is_read_only_while_locked),
        TEST(run_pd_has_a_lock_of_its_own),
        TEST(page_erase),
        TEST(erase_needs_prog),
        TEST(word_program),
        TEST(word_that_is_not_zero_keeps_its_value),
        TEST(either_nzdisable_bit_adds_the_new_bits),
        TEST(fix_is_for_the_eeprom_alone),
        TEST(no_prefetch_without_buffers),
        TEST(stores_that_end_with_a_flag),
        TEST(pecr_while_busy),
        TEST(own_bank_waits_and_the_other_does_not),
        TEST(code_waits_for_an_operation_in_its_bank),
        TEST(a_stop_ends_the_wait),
        TEST(reset_ends_an_operation),
        TEST(interrupt_on_end_and_on_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
