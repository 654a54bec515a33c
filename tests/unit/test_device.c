/* SPDX-License-Identifier: MIT */
/* The kernel above the port: enumeration of a small device that the test itself plays. */
#include "usb_rig.h"

#include <string.h>

#include "device.h"

enum { TX0 = 0x40, RX0 = 0x80, RX_64 = 0x8400, SLICE = 50000000 /* ps */ };

static const uint8_t configuration_1[] = {
    9, 2, 18, 0, 1, 1,    0, 0x80, 50, /* bConfigurationValue 1, one interface */
    9, 4, 0,  0, 0, 0xFE, 1, 1,    0,  /* DFU runtime */
};
static const uint8_t configuration_2[] = {
    9, 2, 18, 0, 1, 2,    0, 0x80, 50, /* bConfigurationValue 2 */
    9, 4, 0,  0, 0, 0xFF, 0, 0,    0,
};
/* e with acute, euro sign, U+1F600 as a surrogate pair */
static const uint8_t product[] = {10, 3, 0xE9, 0x00, 0xAC, 0x20, 0x3D, 0xD8, 0x00, 0xDE};
static const uint8_t languages[] = {4, 3, 0x09, 0x04};

/* The device: what it answers, and what it saw. */
struct fake {
    uint8_t device[18];
    uint8_t address, configuration; /* as set by the host */
    unsigned resets;
    unsigned mute; /* so many bus resets long it answers nothing */
    bool stall_strings;
    uint8_t last_configuration; /* index of the last that can be read */
    const uint8_t *left;        /* of the data stage, IN */
    uint32_t left_size;
};

static struct l072 *board;
static struct board *b;
static struct usb_device dev;
static struct fake fake;

static void send_packet(void)
{
    uint32_t size = fake.left_size < 8 ? fake.left_size : 8;

    if (size)
        memcpy(b->usb.pma + TX0, fake.left, size);
    set_pma16(b, 2, (uint16_t)size);
    fake.left += size;
    fake.left_size -= size;
    set_stat(b, 0, USB_EP_STAT_TX, TX(USB_STAT_VALID));
}

static bool find_descriptor(uint8_t type, uint8_t index)
{
    switch (type) {
    case 1: fake.left = fake.device, fake.left_size = sizeof fake.device; return true;
    case 2:
        fake.left = index ? configuration_2 : configuration_1;
        fake.left_size = sizeof configuration_1;
        return index <= fake.last_configuration;
    case 3:
        fake.left = index ? product : languages;
        fake.left_size = index ? sizeof product : sizeof languages;
        return !fake.stall_strings;
    default: return false;
    }
}

static void on_setup(const uint8_t setup[8])
{
    uint32_t length = setup[6] | (uint32_t)setup[7] << 8;
    bool known = true;

    fake.left_size = 0;
    if (setup[1] == 6)
        known = find_descriptor(setup[3], setup[2]);
    else if (setup[1] == 5)
        fake.address = setup[2];
    else if (setup[1] == 9)
        fake.configuration = setup[2];
    else
        known = false;
    if (fake.left_size > length)
        fake.left_size = length;
    if (known)
        send_packet();
    else
        set_stat(b, 0, USB_EP_STAT_TX, TX(USB_STAT_STALL));
}

/* One look of the firmware at its USB block. */
static void firmware(void)
{
    uint8_t setup[8];

    if (reg(b, ISTR) & USB_ISTR_RESET) {
        set_reg(b, ISTR, 0);
        set_reg(b, DADDR, DADDR_ON);
        set_buffers(b, 0, TX0, 0, RX0, RX_64);
        set_reg(b, EPR, USB_EP_TYPE_CONTROL | RX(USB_STAT_VALID) | TX(USB_STAT_NAK));
        fake.resets++;
        fake.address = 0;
    }
    if (fake.resets <= fake.mute)
        return;
    if (reg(b, EPR) & USB_EP_CTR_TX) {
        clear_ctr(b, 0, USB_EP_CTR_TX);
        set_reg(b, DADDR, DADDR_ON | fake.address);
        send_packet();
    }
    if (!(reg(b, EPR) & USB_EP_CTR_RX))
        return;
    memcpy(setup, b->usb.pma + RX0, sizeof setup);
    clear_ctr(b, 0, USB_EP_CTR_RX);
    if (reg(b, EPR) & USB_EP_SETUP)
        on_setup(setup);
    set_stat(b, 0, USB_EP_STAT_RX, RX(USB_STAT_VALID));
}

/* Runs host and firmware for some milliseconds. */
static void run_ms(unsigned ms)
{
    uint64_t end = l072_now(board) + ms * L072_PS_PER_MS;

    while (l072_now(board) < end) {
        usb_device_run(&dev, SLICE);
        firmware();
    }
}

static int start(void **state)
{
    static const uint8_t device[18] = {18,   1, 0x10, 1, 0, 0, 0, 8, 0x09,
                                       0x12, 1, 0,    0, 1, 0, 2, 0, 1};

    (void)state;
    memset(&fake, 0, sizeof fake);
    memcpy(fake.device, device, sizeof device);
    board = rig_board(false);
    b = inside(board);
    usb_device_init(&dev, board);
    rig_connect(b);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    l072_destroy(board);
    return 0;
}

static void a_device_becomes_ready(void **state)
{
    (void)state;
    run_ms(99);
    assert_int_equal(fake.resets, 0); /* debounce */
    run_ms(100);
    assert_true(usb_device_ready(&dev));
    assert_int_equal(dev.generation, 1);
    assert_int_equal(dev.address, fake.address);
    assert_int_equal(dev.configuration, 1);
    assert_int_equal(fake.configuration, 1);
    assert_int_equal(dev.blob_size, 18 + 18);
    assert_memory_equal(dev.blob, fake.device, 18);
    assert_memory_equal(dev.blob + 18, configuration_1, 18);
    assert_string_equal(dev.string[USB_MANUFACTURER], "");
    assert_string_equal(dev.string[USB_PRODUCT], "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    assert_int_equal(usb_device_due(&dev), UINT64_MAX);
}

/* libusb does not see a device with fewer configurations than it says. */
static void all_configurations_are_read_and_the_first_is_set(void **state)
{
    (void)state;
    fake.device[17] = 2; /* bNumConfigurations */
    fake.last_configuration = 1;
    run_ms(250);
    assert_true(usb_device_ready(&dev));
    assert_int_equal(fake.configuration, 1);
    assert_int_equal(dev.blob_size, 18 + 18);
    assert_int_equal(dev.all_size, 18 + 18 + 18);
    assert_int_equal(dev.blob[17], 2);
    assert_memory_equal(dev.blob + 18, configuration_1, 18);
    assert_memory_equal(dev.blob + 36, configuration_2, 18);
}

static void unreadable_configurations_are_not_counted(void **state)
{
    (void)state;
    fake.device[17] = 3;
    fake.last_configuration = 1;
    run_ms(250);
    assert_true(usb_device_ready(&dev));
    assert_int_equal(dev.all_size, 18 + 18 + 18);
    assert_int_equal(dev.blob[17], 2);
    usb_device_reset(&dev);
    run_ms(100);
    assert_true(usb_device_ready(&dev));
    assert_int_equal(dev.generation, 1);
}

/* Or none, when that is what was set; a device that changed has its first. */
static void a_reset_keeps_the_configuration(void **state)
{
    static const uint8_t values[] = {2, 0};

    (void)state;
    fake.device[17] = 2;
    fake.last_configuration = 1;
    run_ms(250);
    for (size_t i = 0; i < sizeof values; i++) {
        dev.configuration = values[i];
        fake.configuration = 0;
        usb_device_reset(&dev);
        run_ms(100);
        assert_true(usb_device_ready(&dev));
        assert_int_equal(dev.generation, 1);
        assert_int_equal(dev.configuration, values[i]);
        assert_int_equal(fake.configuration, values[i]);
    }
    fake.device[12] = 2; /* bcdDevice */
    usb_device_reset(&dev);
    run_ms(150);
    assert_int_equal(dev.generation, 2);
    assert_int_equal(dev.configuration, 1);
    assert_int_equal(fake.configuration, 1);
}

/* libopencm3 hangs when the reset comes before it has seen the status stage before. */
static void a_reset_leaves_the_firmware_a_moment(void **state)
{
    (void)state;
    run_ms(250);
    usb_device_reset(&dev);
    usb_device_run(&dev, 900 * L072_PS_PER_US);
    assert_false(b->usb.bus_reset);
    usb_device_run(&dev, 200 * L072_PS_PER_US);
    assert_true(b->usb.bus_reset);
}

static void unreadable_strings_do_not_matter(void **state)
{
    (void)state;
    fake.stall_strings = true;
    run_ms(250);
    assert_true(usb_device_ready(&dev));
    assert_string_equal(dev.string[USB_PRODUCT], "");
}

static void a_leaving_device_is_gone_and_comes_back_as_another(void **state)
{
    uint8_t address;

    (void)state;
    run_ms(250);
    address = dev.address;
    set_reg(b, BCDR, 0);
    run_ms(1);
    assert_int_equal(dev.state, USB_DEVICE_GONE);
    set_reg(b, BCDR, USB_BCDR_DPPU);
    run_ms(250);
    assert_true(usb_device_ready(&dev));
    assert_int_equal(dev.generation, 2);
    assert_int_not_equal(dev.address, address);
}

static void a_contact_that_bounces_is_waited_for(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        run_ms(80);
        set_reg(b, BCDR, 0);
        run_ms(1);
        set_reg(b, BCDR, USB_BCDR_DPPU);
    }
    assert_int_equal(fake.resets, 0);
}

static void a_mute_device_gets_three_tries(void **state)
{
    (void)state;
    fake.mute = 2;
    run_ms(11000);
    assert_true(usb_device_ready(&dev));
    assert_int_equal(fake.resets, 3);
    usb_device_reset(&dev);
    fake.mute = 99;
    run_ms(16000);
    assert_int_equal(dev.state, USB_DEVICE_FAILED);
    assert_int_equal(fake.resets, 6);
}

static void broken_descriptors_are_not_believed(void **state)
{
    (void)state;
    fake.device[7] = 7; /* bMaxPacketSize0 */
    run_ms(400);
    assert_int_equal(dev.state, USB_DEVICE_FAILED);
    assert_int_equal(fake.resets, 3);
}

static void a_reset_keeps_the_device_unless_it_changed(void **state)
{
    uint8_t address;

    (void)state;
    run_ms(250);
    address = dev.address;
    usb_device_reset(&dev);
    assert_false(usb_device_ready(&dev));
    run_ms(100);
    assert_true(usb_device_ready(&dev));
    assert_int_equal(dev.generation, 1);
    assert_int_equal(dev.address, address);
    fake.device[12] = 2; /* bcdDevice */
    usb_device_reset(&dev);
    run_ms(150);
    assert_true(usb_device_ready(&dev));
    assert_int_equal(dev.generation, 2);
    assert_int_not_equal(dev.address, address);
}

static void see(void *context, const struct l072_event *event)
{
    unsigned *seen = context;

    *seen |= 1u << event->kind;
}

static void events_are_passed_on(void **state)
{
    unsigned seen = 0;

    (void)state;
    dev.observe = see;
    dev.context = &seen;
    run_ms(250);
    assert_int_equal(seen, 1u << L072_EVENT_USB_ATTACH | 1u << L072_EVENT_URB);
}

static void waiting_ends_when_time_is_up_or_hope_is_lost(void **state)
{
    uint64_t begin = l072_now(board);

    (void)state;
    assert_false(usb_device_wait(&dev, 50 * L072_PS_PER_MS));
    assert_in_range(l072_now(board) - begin, 50 * L072_PS_PER_MS, 51 * L072_PS_PER_MS);
    assert_false(usb_device_wait(&dev, 9 * L072_PS_PER_S)); /* no firmware opens endpoint 0 */
    assert_int_equal(dev.state, USB_DEVICE_FAILED);
}

static void a_control_transfer_without_answer_is_cancelled(void **state)
{
    const uint8_t setup[8] = {0x80, 6, 0, 1, 0, 0, 18, 0};
    uint8_t data[18];

    (void)state;
    assert_int_equal(usb_device_control(&dev, setup, data, NULL, 1), L072_URB_GONE);
    run_ms(250);
    assert_int_equal(usb_device_control(&dev, setup, data, NULL, 20 * L072_PS_PER_MS),
                     L072_URB_CANCELLED);
    run_ms(1);
    assert_true(usb_device_ready(&dev));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_device_becomes_ready),
        TEST(all_configurations_are_read_and_the_first_is_set),
        TEST(unreadable_configurations_are_not_counted),
        TEST(a_reset_keeps_the_configuration),
        TEST(a_reset_leaves_the_firmware_a_moment),
        TEST(unreadable_strings_do_not_matter),
        TEST(a_leaving_device_is_gone_and_comes_back_as_another),
        TEST(a_contact_that_bounces_is_waited_for),
        TEST(a_mute_device_gets_three_tries),
        TEST(broken_descriptors_are_not_believed),
        TEST(a_reset_keeps_the_device_unless_it_changed),
        TEST(events_are_passed_on),
        TEST(waiting_ends_when_time_is_up_or_hope_is_lost),
        TEST(a_control_transfer_without_answer_is_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
