/* SPDX-License-Identifier: MIT */
/* The host port: transfers as a PC's controller would put them on the bus. */
#include "usb_rig.h"

#include <limits.h>
#include <string.h>

enum { TX0 = 0x40, RX0 = 0x80, TX1 = 0xC0, RX1 = 0x100, RX_64 = 0x8400 };

static struct l072 *board;
static struct board *b;

static void open_endpoints(void)
{
    set_reg(b, ISTR, 0);
    set_reg(b, DADDR, DADDR_ON);
    set_buffers(b, 0, TX0, 0, RX0, RX_64);
    set_buffers(b, 1, TX1, 0, RX1, RX_64);
    set_reg(b, EPR, USB_EP_TYPE_CONTROL | RX(USB_STAT_VALID) | TX(USB_STAT_NAK));
    set_reg(b, 4, RX(USB_STAT_VALID) | TX(USB_STAT_NAK) | 1);
}

/* A device that is attached, reset and has its endpoints open. */
static int start(void **state)
{
    (void)state;
    board = rig_board(false);
    b = inside(board);
    rig_connect(b);
    run(b, L072_PS_PER_MS);
    l072_usb_reset(board, 10 * L072_PS_PER_MS);
    run(b, 11500 * L072_PS_PER_US); /* into the middle of a frame */
    open_endpoints();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    l072_destroy(board);
    return 0;
}

static int submit(enum l072_transfer type, uint8_t endpoint, const void *data, uint32_t size)
{
    return submit_to(b, type, endpoint, data, size);
}

static int submit_control(uint8_t type, uint8_t request, const void *data, uint8_t size)
{
    const uint8_t setup[8] = {type, request, 0, 0, 0, 0, size, 0};
    struct l072_urb urb = {.type = L072_CONTROL, .max_packet = 64, .data = data, .size = size};
    int id;

    memcpy(urb.setup, setup, sizeof setup);
    id = l072_urb_submit(board, &urb);
    assert_true(id >= 0);
    return id;
}

/* Waits for a transfer flag of endpoint register `i`, clears it. */
static void wait_ctr(unsigned i, uint32_t flag)
{
    for (unsigned us = 0; us < 3000 && !(reg(b, 4 * i) & flag); us++)
        run(b, L072_PS_PER_US);
    assert_true(reg(b, 4 * i) & flag);
    clear_ctr(b, i, flag);
}

static void send(unsigned i, const void *data, uint16_t size)
{
    memcpy(b->usb.pma + pma16(b, 8 * i), data, size);
    set_pma16(b, 8 * i + 2, size);
    set_stat(b, i, USB_EP_STAT_TX, TX(USB_STAT_VALID));
}

static void receive(unsigned i)
{
    set_stat(b, i, USB_EP_STAT_RX, RX(USB_STAT_VALID));
}

static enum l072_urb_status result(int id, void *data, uint32_t *size)
{
    run(b, 2 * L072_PS_PER_MS);
    return l072_urb_take(board, id, data, 64, size);
}

static void attach_is_noticed_after_2_5_us_and_glitches_are_not(void **state)
{
    struct l072_event e;

    (void)state;
    set_reg(b, BCDR, 0);
    assert_int_equal(l072_run(board, l072_now(board) + 2 * L072_PS_PER_US), L072_TIME);
    set_reg(b, BCDR, USB_BCDR_DPPU);
    assert_int_equal(l072_run(board, l072_now(board) + 9 * L072_PS_PER_US), L072_TIME);
    assert_true(l072_usb_attached(board));
    l072_usb_plug(board, false);
    assert_int_equal(l072_run(board, l072_now(board) + 9 * L072_PS_PER_US), L072_EVENTS);
    assert_true(l072_next_event(board, &e));
    assert_int_equal(e.kind, L072_EVENT_USB_DETACH);
    assert_false(l072_usb_attached(board));
}

static void detach_ends_transfers(void **state)
{
    int id = submit(L072_BULK, 0x81, NULL, 64);

    (void)state;
    l072_usb_plug(board, false);
    assert_int_equal(result(id, NULL, NULL), L072_URB_GONE);
    assert_int_equal(l072_urb_submit(board, &(struct l072_urb){.max_packet = 8}), L072_ERR_GONE);
}

static void a_frame_starts_each_millisecond(void **state)
{
    uint32_t frame;

    (void)state;
    run(b, L072_PS_PER_MS);
    frame = reg(b, FNR) & 0x7FF;
    run(b, 5 * L072_PS_PER_MS);
    assert_int_equal(reg(b, FNR) & 0x7FF, frame + 5);
    assert_true(reg(b, ISTR) & USB_ISTR_SOF);
    assert_false(reg(b, ISTR) & USB_ISTR_ESOF);
}

static void control_in_has_three_stages(void **state)
{
    int id = submit_control(0x80, 6, NULL, 10);
    uint8_t data[64];
    uint32_t size;

    (void)state;
    wait_ctr(0, USB_EP_CTR_RX);
    assert_true(reg(b, EPR) & USB_EP_SETUP);
    send(0, "short", 5);
    receive(0);
    wait_ctr(0, USB_EP_CTR_TX);
    wait_ctr(0, USB_EP_CTR_RX);
    assert_false(reg(b, EPR) & USB_EP_SETUP);
    assert_int_equal(pma16(b, 6) & 0x3FF, 0); /* the status stage is empty */
    assert_int_equal(result(id, data, &size), L072_URB_OK);
    assert_int_equal(size, 5);
    assert_memory_equal(data, "short", 5);
}

static void control_out_ends_with_an_empty_in(void **state)
{
    int id = submit_control(0x21, 1, "hello", 5);
    uint32_t size;

    (void)state;
    wait_ctr(0, USB_EP_CTR_RX);
    receive(0);
    wait_ctr(0, USB_EP_CTR_RX);
    assert_memory_equal(b->usb.pma + RX0, "hello", 5);
    assert_int_equal(l072_urb_take(board, id, NULL, 0, NULL), L072_URB_PENDING);
    send(0, "", 0);
    wait_ctr(0, USB_EP_CTR_TX);
    assert_int_equal(result(id, NULL, &size), L072_URB_OK);
    assert_int_equal(size, 5);
}

static void stall_ends_a_transfer(void **state)
{
    int id = submit_control(0x80, 6, NULL, 10);

    (void)state;
    wait_ctr(0, USB_EP_CTR_RX);
    set_stat(b, 0, USB_EP_STAT_TX, TX(USB_STAT_STALL));
    assert_int_equal(result(id, NULL, NULL), L072_URB_STALL);
}

static void nak_goes_on_for_ever_and_silence_ends(void **state)
{
    int naked = submit(L072_BULK, 0x81, NULL, 64);
    int silent = submit(L072_BULK, 0x82, NULL, 64);

    (void)state;
    run(b, 200 * L072_PS_PER_MS);
    assert_int_equal(l072_urb_take(board, naked, NULL, 0, NULL), L072_URB_PENDING);
    assert_int_equal(l072_urb_take(board, silent, NULL, 0, NULL), L072_URB_ERROR);
    l072_urb_cancel(board, naked);
    assert_int_equal(l072_urb_take(board, naked, NULL, 0, NULL), L072_URB_CANCELLED);
}

static void bulk_out_is_cut_into_packets(void **state)
{
    uint8_t data[128];
    struct l072_urb urb = {.type = L072_BULK, .endpoint = 1, .max_packet = 64, .zero_packet = true};
    static const uint16_t sizes[] = {64, 64, 0};
    int id;

    (void)state;
    memset(data, 0x11, sizeof data);
    urb.data = data;
    urb.size = sizeof data;
    id = l072_urb_submit(board, &urb);
    for (unsigned i = 0; i < 3; i++) {
        wait_ctr(1, USB_EP_CTR_RX);
        assert_int_equal(pma16(b, 8 + 6) & 0x3FF, sizes[i]);
        receive(1);
    }
    assert_int_equal(result(id, NULL, NULL), L072_URB_OK);
}

static void toggles_live_on_between_transfers(void **state)
{
    int id;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        id = submit(L072_BULK, 0x81, NULL, 64);
        send(1, "x", 1);
        assert_int_equal(result(id, NULL, NULL), L072_URB_OK);
        clear_ctr(b, 1, USB_EP_CTR_TX);
    }
    l072_usb_clear_toggle(board, 0, 0x81); /* the device expects DATA1: out of step */
    id = submit(L072_BULK, 0x81, NULL, 64);
    send(1, "y", 1);
    assert_int_equal(result(id, NULL, NULL), L072_URB_PENDING);
}

static void more_than_asked_for_is_overflow(void **state)
{
    int id = submit(L072_BULK, 0x81, NULL, 4);

    (void)state;
    send(1, "12345", 5);
    assert_int_equal(result(id, NULL, NULL), L072_URB_OVERFLOW);
}

static uint64_t when(uint32_t flag)
{
    while (!(reg(b, EPR) & flag))
        run(b, L072_PS_PER_US / 10);
    clear_ctr(b, 0, flag);
    return l072_now(board);
}

/* A firmware may need that long to see that SETUP came, or that the status stage is over. */
static void stages_of_control_transfers_are_a_microframe_apart(void **state)
{
    const uint64_t least = 125 * L072_PS_PER_US;
    int id[] = {submit_control(0x80, 6, NULL, 2), submit_control(0x80, 6, NULL, 2)};
    uint64_t last = l072_now(board), now;

    (void)state;
    for (unsigned i = 0; i < 2; i++, last = now) {
        now = when(USB_EP_CTR_RX);
        assert_true(reg(b, EPR) & USB_EP_SETUP);
        assert_in_range(now - last, least, 2 * least);
        last = now;
        send(0, "ab", 2);
        receive(0);
        now = when(USB_EP_CTR_TX);
        assert_in_range(now - last, least, 2 * least);
        last = now;
        now = when(USB_EP_CTR_RX);
        assert_in_range(now - last, least, 2 * least);
        assert_int_equal(l072_urb_take(board, id[i], NULL, 0, NULL), L072_URB_OK);
    }
}

static void a_transfer_begins_a_microframe_after_its_submission(void **state)
{
    uint64_t begin = l072_now(board);

    (void)state;
    submit(L072_BULK, 1, "x", 1);
    while (!(reg(b, 4) & USB_EP_CTR_RX))
        run(b, L072_PS_PER_US);
    assert_in_range(l072_now(board) - begin, 125000000, 150000000);
}

/* 64 bytes: token 35 bits, gap 2, data 35 + 512: the device has them 48.7 us later. */
static void a_packet_takes_its_time_on_the_bus(void **state)
{
    uint8_t data[64] = {0};
    uint64_t begin;

    (void)state;
    b->host.turn_ps = 0;
    run(b, L072_PS_PER_MS / 4);
    begin = l072_now(board);
    submit(L072_BULK, 1, data, sizeof data);
    while (!(reg(b, 4) & USB_EP_CTR_RX))
        run(b, L072_PS_PER_US / 10);
    assert_in_range(l072_now(board) - begin, 48600000, 49800000);
}

/* A full-speed frame has room for 19 bulk transactions of 64 bytes (USB 2.0 table 5-9). */
static void a_frame_holds_no_more_than_fits(void **state)
{
    uint8_t data[2560] = {0};
    unsigned packets = 0;
    uint32_t frame;

    (void)state;
    submit(L072_BULK, 1, data, sizeof data);
    for (frame = reg(b, FNR); frame == reg(b, FNR); run(b, L072_PS_PER_US)) {
        clear_ctr(b, 1, USB_EP_CTR_RX);
        receive(1);
    }
    for (frame = reg(b, FNR); frame == reg(b, FNR); run(b, L072_PS_PER_US)) {
        packets += !!(reg(b, 4) & USB_EP_CTR_RX);
        clear_ctr(b, 1, USB_EP_CTR_RX);
        receive(1);
    }
    assert_int_equal(packets, 19);
}

static void interrupt_endpoints_are_polled_once_per_interval(void **state)
{
    struct l072_urb urb = {.type = L072_INTERRUPT, .endpoint = 0x81, .interval = 4};
    int id;

    (void)state;
    urb.max_packet = urb.size = 8;
    id = l072_urb_submit(board, &urb);
    for (unsigned polls = 0; polls < 3; polls++) {
        send(1, "12345678", 8);
        while (!(reg(b, 4) & USB_EP_CTR_TX))
            run(b, 10 * L072_PS_PER_US);
        assert_int_equal(reg(b, FNR) % 4, 0);
        clear_ctr(b, 1, USB_EP_CTR_TX);
        run(b, L072_PS_PER_MS / 10);
        assert_int_equal(l072_urb_take(board, id, NULL, 0, NULL), L072_URB_OK);
        id = l072_urb_submit(board, &urb);
    }
}

static void isochronous_in_loses_what_is_not_there(void **state)
{
    int id = submit(L072_ISOCHRONOUS, 0x81, NULL, 128);
    uint8_t data[64];
    uint32_t size;

    (void)state;
    set_reg(b, 4, USB_EP_TYPE_ISO | (reg(b, 4) & (USB_EP_STAT_TX | USB_EP_STAT_RX)) | 1);
    run(b, 1200 * L072_PS_PER_US);
    assert_int_equal(l072_urb_take(board, id, NULL, 0, NULL), L072_URB_PENDING);
    set_reg(b, 4, USB_EP_TYPE_ISO | TX(USB_STAT_VALID) | 1);
    send(1, "iso", 3);
    assert_int_equal(result(id, data, &size), L072_URB_OK);
    assert_int_equal(size, 3);
}

static void endpoints_take_turns(void **state)
{
    uint8_t data[640] = {0};
    int bulk = submit(L072_BULK, 1, data, sizeof data);
    int control = submit_control(0x80, 6, NULL, 10);

    (void)state;
    for (unsigned us = 0; us < 200 && !(reg(b, EPR) & USB_EP_CTR_RX); us++) {
        run(b, L072_PS_PER_US);
        clear_ctr(b, 1, USB_EP_CTR_RX);
        receive(1);
    }
    assert_true(reg(b, EPR) & USB_EP_CTR_RX);
    assert_int_equal(l072_urb_take(board, bulk, NULL, 0, NULL), L072_URB_PENDING);
    assert_int_equal(l072_urb_take(board, control, NULL, 0, NULL), L072_URB_PENDING);
}

static void a_port_that_was_not_reset_passes_nothing_on(void **state)
{
    int id;

    (void)state;
    l072_usb_plug(board, false);
    run(b, L072_PS_PER_MS);
    l072_usb_plug(board, true);
    run(b, 9 * L072_PS_PER_MS);
    assert_true(reg(b, ISTR) & USB_ISTR_SUSP);
    id = submit_control(0x80, 6, NULL, 8);
    assert_int_equal(result(id, NULL, NULL), L072_URB_ERROR);
}

static void nonsense_is_refused(void **state)
{
    const struct l072_urb good = {.type = L072_BULK, .endpoint = 0x81, .max_packet = 64};
    struct l072_urb bad[] = {good, good, good, good, good, good, good, good};

    (void)state;
    bad[0].max_packet = 0;
    bad[1].max_packet = 65;
    bad[2].address = 128;
    bad[3].size = L072_URB_MAX + 1;
    bad[4].type = L072_INTERRUPT;         /* without an interval */
    bad[5].type = L072_CONTROL;           /* not on endpoint 0 */
    bad[6].endpoint = 1, bad[6].size = 1; /* OUT without data */
    bad[7].type = (enum l072_transfer)4;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(l072_urb_submit(board, &bad[i]), L072_ERR_VALUE);
    for (unsigned i = 0; i < L072_URBS; i++)
        submit(L072_BULK, 0x81, NULL, 1);
    assert_int_equal(l072_urb_submit(board, &(struct l072_urb){.max_packet = 8}), L072_ERR_FULL);
}

static void ids_of_no_transfer_are_refused(void **state)
{
    const int bad[] = {-1, 1, L072_URBS, INT_MAX, INT_MIN, L072_ERR_FULL};
    const int id = submit(L072_BULK, 0x81, NULL, 1);
    uint32_t size = 1;

    (void)state;
    assert_int_equal(id, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        l072_urb_cancel(board, bad[i]);
        assert_int_equal(l072_urb_take(board, bad[i], NULL, 0, &size), L072_URB_GONE);
        assert_int_equal(size, 0);
    }
    l072_urb_cancel(board, id);
    l072_urb_cancel(board, id); /* a second time: as it stands */
    assert_int_equal(l072_urb_take(board, id, NULL, 0, NULL), L072_URB_CANCELLED);
    assert_int_equal(l072_urb_take(board, id, NULL, 0, NULL), L072_URB_GONE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(attach_is_noticed_after_2_5_us_and_glitches_are_not),
        TEST(detach_ends_transfers),
        TEST(a_frame_starts_each_millisecond),
        TEST(control_in_has_three_stages),
        TEST(control_out_ends_with_an_empty_in),
        TEST(stall_ends_a_transfer),
        TEST(nak_goes_on_for_ever_and_silence_ends),
        TEST(bulk_out_is_cut_into_packets),
        TEST(toggles_live_on_between_transfers),
        TEST(more_than_asked_for_is_overflow),
        TEST(stages_of_control_transfers_are_a_microframe_apart),
        TEST(a_transfer_begins_a_microframe_after_its_submission),
        TEST(a_packet_takes_its_time_on_the_bus),
        TEST(a_frame_holds_no_more_than_fits),
        TEST(interrupt_endpoints_are_polled_once_per_interval),
        TEST(isochronous_in_loses_what_is_not_there),
        TEST(endpoints_take_turns),
        TEST(a_port_that_was_not_reset_passes_nothing_on),
        TEST(nonsense_is_refused),
        TEST(ids_of_no_transfer_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
