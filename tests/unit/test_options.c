/* SPDX-License-Identifier: MIT */
/* Option bytes and the protections they set (RM0376 3.4, 3.8). */
#include "nvm_rig.h"

#define FACTORY_OPTR 0x807000AAu

/* Stores an option word and reloads the options; the reset closes the locks. */
static void program_option(struct board *b, uint32_t offset, uint32_t value)
{
    unlock_opt(b);
    store(b, OPTIONS + offset, value);
    wait_ready(b);
    store(b, R_PECR, load(b, R_PECR) | OBL_LAUNCH);
    run(b, L072_PS_PER_US);
}

static void factory_values(void **state)
{
    struct board *b = *state;

    assert_int_equal(load(b, R_OPTR), FACTORY_OPTR);
    assert_int_equal(load(b, R_WRPROT1), 0);
    assert_int_equal(load(b, R_WRPROT2), 0);
    assert_int_equal(load(b, R_SR), IDLE);
    assert_int_equal(load(b, 0x1FF8007C) & 0xFFFF, 192);
    assert_int_not_equal(load(b, 0x1FF80050), 0);
    assert_int_equal(flash_rdp_level(b), 0);
    assert_false(flash_option_bfb2(b));
    assert_true(flash_option_nboot1(b));
    assert_true(flash_option_wdg_sw(b));
}

static void stored_option_counts_after_obl_launch(void **state)
{
    struct board *b = *state;

    unlock_opt(b);
    store(b, OPTIONS + 4, 0x7FCF8030); /* nRST_STDBY=0 */
    assert_takes(b, 2);
    assert_int_equal(peek(b, OPTIONS + 4), 0x7FCF8030);
    assert_int_equal(load(b, R_OPTR), FACTORY_OPTR);
    store(b, R_PECR, OBL_LAUNCH);
    assert_int_equal(b->reset_request, RESET_OPTIONS);
    run(b, L072_PS_PER_US);
    assert_int_equal(load(b, R_OPTR), 0x803000AA);
    assert_int_equal(load(b, R_PECR), PELOCK | PRGLOCK | OPTLOCK);
    assert_no_stop(b);
}

static void system_reset_does_not_load(void **state)
{
    struct board *b = *state;

    assert_int_equal(l072_set_option(handle(b), "nBOOT1", 0), 0);
    l072_reset(handle(b));
    run(b, L072_PS_PER_US);
    assert_true(flash_option_nboot1(b));
    power_cycle(b);
    assert_false(flash_option_nboot1(b));
}

static void two_stores_without_a_wait(void **state)
{
    struct board *b = *state;

    unlock_opt(b);
    store(b, OPTIONS, 0xFF5500AA);
    store(b, OPTIONS + 4, 0x7F0F80F0);
    wait_ready(b);
    assert_int_equal(peek(b, OPTIONS + 4), 0x7F0F80F0);
    assert_no_stop(b);
}

static void rules_of_option_stores(void **state)
{
    struct board *b = *state;

    store(b, OPTIONS + 4, 0x7F0F80F0);
    assert_stop(b, "OPTLOCK=1");
    assert_int_equal(load(b, R_SR), IDLE | WRPERR);
    unlock_pe(b);
    store(b, R_PECR, OBL_LAUNCH);
    assert_stop(b, "OBL_LAUNCH");
    assert_int_equal(b->reset_request, 0);
    store(b, R_OPTKEYR, 0xFBEAD9C8);
    store(b, R_OPTKEYR, 0x24252627);
    store(b, R_SR, WRPERR);
    store_small(b, OPTIONS + 4, 2, 0x80F0);
    assert_stop(b, "SIZERR");
    assert_int_equal(load(b, R_SR), IDLE | SIZERR);
    store(b, OPTIONS + 0x50, 0);
    assert_stop(b, "factory option bytes");
    assert_int_equal(peek(b, OPTIONS + 4), 0x7F8F8070);
}

static void wrong_complement_loads_the_safe_value(void **state)
{
    struct board *b = *state;

    unlock_opt(b);
    store(b, OPTIONS + 4, 0x7F8F80F0); /* BFB2 in the lower half only */
    assert_stop(b, "complement");
    wait_ready(b);
    power_cycle(b);
    assert_int_equal(load(b, R_OPTR), FACTORY_OPTR);
    assert_int_equal(load(b, R_SR), IDLE | OPTVERR);
    store(b, R_SR, OPTVERR);
    assert_int_equal(load(b, R_SR), IDLE);
}

/* RM0367 3.8.2: level 1, PCROP, and every sector in it. */
static void first_word_mismatch_protects_everything(void **state)
{
    struct board *b = *state;

    preset(b, OPTIONS, 0);
    flash_load_options(b);
    assert_int_equal(flash_rdp_level(b), 1);
    assert_int_equal(load(b, R_OPTR), 0x80700100);
    assert_true(options_read_protected(b, 0));
    assert_true(options_read_protected(b, 191 * 1024));
}

static void power_cut_tears_the_option_word(void **state)
{
    struct board *b = *state;

    unlock_opt(b);
    store(b, OPTIONS + 4, 0x7F0F80F0);
    run(b, TPROG);
    power_cycle(b);
    assert_int_equal(load(b, R_SR) & OPTVERR, OPTVERR);
    assert_int_equal(peek(b, OPTIONS), 0xFF5500AA);
    assert_int_equal(flash_rdp_level(b), 0);
}

static void level_1_to_0_erases_all(void **state)
{
    struct board *b = *state;

    preset(b, PAGE, 1);
    preset(b, EEPROM, 2);
    preset(b, OPTIONS + 8, 0xFFFE0001);
    program_option(b, 0, 0xFF4400BB);
    assert_int_equal(flash_rdp_level(b), 1);
    assert_int_equal(load(b, PAGE), 1);
    preset(b, 0x20000000, 0xE7FEE7FE);
    unlock_opt(b);
    store(b, OPTIONS, 0xFF5500AA);
    wait_ready(b);
    assert_int_equal(peek(b, PAGE), 1); /* the reload does it */
    flash_load_options(b);
    assert_int_equal(flash_rdp_level(b), 0);
    assert_int_equal(peek(b, PAGE), 0);
    assert_int_equal(peek(b, EEPROM), 0);
    assert_int_equal(peek(b, OPTIONS + 8), 0xFFFE0001);
    assert_no_stop(b);
}

static void level_1_hides_nvm_from_code_not_booted_from_flash(void **state)
{
    struct board *b = *state;

    preset(b, PAGE, 0x12345678);
    program_option(b, 0, 0xFF4400BB);
    assert_int_equal(load(b, PAGE), 0x12345678);
    b->boot0 = true;
    assert_int_equal(load(b, PAGE), 0);
    assert_no_stop(b);
    unlock_prg(b);
    store(b, PAGE + 4, 1);
    assert_stop(b, "RDP level 1");
    assert_int_equal(load(b, R_SR), IDLE | WRPERR);
}

static void level_2_freezes_the_options(void **state)
{
    struct board *b = *state;

    program_option(b, 0, 0xFF3300CC);
    assert_int_equal(flash_rdp_level(b), 2);
    unlock_opt(b);
    store(b, OPTIONS, 0xFF5500AA);
    assert_stop(b, "level 2");
    assert_int_equal(load(b, R_SR) & WRPERR, WRPERR);
    assert_int_equal(peek(b, OPTIONS), 0xFF3300CC);
}

static void wrprot_protects_4_kb_sectors(void **state)
{
    struct board *b = *state;

    program_option(b, 0x08, 0xFFFD0002); /* sector 1 */
    assert_int_equal(load(b, R_WRPROT1), 2);
    program_option(b, 0x10, 0x7FFF8000); /* sector 47 */
    assert_int_equal(load(b, R_WRPROT2), 0x8000);
    unlock_prg(b);
    store(b, R_SR, EOP);
    store(b, 0x08001000, 1);
    assert_stop(b, "FLASH_WRPROT");
    assert_int_equal(load(b, R_SR), IDLE | WRPERR);
    store(b, 0x0802FFFC, 1);
    assert_stop(b, "FLASH_WRPROT");
    store(b, 0x08002000, 1);
    wait_ready(b);
    assert_int_equal(peek(b, 0x08002000), 1);
    assert_no_stop(b);
}

/* With WPRMOD=1 a 0 protects; here sector 1 alone, and it can only become more. */
static void pcrop_reads_as_zero_and_does_not_shrink(void **state)
{
    struct board *b = *state;

    preset(b, 0x08001000, 0x12345678);
    preset(b, OPTIONS + 0x00, 0xFE5501AA);
    preset(b, OPTIONS + 0x08, 0x0002FFFD);
    preset(b, OPTIONS + 0x0C, 0x0000FFFF);
    preset(b, OPTIONS + 0x10, 0x0000FFFF);
    power_cycle(b);
    assert_int_equal(load(b, 0x08001000), 0);
    assert_stop(b, "PCROP");
    assert_int_equal(load(b, R_SR), IDLE | RDERR);
    unlock_opt(b);
    store(b, OPTIONS, 0xFF5500AA);
    assert_stop(b, "PCROP");
    store(b, OPTIONS + 8, 0x0000FFFF);
    assert_stop(b, "PCROP");
    store(b, OPTIONS + 8, 0x0006FFF9);
    wait_ready(b);
    store(b, OPTIONS + 4, 0x7F0F80F0); /* the other options stay free */
    wait_ready(b);
    assert_int_equal(peek(b, OPTIONS + 8), 0x0006FFF9);
    assert_int_equal(peek(b, OPTIONS + 4), 0x7F0F80F0);
    assert_no_stop(b);
}

static void pcrop_code_runs(void **state)
{
    struct board *b = *state;

    preset(b, 0x08001000, 0xE7FE2007); /* movs r0, #7; b . */
    preset(b, OPTIONS + 0x00, 0xFE5501AA);
    preset(b, OPTIONS + 0x08, 0x0002FFFD);
    preset(b, OPTIONS + 0x0C, 0x0000FFFF);
    preset(b, OPTIONS + 0x10, 0x0000FFFF);
    power_cycle(b);
    b->cpu.r[0] = 0;
    b->cpu.r[15] = 0x08001000;
    run(b, L072_PS_PER_MS);
    assert_int_equal(b->cpu.r[0], 7);
    assert_no_stop(b);
}

/* With RDP level 1 -> 0 PCROP goes too; the words that chose its sectors stay. */
static void mass_erase_ends_pcrop(void **state)
{
    struct board *b = *state;

    preset(b, OPTIONS + 0x00, 0xFE4401BB);
    preset(b, OPTIONS + 0x08, 0x0002FFFD);
    flash_load_options(b);
    assert_int_equal(flash_rdp_level(b), 1);
    preset(b, OPTIONS + 0x00, 0xFE5501AA);
    flash_load_options(b);
    assert_int_equal(load(b, R_OPTR), FACTORY_OPTR);
    assert_int_equal(peek(b, OPTIONS), 0xFF5500AA);
    assert_int_equal(peek(b, OPTIONS + 8), 0x0002FFFD);
    assert_false(options_read_protected(b, 0x1000));
}

/* The three words of the unique ID are at +0, +4 and +0x14. */
static void unique_id_has_a_gap(void **state)
{
    struct board *b = *state;

    assert_int_equal(load(b, 0x1FF80050), 0x20343711);
    assert_int_equal(load(b, 0x1FF80054), 0x36383356);
    assert_int_equal(load(b, 0x1FF80064), 0x00230041);
}

static void set_field_by_name(void **state)
{
    struct board *b = *state;

    assert_int_equal(l072_set_option(handle(b), "RDP", 0xBB), 0);
    assert_int_equal(l072_set_option(handle(b), "BOR_LEV", 9), 0);
    assert_int_equal(l072_set_option(handle(b), "nBOOT1", 0), 0);
    assert_int_equal(peek(b, OPTIONS), 0xFF4400BB);
    assert_int_equal(peek(b, OPTIONS + 4), 0xFF860079);
    assert_int_equal(l072_set_option(handle(b), "BFB2", 2), L072_ERR_VALUE);
    assert_int_equal(l072_set_option(handle(b), "BFB3", 1), L072_ERR_NAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(factory_values),
        TEST(stored_option_counts_after_obl_launch),
        TEST(system_reset_does_not_load),
        TEST(two_stores_without_a_wait),
        TEST(rules_of_option_stores),
        TEST(wrong_complement_loads_the_safe_value),
        TEST(first_word_mismatch_protects_everything),
        TEST(power_cut_tears_the_option_word),
        TEST(level_1_to_0_erases_all),
        TEST(level_1_hides_nvm_from_code_not_booted_from_flash),
        TEST(level_2_freezes_the_options),
        TEST(wrprot_protects_4_kb_sectors),
        TEST(pcrop_reads_as_zero_and_does_not_shrink),
        TEST(pcrop_code_runs),
        TEST(mass_erase_ends_pcrop),
        TEST(unique_id_has_a_gap),
        TEST(set_field_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
