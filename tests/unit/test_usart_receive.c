/* SPDX-License-Identifier: MIT */
/* USART reception, and LPUART1 in both directions (RM0376 USART, LPUART). */
#include "board_rig.h"

enum { USART2 = 0x40004400, LPUART1 = 0x40004800 };
enum {
    CR1 = 0,
    CR2 = 4,
    CR3 = 8,
    BRR = 0x0C,
    RQR = 0x18,
    ISR = 0x1C,
    ICR = 0x20,
    RDR = 0x24,
    TDR = 0x28
};
enum { UE = 1, RE = 4, TE = 8, IDLEIE = 0x10, RXNEIE = 0x20, PS = 0x200, PCE = 0x400, M0 = 0x1000 };
enum { CMIE = 0x4000, CMF = 0x20000, EIE = 1, TEACK = 1 << 21, REACK = 1 << 22 };
enum { ORE = 8, IDLE = 0x10, RXNE = 0x20, BUSY = 0x10000, OVRDIS = 0x1000 };

#define MSI_PS 476837 /* 2.097152 MHz */
#define FRAME  ((uint64_t)10 * 218 * MSI_PS)

/* 9600 baud from 2.1 MHz. */
static void open_usart2(struct board *b, uint32_t cr1)
{
    set_bits(b, R_APB1ENR, 1 << 17);
    store(b, USART2 + BRR, 218);
    store(b, USART2 + CR1, cr1 | UE | RE);
}

static void send(struct board *b, uint8_t byte)
{
    assert_int_equal(l072_uart_receive(handle(b), 2, byte), 0);
}

static void byte_arrives_at_the_end_of_its_frame(void **state)
{
    struct board *b = *state;

    open_usart2(b, 0);
    send(b, 'A');
    run(b, FRAME - 2 * MSI_PS);
    assert_int_equal(load(b, USART2 + ISR) & (RXNE | BUSY), BUSY);
    run(b, 4 * MSI_PS);
    assert_int_equal(load(b, USART2 + ISR) & (RXNE | BUSY), RXNE);
    assert_int_equal(load(b, USART2 + RDR), 'A');
    assert_false(load(b, USART2 + ISR) & RXNE);
}

static void frames_follow_each_other(void **state)
{
    static const char text[] = "abc";
    struct board *b = *state;
    uint64_t start;

    open_usart2(b, 0);
    start = l072_now(handle(b));
    for (unsigned i = 0; i < 3; i++)
        send(b, (uint8_t)text[i]);
    for (unsigned i = 0; i < 3; i++) {
        run_until(b, start + (i + 1) * FRAME - 2 * MSI_PS);
        assert_false(load(b, USART2 + ISR) & RXNE);
        run_until(b, start + (i + 1) * FRAME + 10 * MSI_PS);
        assert_int_equal(load(b, USART2 + RDR), text[i]);
    }
}

static void overrun_loses_the_new_byte(void **state)
{
    struct board *b = *state;

    open_usart2(b, RXNEIE);
    send(b, '1');
    send(b, '2');
    run(b, 3 * FRAME);
    assert_true(load(b, USART2 + ISR) & ORE);
    assert_int_equal(load(b, USART2 + RDR), '1');
    assert_true(b->nvic.line[IRQ_USART2]); /* ORE alone */
    store(b, USART2 + ICR, ORE);
    assert_false(b->nvic.line[IRQ_USART2]);
}

static void overrun_interrupts_as_an_error_too(void **state)
{
    struct board *b = *state;

    store(b, R_APB1ENR, 1 << 17);
    store(b, USART2 + CR3, EIE);
    open_usart2(b, 0);
    send(b, '1');
    send(b, '2');
    run(b, FRAME + FRAME / 2);
    assert_false(b->nvic.line[IRQ_USART2]);
    run(b, FRAME);
    assert_true(b->nvic.line[IRQ_USART2]);
}

/* TEACK and REACK: the port is ready, which drivers wait for. */
static void each_direction_is_acknowledged(void **state)
{
    struct board *b = *state;

    store(b, R_APB1ENR, 1 << 17);
    store(b, USART2 + CR1, RE | TE);
    assert_int_equal(load(b, USART2 + ISR) & (TEACK | REACK), 0);
    store(b, USART2 + CR1, UE | RE);
    assert_int_equal(load(b, USART2 + ISR) & (TEACK | REACK), REACK);
    store(b, USART2 + CR1, UE | TE);
    assert_int_equal(load(b, USART2 + ISR) & (TEACK | REACK), TEACK);
}

static void without_overrun_detection_the_old_byte_is_lost(void **state)
{
    struct board *b = *state;

    open_usart2(b, 0);
    store(b, USART2 + CR3, OVRDIS);
    send(b, '1');
    send(b, '2');
    run(b, 3 * FRAME);
    assert_false(load(b, USART2 + ISR) & ORE);
    assert_int_equal(load(b, USART2 + RDR), '2');
}

static void idle_rises_a_frame_after_the_last(void **state)
{
    struct board *b = *state;

    open_usart2(b, IDLEIE);
    send(b, '1');
    run(b, 2 * FRAME - 4 * MSI_PS);
    assert_false(b->nvic.line[IRQ_USART2]);
    run(b, 8 * MSI_PS);
    assert_true(load(b, USART2 + ISR) & IDLE);
    assert_true(b->nvic.line[IRQ_USART2]);
    store(b, USART2 + ICR, IDLE);
    run(b, 3 * FRAME);
    assert_false(load(b, USART2 + ISR) & IDLE);
}

/* CR2.ADD: the character that CMF waits for. */
static void chosen_character_interrupts(void **state)
{
    struct board *b = *state;

    store(b, R_APB1ENR, 1 << 17);
    store(b, USART2 + CR2, (uint32_t)'\r' << 24);
    open_usart2(b, CMIE);
    send(b, 'a');
    run(b, 2 * FRAME);
    assert_false(load(b, USART2 + ISR) & CMF);
    send(b, '\r');
    run(b, 2 * FRAME);
    assert_true(load(b, USART2 + ISR) & ORE); /* nobody read the 'a' */
    assert_false(load(b, USART2 + ISR) & CMF);
    (void)load(b, USART2 + RDR);
    send(b, '\r');
    run(b, 2 * FRAME);
    assert_true(load(b, USART2 + ISR) & CMF);
    assert_true(b->nvic.line[IRQ_USART2]);
    store(b, USART2 + ICR, CMF);
    assert_false(b->nvic.line[IRQ_USART2]);
}

static void request_register_drops_a_byte(void **state)
{
    struct board *b = *state;

    open_usart2(b, RXNEIE);
    send(b, '1');
    run(b, 2 * FRAME);
    assert_true(b->nvic.line[IRQ_USART2]);
    store(b, USART2 + RQR, 8);
    assert_false(b->nvic.line[IRQ_USART2]);
}

static void parity_stands_above_the_data(void **state)
{
    static const struct {
        uint32_t cr1;
        uint8_t byte;
        uint32_t rdr;
    } cases[] = {
        {PCE,           0x41, 0x41 },
        {PCE,           0x43, 0xC3 },
        {PCE | PS,      0x41, 0xC1 },
        {PCE | M0,      0x83, 0x183},
        {PCE | M0 | PS, 0x83, 0x083},
    };
    struct board *b = *state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        store(b, R_APB1RSTR, 1 << 17);
        store(b, R_APB1RSTR, 0);
        open_usart2(b, cases[i].cr1);
        send(b, cases[i].byte);
        run(b, 2 * FRAME);
        assert_int_equal(load(b, USART2 + RDR), cases[i].rdr);
    }
}

static void a_port_that_does_not_listen_loses_the_byte(void **state)
{
    struct board *b = *state;

    assert_int_equal(l072_uart_receive(handle(b), 3, 'x'), L072_ERR_NAME);
    assert_int_equal(l072_uart_receive(handle(b), 2, 'x'), L072_ERR_GONE);
    open_usart2(b, 0);
    for (unsigned i = 0; i < 64; i++)
        send(b, 'x');
    assert_int_equal(l072_uart_receive(handle(b), 2, 'x'), L072_ERR_FULL);
    store(b, USART2 + CR1, UE);
    assert_int_equal(l072_uart_receive(handle(b), 2, 'x'), L072_ERR_GONE);
    store(b, USART2 + CR1, UE | RE);
    run(b, 2 * FRAME);
    assert_false(load(b, USART2 + ISR) & RXNE);
    assert_int_equal(l072_uart_receive(handle(b), 4, 'x'), L072_ERR_GONE);
}

static void lpuart_counts_256ths_of_lse(void **state)
{
    struct board *b = *state;

    set_bits(b, R_APB1ENR, 1 << 18 | 1 << 28);
    set_bits(b, PWR_CR, 0x100);
    set_bits(b, R_CSR, 0x100); /* LSEON */
    store(b, R_CCIPR, 3 << 10);
    store(b, LPUART1 + BRR, 874); /* 9600 baud: 3.41 clocks */
    store(b, LPUART1 + CR1, UE | RE | TE | RXNEIE);
    assert_int_equal(l072_uart_receive(handle(b), L072_LPUART1, 'L'), L072_ERR_GONE);
    run(b, 2 * PS_PER_S + PS_PER_MS);
    assert_int_equal(l072_uart_receive(handle(b), L072_LPUART1, 'L'), 0);
    run(b, 1041 * PS_PER_US);
    assert_false(b->nvic.line[IRQ_RNG_LPUART1]);
    run(b, 2 * PS_PER_US);
    assert_true(b->nvic.line[IRQ_RNG_LPUART1]);
    assert_int_equal(load(b, LPUART1 + RDR), 'L');
    assert_no_stop(b);
}

static void lpuart_sends(void **state)
{
    struct board *b = *state;
    struct l072_event event;

    while (l072_next_event(handle(b), &event)) {
    }
    set_bits(b, R_APB1ENR, 1 << 18);
    store(b, LPUART1 + BRR, 0x300);
    store(b, LPUART1 + CR1, UE | TE);
    store(b, LPUART1 + TDR, 'L');
    assert_int_equal(l072_run(handle(b), l072_now(handle(b)) + PS_PER_MS), L072_EVENTS);
    assert_true(l072_next_event(handle(b), &event));
    assert_int_equal(event.kind, L072_EVENT_UART);
    assert_int_equal(event.value, L072_LPUART1 << 8 | 'L');
    assert_no_stop(b);
    store(b, LPUART1 + CR1, 0);
    store(b, LPUART1 + BRR, 0x2FF);
    store(b, LPUART1 + CR1, UE | TE);
    store(b, LPUART1 + TDR, 'L');
    assert_stop(b, L072_STOP_RULE);
}

static void modes_that_are_not_modelled_say_so(void **state)
{
    struct board *b = *state;

    open_usart2(b, 1 << 1); /* UESM */
    assert_stop(b, L072_STOP_NOT_MODELLED);
    store(b, USART2 + CR3, 1 << 9); /* CTSE */
    assert_stop(b, L072_STOP_NOT_MODELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOARD_TEST(byte_arrives_at_the_end_of_its_frame),
        BOARD_TEST(frames_follow_each_other),
        BOARD_TEST(overrun_loses_the_new_byte),
        BOARD_TEST(overrun_interrupts_as_an_error_too),
        BOARD_TEST(each_direction_is_acknowledged),
        BOARD_TEST(without_overrun_detection_the_old_byte_is_lost),
        BOARD_TEST(idle_rises_a_frame_after_the_last),
        BOARD_TEST(chosen_character_interrupts),
        BOARD_TEST(request_register_drops_a_byte),
        BOARD_TEST(parity_stands_above_the_data),
        BOARD_TEST(a_port_that_does_not_listen_loses_the_byte),
        BOARD_TEST(lpuart_counts_256ths_of_lse),
        BOARD_TEST(lpuart_sends),
        BOARD_TEST(modes_that_are_not_modelled_say_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
