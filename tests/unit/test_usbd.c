/* SPDX-License-Identifier: MIT */
/* The USB device core over a driver that is this test: control transfers, chapter 9 of USB 2.0. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "../../usb/usbd.h"

/* ---- The driver ------------------------------------------------------------------------------ */

static struct {
    uint8_t address;
    bool sending, receiving, stalled; /* endpoint 0 is armed so */
    uint8_t packet[64];               /* being sent */
    unsigned size;
    const uint8_t *arrived;
} driver;

void usbd_driver_set_address(uint8_t address)
{
    driver.address = address;
}

void usbd_driver_send(const uint8_t *data, unsigned size)
{
    assert_false(driver.sending);
    assert_true(size <= sizeof driver.packet);
    if (size)
        memcpy(driver.packet, data, size);
    driver.size = size;
    driver.sending = true;
}

void usbd_driver_receive(void)
{
    driver.receiving = true;
}

void usbd_driver_fetch(uint8_t *data, unsigned size)
{
    memcpy(data, driver.arrived, size);
}

void usbd_driver_stall(void)
{
    driver.stalled = true;
}

/* ---- The product ----------------------------------------------------------------------------- */

/* Interface 0 with alternates 0 and 1; 128 bytes with the rest. */
static const uint8_t configuration[128] = {
    USB_CONFIGURATION_DESCRIPTOR(128, 1, 0xC0, 100),
    USB_INTERFACE_DESCRIPTOR(0, 0, 0, 0xFE, 1, 2, 4),
    USB_INTERFACE_DESCRIPTOR(0, 1, 0, 0xFE, 1, 2, 5),
    101,
    0x24,
};
static const uint8_t device[] = {
    USB_DEVICE_DESCRIPTOR(0x0200, 64, 0x1209, 0x0001, 0x0100, 1, 2, 3),
};
static const char *const longest_text =
    "012345678901234567890123456789012345678901234567890123456789012";

static struct {
    bool refuses;
    int size; /* of its answer */
    uint8_t data[256];
    unsigned done, asked, alternate, bus_resets;
    struct usb_setup last;
} product;

const uint8_t *usb_descriptor(uint8_t type, uint8_t index)
{
    if (type == USB_DEVICE)
        return device;
    return type == USB_CONFIGURATION && index == 0 ? configuration : NULL;
}

const char *usb_string(uint8_t index)
{
    return index == 1 ? "dfuse" : index == 2 ? longest_text : NULL;
}

int usb_request(const struct usb_setup *setup, uint8_t **data)
{
    (void)setup;
    *data = product.data;
    return product.refuses ? USBD_STALL : product.size;
}

void usb_request_done(const struct usb_setup *setup)
{
    product.last = *setup;
    product.done++;
}

bool usb_set_alternate(uint16_t alternate)
{
    product.asked++;
    if (alternate < 2)
        product.alternate = alternate;
    return alternate < 2;
}

void usb_bus_reset(void)
{
    product.bus_resets++;
}

/* ---- The host -------------------------------------------------------------------------------- */

/* As the hardware does it, SETUP takes back whatever endpoint 0 was armed for. */
static void setup(uint8_t type, uint8_t request, uint16_t value, uint16_t index, uint16_t length)
{
    driver.sending = driver.receiving = driver.stalled = false;
    usbd.setup = (struct usb_setup){type, request, value, index, length};
    usbd_on_setup();
}

/* Takes one packet; returns its size. */
static unsigned take(uint8_t *to)
{
    unsigned size = driver.size;
    assert_true(driver.sending);
    memcpy(to, driver.packet, size);
    driver.sending = false;
    usbd_on_sent();
    return size;
}

static void give(const uint8_t *data, uint16_t size)
{
    assert_true(driver.receiving);
    driver.receiving = false;
    driver.arrived = data;
    usbd_on_received(size);
}

static uint8_t answer[512];
static unsigned packets;

/* An IN transfer. Returns the bytes in `answer`, or -1 for STALL. */
static int get(uint8_t type, uint8_t request, uint16_t value, uint16_t index, uint16_t length)
{
    unsigned total = 0, size = 64;
    setup(type, request, value, index, length);
    if (driver.stalled)
        return -1;
    for (packets = 0; size == 64 && total < length; packets++)
        total += size = take(answer + total);
    /* An empty packet may be ready, which a host that has all that it asked for does not take. */
    assert_true(!driver.sending || (total == length && driver.size == 0));
    give(NULL, 0);
    return (int)total;
}

/* A transfer without data. Returns 0, or -1 for STALL. */
static int set(uint8_t type, uint8_t request, uint16_t value, uint16_t index)
{
    uint8_t none[64];
    setup(type, request, value, index, 0);
    if (driver.stalled)
        return -1;
    assert_int_equal(take(none), 0);
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    memset(&usbd, 0, sizeof usbd);
    memset(&driver, 0, sizeof driver);
    memset(&product, 0, sizeof product);
    usbd_on_reset();
    return 0;
}

static void configure(void)
{
    assert_int_equal(set(0x00, USB_SET_CONFIGURATION, 1, 0), 0);
}

/* ---- Descriptors ----------------------------------------------------------------------------- */

static void device_descriptor(void **state)
{
    (void)state;
    assert_int_equal(get(0x80, USB_GET_DESCRIPTOR, 0x0100, 0, 64), 18);
    assert_memory_equal(answer, device, 18);
    assert_int_equal(get(0x80, USB_GET_DESCRIPTOR, 0x0100, 0, 8), 8);   /* no more than asked for */
    assert_int_equal(get(0x80, USB_GET_DESCRIPTOR, 0x0600, 0, 10), -1); /* device qualifier */
}

/* 128 bytes: an empty packet tells the host that there is no more, when it asked for more. */
static void the_last_packet_is_a_short_one(void **state)
{
    (void)state;
    assert_int_equal(get(0x80, USB_GET_DESCRIPTOR, 0x0200, 0, 255), 128);
    assert_int_equal(packets, 3);
    assert_memory_equal(answer, configuration, 128);
    assert_int_equal(get(0x80, USB_GET_DESCRIPTOR, 0x0200, 0, 128), 128);
    assert_int_equal(packets, 2);
    product.size = 100;
    assert_int_equal(get(0xA1, 2, 0, 0, 255), 100);
    assert_int_equal(packets, 2);
    product.size = 0;
    assert_int_equal(get(0xA1, 2, 0, 0, 255), 0);
    assert_int_equal(packets, 1);
}

static void strings(void **state)
{
    (void)state;
    assert_int_equal(get(0x80, USB_GET_DESCRIPTOR, 0x0300, 0, 255), 4);
    assert_memory_equal(answer, "\x04\x03\x09\x04", 4);
    assert_int_equal(get(0x80, USB_GET_DESCRIPTOR, 0x0301, 0x409, 255), 12);
    assert_memory_equal(answer,
                        "\x0C\x03"
                        "d\0f\0u\0s\0e\0",
                        12);
    assert_int_equal(get(0x80, USB_GET_DESCRIPTOR, 0x0302, 0x409, 255), 2 + 2 * 63);
    assert_int_equal(answer[0], 2 + 2 * 63);
    assert_int_equal(get(0x80, USB_GET_DESCRIPTOR, 0x0303, 0x409, 255), -1);
}

/* ---- Standard requests ----------------------------------------------------------------------- */

static void the_address_counts_after_the_status_stage(void **state)
{
    uint8_t none[64];
    (void)state;
    setup(0x00, USB_SET_ADDRESS, 42, 0, 0);
    assert_int_equal(driver.address, 0);
    assert_int_equal(take(none), 0);
    assert_int_equal(driver.address, 42);
}

static void configuration_and_bus_reset(void **state)
{
    (void)state;
    assert_int_equal(set(0x00, USB_SET_CONFIGURATION, 2, 0), -1);
    configure();
    assert_int_equal(product.asked, 1);
    assert_int_equal(set(0x01, USB_SET_INTERFACE, 1, 0), 0);
    assert_int_equal(product.alternate, 1);
    assert_int_equal(get(0x80, USB_GET_CONFIGURATION, 0, 0, 1), 1);
    assert_int_equal(answer[0], 1);
    configure(); /* again: alternate settings start over */
    assert_int_equal(product.alternate, 0);
    assert_int_equal(get(0x81, USB_GET_INTERFACE, 0, 0, 1), 1);
    assert_int_equal(answer[0], 0);
    usbd_on_reset();
    assert_int_equal(product.bus_resets, 2);
    get(0x80, USB_GET_CONFIGURATION, 0, 0, 1);
    assert_int_equal(answer[0], 0);
    configure();
    assert_int_equal(set(0x00, USB_SET_CONFIGURATION, 0x0101, 0), -1);
    assert_int_equal(set(0x00, USB_SET_CONFIGURATION, 0, 0), 0);
    get(0x80, USB_GET_CONFIGURATION, 0, 0, 1);
    assert_int_equal(answer[0], 0);
}

/* USB 2.0, 9.4.5: in the address state only the device and endpoint 0 have a status. */
static void status(void **state)
{
    (void)state;
    assert_int_equal(get(0x80, USB_GET_STATUS, 0, 0, 2), 2);
    assert_memory_equal(answer, "\x01\x00", 2); /* self-powered */
    assert_int_equal(get(0x82, USB_GET_STATUS, 0, 0x00, 2), 2);
    assert_memory_equal(answer, "\x00\x00", 2);
    assert_int_equal(get(0x82, USB_GET_STATUS, 0, 0x80, 2), 2);
    assert_int_equal(get(0x82, USB_GET_STATUS, 0, 0x81, 2), -1);
    assert_int_equal(get(0x81, USB_GET_STATUS, 0, 0, 2), -1);
    configure();
    assert_int_equal(get(0x81, USB_GET_STATUS, 0, 0, 2), 2);
    assert_memory_equal(answer, "\x00\x00", 2);
    assert_int_equal(get(0x81, USB_GET_STATUS, 0, 2, 2), -1);
}

static void alternate_settings(void **state)
{
    (void)state;
    assert_int_equal(set(0x01, USB_SET_INTERFACE, 0, 0), -1); /* not configured */
    assert_int_equal(get(0x81, USB_GET_INTERFACE, 0, 0, 1), -1);
    configure();
    assert_int_equal(set(0x01, USB_SET_INTERFACE, 1, 0), 0);
    assert_int_equal(product.alternate, 1);
    assert_int_equal(get(0x81, USB_GET_INTERFACE, 0, 0, 1), 1);
    assert_int_equal(answer[0], 1);
    assert_int_equal(set(0x01, USB_SET_INTERFACE, 2, 0), -1);
    assert_int_equal(set(0x01, USB_SET_INTERFACE, 1, 1), -1);
    assert_int_equal(set(0x01, USB_SET_INTERFACE, 0, 2), -1);
    assert_int_equal(set(0x01, USB_SET_INTERFACE, 0, 7), -1);
    assert_int_equal(set(0x01, USB_SET_INTERFACE, 0x0100, 0), -1);
    assert_int_equal(set(0x01, USB_SET_INTERFACE, 0, 0x0100), -1);
    assert_int_equal(get(0x81, USB_GET_INTERFACE, 0, 2, 1), -1);
    assert_int_equal(product.alternate, 1);
    assert_int_equal(product.done, 0);
}

static void unknown_requests_are_stalled(void **state)
{
    (void)state;
    assert_int_equal(set(0x00, USB_SET_FEATURE, 1, 0), -1);   /* remote wake-up */
    assert_int_equal(set(0x02, USB_CLEAR_FEATURE, 0, 1), -1); /* there is no endpoint 1 */
    assert_int_equal(get(0x80, 0x33, 0, 0, 8), -1);
    product.refuses = true;
    assert_int_equal(get(0xA1, 3, 0, 0, 6), -1);
    assert_int_equal(set(0x21, 4, 0, 0), -1);
    assert_int_equal(product.done, 0);
    product.refuses = false;
    assert_int_equal(set(0x21, 4, 0, 0), 0);
    assert_int_equal(product.done, 1);
}

/* No standard request takes data. */
static void data_without_a_place_is_stalled(void **state)
{
    (void)state;
    setup(0x00, USB_SET_ADDRESS, 42, 0, 8);
    assert_true(driver.stalled);
    assert_false(driver.receiving);
}

/* ---- Control transfers ----------------------------------------------------------------------- */

static void data_to_the_device(void **state)
{
    uint8_t data[131], none[64];
    (void)state;
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i + 1);
    setup(0x21, 1, 2, 0, sizeof data);
    give(data, 64);
    give(data + 64, 64);
    assert_false(driver.sending);
    give(data + 128, 3);
    assert_int_equal(product.done, 0);
    assert_false(driver.receiving);
    assert_int_equal(take(none), 0);
    assert_int_equal(product.done, 1);
    assert_memory_equal(product.data, data, sizeof data);
    assert_int_equal(product.data[sizeof data], 0);
}

/* More than was announced does not go past the end. */
static void a_packet_too_long_is_cut(void **state)
{
    uint8_t data[64];
    (void)state;
    memset(data, 0x5A, sizeof data);
    setup(0x21, 1, 2, 0, 10);
    give(data, 64);
    assert_true(driver.sending);
    assert_int_equal(product.data[9], 0x5A);
    assert_int_equal(product.data[10], 0);
}

/* The request that a new SETUP cuts off is not done, and the new one is served. */
static void setup_in_the_middle(void **state)
{
    uint8_t data[64] = {1};
    (void)state;
    product.size = 200;
    setup(0xA1, 2, 0, 0, 200);
    take(data);
    assert_int_equal(get(0x80, USB_GET_DESCRIPTOR, 0x0100, 0, 18), 18);
    assert_memory_equal(answer, device, 18);
    setup(0x21, 1, 2, 0, 128);
    give(data, 64);
    assert_int_equal(get(0x80, USB_GET_DESCRIPTOR, 0x0100, 0, 18), 18);
    setup(0x00, USB_SET_ADDRESS, 42, 0, 0); /* its status is never taken */
    assert_int_equal(get(0x80, USB_GET_DESCRIPTOR, 0x0100, 0, 18), 18);
    assert_int_equal(driver.address, 0);
    assert_int_equal(product.done, 0);
}

/* Hosts may end a transfer to them before all of it has come. */
static void the_host_stops_early(void **state)
{
    uint8_t data[64];
    (void)state;
    product.size = 200;
    setup(0xA1, 2, 0, 0, 200);
    take(data);
    give(NULL, 0);
    assert_int_equal(product.done, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(device_descriptor, fresh),
        cmocka_unit_test_setup(the_last_packet_is_a_short_one, fresh),
        cmocka_unit_test_setup(strings, fresh),
        cmocka_unit_test_setup(the_address_counts_after_the_status_stage, fresh),
        cmocka_unit_test_setup(configuration_and_bus_reset, fresh),
        cmocka_unit_test_setup(status, fresh),
        cmocka_unit_test_setup(alternate_settings, fresh),
        cmocka_unit_test_setup(unknown_requests_are_stalled, fresh),
        cmocka_unit_test_setup(data_without_a_place_is_stalled, fresh),
        cmocka_unit_test_setup(data_to_the_device, fresh),
        cmocka_unit_test_setup(a_packet_too_long_is_cut, fresh),
        cmocka_unit_test_setup(setup_in_the_middle, fresh),
        cmocka_unit_test_setup(the_host_stops_early, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
