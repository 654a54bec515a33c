/* SPDX-License-Identifier: MIT */
/* The USB block: the firmware's registers on one side, the packets of a host on the other. */
#include "usb_rig.h"

#include <string.h>

enum { TX_BUFFER = 0x40, RX_BUFFER = 0x80, RX_64 = 0x8400, RX_8 = 4 << 10 };

static const uint8_t setup_packet[8] = {0x80, 6, 0, 1, 0, 0, 18, 0};

static struct l072 *board;
static struct board *b;

/* Endpoint register 0 is control endpoint 0, receiving and silent in the other direction. */
static void open_ep0(void)
{
    set_buffers(b, 0, TX_BUFFER, 0, RX_BUFFER, RX_64);
    set_reg(b, DADDR, DADDR_ON);
    set_reg(b, EPR, USB_EP_TYPE_CONTROL | RX(USB_STAT_VALID) | TX(USB_STAT_NAK));
}

static int start(void **state)
{
    (void)state;
    board = rig_board(false);
    b = inside(board);
    rig_connect(b);
    open_ep0();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    l072_destroy(board);
    return 0;
}

/* RM0376 USB_EPnR: one store sets plain bits, flips toggles and clears CTR, all by their rules. */
static void each_endpoint_bit_has_its_write_rule(void **state)
{
    (void)state;
    b->usb.epr[3] = 0xFFFF;
    set_reg(b, 12, 0x0000);
    assert_int_equal(reg(b, 12), 0x7870); /* CTR cleared, toggles and SETUP kept */
    set_reg(b, 12, 0xFFFF);
    assert_int_equal(reg(b, 12), 0x0F0F | USB_EP_SETUP); /* CTR not set, toggles flipped */
    b->usb.epr[3] = 0xBDA5;
    set_reg(b, 12, reg(b, 12) & ~0x8F8Fu); /* how a driver closes an endpoint */
    assert_int_equal(reg(b, 12), USB_EP_SETUP);
}

static void words_and_halfwords_reach_the_registers(void **state)
{
    uint32_t value;

    (void)state;
    assert_true(bus_write(b, USB_BASE + DADDR, 4, 0xFFFF0083));
    assert_true(bus_read(b, USB_BASE + DADDR, 2, &value));
    assert_int_equal(value, 0x83);
    assert_true(bus_write(b, USB_BASE + CNTR, 2, 0x8400));
    assert_true(bus_read(b, USB_BASE + CNTR, 4, &value));
    assert_int_equal(value, 0x8400);
}

static void a_reset_block_is_powered_down(void **state)
{
    (void)state;
    usb_reset(b);
    assert_int_equal(reg(b, CNTR), USB_CNTR_PDWN | USB_CNTR_FRES);
    assert_int_equal(reg(b, EPR), 0);
    assert_int_equal(reg(b, BCDR), 0);
    assert_int_equal(pma16(b, 4), RX_BUFFER); /* packet memory stays */
}

static void packet_memory_is_packed(void **state)
{
    uint32_t value;

    (void)state;
    assert_true(bus_write(b, USB_PMA_BASE + 0x3FC, 4, 0x44332211));
    assert_true(bus_write(b, USB_PMA_BASE + 0x3FD, 1, 0xAA));
    assert_true(bus_read(b, USB_PMA_BASE + 0x3FC, 2, &value));
    assert_int_equal(value, 0xAA11);
    assert_false(bus_write(b, USB_PMA_BASE + USB_PMA_SIZE, 2, 1));
    assert_int_equal(l072_stop(board)->kind, L072_STOP_UNMAPPED);
}

static void setup_is_taken_whatever_the_state(void **state)
{
    static const uint32_t stats[] = {USB_STAT_STALL, USB_STAT_NAK, USB_STAT_VALID};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        set_stat(b, 0, USB_EP_STAT_RX, RX(stats[i]));
        set_stat(b, 0, USB_EP_STAT_TX, TX(USB_STAT_STALL));
        assert_int_equal(usb_setup(b, 0, 0, setup_packet), USB_ACK);
        assert_int_equal(reg(b, EPR), USB_EP_TYPE_CONTROL | USB_EP_CTR_RX | USB_EP_SETUP |
                                          USB_EP_DTOG_RX | USB_EP_DTOG_TX | RX(USB_STAT_NAK) |
                                          TX(USB_STAT_NAK));
        assert_memory_equal(b->usb.pma + RX_BUFFER, setup_packet, 8);
        assert_int_equal(pma16(b, 6), RX_64 | 8);
        clear_ctr(b, 0, USB_EP_CTR_RX);
        assert_true(reg(b, EPR) & USB_EP_SETUP); /* drivers look after they cleared CTR_RX */
    }
}

static void setup_is_not_answered_while_ctr_rx_is_set(void **state)
{
    (void)state;
    assert_int_equal(usb_setup(b, 0, 0, setup_packet), USB_ACK);
    assert_int_equal(usb_setup(b, 0, 0, setup_packet), USB_SILENCE);
    clear_ctr(b, 0, USB_EP_CTR_RX);
    assert_int_equal(usb_setup(b, 0, 0, setup_packet), USB_ACK);
}

static void only_open_control_endpoints_take_setup(void **state)
{
    (void)state;
    set_reg(b, 4, RX(USB_STAT_VALID) | 1);
    assert_int_equal(usb_setup(b, 0, 1, setup_packet), USB_SILENCE);
    assert_int_equal(usb_setup(b, 0, 2, setup_packet), USB_SILENCE);
    assert_int_equal(usb_setup(b, 5, 0, setup_packet), USB_SILENCE);
    set_reg(b, DADDR, 5);
    assert_int_equal(usb_setup(b, 5, 0, setup_packet), USB_SILENCE); /* EF is 0 */
    set_reg(b, DADDR, DADDR_ON | 5);
    assert_int_equal(usb_setup(b, 5, 0, setup_packet), USB_ACK);
}

/* Bulk endpoint 1 is register 2: index and number are independent. */
static void open_bulk(uint32_t stat_rx, uint32_t stat_tx, uint16_t count_rx)
{
    set_buffers(b, 2, TX_BUFFER, 0, RX_BUFFER, count_rx);
    set_reg(b, 8, RX(stat_rx) | TX(stat_tx) | 1);
}

static void out_stores_and_answers_nak_until_rearmed(void **state)
{
    (void)state;
    open_bulk(USB_STAT_VALID, USB_STAT_DISABLED, RX_64);
    assert_int_equal(usb_out(b, 0, 1, false, (const uint8_t *)"abc", 3, false), USB_ACK);
    assert_int_equal(reg(b, 8), USB_EP_CTR_RX | USB_EP_DTOG_RX | RX(USB_STAT_NAK) | 1);
    assert_memory_equal(b->usb.pma + RX_BUFFER, "abc", 3);
    assert_int_equal(pma16(b, 8 * 2 + 6), RX_64 | 3);
    assert_int_equal(usb_out(b, 0, 1, true, (const uint8_t *)"def", 3, false), USB_NAK);
    set_stat(b, 2, USB_EP_STAT_RX, RX(USB_STAT_STALL));
    assert_int_equal(usb_out(b, 0, 1, true, (const uint8_t *)"def", 3, false), USB_STALL);
    set_stat(b, 2, USB_EP_STAT_RX, RX(USB_STAT_DISABLED));
    assert_int_equal(usb_out(b, 0, 1, true, (const uint8_t *)"def", 3, false), USB_SILENCE);
    assert_memory_equal(b->usb.pma + RX_BUFFER, "abc", 3);
}

static void a_repeated_out_packet_is_acked_and_dropped(void **state)
{
    (void)state;
    open_bulk(USB_STAT_VALID, USB_STAT_DISABLED, RX_64);
    set_pma16(b, RX_BUFFER, 0x5A5A);
    assert_int_equal(usb_out(b, 0, 1, true, (const uint8_t *)"abc", 3, false), USB_ACK);
    assert_int_equal(reg(b, 8), RX(USB_STAT_VALID) | 1);
    assert_int_equal(pma16(b, RX_BUFFER), 0x5A5A);
}

/* CRC-16/USB of "123456789" is 0xB4C8, the check value of the catalogues. */
static void crc_is_stored_as_far_as_it_fits(void **state)
{
    static const uint8_t digits[] = "123456789\xC8\xB4Z";

    (void)state;
    memset(b->usb.pma + RX_BUFFER, 'Z', 16);
    open_bulk(USB_STAT_VALID, USB_STAT_DISABLED, RX_64);
    assert_int_equal(usb_out(b, 0, 1, false, digits, 9, false), USB_ACK);
    assert_memory_equal(b->usb.pma + RX_BUFFER, digits, 12);
    clear_ctr(b, 2, USB_EP_CTR_RX);
    set_stat(b, 2, USB_EP_STAT_RX, RX(USB_STAT_VALID));
    set_pma16(b, 8 * 2 + 6, RX_8);
    memset(b->usb.pma + RX_BUFFER, 'Z', 16);
    assert_int_equal(usb_out(b, 0, 1, true, digits, 8, false), USB_ACK);
    assert_memory_equal(b->usb.pma + RX_BUFFER, "12345678Z", 9); /* no room for the CRC */
}

static void a_packet_that_does_not_fit_is_stalled(void **state)
{
    uint8_t nine[9] = {0};

    (void)state;
    open_bulk(USB_STAT_VALID, USB_STAT_DISABLED, RX_8);
    assert_int_equal(usb_out(b, 0, 1, false, nine, 9, false), USB_STALL);
    assert_int_equal(reg(b, 8), RX(USB_STAT_VALID) | 1); /* and nothing is told */
}

static void status_out_takes_empty_packets_only(void **state)
{
    (void)state;
    set_reg(b, EPR, USB_EP_TYPE_CONTROL | USB_EP_KIND | KEEP_CTR);
    assert_int_equal(usb_out(b, 0, 0, false, setup_packet, 8, false), USB_STALL);
    assert_int_equal(usb_out(b, 0, 0, false, NULL, 0, false), USB_ACK);
}

/* ST's HAL sets STATUS_OUT for the status stage of one request, and clears it only when it prepares
 * the data stage of a later one: until then the answer is NAK. */
static void status_out_stalls_only_what_would_be_acked(void **state)
{
    (void)state;
    open_ep0();
    set_reg(b, EPR, KEEP_CTR | USB_EP_TYPE_CONTROL | USB_EP_KIND);
    set_stat(b, 0, USB_EP_STAT_RX, RX(USB_STAT_NAK));
    assert_int_equal(usb_out(b, 0, 0, false, setup_packet, 8, false), USB_NAK);
    set_stat(b, 0, USB_EP_STAT_RX, RX(USB_STAT_VALID));
    assert_int_equal(usb_out(b, 0, 0, false, setup_packet, 8, false), USB_STALL);
    set_reg(b, EPR, KEEP_CTR | USB_EP_TYPE_CONTROL);
    assert_int_equal(usb_out(b, 0, 0, false, setup_packet, 8, false), USB_ACK);
}

static void in_repeats_until_the_host_acks(void **state)
{
    uint8_t data[1023];
    uint32_t size;
    bool toggle;

    (void)state;
    open_bulk(USB_STAT_DISABLED, USB_STAT_NAK, 0);
    assert_int_equal(usb_in(b, 0, 1, data, &size, &toggle), USB_NAK);
    set_pma16(b, TX_BUFFER, 0x6261);
    set_pma16(b, 8 * 2 + 2, 2);
    set_stat(b, 2, USB_EP_STAT_TX, TX(USB_STAT_VALID));
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(usb_in(b, 0, 1, data, &size, &toggle), USB_DATA);
        assert_int_equal(size, 2);
        assert_memory_equal(data, "ab", 2);
        assert_false(toggle);
        usb_in_ack(b, 1, i == 1);
    }
    assert_true(reg(b, ISTR) & USB_ISTR_ERR); /* of the lost ACK */
    assert_int_equal(reg(b, 8), USB_EP_CTR_TX | USB_EP_DTOG_TX | TX(USB_STAT_NAK) | 1);
}

static void an_empty_in_packet_completes(void **state)
{
    uint8_t data[1023];
    uint32_t size = 9;
    bool toggle;

    (void)state;
    open_bulk(USB_STAT_DISABLED, USB_STAT_VALID, 0);
    assert_int_equal(usb_in(b, 0, 1, data, &size, &toggle), USB_DATA);
    assert_int_equal(size, 0);
    usb_in_ack(b, 1, true);
    assert_true(reg(b, 8) & USB_EP_CTR_TX);
}

static void double_buffered_out_fills_what_the_firmware_does_not_hold(void **state)
{
    (void)state;
    set_buffers(b, 2, TX_BUFFER, RX_64, RX_BUFFER, RX_64);
    set_reg(b, 8, USB_EP_KIND | RX(USB_STAT_VALID) | USB_EP_DTOG_TX | 1);
    assert_int_equal(usb_out(b, 0, 1, false, (const uint8_t *)"0", 1, false), USB_ACK);
    assert_int_equal(b->usb.pma[TX_BUFFER], '0');
    assert_int_equal(usb_out(b, 0, 1, true, (const uint8_t *)"1", 1, false), USB_NAK);
    set_reg(b, 8, USB_EP_KIND | USB_EP_DTOG_TX | 1); /* flip SW_BUF */
    assert_int_equal(usb_out(b, 0, 1, true, (const uint8_t *)"1", 1, false), USB_ACK);
    assert_int_equal(b->usb.pma[RX_BUFFER], '1');
}

static void isochronous_has_no_handshake(void **state)
{
    (void)state;
    set_buffers(b, 2, TX_BUFFER, RX_64, RX_BUFFER, RX_64);
    set_reg(b, 8, USB_EP_TYPE_ISO | RX(USB_STAT_VALID) | 1);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(usb_out(b, 0, 1, false, (const uint8_t *)"01" + i, 1, true), USB_SILENCE);
    assert_int_equal(b->usb.pma[TX_BUFFER], '0');
    assert_int_equal(b->usb.pma[RX_BUFFER], '1');
    assert_int_equal(reg(b, 8), USB_EP_TYPE_ISO | USB_EP_CTR_RX | RX(USB_STAT_VALID) | 1);
}

static void istr_names_the_endpoint_and_follows_its_ctr(void **state)
{
    (void)state;
    set_reg(b, CNTR, USB_ISTR_CTR);
    b->usb.epr[5] = USB_EP_CTR_TX;
    b->usb.epr[3] = USB_EP_CTR_RX | USB_EP_CTR_TX;
    b->usb.epr[6] = USB_EP_TYPE_ISO | USB_EP_CTR_TX;
    assert_int_equal(reg(b, ISTR), USB_ISTR_CTR | 6);
    b->usb.epr[4] = USB_EP_KIND | USB_EP_CTR_TX; /* double-buffered bulk, and lower */
    assert_int_equal(reg(b, ISTR), USB_ISTR_CTR | 4);
    clear_ctr(b, 4, USB_EP_CTR_TX);
    clear_ctr(b, 6, USB_EP_CTR_TX);
    assert_int_equal(reg(b, ISTR), USB_ISTR_CTR | USB_ISTR_DIR | 3);
    set_reg(b, ISTR, 0); /* CTR is not cleared here */
    assert_true(b->nvic.line[IRQ_USB]);
    clear_ctr(b, 3, USB_EP_CTR_RX);
    assert_int_equal(reg(b, ISTR), USB_ISTR_CTR | 3);
    clear_ctr(b, 3, USB_EP_CTR_TX);
    clear_ctr(b, 5, USB_EP_CTR_TX);
    assert_int_equal(reg(b, ISTR), 0);
    assert_false(b->nvic.line[IRQ_USB]);
}

static void flags_are_cleared_by_zeros_and_seen_without_mask(void **state)
{
    (void)state;
    usb_start_of_frame(b, 0x2A5);
    assert_int_equal(reg(b, ISTR), USB_ISTR_SOF);
    assert_int_equal(reg(b, FNR) & 0x7FF, 0x2A5);
    assert_false(b->nvic.line[IRQ_USB]);
    set_reg(b, CNTR, USB_ISTR_SOF);
    assert_true(b->nvic.line[IRQ_USB]);
    set_reg(b, ISTR, 0xFFFF);
    assert_int_equal(reg(b, ISTR), USB_ISTR_SOF);
    set_reg(b, ISTR, 0xFFFF & ~USB_ISTR_SOF);
    assert_int_equal(reg(b, ISTR), 0);
    assert_false(b->nvic.line[IRQ_USB]);
}

static void bus_reset_clears_endpoints_but_not_ctr(void **state)
{
    (void)state;
    set_reg(b, DADDR, DADDR_ON | 9);
    assert_int_equal(usb_setup(b, 9, 0, setup_packet), USB_ACK);
    usb_bus_se0(b, true);
    assert_int_equal(reg(b, EPR), USB_EP_CTR_RX);
    assert_int_equal(reg(b, DADDR), 0);
    assert_int_equal(pma16(b, 4), RX_BUFFER);
    set_reg(b, EPR, 0);
    usb_bus_se0(b, false);
    open_ep0();
    assert_int_equal(usb_setup(b, 0, 0, setup_packet), USB_SILENCE); /* ISTR.RESET is set */
    set_reg(b, ISTR, 0);
    assert_int_equal(usb_setup(b, 0, 0, setup_packet), USB_ACK);
}

static void three_silent_milliseconds_are_suspend(void **state)
{
    (void)state;
    usb_start_of_frame(b, 1);
    set_reg(b, ISTR, 0);
    run(b, 2900 * L072_PS_PER_US);
    assert_int_equal(reg(b, ISTR), USB_ISTR_ESOF);
    run(b, 300 * L072_PS_PER_US);
    assert_int_equal(reg(b, ISTR), USB_ISTR_ESOF | USB_ISTR_SUSP);
    set_reg(b, CNTR, USB_CNTR_FSUSP | USB_CNTR_LPMODE | USB_ISTR_WKUP);
    set_reg(b, ISTR, 0);
    run(b, 5 * L072_PS_PER_MS);
    assert_int_equal(reg(b, ISTR), USB_ISTR_ESOF); /* suspend is told once */
    usb_bus_resume(b, true);
    assert_int_equal(reg(b, ISTR), USB_ISTR_ESOF | USB_ISTR_WKUP);
    assert_int_equal(reg(b, CNTR), USB_CNTR_FSUSP | USB_ISTR_WKUP);
    assert_true(b->nvic.line[IRQ_USB]);
}

static void frames_keep_the_device_awake(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < 10; i++) {
        usb_start_of_frame(b, i);
        run(b, L072_PS_PER_MS);
    }
    assert_int_equal(reg(b, ISTR), USB_ISTR_SOF);
}

static void the_pull_up_needs_the_48_mhz_clock(void **state)
{
    (void)state;
    set_reg(b, BCDR, 0);
    store(b, 0x40021008, 0); /* RCC_CRRCR: HSI48 off */
    set_reg(b, BCDR, USB_BCDR_DPPU);
    assert_int_equal(l072_stop(board)->kind, L072_STOP_USB);
    assert_non_null(strstr(l072_stop(board)->reason, "USB has no 48 MHz clock"));
}

static void a_buffer_outside_packet_memory_stops(void **state)
{
    (void)state;
    set_pma16(b, 4, 0x3E0); /* 64 bytes from here end 32 bytes too late */
    assert_int_equal(usb_setup(b, 0, 0, setup_packet), USB_SILENCE);
    assert_int_equal(l072_stop(board)->kind, L072_STOP_USB);
}

static void a_buffer_table_outside_packet_memory_stops(void **state)
{
    (void)state;
    set_reg(b, BTABLE, 0x400);
    assert_int_equal(usb_setup(b, 0, 0, setup_packet), USB_SILENCE);
    assert_int_equal(l072_stop(board)->kind, L072_STOP_USB);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_endpoint_bit_has_its_write_rule),
        TEST(words_and_halfwords_reach_the_registers),
        TEST(a_reset_block_is_powered_down),
        TEST(packet_memory_is_packed),
        TEST(setup_is_taken_whatever_the_state),
        TEST(setup_is_not_answered_while_ctr_rx_is_set),
        TEST(only_open_control_endpoints_take_setup),
        TEST(out_stores_and_answers_nak_until_rearmed),
        TEST(a_repeated_out_packet_is_acked_and_dropped),
        TEST(crc_is_stored_as_far_as_it_fits),
        TEST(a_packet_that_does_not_fit_is_stalled),
        TEST(status_out_takes_empty_packets_only),
        TEST(status_out_stalls_only_what_would_be_acked),
        TEST(in_repeats_until_the_host_acks),
        TEST(an_empty_in_packet_completes),
        TEST(double_buffered_out_fills_what_the_firmware_does_not_hold),
        TEST(isochronous_has_no_handshake),
        TEST(istr_names_the_endpoint_and_follows_its_ctr),
        TEST(flags_are_cleared_by_zeros_and_seen_without_mask),
        TEST(bus_reset_clears_endpoints_but_not_ctr),
        TEST(three_silent_milliseconds_are_suspend),
        TEST(frames_keep_the_device_awake),
        TEST(the_pull_up_needs_the_48_mhz_clock),
        TEST(a_buffer_outside_packet_memory_stops),
        TEST(a_buffer_table_outside_packet_memory_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
