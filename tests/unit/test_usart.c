/* SPDX-License-Identifier: MIT */
/* USART transmission (RM0376 USART). */
#include "board_rig.h"

enum { USART1 = 0x40013800, USART2 = 0x40004400, USART4 = 0x40004C00, USART5 = 0x40005000 };
enum { CR1 = 0x00, CR2 = 0x04, BRR = 0x0C, ISR = 0x1C, ICR = 0x20, TDR = 0x28 };
enum { UE = 1, TE = 8, TCIE = 0x40, OVER8 = 0x8000, TC = 0x40, TXE = 0x80, TEACK = 0x200000 };

#define MSI_PS 476837 /* 2.097152 MHz */

static void open_usart2(struct board *b, uint32_t brr, uint32_t cr1)
{
    set_bits(b, R_APB1ENR, 1 << 17);
    store(b, USART2 + BRR, brr);
    store(b, USART2 + CR1, cr1 | UE | TE);
}

/* The next byte on any port as the event's value, or 0; `*time` becomes the end of its stop bit. */
static uint32_t next_byte(struct board *b, uint64_t *time)
{
    uint64_t until = l072_now(handle(b)) + PS_PER_S / 10;
    struct l072_event event;

    for (;;) {
        if (!l072_next_event(handle(b), &event)) {
            if (l072_run(handle(b), until) != L072_EVENTS)
                return 0;
        } else if (event.kind == L072_EVENT_UART) {
            *time = event.time;
            return event.value;
        }
    }
}

static void byte_appears_at_the_end_of_its_stop_bit(void **state)
{
    struct board *b = *state;
    uint64_t start, end;

    open_usart2(b, 218, 0); /* 9600 baud from 2.1 MHz */
    assert_int_equal(load(b, USART2 + ISR), TXE | TC | TEACK);
    start = l072_now(handle(b));
    store(b, USART2 + TDR, 'A');
    assert_int_equal(load(b, USART2 + ISR), TXE | TEACK); /* moved to the shift register */
    assert_int_equal(next_byte(b, &end), 2 << 8 | 'A');
    assert_in_range(end - start, 10 * 218 * MSI_PS, 10 * 218 * MSI_PS + 4 * MSI_PS);
    assert_true(load(b, USART2 + ISR) & TC);
}

static void bytes_follow_without_a_gap(void **state)
{
    struct board *b = *state;
    uint64_t first, second;

    open_usart2(b, 100, 0);
    store(b, USART2 + CR2, 2 << 12); /* two stop bits */
    store(b, USART2 + TDR, 'A');
    store(b, USART2 + TDR, 'B');
    assert_int_equal(load(b, USART2 + ISR), TEACK);
    assert_int_equal(next_byte(b, &first), 2 << 8 | 'A');
    assert_false(load(b, USART2 + ISR) & TC);
    assert_int_equal(next_byte(b, &second), 2 << 8 | 'B');
    assert_in_range(second - first, (11 * 100 - 4) * MSI_PS, (11 * 100 + 4) * MSI_PS);
}

static void oversampling_by_8_shifts_the_divider(void **state)
{
    struct board *b = *state;
    uint64_t start, end;

    open_usart2(b, 0x104, OVER8); /* USARTDIV 0x108, two a clock */
    start = l072_now(handle(b));
    store(b, USART2 + TDR, 'A');
    assert_int_equal(next_byte(b, &end), 2 << 8 | 'A');
    assert_in_range(end - start, 10 * 132 * MSI_PS, 10 * 132 * MSI_PS + 4 * MSI_PS);
}

static void kernel_clock_is_selected_in_ccipr(void **state)
{
    struct board *b = *state;
    uint64_t start, end;

    set_bits(b, R_CR, HSI16ON);
    store(b, R_CCIPR, 2 << 2);
    run(b, 10 * PS_PER_US);
    open_usart2(b, 139, 0); /* 115200 baud */
    start = l072_now(handle(b));
    store(b, USART2 + TDR, 'A');
    assert_int_equal(next_byte(b, &end), 2 << 8 | 'A');
    assert_in_range(end - start, 10 * 139 * 62500, 10 * 139 * 62500 + 4 * MSI_PS);
}

static void usart1_hangs_on_apb2(void **state)
{
    struct board *b = *state;
    uint64_t start, end;

    store(b, R_CFGR, 4 << 11); /* PPRE2: by 2 */
    set_bits(b, R_APB2ENR, 1 << 14);
    store(b, USART1 + BRR, 109);
    store(b, USART1 + CR1, UE | TE);
    start = l072_now(handle(b));
    store(b, USART1 + TDR, 'A');
    assert_int_equal(next_byte(b, &end), 1 << 8 | 'A');
    assert_in_range(end - start, 10 * 218 * MSI_PS, 10 * 218 * MSI_PS + 4 * MSI_PS);
}

static void every_port_has_its_number(void **state)
{
    static const struct {
        uint32_t base, number;
    } ports[] = {
        {USART1, 1},
        {USART2, 2},
        {USART4, 4},
        {USART5, 5}
    };
    struct board *b = *state;
    uint64_t time;

    set_bits(b, R_APB2ENR, 1 << 14);
    set_bits(b, R_APB1ENR, 1 << 17 | 1 << 19 | 1 << 20);
    for (unsigned i = 0; i < 4; i++) {
        store(b, ports[i].base + BRR, 16);
        store(b, ports[i].base + CR1, UE | TE);
        store(b, ports[i].base + TDR, 'x');
        assert_int_equal(next_byte(b, &time), ports[i].number << 8 | 'x');
    }
}

static void transmission_complete_interrupts(void **state)
{
    struct board *b = *state;
    uint64_t time;

    open_usart2(b, 16, TCIE);
    assert_true(b->nvic.line[IRQ_USART2]);
    store(b, USART2 + ICR, TC);
    assert_false(b->nvic.line[IRQ_USART2]);
    store(b, USART2 + TDR, 'A');
    (void)next_byte(b, &time);
    assert_true(b->nvic.line[IRQ_USART2]);
}

static void parity_takes_the_place_of_a_data_bit(void **state)
{
    struct board *b = *state;
    uint64_t time;

    open_usart2(b, 16, 1 << 10); /* PCE */
    store(b, USART2 + TDR, 0x80 | 'A');
    assert_int_equal(next_byte(b, &time), 2 << 8 | 'A');
}

static void words_may_have_7_bits(void **state)
{
    struct board *b = *state;
    uint64_t time;

    open_usart2(b, 16, UINT32_C(1) << 28); /* M1 */
    store(b, USART2 + TDR, 0x80 | 'A');
    assert_int_equal(next_byte(b, &time), 2 << 8 | 'A');
}

static void lost_bytes_stop_the_board(void **state)
{
    struct board *b = *state;

    open_usart2(b, 16, 0);
    store(b, USART2 + TDR, '1');
    store(b, USART2 + TDR, '2');
    assert_no_stop(b);
    store(b, USART2 + TDR, '3');
    assert_stop(b, L072_STOP_RULE);
    store(b, USART2 + CR1, UE);
    store(b, USART2 + TDR, '4');
    assert_stop(b, L072_STOP_RULE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOARD_TEST(byte_appears_at_the_end_of_its_stop_bit),
        BOARD_TEST(bytes_follow_without_a_gap),
        BOARD_TEST(oversampling_by_8_shifts_the_divider),
        BOARD_TEST(kernel_clock_is_selected_in_ccipr),
        BOARD_TEST(usart1_hangs_on_apb2),
        BOARD_TEST(every_port_has_its_number),
        BOARD_TEST(transmission_complete_interrupts),
        BOARD_TEST(parity_takes_the_place_of_a_data_bit),
        BOARD_TEST(words_may_have_7_bits),
        BOARD_TEST(lost_bytes_stop_the_board),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
