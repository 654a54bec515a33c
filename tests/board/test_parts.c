/* SPDX-License-Identifier: MIT */
/* One binary of the resident bootloader on all parts: what it tells of their memories, and what it
 * does with them. */
#include <stdio.h>
#include <string.h>

#include "dfuhost.h"
#include "tiny.h"

static const struct row {
    const char *part;
    unsigned flash_kb, eeprom_kb; /* RM0376, RM0367 */
} rows[] = {
    {"l052x6", 32,  2},
    {"l052x8", 64,  2},
    {"l063x8", 64,  2},
    {"l072x8", 64,  3},
    {"l072xb", 128, 6},
    {"l072xz", 192, 6},
};

/* The string of an alternate setting, by its interface descriptor. */
static void interface_string(struct usb_device *dev, unsigned alternate, char *text)
{
    const uint8_t *at = dev->blob + 18; /* behind the device descriptor */

    while (at[1] != 4 || at[3] != alternate)
        at += at[0];

    uint8_t index = at[8], data[255];
    const uint8_t setup[] = {0x80, 6, index, 3, 0x09, 0x04, sizeof data, 0};
    uint32_t size;

    assert_int_equal(usb_device_control(dev, setup, data, &size, 1000 * MS), L072_URB_OK);
    for (uint32_t i = 2; i < size; i += 2)
        *text++ = (char)data[i];
    *text = '\0';
}

static void tells_its_memories(struct usb_device *dev, const struct row *row)
{
    char expected[128], found[128];

    (void)snprintf(expected, sizeof expected, "@Flash /0x08000000/1*4Ka,%02u*4Kg",
                   row->flash_kb / 4 - 1);
    interface_string(dev, ALTERNATE_FLASH, found);
    assert_string_equal(found, expected);
    (void)snprintf(expected, sizeof expected, "@EEPROM /0x08080000/%u*1Ke", row->eeprom_kb);
    interface_string(dev, ALTERNATE_EEPROM, found);
    assert_string_equal(found, expected);
}

/* The last word of the data EEPROM is there, and none behind it. */
static void has_its_eeprom(struct usb_device *dev, const struct row *row)
{
    uint32_t end = EEPROM_BASE + row->eeprom_kb * 1024, word;
    uint8_t data[4] = {1, 2, 3, 4};

    assert_true(dfuhost_start(dev, ALTERNATE_EEPROM));
    assert_true(dfuhost_write(dev, end - 4, data, 4));
    assert_int_equal(l072_peek(dev->board, end - 4, &word, 4), 0);
    assert_int_equal(word, 0x04030201);
    assert_false(dfuhost_write(dev, end, data, 4));
}

/* An application that fills the flash, as far as its length goes. */
static void takes_an_application(struct usb_device *dev, const struct row *row)
{
    uint32_t end = FLASH_BASE + row->flash_kb * 1024;
    struct tiny_app app = tiny_app(NULL, 0);
    uint8_t page[FLASH_PAGE_SIZE], back[FLASH_PAGE_SIZE];

    memset(page, 0x5A, sizeof page);
    assert_true(dfuhost_start(dev, ALTERNATE_FLASH)); /* dfuERROR, of before */
    assert_false(dfuhost_write(dev, end, page, 4));
    assert_true(dfuhost_start(dev, ALTERNATE_FLASH));
    assert_true(dfuhost_erase_units(dev, APP_BASE, sizeof app.words, BOOT_SECTOR));
    assert_true(dfuhost_write(dev, APP_BASE, (uint8_t *)app.words, sizeof app.words));
    assert_true(dfuhost_write(dev, end - sizeof page, page, sizeof page));
    assert_true(dfuhost_leave(dev, APP_BASE));
    assert_true(usb_device_run(dev, 200 * MS));
    assert_int_equal(l072_register(dev->board, 15), app.words[1] - 1);
    assert_int_equal(l072_register(dev->board, 17), app.words[0]);
    assert_int_equal(l072_peek(dev->board, end - sizeof page, back, sizeof back), 0);
    assert_memory_equal(back, page, sizeof page);
}

static void one_binary_for_all_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scenario s;

        print_message("# %s\n", rows[i].part);
        scenario_begin(&s, &(struct l072_config){.part = rows[i].part, .seed = 1},
                       "build/boot.elf");
        scenario_power_on(&s);
        assert_true(resident_in_dfu(&s));
        tells_its_memories(&s.device, &rows[i]);
        has_its_eeprom(&s.device, &rows[i]);
        takes_an_application(&s.device, &rows[i]);
        l072_destroy(s.board);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_binary_for_all_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
