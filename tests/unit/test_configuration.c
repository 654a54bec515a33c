/* SPDX-License-Identifier: MIT */
/* usbfs changes the configuration of a device, as Linux does. */
#include "usbfs_rig.h"

#include "interface.h"

enum { FIRST = 1, SECOND = 7 }; /* values of the configurations */
enum { OUT_1 = 1 << 1, OUT_5 = 1 << 5, IN_2 = 1 << 10, IN_3 = 1 << 11 }; /* toggles */

/* What the owner was told: the configurations, and how many there were. */
static uint8_t told[8];
static int tellings;

static void changed(void *context)
{
    const struct usbfs *fs = context;
    assert_int_equal(fs->dev->configuration, fs->configuration);
    told[tellings++] = fs->configuration;
}

static int set_up_told(void **state)
{
    int result = set_up(state);
    struct rig *rig = *state;
    tellings = 0;
    rig->fs.changed = changed;
    rig->fs.context = &rig->fs;
    return result;
}

/* The client asks for it, and the device answers so. */
static int configure(struct rig *rig, int value, enum l072_urb_status status)
{
    int before = answers, submitted = rig->board.submitted;
    start(rig->file, USBDEVFS_SETCONFIGURATION, &value);
    assert_int_equal(answers, before);
    assert_int_equal(rig->board.submitted, submitted + 1);
    assert_memory_equal(rig->board.urb[0].setup,
                        ((const uint8_t[]){0, 9, value < 0 ? 0 : (uint8_t)value, 0, 0, 0, 0, 0}),
                        8);
    finish(rig, 0, status, 0);
    assert_int_equal(answers, before + 1);
    return last_answer;
}

static bool has_endpoint(const struct rig *rig, unsigned address)
{
    unsigned number;
    return interface_endpoint(&rig->fs, address, &number);
}

static void endpoints_are_those_of_the_configuration(void **state)
{
    struct rig *rig = *state;
    uint8_t data[16];
    struct usbdevfs_urb urb;
    assert_int_equal(configure(rig, SECOND, L072_URB_OK), 0);
    assert_int_equal(rig->board.cleared, IN_2);
    assert_int_equal(interface_count(&rig->fs), 1);
    assert_false(has_endpoint(rig, 0x01));
    assert_false(has_endpoint(rig, 0x83));
    data_urb(&urb, 0x82, data, sizeof data);
    assert_int_equal(ask(rig->file, USBDEVFS_SUBMITURB, &urb), 0);
    assert_int_equal(rig->board.urb[0].type, L072_INTERRUPT);
    assert_int_equal(rig->board.urb[0].max_packet, 16);
    finish(rig, 0, L072_URB_OK, 16);
    assert_reaped(rig, &urb, 0, 16);
    assert_int_equal(ask(rig->file, USBDEVFS_CLAIMINTERFACE, &(unsigned){1}), -ENOENT);
}

/* One end and one beginning: the interfaces of the one go before those of the other come. */
static void the_owner_is_told_before_the_client(void **state)
{
    struct rig *rig = *state;
    start(rig->file, USBDEVFS_SETCONFIGURATION, &(int){SECOND});
    assert_int_equal(tellings, 1);
    assert_int_equal(told[0], 0);
    assert_int_equal(ask(rig->file, USBDEVFS_CLAIMINTERFACE, &(unsigned){0}), -ENOENT);
    finish(rig, 0, L072_URB_OK, 0);
    assert_int_equal(last_answer, 0);
    assert_int_equal(tellings, 2);
    assert_int_equal(told[1], SECOND);
    assert_int_equal(rig->dev.configuration, SECOND);
}

static void alternate_settings_are_those_of_the_configuration(void **state)
{
    struct rig *rig = *state;
    struct usbdevfs_setinterface second = {0, 1};
    assert_int_equal(ask(rig->file, USBDEVFS_SETINTERFACE, &second), -EINVAL);
    assert_int_equal(ask(rig->file, USBDEVFS_RELEASEINTERFACE, &(unsigned){0}), 0);
    assert_int_equal(configure(rig, SECOND, L072_URB_OK), 0);
    rig->board.cleared = 0;
    start(rig->file, USBDEVFS_SETINTERFACE, &second);
    finish(rig, 0, L072_URB_OK, 0);
    assert_int_equal(last_answer, 0);
    assert_int_equal(rig->board.cleared, OUT_5);
    assert_int_equal(tellings, 3);
    assert_true(has_endpoint(rig, 0x05));
    assert_false(has_endpoint(rig, 0x82));
}

static void the_same_again_resets_the_interfaces(void **state)
{
    struct rig *rig = *state;
    struct usbdevfs_setinterface second = {1, 1};
    start(rig->file, USBDEVFS_SETINTERFACE, &second);
    finish(rig, 0, L072_URB_OK, 0);
    assert_true(has_endpoint(rig, 0x84));
    ask(rig->file, USBDEVFS_RELEASEINTERFACE, &(unsigned){1});
    rig->board.cleared = 0;
    tellings = 0;
    assert_int_equal(configure(rig, FIRST, L072_URB_OK), 0);
    assert_false(has_endpoint(rig, 0x84));
    assert_int_equal(rig->board.cleared, OUT_1 | IN_2 | IN_3);
    assert_int_equal(tellings, 1); /* the interfaces did not go */
    assert_int_equal(told[0], FIRST);
}

static void a_claimed_interface_prevents_it(void **state)
{
    struct rig *rig = *state;
    struct usbfs_file *other = usbfs_open(&rig->fs);
    const int values[] = {FIRST, SECOND, 0, -1, 2};
    ask(other, USBDEVFS_CLAIMINTERFACE, &(unsigned){1});
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_int_equal(ask(rig->file, USBDEVFS_SETCONFIGURATION, &values[i]), -EBUSY);
    assert_int_equal(rig->board.submitted, 0);
    assert_int_equal(tellings, 0);
    usbfs_close(other);
    assert_int_equal(configure(rig, SECOND, L072_URB_OK), 0);
}

static void one_that_there_is_not_is_not_asked_for(void **state)
{
    struct rig *rig = *state;
    const int values[] = {2, 255, 256 + SECOND, -2, -256 + SECOND};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_int_equal(ask(rig->file, USBDEVFS_SETCONFIGURATION, &values[i]), -EINVAL);
    assert_int_equal(rig->board.submitted, 0);
    assert_int_equal(rig->fs.configuration, FIRST);
}

static void a_device_without_configuration_has_no_interfaces(void **state)
{
    static const int none[] = {0, -1};
    struct rig *rig = *state;
    uint8_t data[8] = {0};
    struct usbdevfs_urb urb;
    data_urb(&urb, 0x82, data, sizeof data);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(configure(rig, none[i], L072_URB_OK), 0);
        assert_int_equal(rig->fs.configuration, 0);
        assert_int_equal(interface_count(&rig->fs), 0);
        assert_null(interface_next(&rig->fs, NULL));
        assert_int_equal(ask(rig->file, USBDEVFS_CLAIMINTERFACE, &(unsigned){0}), -ENOENT);
        assert_int_equal(ask(rig->file, USBDEVFS_SUBMITURB, &urb), -ENOENT);
        assert_int_equal(configure(rig, FIRST, L072_URB_OK), 0);
        assert_true(has_endpoint(rig, 0x82));
    }
}

/* As on Linux: the old one is gone by then. */
static void a_device_that_refuses_has_none(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(configure(rig, FIRST, L072_URB_STALL), -EPIPE);
    assert_int_equal(rig->fs.configuration, FIRST);
    assert_int_equal(configure(rig, SECOND, L072_URB_STALL), -EPIPE);
    assert_int_equal(rig->fs.configuration, 0);
    assert_int_equal(rig->dev.configuration, 0);
    assert_false(has_endpoint(rig, 0x82));
}

static void transfers_of_the_old_one_end(void **state)
{
    struct rig *rig = *state;
    uint8_t data[8], more[8];
    struct usbdevfs_urb urb;
    struct usbdevfs_bulktransfer bulk = {0x82, sizeof more, 0, more};
    data_urb(&urb, 0x83, data, sizeof data);
    ask(rig->file, USBDEVFS_SUBMITURB, &urb);
    start(rig->file, USBDEVFS_BULK, &bulk);
    ask(rig->file, USBDEVFS_RELEASEINTERFACE, &(unsigned){0});
    start(rig->file, USBDEVFS_SETCONFIGURATION, &(int){SECOND});
    assert_int_equal(last_answer, -ESHUTDOWN); /* of the bulk transfer */
    assert_int_equal(completions, 1);
    assert_reaped(rig, &urb, -ESHUTDOWN, 0);
}

static void a_new_device_has_its_first(void **state)
{
    struct rig *rig = *state;
    configure(rig, SECOND, L072_URB_OK);
    usbfs_unplug(&rig->fs);
    rig->dev.configuration = FIRST;
    usbfs_plug(&rig->fs);
    assert_int_equal(rig->fs.configuration, FIRST);
    assert_true(has_endpoint(rig, 0x01));
}

/* A device may say what it likes. */
static void broken_lengths_hide_what_is_behind_them(void **state)
{
    static const uint8_t lengths[] = {0, 8, 65, 63, 255};
    struct rig *rig = *state;
    usbfs_unplug(&rig->fs);
    for (size_t i = 0; i < sizeof lengths; i++) {
        rig->dev.blob[18 + 2] = lengths[i]; /* wTotalLength of the first */
        rig->dev.configuration = SECOND;
        usbfs_plug(&rig->fs);
        assert_int_equal(rig->fs.configuration, 0);
    }
    rig->dev.blob[18 + 2] = 64;
    rig->dev.all_size--;
    rig->dev.configuration = SECOND;
    usbfs_plug(&rig->fs);
    assert_null(rig->fs.active);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_told, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(endpoints_are_those_of_the_configuration),
        TEST(the_owner_is_told_before_the_client),
        TEST(alternate_settings_are_those_of_the_configuration),
        TEST(the_same_again_resets_the_interfaces),
        TEST(a_claimed_interface_prevents_it),
        TEST(one_that_there_is_not_is_not_asked_for),
        TEST(a_device_without_configuration_has_no_interfaces),
        TEST(a_device_that_refuses_has_none),
        TEST(transfers_of_the_old_one_end),
        TEST(a_new_device_has_its_first),
        TEST(broken_lengths_hide_what_is_behind_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
