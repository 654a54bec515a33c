/* SPDX-License-Identifier: MIT */
/*
 * Rules of the USB block that neither the twelve of the drivers (test_usb_drivers.c) nor the tests
 * of the packets (test_usb.c) need: frame register, flags and masks, reset, suspend, buffer table.
 */
#include "usb_driver_rig.h"

enum { LCK = 0x2000, RXDP = 0x8000, LSOF = 0x1800, IRQ_LINE = 31 };

/* ---- Frames, flags, interrupt ---------------------------------------------------------------- */

static void fnr_tells_lock_and_missed_frames(void **state)
{
    (void)state;
    run(b, 2 * L072_PS_PER_MS);
    assert_int_equal(reg(b, FNR) & ~0x7FFu, LCK | RXDP);
    l072_usb_suspend(board);
    run(b, 1500 * L072_PS_PER_US);
    assert_int_equal(reg(b, FNR) & (LCK | LSOF), 1 << 11);
    run(b, L072_PS_PER_MS);
    assert_int_equal(reg(b, FNR) & (LCK | LSOF), 2 << 11);
    run(b, 400 * L072_PS_PER_MS);
    assert_int_equal(reg(b, FNR) & (LCK | LSOF), 3 << 11);
}

/* Each flag of ISTR has its mask in CNTR at the same position, and no other. */
static void each_flag_interrupts_by_its_own_mask(void **state)
{
    (void)state;
    l072_usb_plug(board, false);
    run(b, L072_PS_PER_MS);
    for (uint32_t flag = 0x100; flag <= 0x4000; flag <<= 1) {
        set_reg(b, CNTR, 0xFF00 & ~flag);
        set_reg(b, ISTR, 0);
        usb_raise(b, (uint16_t)flag);
        assert_int_equal(reg(b, ISTR), flag); /* whatever the masks say */
        assert_false(b->nvic.line[IRQ_LINE] & 1);
        set_reg(b, CNTR, flag);
        assert_true(b->nvic.line[IRQ_LINE] & 1);
        set_reg(b, ISTR, 0xFFFF & ~flag);
        assert_false(b->nvic.line[IRQ_LINE] & 1);
    }
    set_reg(b, CNTR, 0x7F00); /* all but CTRM */
    b->usb.epr[1] = USB_EP_CTR_TX;
    usb_raise(b, 0);
    assert_false(b->nvic.line[IRQ_LINE] & 1);
    set_reg(b, CNTR, 0x8000);
    assert_true(b->nvic.line[IRQ_LINE] & 1);
}

/* ---- Reset ----------------------------------------------------------------------------------- */

static void fres_is_a_reset_as_from_the_bus(void **state)
{
    (void)state;
    set_reg(b, EP2, RX(USB_STAT_VALID) | USB_EP_DTOG_RX | 2);
    b->usb.epr[2] |= USB_EP_CTR_RX;
    set_reg(b, DADDR, DADDR_ON | 5);
    set_reg(b, BTABLE, 0x40);
    set_reg(b, CNTR, USB_CNTR_FRES | USB_ISTR_RESET);
    assert_int_equal(reg(b, EP2), USB_EP_CTR_RX);
    assert_int_equal(reg(b, DADDR), 0);
    assert_int_equal(reg(b, BTABLE), 0x40);
    assert_true(reg(b, ISTR) & USB_ISTR_RESET);
    assert_true(b->nvic.line[IRQ_LINE] & 1);
    set_reg(b, EPR, USB_EP_TYPE_CONTROL | RX(USB_STAT_VALID));
    assert_int_equal(reg(b, EPR), 0);
}

static void packet_memory_needs_the_clock_and_outlives_usbrst(void **state)
{
    uint32_t value;

    (void)state;
    set_pma16(b, 0x100, 0x1234);
    store(b, 0x40021028, 1 << 23); /* RCC_APB1RSTR.USBRST */
    store(b, 0x40021028, 0);
    assert_int_equal(pma16(b, 0x100), 0x1234);
    store(b, 0x40021038, 0); /* RCC_APB1ENR */
    (void)bus_read(b, USB_PMA_BASE, 2, &value);
    assert_int_equal(l072_stop(board)->kind, L072_STOP_NO_CLOCK);
}

/* ---- Suspend --------------------------------------------------------------------------------- */

static void suspend_is_told_once(void **state)
{
    (void)state;
    l072_usb_suspend(board);
    run(b, 4 * L072_PS_PER_MS);
    assert_true(reg(b, ISTR) & USB_ISTR_SUSP);
    set_reg(b, ISTR, 0);
    run(b, 400 * L072_PS_PER_MS);
    assert_int_equal(reg(b, ISTR), USB_ISTR_ESOF);
}

/* A driver that took FSUSP back too early is told again. */
static void clearing_fsusp_looks_for_suspend_anew(void **state)
{
    (void)state;
    l072_usb_suspend(board);
    run(b, 4 * L072_PS_PER_MS);
    set_reg(b, CNTR, USB_CNTR_FSUSP);
    set_reg(b, ISTR, 0);
    set_reg(b, CNTR, 0);
    run(b, 2 * L072_PS_PER_MS);
    assert_false(reg(b, ISTR) & USB_ISTR_SUSP);
    run(b, 2 * L072_PS_PER_MS);
    assert_true(reg(b, ISTR) & USB_ISTR_SUSP);
}

static void a_bus_reset_is_not_idle(void **state)
{
    (void)state;
    l072_usb_reset(board, 10 * L072_PS_PER_MS);
    run(b, L072_PS_PER_US);
    set_reg(b, ISTR, 0);
    run(b, 9 * L072_PS_PER_MS);
    assert_int_equal(reg(b, ISTR), 0);
}

/* WKUP drives EXTI line 18, whatever WKUPM says and whether the block has its clock. */
static void wkup_reaches_exti_without_a_clock(void **state)
{
    (void)state;
    l072_usb_suspend(board);
    run(b, 4 * L072_PS_PER_MS);
    set_reg(b, CNTR, USB_CNTR_FSUSP | USB_CNTR_LPMODE);
    set_reg(b, ISTR, 0);
    store(b, 0x40021008, 0); /* RCC_CRRCR: HSI48 off */
    run(b, 10 * L072_PS_PER_MS);
    assert_int_equal(b->nvic.line[IRQ_LINE], 0);
    l072_usb_resume(board);
    run(b, L072_PS_PER_US);
    assert_true(reg(b, ISTR) & USB_ISTR_WKUP);
    assert_int_equal(b->nvic.line[IRQ_LINE], 2); /* EXTI's, not the block's */
    assert_no_stop(b);
    store(b, 0x40021008, 1);
    run(b, 10 * L072_PS_PER_US);
    set_reg(b, ISTR, ~(uint32_t)USB_ISTR_WKUP);
    assert_int_equal(b->nvic.line[IRQ_LINE], 0);
    assert_int_equal(load(b, 0x40010414), 0); /* EXTI_PR: a direct line has no flag */
}

/* ---- Buffer table ---------------------------------------------------------------------------- */

static void a_buffer_begins_at_an_even_address(void **state)
{
    (void)state;
    set_buffers(b, 3, 0, 0, BUF0 + 1, RX_64);
    set_reg(b, EP3, RX(USB_STAT_VALID) | 1);
    submit(L072_BULK, 1, "even", 4);
    wait_ctr();
    assert_memory_equal(b->usb.pma + BUF0, "even", 4);
}

static void count_tx_has_ten_bits(void **state)
{
    uint8_t data[64];
    uint32_t size;
    int id;

    (void)state;
    set_buffers(b, 3, BUF0, 0xFC00 | 3, 0, 0);
    memcpy(b->usb.pma + BUF0, "ten", 3);
    set_reg(b, EP3, TX(USB_STAT_VALID) | 1);
    id = submit(L072_BULK, 0x81, NULL, 64);
    wait_ctr();
    assert_int_equal(take(id, data, &size), L072_URB_OK);
    assert_int_equal(size, 3);
    assert_memory_equal(data, "ten", 3);
}

/* Bytes that fit, by BL_SIZE and NUM_BLOCK; one more is answered with STALL. */
static void capacity_of_each_kind_of_block(void **state)
{
    static const struct {
        uint16_t count_rx;
        uint32_t bytes;
    } rows[] = {
        {1 << 10,            2  },
        {4 << 10,            8  },
        {31 << 10,           62 },
        {0x8000,             32 },
        {0x8000 | 1 << 10,   64 },
        {0x8000 | 7 << 10,   256},
        {0x8000 | 15u << 10, 512},
    };
    static const uint8_t data[513];

    (void)state;
    set_reg(b, EP3, RX(USB_STAT_VALID) | 1);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool toggle = reg(b, EP3) & USB_EP_DTOG_RX;

        set_buffers(b, 3, 0, 0, BUF0, rows[i].count_rx);
        set_stat(b, 3, USB_EP_STAT_RX, RX(USB_STAT_VALID));
        assert_int_equal(usb_out(b, 0, 1, toggle, data, rows[i].bytes + 1, false), USB_STALL);
        assert_int_equal(usb_out(b, 0, 1, toggle, data, rows[i].bytes, false), USB_ACK);
        assert_int_equal(pma16(b, 8 * 3 + 6) & COUNT, rows[i].bytes);
        clear_ctr(b, 3, USB_EP_CTR_RX);
    }
    assert_no_stop(b);
    set_pma16(b, 8 * 3 + 6, 0); /* NUM_BLOCK = 0 is not allowed */
    set_stat(b, 3, USB_EP_STAT_RX, RX(USB_STAT_VALID));
    (void)usb_out(b, 0, 1, reg(b, EP3) & USB_EP_DTOG_RX, data, 0, false);
    assert_int_equal(l072_stop(board)->kind, L072_STOP_USB);
}

/* DTOG chooses the buffer, not the PID: isochronous packets are all DATA0. */
static void isochronous_packets_are_data0(void **state)
{
    uint8_t data[1023];
    uint32_t size;
    bool toggle;

    (void)state;
    set_buffers(b, 3, BUF0, 1, BUF1, 2);
    set_reg(b, EP3, USB_EP_TYPE_ISO | TX(USB_STAT_VALID) | 1);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(usb_in(b, 0, 1, data, &size, &toggle), USB_DATA);
        assert_int_equal(size, 1 + i % 2);
        assert_false(toggle);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fnr_tells_lock_and_missed_frames),
        TEST(each_flag_interrupts_by_its_own_mask),
        TEST(fres_is_a_reset_as_from_the_bus),
        TEST(packet_memory_needs_the_clock_and_outlives_usbrst),
        TEST(suspend_is_told_once),
        TEST(clearing_fsusp_looks_for_suspend_anew),
        TEST(a_bus_reset_is_not_idle),
        TEST(wkup_reaches_exti_without_a_clock),
        TEST(a_buffer_begins_at_an_even_address),
        TEST(count_tx_has_ten_bits),
        TEST(capacity_of_each_kind_of_block),
        TEST(isochronous_packets_are_data0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
