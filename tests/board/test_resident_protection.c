/* SPDX-License-Identifier: MIT */
/* The resident bootloader and option bytes: what hosts may change, and what protection does to it.
 */
#include <string.h>

#include "corners.h"
#include "dfuhost.h"

/* The host's own would protect the whole flash if it were wrong. */
static void complements_of_options_are_made(void **state)
{
    uint32_t wrprot2 = 0xFFFF8000; /* sector 47 */

    (void)state;
    assert_true(resident_select(&t.s, ALTERNATE_OPTIONS));
    point(OPTION_BASE + 16);
    assert_true(resident_dnload(&t.h, 2, &wrprot2, sizeof wrprot2));
    assert_int_equal(word(OPTION_BASE + 16), 0x7FFF8000);
}

/* Readout protection is not among it, level 1 or 2. */
static void what_hosts_may_do_with_options(void **state)
{
    static const uint32_t optr[] = {0xFF4400BB, 0xFF3300CC, 0xFF5500AB};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        uint32_t value = optr[i];
        assert_true(resident_select(&t.s, ALTERNATE_OPTIONS));
        point(OPTION_BASE);
        assert_false(resident_dnload(&t.h, 2, &value, sizeof value));
        assert_int_equal(t.h.status[0], DFU_ERR_VENDOR);
        assert_int_equal(word(OPTION_BASE), 0xFF5500AA);
        ask(DFU_CLRSTATUS);
    }
}

static void what_is_write_protected_is_an_error(void **state)
{
    uint32_t wrprot1 = 0xFFF70008; /* sector 3 */

    (void)state;
    stop(NULL);
    begin(true);
    assert_int_equal(l072_load(t.s.board, OPTION_BASE + 8, &wrprot1, sizeof wrprot1), 0);
    power_on_to_dfu();
    point(FLASH_BASE + 3 * BOOT_SECTOR);
    assert_false(resident_dnload(&t.h, 2, t.block, 256));
    assert_int_equal(t.h.status[0], DFU_ERR_PROG);
    wait_ms(20);
    ask(DFU_CLRSTATUS);
    point(FLASH_BASE + 2 * BOOT_SECTOR);
    (void)resident_dnload(&t.h, 2, t.block, 256); /* of the page that came after the error */
    ask(DFU_CLRSTATUS);
    point(FLASH_BASE + 2 * BOOT_SECTOR);
    put(2, 256);
}

/* The host may have sent the first page, but not all that followed. */
static void an_error_leaves_nothing_to_seal(void **state)
{
    uint32_t wrprot1 = 0xFFF70008; /* sector 3 */
    static struct resident_image image;

    (void)state;
    stop(NULL);
    begin(true);
    resident_image(&image, 1, 6000);
    assert_int_equal(l072_load(t.s.board, OPTION_BASE + 8, &wrprot1, sizeof wrprot1), 0);
    power_on_to_dfu();
    assert_true(dfuhost_write(&t.s.device, APP_BASE, image.bytes, BLOCK));
    point(FLASH_BASE + 3 * BOOT_SECTOR);
    assert_false(resident_dnload(&t.h, 2, t.block, 256));
    wait_ms(20);
    ask(DFU_CLRSTATUS);
    point(FLASH_BASE + 2 * BOOT_SECTOR);
    (void)resident_dnload(&t.h, 2, t.block, 256); /* of the page that came after the error */
    ask(DFU_CLRSTATUS);
    assert_int_equal(leave(), DFU_ERR_NOTDONE);
}

static void readable(uint8_t alternate, uint32_t address, enum l072_urb_status status)
{
    uint8_t bytes[16];

    assert_true(resident_select(&t.s, alternate));
    point(address);
    ask(DFU_ABORT);
    assert_int_equal(resident_request(&t.h, IN, DFU_UPLOAD, 2, bytes, sizeof bytes), status);
    ask(status == L072_URB_OK ? DFU_ABORT : DFU_CLRSTATUS);
}

static void read_all(enum l072_urb_status status)
{
    readable(ALTERNATE_FLASH, APP_BASE, status);
    readable(ALTERNATE_EEPROM, EEPROM_BASE, status);
    readable(ALTERNATE_OPTIONS, OPTION_BASE, status);
    readable(ALTERNATE_DEVICE, 0x1FF80050, status);
}

/* With a watchdog that runs from reset on, too. */
static void readout_protection_lets_updates_pass(void **state)
{
    static struct resident_image image;

    (void)state;
    resident_image(&image, 1, 6000);
    read_all(L072_URB_OK);
    assert_int_equal(l072_set_option(t.s.board, "RDP", 0xBB), 0);
    assert_int_equal(l072_set_option(t.s.board, "WDG_SW", 0), 0);
    power_on_to_dfu();
    read_all(L072_URB_STALL);
    assert_true(resident_select(&t.s, ALTERNATE_FLASH));
    assert_true(resident_download(&t.s, &image));
    assert_true(resident_holds(t.s.board, &image));
    assert_int_equal(word(SEAL_BASE), 6000);
}

#define PROTECTION_TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROTECTION_TEST(what_hosts_may_do_with_options),
        PROTECTION_TEST(complements_of_options_are_made),
        PROTECTION_TEST(what_is_write_protected_is_an_error),
        PROTECTION_TEST(an_error_leaves_nothing_to_seal),
        PROTECTION_TEST(readout_protection_lets_updates_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
