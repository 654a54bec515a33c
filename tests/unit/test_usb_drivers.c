/* SPDX-License-Identifier: MIT */
/* The twelve rules that other people's drivers rely on, a test each: see usb_driver_rig.h. */
#include "usb_driver_rig.h"

static void row_1_words_and_halfwords_are_the_same_register(void **state)
{
    uint32_t value;

    (void)state;
    assert_true(bus_write(b, USB_BASE + EP2, 4, RX(USB_STAT_NAK) | 2)); /* OC3: words */
    assert_true(bus_read(b, USB_BASE + EP2, 2, &value));
    assert_int_equal(value, RX(USB_STAT_NAK) | 2);
    assert_true(bus_write(b, USB_BASE + EP2, 2, RX(USB_STAT_NAK ^ USB_STAT_VALID) | 2));
    assert_true(bus_read(b, USB_BASE + EP2, 4, &value));
    assert_int_equal(value, RX(USB_STAT_VALID) | 2);                /* the upper half reads 0 */
    assert_true(bus_write(b, USB_PMA_BASE + 0x200, 4, 0x00400010)); /* two halfwords, merged */
    assert_int_equal(pma16(b, 0x200), 0x0010);
    assert_int_equal(pma16(b, 0x202), 0x0040);
}

static void row_2_one_store_changes_all_fields(void **state)
{
    (void)state;
    set_reg(b, EP2, USB_EP_TYPE_INTERRUPT | 2);
    lus_toggle_set(EP2, TX(USB_STAT_NAK), USB_EP_STAT_TX | USB_EP_DTOG_TX);
    assert_int_equal(reg(b, EP2), USB_EP_TYPE_INTERRUPT | TX(USB_STAT_NAK) | 2);
    b->usb.epr[2] |= USB_EP_CTR_TX | USB_EP_CTR_RX | USB_EP_DTOG_TX | USB_EP_DTOG_RX;
    set_reg(b, EP2, reg(b, EP2) & ~0x8F8Fu); /* LUS closes an endpoint */
    assert_int_equal(reg(b, EP2), 0);
}

static void row_3_the_interrupt_lasts_until_each_event_was_served(void **state)
{
    (void)state;
    set_reg(b, CNTR, USB_ISTR_CTR | USB_ISTR_SOF | USB_ISTR_RESET);
    submit_control(0x80, 6, 18);
    wait_ctr();
    run(b, L072_PS_PER_MS);
    assert_true(reg(b, ISTR) & USB_ISTR_SOF);
    lus_clear(EPR, USB_EP_CTR_RX); /* one event a call: CTR first */
    assert_true(b->nvic.line[IRQ_USB]);
    set_reg(b, ISTR, reg(b, ISTR) & ~USB_ISTR_SOF);
    assert_false(b->nvic.line[IRQ_USB]);
}

/* The IN data stage is acknowledged and the next SETUP comes before anybody looks. */
static void row_4_both_ctr_flags_can_be_served_in_either_order(void **state)
{
    (void)state;
    b->usb.epr[0] |= USB_EP_CTR_TX;
    submit_control(0x80, 6, 18);
    run(b, L072_PS_PER_MS);
    assert_int_equal(wait_ctr(), USB_ISTR_DIR | 0); /* OC3, HAL: DIR says receive first */
    lus_clear(EPR, USB_EP_CTR_TX);                  /* LUS: transmit first */
    assert_int_equal(wait_ctr(), USB_ISTR_DIR | 0);
    assert_true(reg(b, EPR) & USB_EP_SETUP);
    lus_clear(EPR, USB_EP_CTR_RX);
    assert_false(reg(b, ISTR) & USB_ISTR_CTR);
    assert_true(reg(b, EPR) & USB_EP_SETUP); /* LUS looks at SETUP after clearing CTR_RX */
}

static void row_5_a_setup_is_fine_while_receiving_is_valid(void **state)
{
    int id = submit_control(0x80, 6, 3), next;
    uint8_t data[64];
    uint32_t size;

    (void)state;
    wait_ctr();
    lus_clear(EPR, USB_EP_CTR_RX);
    set_stat(b, 0, USB_EP_STAT_RX, RX(USB_STAT_VALID)); /* OC3: before it parses */
    send(0, "abc", 3);
    assert_int_equal(wait_ctr(), 0);
    lus_clear(EPR, USB_EP_CTR_TX);
    wait_ctr();
    lus_clear(EPR, USB_EP_CTR_RX);
    assert_int_equal(take(id, data, &size), L072_URB_OK);
    assert_memory_equal(data, "abc", 3);
    set_stat(b, 0, USB_EP_STAT_RX, RX(USB_STAT_VALID));
    next = submit_control(0x00, 9, 0);
    wait_ctr();
    assert_true(reg(b, EPR) & USB_EP_SETUP);
    assert_int_equal(reg(b, EPR) & USB_EP_STAT_TX, TX(USB_STAT_NAK));
    lus_clear(EPR, USB_EP_CTR_RX);
    send(0, "", 0);
    wait_ctr();
    assert_int_equal(take(next, NULL, NULL), L072_URB_OK);
}

static void row_6_an_out_packet_leaves_nak(void **state)
{
    int id;

    (void)state;
    set_buffers(b, 3, 0, 0, BUF0, RX_64);
    set_reg(b, EP3, RX(USB_STAT_VALID) | 1);
    id = submit(L072_BULK, 1, "hello", 5);
    assert_int_equal(wait_ctr(), USB_ISTR_DIR | 3);
    assert_int_equal(reg(b, EP3) & USB_EP_STAT_RX, RX(USB_STAT_NAK)); /* OC3, LUS look */
    assert_int_equal(pma16(b, 8 * 3 + 6), RX_64 | 5);
    assert_memory_equal(b->usb.pma + BUF0, "hello", 5);
    assert_int_equal(take(id, NULL, NULL), L072_URB_OK);
}

static void row_7_the_room_for_a_packet_is_read_anew_each_time(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        set_pma16(b, 6, i ? RX_8 : RX_64); /* TUS re-arms with COUNT_RX of 8 bytes */
        submit_control(0x00, 9, 0);
        wait_ctr();
        assert_int_equal(pma16(b, 6) & COUNT, 8);
        lus_clear(EPR, USB_EP_CTR_RX);
        send(0, "", 0);
        wait_ctr();
        lus_clear(EPR, USB_EP_CTR_TX);
    }
}

static void row_8_ctr_of_istr_drops_with_the_flag_of_the_endpoint(void **state)
{
    (void)state;
    submit_control(0x80, 6, 18);
    wait_ctr();
    set_reg(b, ISTR, 0); /* TUS: has no effect on CTR */
    assert_true(reg(b, ISTR) & USB_ISTR_CTR);
    lus_clear(EPR, USB_EP_CTR_RX);
    assert_false(reg(b, ISTR) & USB_ISTR_CTR);
}

static void row_9_after_a_bus_reset_toggles_start_from_zero(void **state)
{
    (void)state;
    set_reg(b, EP2, USB_EP_TYPE_INTERRUPT | TX(USB_STAT_VALID) | USB_EP_DTOG_TX | 2);
    l072_usb_reset(board, 10 * L072_PS_PER_MS);
    run(b, L072_PS_PER_MS);
    assert_int_equal(reg(b, EP2), 0);
    assert_int_equal(reg(b, DADDR), 0);
    set_reg(b, ISTR, 0);
    set_reg(b, EP2, reg(b, EP2) ^ (USB_EP_TYPE_INTERRUPT | TX(USB_STAT_NAK) | 2)); /* TUS */
    assert_int_equal(reg(b, EP2), USB_EP_TYPE_INTERRUPT | TX(USB_STAT_NAK) | 2);
}

static void row_10_frames_can_be_read_and_interrupt_only_when_asked(void **state)
{
    uint32_t frame;

    (void)state;
    run(b, L072_PS_PER_MS);
    frame = reg(b, FNR) & 0x7FF;
    run(b, 3 * L072_PS_PER_MS);
    assert_int_equal(reg(b, FNR) & 0x7FF, frame + 3);
    assert_false(b->nvic.line[IRQ_USB]);
    set_reg(b, CNTR, USB_ISTR_SOF);
    assert_true(b->nvic.line[IRQ_USB]);
}

static void row_11_an_empty_in_packet_ends_a_transfer(void **state)
{
    int id;
    uint32_t size = 9;

    (void)state;
    set_buffers(b, 2, BUF0, 0, 0, 0);
    set_reg(b, EP2, TX(USB_STAT_NAK) | 2);
    id = submit(L072_BULK, 0x82, NULL, 64);
    send(2, "", 0);
    assert_int_equal(wait_ctr(), 2);
    assert_int_equal(reg(b, EP2) & (USB_EP_STAT_TX | USB_EP_DTOG_TX),
                     TX(USB_STAT_NAK) | USB_EP_DTOG_TX);
    assert_int_equal(take(id, NULL, &size), L072_URB_OK);
    assert_int_equal(size, 0);
}

static void row_12_stall_lasts_until_a_setup(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        int id = submit_control(0x80, 6, 18);

        wait_ctr();
        assert_int_equal(reg(b, EPR) & (USB_EP_STAT_TX | USB_EP_STAT_RX),
                         TX(USB_STAT_NAK) | RX(USB_STAT_NAK));
        lus_clear(EPR, USB_EP_CTR_RX);
        set_stat(b, 0, USB_EP_STAT_TX | USB_EP_STAT_RX, TX(USB_STAT_STALL) | RX(USB_STAT_STALL));
        run(b, 2 * L072_PS_PER_MS);
        assert_int_equal(take(id, NULL, NULL), L072_URB_STALL);
        assert_int_equal(reg(b, EPR) & USB_EP_STAT_TX, TX(USB_STAT_STALL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(row_1_words_and_halfwords_are_the_same_register),
        TEST(row_2_one_store_changes_all_fields),
        TEST(row_3_the_interrupt_lasts_until_each_event_was_served),
        TEST(row_4_both_ctr_flags_can_be_served_in_either_order),
        TEST(row_5_a_setup_is_fine_while_receiving_is_valid),
        TEST(row_6_an_out_packet_leaves_nak),
        TEST(row_7_the_room_for_a_packet_is_read_anew_each_time),
        TEST(row_8_ctr_of_istr_drops_with_the_flag_of_the_endpoint),
        TEST(row_9_after_a_bus_reset_toggles_start_from_zero),
        TEST(row_10_frames_can_be_read_and_interrupt_only_when_asked),
        TEST(row_11_an_empty_in_packet_ends_a_transfer),
        TEST(row_12_stall_lasts_until_a_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
