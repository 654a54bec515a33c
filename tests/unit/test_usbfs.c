/* SPDX-License-Identifier: MIT */
/* The rules of usbfs a libusb client relies on, with bulk and interrupt endpoints, which the
 * firmware at hand does not have. */
#include "usbfs_rig.h"

/* ---- Tests ----------------------------------------------------------------------------------- */

static void control_in_returns_data_behind_the_setup_packet(void **state)
{
    struct rig *rig = *state;
    uint8_t buffer[8 + 18] = {0x80, 6, 0, 1, 0, 0, 18, 0};
    struct usbdevfs_urb urb = {
        .type = USBDEVFS_URB_TYPE_CONTROL, .buffer = buffer, .buffer_length = sizeof buffer};
    assert_int_equal(ask(rig->file, USBDEVFS_SUBMITURB, &urb), 0);
    assert_memory_equal(rig->board.urb[0].setup, buffer, 8);
    assert_int_equal(rig->board.urb[0].address, 5);
    assert_int_equal(usbfs_poll(rig->file), 0);
    finish(rig, 0, L072_URB_OK, 4);
    assert_int_equal(usbfs_poll(rig->file), POLLOUT);
    assert_reaped(rig, &urb, 0, 4);
    assert_int_equal(buffer[8], 0xA5);
    assert_int_equal(buffer[8 + 4], 0);
    assert_int_equal(completions, 1);
}

static void statuses_are_those_of_the_kernel(void **state)
{
    static const struct {
        enum l072_urb_status port;
        int client;
    } cases[] = {
        {L072_URB_STALL,    -EPIPE    },
        {L072_URB_ERROR,    -EPROTO   },
        {L072_URB_OVERFLOW, -EOVERFLOW},
        {L072_URB_GONE,     -ESHUTDOWN}
    };
    struct rig *rig = *state;
    uint8_t data[8];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct usbdevfs_urb urb;
        data_urb(&urb, 0x82, data, sizeof data);
        assert_int_equal(ask(rig->file, USBDEVFS_SUBMITURB, &urb), 0);
        finish(rig, 0, cases[i].port, 0);
        assert_reaped(rig, &urb, cases[i].client, 0);
    }
}

static void long_bulk_goes_in_parts_with_one_zero_packet(void **state)
{
    struct rig *rig = *state;
    static uint8_t data[2 * L072_URB_MAX];
    struct usbdevfs_urb urb;
    data_urb(&urb, 0x01, data, sizeof data);
    urb.flags = USBDEVFS_URB_ZERO_PACKET;
    data[L072_URB_MAX] = 0x77;
    assert_int_equal(ask(rig->file, USBDEVFS_SUBMITURB, &urb), 0);
    assert_int_equal(rig->board.urb[0].size, L072_URB_MAX);
    assert_false(rig->board.urb[0].zero_packet);
    finish(rig, 0, L072_URB_OK, L072_URB_MAX);
    assert_int_equal(rig->board.submitted, 2);
    assert_true(rig->board.urb[0].zero_packet);
    assert_int_equal(rig->board.sent[0][0], 0x77);
    finish(rig, 0, L072_URB_OK, L072_URB_MAX);
    assert_reaped(rig, &urb, 0, sizeof data);
}

static void short_packet_ends_a_long_read(void **state)
{
    struct rig *rig = *state;
    static uint8_t data[3 * L072_URB_MAX];
    struct usbdevfs_urb urb;
    data_urb(&urb, 0x82, data, sizeof data);
    assert_int_equal(ask(rig->file, USBDEVFS_SUBMITURB, &urb), 0);
    finish(rig, 0, L072_URB_OK, L072_URB_MAX);
    finish(rig, 0, L072_URB_OK, 100);
    assert_reaped(rig, &urb, 0, L072_URB_MAX + 100);
    assert_int_equal(rig->board.submitted, 2);
}

static void transfers_of_an_endpoint_take_turns(void **state)
{
    struct rig *rig = *state;
    uint8_t data[8] = {0};
    struct usbdevfs_urb first, second, other;
    data_urb(&first, 0x82, data, 8);
    data_urb(&second, 0x82, data, 8);
    data_urb(&other, 0x83, data, 8);
    ask(rig->file, USBDEVFS_SUBMITURB, &first);
    ask(rig->file, USBDEVFS_SUBMITURB, &second);
    ask(rig->file, USBDEVFS_SUBMITURB, &other);
    assert_int_equal(rig->board.submitted, 2);
    assert_int_equal(rig->board.urb[1].type, L072_INTERRUPT);
    assert_int_equal(rig->board.urb[1].interval, 10);
    assert_int_equal(rig->board.urb[1].max_packet, 8);
    finish(rig, 0, L072_URB_OK, 8);
    assert_int_equal(rig->board.submitted, 3);
    assert_reaped(rig, &first, 0, 8);
}

static void listening_to_an_interrupt_endpoint_does_not_hurry_the_board(void **state)
{
    struct rig *rig = *state;
    uint8_t data[8];
    struct usbdevfs_urb listener, read;
    data_urb(&listener, 0x83, data, sizeof data);
    data_urb(&read, 0x82, data, sizeof data);
    assert_false(usbfs_listens(&rig->fs));
    ask(rig->file, USBDEVFS_SUBMITURB, &listener);
    assert_false(usbfs_busy(&rig->fs));
    assert_true(usbfs_listens(&rig->fs));
    ask(rig->file, USBDEVFS_SUBMITURB, &read);
    assert_true(usbfs_busy(&rig->fs));
    finish(rig, 0, L072_URB_OK, 8);
    finish(rig, 1, L072_URB_OK, 8);
    assert_false(usbfs_busy(&rig->fs));
    assert_false(usbfs_listens(&rig->fs)); /* ended, if not yet reaped */
}

static void discarded_transfer_can_be_reaped(void **state)
{
    struct rig *rig = *state;
    uint8_t data[8];
    struct usbdevfs_urb urb;
    data_urb(&urb, 0x82, data, sizeof data);
    ask(rig->file, USBDEVFS_SUBMITURB, &urb);
    assert_int_equal(ask(rig->file, USBDEVFS_DISCARDURB, &urb), 0);
    assert_false(rig->board.used[0]);
    assert_int_equal(ask(rig->file, USBDEVFS_DISCARDURB, &urb), -EINVAL);
    assert_reaped(rig, &urb, -ENOENT, 0);
    void *none;
    assert_int_equal(ask(rig->file, USBDEVFS_REAPURBNDELAY, &none), -EAGAIN);
}

static void blocking_reap_waits(void **state)
{
    struct rig *rig = *state;
    uint8_t data[8];
    void *reaped = NULL;
    struct usbdevfs_urb urb;
    data_urb(&urb, 0x82, data, sizeof data);
    ask(rig->file, USBDEVFS_SUBMITURB, &urb);
    start(rig->file, USBDEVFS_REAPURB, &reaped);
    assert_int_equal(answers, 1);
    finish(rig, 0, L072_URB_OK, 8);
    assert_int_equal(answers, 2);
    assert_ptr_equal(reaped, &urb);
}

static void interface_belongs_to_who_claimed_it(void **state)
{
    struct rig *rig = *state;
    struct usbfs_file *other = usbfs_open(&rig->fs);
    uint8_t data[8];
    unsigned zero = 0, nine = 9;
    struct usbdevfs_urb urb;
    data_urb(&urb, 0x82, data, sizeof data);
    assert_int_equal(ask(rig->file, USBDEVFS_CLAIMINTERFACE, &nine), -ENOENT);
    assert_int_equal(ask(rig->file, USBDEVFS_CLAIMINTERFACE, &zero), 0);
    assert_int_equal(ask(other, USBDEVFS_CLAIMINTERFACE, &zero), -EBUSY);
    assert_int_equal(ask(other, USBDEVFS_SUBMITURB, &urb), -EBUSY);
    assert_int_equal(ask(other, USBDEVFS_RELEASEINTERFACE, &zero), -EINVAL);
    usbfs_close(rig->file);
    assert_int_equal(ask(other, USBDEVFS_CLAIMINTERFACE, &zero), 0);
}

static void set_interface_clears_the_toggles(void **state)
{
    struct rig *rig = *state;
    struct usbdevfs_setinterface choice = {0, 0};
    start(rig->file, USBDEVFS_SETINTERFACE, &choice);
    assert_int_equal(answers, 0);
    assert_int_equal(rig->board.urb[0].setup[1], 11);
    /* The only setting: a device may stall this (USB 2.0 9.4.10). */
    finish(rig, 0, L072_URB_STALL, 0);
    assert_int_equal(last_answer, 0);
    assert_int_equal(rig->board.cleared, 1 << 1 | 1 << (8 + 2) | 1 << (8 + 3));
    choice = (struct usbdevfs_setinterface){1, 1};
    start(rig->file, USBDEVFS_SETINTERFACE, &choice);
    finish(rig, 0, L072_URB_STALL, 0);
    assert_int_equal(last_answer, -EPIPE);
}

static void clear_halt_tells_device_and_port(void **state)
{
    struct rig *rig = *state;
    unsigned endpoint = 0x82;
    start(rig->file, USBDEVFS_CLEAR_HALT, &endpoint);
    assert_int_equal(rig->board.urb[0].setup[1], 1);
    assert_int_equal(rig->board.urb[0].setup[4], 0x82);
    assert_int_equal(rig->board.cleared, 0);
    finish(rig, 0, L072_URB_OK, 0);
    assert_int_equal(last_answer, 0);
    assert_int_equal(rig->board.cleared, 1 << (8 + 2));
}

static void synchronous_control_times_out_in_simulated_time(void **state)
{
    struct rig *rig = *state;
    uint8_t data[2];
    struct usbdevfs_ctrltransfer get_status = {0x80, 0, 0, 0, 2, 50, data};
    start(rig->file, USBDEVFS_CONTROL, &get_status);
    rig->board.now = 49 * L072_PS_PER_MS;
    usbfs_run(&rig->fs);
    assert_int_equal(answers, 0);
    rig->board.now = 50 * L072_PS_PER_MS;
    usbfs_run(&rig->fs);
    assert_int_equal(last_answer, -ETIMEDOUT);
    assert_false(rig->board.used[0]);
}

static void signal_ends_a_blocked_call(void **state)
{
    struct rig *rig = *state;
    uint8_t data[2];
    struct usbdevfs_ctrltransfer get_status = {0x80, 0, 0, 0, 2, 0, data};
    start(rig->file, USBDEVFS_CONTROL, &get_status);
    usbfs_interrupt(&rig->fs, &answers);
    assert_int_equal(last_answer, -EINTR);
    assert_false(rig->board.used[0]);
    assert_false(usbfs_busy(&rig->fs));
}

static void unplug_ends_everything(void **state)
{
    struct rig *rig = *state;
    uint8_t data[8];
    void *none;
    struct usbdevfs_urb running, waiting;
    data_urb(&running, 0x82, data, sizeof data);
    data_urb(&waiting, 0x82, data, sizeof data);
    ask(rig->file, USBDEVFS_SUBMITURB, &running);
    ask(rig->file, USBDEVFS_SUBMITURB, &waiting);
    usbfs_unplug(&rig->fs);
    assert_int_equal(usbfs_poll(rig->file), POLLOUT | POLLERR | POLLHUP);
    assert_reaped(rig, &running, -ESHUTDOWN, 0);
    assert_reaped(rig, &waiting, -ESHUTDOWN, 0);
    assert_int_equal(ask(rig->file, USBDEVFS_REAPURBNDELAY, &none), -ENODEV);
    assert_int_equal(ask(rig->file, USBDEVFS_SUBMITURB, &running), -ENODEV);
    assert_int_equal(usbfs_poll(rig->file), POLLERR | POLLHUP);
}

static void reset_is_over_when_the_device_is_back(void **state)
{
    struct rig *rig = *state;
    start(rig->file, USBDEVFS_RESET, NULL);
    assert_int_equal(rig->board.resets, 1);
    assert_int_equal(answers, 0);
    rig->dev.state = USB_DEVICE_READY;
    usbfs_run(&rig->fs);
    assert_int_equal(last_answer, 0);
    start(rig->file, USBDEVFS_RESET, NULL);
    rig->dev.state = USB_DEVICE_READY;
    rig->dev.generation++; /* other descriptors: another device */
    usbfs_run(&rig->fs);
    assert_int_equal(last_answer, -ENODEV);
}

static void nonsense_is_refused(void **state)
{
    struct rig *rig = *state;
    uint8_t data[8] = {0};
    struct usbdevfs_urb urb;
    data_urb(&urb, 0x05, data, sizeof data);
    assert_int_equal(ask(rig->file, USBDEVFS_SUBMITURB, &urb), -ENOENT);
    data_urb(&urb, 0x01, (void *)8, sizeof data);
    assert_int_equal(ask(rig->file, USBDEVFS_SUBMITURB, &urb), -EFAULT);
    data_urb(&urb, 0x01, data, -1);
    assert_int_equal(ask(rig->file, USBDEVFS_SUBMITURB, &urb), -EINVAL);
    urb.type = USBDEVFS_URB_TYPE_ISO;
    assert_int_equal(ask(rig->file, USBDEVFS_SUBMITURB, &urb), -EINVAL);
    assert_int_equal(ask(rig->file, USBDEVFS_SUBMITURB, NULL), -EFAULT);
    assert_int_equal(ask(rig->file, USBDEVFS_FORBID_SUSPEND, NULL), -ENOTTY);
    assert_int_equal(rig->board.submitted, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(control_in_returns_data_behind_the_setup_packet),
        TEST(statuses_are_those_of_the_kernel),
        TEST(long_bulk_goes_in_parts_with_one_zero_packet),
        TEST(short_packet_ends_a_long_read),
        TEST(transfers_of_an_endpoint_take_turns),
        TEST(listening_to_an_interrupt_endpoint_does_not_hurry_the_board),
        TEST(discarded_transfer_can_be_reaped),
        TEST(blocking_reap_waits),
        TEST(interface_belongs_to_who_claimed_it),
        TEST(set_interface_clears_the_toggles),
        TEST(clear_halt_tells_device_and_port),
        TEST(synchronous_control_times_out_in_simulated_time),
        TEST(signal_ends_a_blocked_call),
        TEST(unplug_ends_everything),
        TEST(reset_is_over_when_the_device_is_back),
        TEST(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
