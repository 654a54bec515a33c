/* SPDX-License-Identifier: MIT */
/* Power-up, halt, double buffers, isochronous endpoints and suspend, as drivers use them. */
#include "usb_driver_rig.h"

enum { DONE = -1, BCDEN = 1, DCDEN = 2, PDEN = 4 };
enum { MASKS = USB_ISTR_CTR | USB_ISTR_RESET | USB_ISTR_SUSP | USB_ISTR_WKUP };

/* Stores from the reset of the block to the pull-up. */
static const struct power_up {
    const char *driver;
    struct {
        int reg;
        uint32_t value;
    } store[12];
} power_ups[] = {
    {"LUS",
     {{CNTR, MASKS},
      {BCDR, BCDEN | DCDEN},
      {BCDR, BCDEN | PDEN},
      {BCDR, USB_BCDR_DPPU},
      {DONE, 0}}                                                                                },
    {"OC3", {{CNTR, 0}, {BTABLE, 0}, {ISTR, 0}, {CNTR, MASKS}, {BCDR, USB_BCDR_DPPU}, {DONE, 0}}},
    {"HAL",
     {{CNTR, USB_CNTR_FRES},
      {CNTR, 0},
      {ISTR, 0},
      {BTABLE, 0},
      {CNTR, MASKS},
      {BCDR, USB_BCDR_DPPU},
      {DONE, 0}}                                                                                },
    {"TUS",
     {{CNTR, USB_CNTR_FRES | USB_CNTR_PDWN},
      {CNTR, USB_CNTR_FRES},
      {ISTR, 0},
      {CNTR, 0},
      {BTABLE, 0},
      {CNTR, MASKS},
      {EPR, USB_EP_TYPE_CONTROL | RX(USB_STAT_NAK) | TX(USB_STAT_NAK)},
      {DADDR, DADDR_ON},
      {BCDR, USB_BCDR_DPPU},
      {DONE, 0}}                                                                                },
};

static void each_driver_powers_up_and_sees_the_reset(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(power_ups) / sizeof(power_ups[0]); i++) {
        store(b, 0x40021028, 1 << 23); /* RCC_APB1RSTR.USBRST: the device leaves */
        store(b, 0x40021028, 0);
        run(b, L072_PS_PER_MS);
        assert_false(l072_usb_attached(board));
        for (unsigned n = 0; power_ups[i].store[n].reg != DONE; n++)
            set_reg(b, (uint32_t)power_ups[i].store[n].reg, power_ups[i].store[n].value);
        run(b, L072_PS_PER_MS);
        assert_true(l072_usb_attached(board));
        l072_usb_reset(board, 10 * L072_PS_PER_MS);
        assert_true(b->nvic.line[IRQ_USB]);
        run(b, 11 * L072_PS_PER_MS);
        set_reg(b, ISTR, ~(uint32_t)USB_ISTR_RESET);
        set_reg(b, EPR, USB_EP_TYPE_CONTROL | RX(USB_STAT_NAK) | TX(USB_STAT_NAK));
        set_reg(b, DADDR, DADDR_ON);
        submit_control(0x80, 6, 18);
        wait_ctr();
    }
    assert_no_stop(b);
}

/* LUS asks which kind of port this is, without waiting. */
static void the_port_is_a_plain_one(void **state)
{
    (void)state;
    set_reg(b, BCDR, BCDEN | DCDEN);
    assert_true(reg(b, BCDR) & 0x10); /* DCDET */
    set_reg(b, BCDR, BCDEN | PDEN);
    assert_false(reg(b, BCDR) & 0xE0); /* PDET, SDET, PS2DET */
}

static void a_halted_endpoint_goes_on_with_data0(void **state)
{
    uint8_t data[64];
    int id;

    (void)state;
    set_buffers(b, 2, BUF0, 0, 0, 0);
    set_reg(b, EP2, USB_EP_TYPE_INTERRUPT | TX(USB_STAT_STALL) | USB_EP_DTOG_TX | 2);
    id = submit(L072_INTERRUPT, 0x82, NULL, 8);
    run(b, 2 * L072_PS_PER_MS);
    assert_int_equal(take(id, NULL, NULL), L072_URB_STALL);
    lus_toggle_set(EP2, TX(USB_STAT_NAK), USB_EP_STAT_TX | USB_EP_DTOG_TX);
    l072_usb_clear_toggle(board, 0, 0x82);
    send(2, "on", 2);
    id = submit(L072_INTERRUPT, 0x82, NULL, 8);
    wait_ctr();
    assert_int_equal(take(id, data, NULL), L072_URB_OK);
    assert_memory_equal(data, "on", 2);
}

/* LUS: STAT_TX reads NAK when both buffers are free; only SW_BUF is ever toggled. */
static void double_buffered_in_as_lus_writes_it(void **state)
{
    static const uint16_t buffers[] = {BUF0, BUF1};
    uint8_t data[64];
    uint32_t size;

    (void)state;
    set_buffers(b, 3, BUF0, 0, BUF1, 0);
    set_reg(b, EP3, USB_EP_KIND | 1);
    lus_toggle_set(EP3, TX(USB_STAT_VALID), USB_EP_STAT_TX | USB_EP_DTOG_TX | USB_EP_DTOG_RX);
    for (unsigned i = 0; i < 5; i++) {
        int id = submit(L072_BULK, 0x81, NULL, 64);

        run(b, L072_PS_PER_MS);
        assert_int_equal(take(id, data, &size), L072_URB_PENDING);
        assert_int_equal(reg(b, EP3) & USB_EP_STAT_TX, TX(USB_STAT_NAK));
        assert_int_equal(!!(reg(b, EP3) & USB_EP_DTOG_RX), i % 2); /* SW_BUF */
        b->usb.pma[buffers[i % 2]] = (uint8_t)i;
        set_pma16(b, 8 * 3 + 2 + 4 * (i % 2), 1);
        set_reg(b, EP3, (reg(b, EP3) & (PLAIN | KEEP_CTR)) | USB_EP_DTOG_RX);
        assert_int_equal(wait_ctr(), 3);
        lus_clear(EP3, USB_EP_CTR_TX);
        assert_int_equal(take(id, data, &size), L072_URB_OK);
        assert_int_equal(size, 1);
        assert_int_equal(data[0], i);
    }
    lus_toggle_set(EP3, TX(USB_STAT_STALL), USB_EP_STAT_TX);
    assert_int_equal(reg(b, EP3) & USB_EP_STAT_TX, TX(USB_STAT_STALL));
}

/* HAL: sets STAT_TX to VALID again after each toggle of SW_BUF. */
static void double_buffered_in_as_the_hal_writes_it(void **state)
{
    uint8_t data[64];

    (void)state;
    set_buffers(b, 3, BUF0, 1, BUF1, 1);
    set_reg(b, EP3, USB_EP_KIND | TX(USB_STAT_NAK) | 1);
    for (unsigned i = 0; i < 3; i++) {
        int id = submit(L072_BULK, 0x81, NULL, 64);

        b->usb.pma[i % 2 ? BUF1 : BUF0] = (uint8_t)i;
        set_reg(b, EP3, (reg(b, EP3) & PLAIN) | KEEP_CTR | USB_EP_DTOG_RX);
        set_stat(b, 3, USB_EP_STAT_TX, TX(USB_STAT_VALID));
        wait_ctr();
        clear_ctr(b, 3, USB_EP_CTR_TX);
        assert_int_equal(take(id, data, NULL), L072_URB_OK);
        assert_int_equal(data[0], i);
    }
}

/* LUS: STAT_RX reads VALID; SW_BUF starts at 1. The other buffer fills while one is read. */
static void double_buffered_out_as_lus_reads_it(void **state)
{
    int id[3];

    (void)state;
    set_buffers(b, 3, BUF0, RX_64, BUF1, RX_64);
    set_reg(b, EP3, USB_EP_KIND | 1);
    lus_toggle_set(EP3, RX(USB_STAT_VALID) | USB_EP_DTOG_TX,
                   USB_EP_STAT_RX | USB_EP_DTOG_RX | USB_EP_DTOG_TX);
    for (unsigned i = 0; i < 3; i++)
        id[i] = submit(L072_BULK, 1, &"xyz"[i], 1);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(wait_ctr(), USB_ISTR_DIR | 3);
        lus_clear(EP3, USB_EP_CTR_RX);
        assert_int_equal(reg(b, EP3) & USB_EP_STAT_RX, RX(USB_STAT_VALID));
        assert_int_equal(!(reg(b, EP3) & USB_EP_DTOG_RX), !(reg(b, EP3) & USB_EP_DTOG_TX));
        run(b, L072_PS_PER_MS);
        assert_int_equal(take(id[i], NULL, NULL), L072_URB_OK);
        assert_int_equal(b->usb.pma[i % 2 ? BUF1 : BUF0], "xyz"[i]);
        set_reg(b, EP3, (reg(b, EP3) & (PLAIN | KEEP_CTR)) | USB_EP_DTOG_TX);
    }
}

/* TUS: after an isochronous packet DTOG_RX 1 says buffer 0; STAT stays VALID. */
static void isochronous_out_alternates_buffers(void **state)
{
    (void)state;
    set_buffers(b, 3, BUF0, RX_64, BUF1, RX_64);
    set_reg(b, EP3, USB_EP_TYPE_ISO | RX(USB_STAT_VALID) | 1);
    for (unsigned i = 0; i < 4; i++) {
        int id = submit(L072_ISOCHRONOUS, 1, &"wxyz"[i], 1);
        bool first;

        wait_ctr();
        first = reg(b, EP3) & USB_EP_DTOG_RX;
        assert_int_equal(pma16(b, 8 * 3 + (first ? 2 : 6)) & COUNT, 1);
        assert_int_equal(b->usb.pma[first ? BUF0 : BUF1], "wxyz"[i]);
        assert_int_equal(reg(b, EP3) & USB_EP_STAT_RX, RX(USB_STAT_VALID));
        lus_clear(EP3, USB_EP_CTR_RX);
        assert_int_equal(take(id, NULL, NULL), L072_URB_OK);
    }
}

/* LUS: fills the buffer that DTOG_TX does not name, while the other one is sent. */
static void isochronous_in_alternates_buffers(void **state)
{
    uint8_t data[64];

    (void)state;
    set_buffers(b, 3, BUF0, 0, BUF1, 0);
    set_reg(b, EP3, USB_EP_TYPE_ISO | TX(USB_STAT_VALID) | 1);
    for (unsigned i = 0; i < 4; i++) {
        bool second = !(reg(b, EP3) & USB_EP_DTOG_TX);
        int id = submit(L072_ISOCHRONOUS, 0x81, NULL, 64);

        b->usb.pma[second ? BUF1 : BUF0] = (uint8_t)i;
        set_pma16(b, 8 * 3 + (second ? 6 : 2), 1);
        wait_ctr();
        lus_clear(EP3, USB_EP_CTR_TX);
        run(b, 50 * L072_PS_PER_US); /* CTR_TX comes at the token */
        assert_int_equal(take(id, data, NULL), L072_URB_OK);
        assert_true(i == 0 || data[0] == i - 1); /* the first packet was empty */
    }
}

static void suspend(void)
{
    l072_usb_suspend(board);
    run(b, 4 * L072_PS_PER_MS);
    assert_true(reg(b, ISTR) & USB_ISTR_SUSP);
    set_reg(b, CNTR, reg(b, CNTR) | USB_CNTR_FSUSP);
    set_reg(b, ISTR, 0);
    set_reg(b, CNTR, reg(b, CNTR) | USB_CNTR_LPMODE);
}

static void the_host_suspends_and_resumes(void **state)
{
    int id = submit(L072_INTERRUPT, 0x82, NULL, 8);

    (void)state;
    set_buffers(b, 2, BUF0, 0, 0, 0);
    set_reg(b, EP2, USB_EP_TYPE_INTERRUPT | TX(USB_STAT_NAK) | 2);
    suspend();
    send(2, "x", 1);
    run(b, 10 * L072_PS_PER_MS);
    assert_int_equal(take(id, NULL, NULL), L072_URB_PENDING); /* nothing moves */
    l072_usb_resume(board);
    run(b, L072_PS_PER_US);
    assert_true(reg(b, ISTR) & USB_ISTR_WKUP);
    assert_int_equal(reg(b, FNR) & 0xC000, 0x4000); /* K */
    assert_false(reg(b, CNTR) & USB_CNTR_LPMODE);
    set_reg(b, CNTR, reg(b, CNTR) & ~USB_CNTR_FSUSP);
    set_reg(b, ISTR, 0);
    run(b, 19 * L072_PS_PER_MS);
    assert_true(l072_usb_suspended(board));
    assert_false(reg(b, ISTR) & USB_ISTR_SUSP); /* K is not idle */
    run(b, 4 * L072_PS_PER_MS);
    assert_false(l072_usb_suspended(board));
    assert_int_equal(take(id, NULL, NULL), L072_URB_OK);
}

/* The same by faults; a transfer that is asked for meanwhile waits. */
static void the_bus_is_suspended_at_a_time(void **state)
{
    struct l072_fault suspends = {.kind = L072_FAULT_SUSPEND}, wakes = {.kind = L072_FAULT_WAKE};
    int id;

    (void)state;
    suspends.time = l072_now(board) + 10 * L072_PS_PER_MS;
    wakes.time = l072_now(board) + 30 * L072_PS_PER_MS;
    assert_int_equal(l072_fault(board, &wakes), 0);
    assert_int_equal(l072_fault(board, &suspends), 0);
    set_buffers(b, 2, BUF0, 0, 0, 0);
    set_reg(b, EP2, USB_EP_TYPE_INTERRUPT | TX(USB_STAT_NAK) | 2);
    send(2, "x", 1);
    run(b, 9 * L072_PS_PER_MS);
    assert_false(l072_usb_suspended(board));
    run(b, 6 * L072_PS_PER_MS);
    assert_true(l072_usb_suspended(board));
    assert_true(reg(b, ISTR) & USB_ISTR_SUSP);
    set_reg(b, CNTR, reg(b, CNTR) | USB_CNTR_FSUSP);
    set_reg(b, ISTR, 0);
    id = submit(L072_INTERRUPT, 0x82, NULL, 8);
    run(b, 14 * L072_PS_PER_MS);
    assert_false(reg(b, ISTR) & USB_ISTR_WKUP);
    run(b, 2 * L072_PS_PER_MS);
    assert_true(reg(b, ISTR) & USB_ISTR_WKUP);
    assert_int_equal(take(id, NULL, NULL), L072_URB_PENDING);
    set_reg(b, CNTR, reg(b, CNTR) & ~USB_CNTR_FSUSP);
    run(b, 25 * L072_PS_PER_MS);
    assert_false(l072_usb_suspended(board));
    assert_int_equal(take(id, NULL, NULL), L072_URB_OK);
}

/* TUS: RESUME for four ticks of ESOF. */
static void the_device_wakes_the_host(void **state)
{
    unsigned ticks = 0;

    (void)state;
    suspend();
    run(b, 5 * L072_PS_PER_MS);
    set_reg(b, ISTR, 0);
    set_reg(b, CNTR, reg(b, CNTR) | USB_CNTR_RESUME);
    for (unsigned us = 0; us < 6000 && ticks < 4; us++) {
        run(b, L072_PS_PER_US);
        if (reg(b, ISTR) & USB_ISTR_ESOF)
            ticks++;
        set_reg(b, ISTR, ~(uint32_t)USB_ISTR_ESOF);
    }
    assert_int_equal(ticks, 4);
    assert_true(l072_usb_suspended(board));
    assert_true(reg(b, ISTR) & USB_ISTR_WKUP);
    set_reg(b, CNTR, 0);
    run(b, 20 * L072_PS_PER_MS);
    set_reg(b, ISTR, 0);
    run(b, L072_PS_PER_MS);
    assert_false(l072_usb_suspended(board));
    assert_int_equal(reg(b, ISTR), USB_ISTR_SOF);
}

static void a_reset_ends_suspend(void **state)
{
    (void)state;
    suspend();
    l072_usb_resume(board);
    run(b, L072_PS_PER_MS);
    l072_usb_reset(board, 10 * L072_PS_PER_MS);
    assert_int_equal(reg(b, ISTR) & (USB_ISTR_WKUP | USB_ISTR_RESET),
                     USB_ISTR_WKUP | USB_ISTR_RESET);
    run(b, 12 * L072_PS_PER_MS);
    assert_false(l072_usb_suspended(board));
    assert_int_equal(reg(b, FNR) & 0xC000, 0x8000); /* J */
}

static void a_suspended_device_can_leave(void **state)
{
    (void)state;
    suspend();
    set_reg(b, BCDR, 0);
    run(b, L072_PS_PER_MS);
    assert_false(l072_usb_attached(board));
    assert_false(l072_usb_suspended(board));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_driver_powers_up_and_sees_the_reset),
        TEST(the_port_is_a_plain_one),
        TEST(a_halted_endpoint_goes_on_with_data0),
        TEST(double_buffered_in_as_lus_writes_it),
        TEST(double_buffered_in_as_the_hal_writes_it),
        TEST(double_buffered_out_as_lus_reads_it),
        TEST(isochronous_out_alternates_buffers),
        TEST(isochronous_in_alternates_buffers),
        TEST(the_host_suspends_and_resumes),
        TEST(the_bus_is_suspended_at_a_time),
        TEST(the_device_wakes_the_host),
        TEST(a_reset_ends_suspend),
        TEST(a_suspended_device_can_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
