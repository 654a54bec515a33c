/* SPDX-License-Identifier: MIT */
/* usbfs over a port that only remembers what it is asked for: the rules a libusb client relies on,
 * with bulk and interrupt endpoints, which the firmware at hand does not have. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/usbdevice_fs.h>

#include "usbfs.h"

/* ---- The port -------------------------------------------------------------------------------- */

struct l072 {
    uint64_t now;
    int submitted; /* so far */
    bool used[L072_URBS];
    struct l072_urb urb[L072_URBS];
    uint8_t sent[L072_URBS][L072_URB_MAX];
    enum l072_urb_status status[L072_URBS];
    uint32_t actual[L072_URBS];
    uint16_t cleared; /* endpoints whose toggle was cleared: bit n OUT, 8 + n IN */
    int resets;
};

uint64_t l072_now(const struct l072 *board)
{
    return board->now;
}

int l072_urb_submit(struct l072 *board, const struct l072_urb *urb)
{
    int id = 0;
    while (board->used[id])
        id++;
    board->used[id] = true;
    board->urb[id] = *urb;
    board->status[id] = L072_URB_PENDING;
    board->actual[id] = 0;
    memcpy(board->sent[id], urb->data, urb->size);
    board->submitted++;
    return id;
}

enum l072_urb_status l072_urb_take(struct l072 *board, int id, void *data, uint32_t size,
                                   uint32_t *actual)
{
    if (board->status[id] == L072_URB_PENDING)
        return L072_URB_PENDING;
    *actual = board->actual[id];
    memset(data, 0xA5, *actual < size ? *actual : size);
    board->used[id] = false;
    return board->status[id];
}

void l072_urb_cancel(struct l072 *board, int id)
{
    if (board->status[id] == L072_URB_PENDING)
        board->status[id] = L072_URB_CANCELLED;
}

void l072_usb_clear_toggle(struct l072 *board, uint8_t address, uint8_t endpoint)
{
    assert_int_equal(address, 5);
    board->cleared |= (uint16_t)(1u << ((endpoint & 7) + (endpoint & 0x80 ? 8 : 0)));
}

void usb_device_reset(struct usb_device *dev)
{
    dev->board->resets++;
    dev->state = USB_DEVICE_RESET;
}

/* ---- A device with two interfaces; the second has an alternate setting --------------------------
 */

static const uint8_t blob[] = {
    18, 1, 0,    2, 0,  0,    0,  64,   9,  0x12, 1, 0, 0, 1, 0, 0, 0, 1, /* device */
    9,  2, 71,   0, 2,  1,    0,  0x80, 50,                               /* configuration */
    9,  4, 0,    0, 3,  0xff, 0,  0,    0,                                /* interface 0 */
    7,  5, 0x01, 2, 64, 0,    0,                                          /* bulk OUT 1 */
    7,  5, 0x82, 2, 64, 0,    0,                                          /* bulk IN 2 */
    7,  5, 0x83, 3, 8,  0,    10,                                         /* interrupt IN 3 */
    9,  4, 1,    0, 0,  0xff, 0,  0,    0,                                /* interface 1 */
    9,  4, 1,    1, 1,  0xff, 0,  0,    0,                                /* ... setting 1 */
    7,  5, 0x84, 1, 64, 0,    1,                                          /* isochronous IN 4 */
};

struct rig {
    struct l072 board;
    struct usb_device dev;
    struct usbfs fs;
    struct usbfs_file *file;
};

static int answers;     /* calls answered */
static int last_answer; /* the result of the last one */
static int completions; /* of asynchronous transfers */

static void answer(void *request, int result)
{
    assert_non_null(request);
    answers++;
    last_answer = result;
}

static void completed(struct usbfs_file *file)
{
    (void)file;
    completions++;
}

static int set_up(void **state)
{
    static struct rig rig;
    memset(&rig, 0, sizeof rig);
    answers = completions = 0;
    rig.dev.board = &rig.board;
    rig.dev.state = USB_DEVICE_READY;
    rig.dev.generation = 1;
    rig.dev.address = 5;
    rig.dev.configuration = 1;
    rig.dev.blob_size = rig.dev.all_size = sizeof blob;
    memcpy(rig.dev.blob, blob, sizeof blob);
    usbfs_init(&rig.fs, &rig.dev, answer, completed);
    usbfs_plug(&rig.fs);
    rig.file = usbfs_open(&rig.fs);
    *state = &rig;
    return rig.file ? 0 : -1;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    usbfs_free(&rig->fs);
    return 0;
}

static void start(struct usbfs_file *file, unsigned long command, const void *argument)
{
    struct usbfs_call call = {getpid(), (unsigned)command, (uintptr_t)argument, &answers};
    usbfs_ioctl(file, &call);
    usbfs_run(file->fs);
}

/* An ioctl that is answered at once. */
static int ask(struct usbfs_file *file, unsigned long command, const void *argument)
{
    int before = answers;
    start(file, command, argument);
    assert_int_equal(answers, before + 1);
    return last_answer;
}

/* The port finishes transfer `id`. */
static void finish(struct rig *rig, int id, enum l072_urb_status status, uint32_t actual)
{
    assert_true(rig->board.used[id]);
    rig->board.status[id] = status;
    rig->board.actual[id] = actual;
    usbfs_run(&rig->fs);
}

static void data_urb(struct usbdevfs_urb *urb, uint8_t endpoint, void *data, int size)
{
    memset(urb, 0, sizeof *urb);
    urb->type = USBDEVFS_URB_TYPE_BULK;
    urb->endpoint = endpoint;
    urb->buffer = data;
    urb->buffer_length = size;
}

static void assert_reaped(struct rig *rig, const struct usbdevfs_urb *urb, int status, int actual)
{
    void *reaped = NULL;
    assert_int_equal(ask(rig->file, USBDEVFS_REAPURBNDELAY, &reaped), 0);
    assert_ptr_equal(reaped, urb);
    assert_int_equal(urb->status, status);
    assert_int_equal(urb->actual_length, actual);
}

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
    unsigned two = 2;
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
    assert_int_equal(ask(rig->file, USBDEVFS_SETCONFIGURATION, &two), -EINVAL);
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
