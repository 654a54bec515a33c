/* SPDX-License-Identifier: MIT */
/* DMA1 (RM0376 DMA). */
#include "board_rig.h"

enum { DMA = 0x40020000, ISR = DMA, IFCR = DMA + 4, CSELR = DMA + 0xA8 };
enum { EN = 1, TCIE = 2, HTIE = 4, TEIE = 8, DIR = 0x10, CIRC = 0x20, PINC = 0x40, MINC = 0x80 };
enum { P16 = 1 << 8, P32 = 2 << 8, M16 = 1 << 10, M32 = 2 << 10, MEM2MEM = 1 << 14 };
enum { GIF = 1, TCIF = 2, HTIF = 4, TEIF = 8 };
enum { FROM = 0x20000100, TO = 0x20000200 };
enum { USART2 = 0x40004400, U_CR1 = 0, U_CR3 = 8, U_BRR = 0x0C, U_ISR = 0x1C, U_RDR = 0x24 };
enum { U_TDR = 0x28, UE = 1, RE = 4, TE = 8, RXNE = 0x20, DMAR = 0x40, DMAT = 0x80 };
enum { TIM2 = 0x40000000, TIM3 = 0x40000400, TIM6 = 0x40001000, TIM7 = 0x40001400 };
enum { T_CR1 = 0, T_DIER = 0x0C, T_SR = 0x10, T_EGR = 0x14, T_CNT = 0x24, T_ARR = 0x2C };
enum { CEN = 1, UDIS = 2, URS = 4, UG = 1, UIE = 1, UIF = 1, UDE = 0x100 };

static uint32_t channel(unsigned number, uint32_t offset)
{
    return DMA + 8 + 20 * (number - 1) + offset;
}

static void start(struct board *b, unsigned number, uint32_t from, uint32_t to, uint32_t count,
                  uint32_t ccr)
{
    set_bits(b, R_AHBENR, 1);
    store(b, channel(number, 4), count);
    store(b, channel(number, 8), from);
    store(b, channel(number, 12), to);
    store(b, channel(number, 0), ccr | EN);
}

static uint32_t channel_flags(struct board *b, unsigned number)
{
    return load(b, ISR) >> 4 * (number - 1) & 15;
}

static void memory_is_copied_item_by_item(void **state)
{
    struct board *b = *state;

    for (uint32_t i = 0; i < 4; i++)
        store(b, FROM + 4 * i, 0x11111111 * (i + 1));
    start(b, 1, FROM, TO, 4, PINC | MINC | P32 | M32 | MEM2MEM | HTIE);
    assert_int_equal(load(b, channel(1, 4)), 4);
    run(b, 12 * b->time.period_ps);
    assert_int_equal(load(b, channel(1, 4)), 2);
    assert_int_equal(channel_flags(b, 1), GIF | HTIF);
    assert_true(b->nvic.line[IRQ_DMA1_1]);
    run(b, 20 * b->time.period_ps);
    assert_int_equal(channel_flags(b, 1), GIF | HTIF | TCIF);
    assert_int_equal(load(b, channel(1, 4)), 0);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(load(b, TO + 4 * i), 0x11111111 * (i + 1));
    store(b, IFCR, HTIF);
    assert_false(b->nvic.line[IRQ_DMA1_1]);
    store(b, IFCR, GIF);
    assert_int_equal(channel_flags(b, 1), 0);
}

static void sizes_of_the_two_ends_may_differ(void **state)
{
    static const struct {
        uint32_t ccr, low, high;
    } cases[] = {
        {PINC | MINC,             0x44332211, 0x00000000},
        {PINC | MINC | M16,       0x00220011, 0x00440033},
        {PINC | MINC | P16,       0x77553311, 0x00000000},
        {PINC | MINC | P32 | M16, 0x66552211, 0xEEDDAA99},
        {PINC,                    0x00000044, 0x00000000},
        {MINC,                    0x11111111, 0x00000000},
    };
    struct board *b = *state;

    for (uint32_t i = 0; i < 4; i++)
        store(b, FROM + 4 * i, 0x44332211 + i * 0x44444444);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        store(b, TO, 0);
        store(b, TO + 4, 0);
        start(b, 2, FROM, TO, 4, cases[i].ccr | MEM2MEM);
        run(b, 100 * PS_PER_US);
        assert_int_equal(load(b, TO), cases[i].low);
        assert_int_equal(load(b, TO + 4), cases[i].high);
        store(b, channel(2, 0), 0);
    }
}

static void what_it_cannot_reach_is_a_transfer_error(void **state)
{
    static const uint32_t places[] = {0x50000014, 0xE000E010, 0x30000000, 0x08001000};
    struct board *b = *state;

    set_bits(b, R_IOPENR, 1);
    for (unsigned i = 0; i < 4; i++) {
        start(b, 4, FROM, places[i], 1, P32 | M32 | MEM2MEM | TEIE);
        run(b, 10 * PS_PER_US);
        assert_int_equal(channel_flags(b, 4), GIF | TEIF);
        assert_false(load(b, channel(4, 0)) & EN);
        assert_true(b->nvic.line[IRQ_DMA1_4_7]);
        store(b, IFCR, 0xF << 12);
    }
    assert_no_stop(b);
}

static void a_running_channel_keeps_its_settings(void **state)
{
    struct board *b = *state;

    start(b, 3, FROM, TO, 10, 0);
    store(b, channel(3, 4), 5);
    assert_stop(b, L072_STOP_RULE);
    assert_int_equal(load(b, channel(3, 4)), 10);
    store(b, channel(3, 0), EN | MINC | TCIE);
    assert_int_equal(load(b, channel(3, 0)), EN | TCIE);
}

static void the_more_urgent_channel_goes_first(void **state)
{
    struct board *b = *state;

    start(b, 1, FROM, TO, 4, MEM2MEM);
    start(b, 5, FROM, TO, 4, MEM2MEM | 1 << 12);
    run(b, 26 * b->time.period_ps); /* an item ends with an instruction */
    assert_int_equal(load(b, channel(5, 4)), 0);
    assert_int_equal(load(b, channel(1, 4)), 4);
    run(b, 26 * b->time.period_ps);
    assert_int_equal(load(b, channel(1, 4)), 0);
}

static void open_usart2(struct board *b, uint32_t cr3)
{
    set_bits(b, R_APB1ENR, 1 << 17);
    store(b, USART2 + U_BRR, 16);
    store(b, USART2 + U_CR3, cr3);
    store(b, USART2 + U_CR1, UE | RE | TE);
}

static void usart_is_fed(void **state)
{
    struct board *b = *state;
    struct l072_event event;
    char sent[8] = "";
    unsigned count = 0;

    assert_int_equal(l072_load(handle(b), FROM, "hello", 5), 0);
    open_usart2(b, DMAT);
    set_bits(b, R_AHBENR, 1);
    store(b, CSELR, 4 << 12);
    start(b, 4, USART2 + U_TDR, FROM, 5, DIR | MINC | TCIE);
    while (l072_run(handle(b), l072_now(handle(b)) + PS_PER_MS) == L072_EVENTS)
        while (l072_next_event(handle(b), &event))
            if (event.kind == L072_EVENT_UART)
                sent[count++] = (char)event.value;
    assert_string_equal(sent, "hello");
    assert_int_equal(channel_flags(b, 4), GIF | HTIF | TCIF);
    assert_no_stop(b);
}

static void a_circular_channel_empties_the_usart(void **state)
{
    struct board *b = *state;

    open_usart2(b, DMAR);
    set_bits(b, R_AHBENR, 1);
    store(b, CSELR, 4 << 16);
    start(b, 5, USART2 + U_RDR, TO, 4, MINC | CIRC);
    for (const char *c = "abcdef"; *c; c++)
        assert_int_equal(l072_uart_receive(handle(b), 2, (uint8_t)*c), 0);
    run(b, PS_PER_MS);
    assert_int_equal(load(b, TO), 'd' << 24 | 'c' << 16 | 'f' << 8 | 'e');
    assert_int_equal(load(b, channel(5, 4)), 2);
    assert_int_equal(channel_flags(b, 5), GIF | HTIF | TCIF);
    assert_false(load(b, USART2 + U_ISR) & RXNE);
}

static void every_request_has_its_channels(void **state)
{
    static const struct {
        uint32_t base, clock, gate;
        uint8_t select, transmit[2], receive[2];
    } ports[] = {
        {0x40013800, R_APB2ENR, 14, 3,  {2, 4}, {3, 5}},
        {0x40004400, R_APB1ENR, 17, 4,  {4, 7}, {5, 6}},
        {0x40004800, R_APB1ENR, 18, 5,  {2, 7}, {3, 6}},
        {0x40004C00, R_APB1ENR, 19, 12, {3, 7}, {2, 6}},
        {0x40005000, R_APB1ENR, 20, 13, {3, 7}, {2, 6}},
    };
    static const uint8_t numbers[] = {1, 2, L072_LPUART1, 4, 5};
    struct board *b = *state;

    set_bits(b, R_AHBENR, 1);
    for (unsigned i = 0; i < 10; i++) {
        uint32_t base = ports[i / 2].base;
        unsigned out = ports[i / 2].transmit[i % 2], in = ports[i / 2].receive[i % 2];

        set_bits(b, ports[i / 2].clock, UINT32_C(1) << ports[i / 2].gate);
        store(b, base + U_BRR, 0x300);
        store(b, base + U_CR3, DMAR | DMAT);
        store(b, base + U_CR1, UE | RE | TE);
        store(b, CSELR,
              (uint32_t)ports[i / 2].select << 4 * (out - 1) | (uint32_t)ports[i / 2].select
                                                                   << 4 * (in - 1));
        start(b, out, base + U_TDR, FROM, 1, DIR);
        start(b, in, base + U_RDR, TO, 1, 0);
        assert_int_equal(l072_uart_receive(handle(b), numbers[i / 2], 'x'), 0);
        run(b, 20 * PS_PER_MS);
        assert_int_equal(load(b, channel(out, 4)), 0);
        assert_int_equal(load(b, channel(in, 4)), 0);
        store(b, channel(out, 0), 0);
        store(b, channel(in, 0), 0);
        store(b, base + U_CR1, 0);
    }
    assert_no_stop(b);
}

/* ---- Update events of the timers ------------------------------------------------------------- */

/* It has an update every `cycles` from now on. */
static void start_timer(struct board *b, uint32_t base, uint32_t cycles, uint32_t dier)
{
    set_bits(b, R_APB1ENR, 0x33);
    store(b, base + T_ARR, cycles - 1);
    store(b, base + T_DIER, dier);
    store(b, base + T_CR1, CEN);
}

static void select_request(struct board *b, unsigned number, uint32_t select)
{
    set_bits(b, R_AHBENR, 1);
    store(b, CSELR, select << 4 * (number - 1));
}

static void pass(struct board *b, uint32_t cycles)
{
    run(b, cycles * b->time.period_ps);
}

/* TIM2 has the channel read TIM6_CNT, which counts on all the time. */
static void a_timer_paces_a_circular_channel(void **state)
{
    struct board *b = *state;
    uint32_t previous = 0;

    start_timer(b, TIM6, 0x10000, 0);
    select_request(b, 2, 8);
    start(b, 2, TIM6 + T_CNT, TO, 4, MINC | CIRC | P32 | M32);
    start_timer(b, TIM2, 1000, UDE);
    pass(b, 500);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(load(b, channel(2, 4)), 4 - i % 4);
        pass(b, 1000);
        assert_in_range(load(b, TO + 4 * (i % 4)) - previous, i ? 990 : 1000, i ? 1010 : 1100);
        previous = load(b, TO + 4 * (i % 4));
    }
    assert_int_equal(channel_flags(b, 2), GIF | HTIF | TCIF);
    assert_true(load(b, TIM2 + T_SR) & UIF); /* nobody cleared UIF */
    store(b, TIM2 + T_DIER, 0);
    pass(b, 5000);
    assert_int_equal(load(b, channel(2, 4)), 2);
    assert_no_stop(b);
}

static void every_update_has_its_channel(void **state)
{
    static const struct {
        uint32_t base, select;
        unsigned channel;
    } cases[] = {
        {TIM2, 8,  2},
        {TIM6, 9,  2},
        {TIM3, 10, 3},
        {TIM7, 15, 4}
    };
    struct board *b = *state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        start_timer(b, cases[i].base, 1000, UDE);
        for (uint32_t select = 0; select < 16; select++) {
            select_request(b, cases[i].channel, select);
            start(b, cases[i].channel, FROM, TO, 9, 0);
            store(b, cases[i].base + T_EGR, UG);
            pass(b, 3500);
            assert_int_equal(load(b, channel(cases[i].channel, 4)),
                             select == cases[i].select ? 5 : 9);
            store(b, channel(cases[i].channel, 0), 0);
        }
        store(b, cases[i].base + T_DIER, 0);
    }
    assert_no_stop(b);
}

/* Neither UIE nor an update that UDIS or URS forbids; and the timer costs no events. */
static void no_item_without_a_request(void **state)
{
    struct board *b = *state;

    select_request(b, 2, 9);
    start(b, 2, FROM, TO, 9, 0);
    start_timer(b, TIM6, 100, 0);
    pass(b, 1000);
    assert_true(b->time.due[EVENT_TIM6] == NEVER);
    store(b, TIM6 + T_DIER, UIE);
    pass(b, 1000);
    store(b, TIM6 + T_CR1, CEN | UDIS);
    store(b, TIM6 + T_DIER, UDE);
    store(b, TIM6 + T_EGR, UG);
    pass(b, 1000);
    assert_true(b->time.due[EVENT_TIM6] == NEVER);
    store(b, TIM6 + T_CR1, URS);
    store(b, TIM6 + T_EGR, UG);
    pass(b, 1000);
    assert_int_equal(load(b, channel(2, 4)), 9);
    store(b, TIM6 + T_CR1, 0);
    store(b, TIM6 + T_EGR, UG);
    pass(b, 1000);
    assert_int_equal(load(b, channel(2, 4)), 8);
}

static void one_request_waits_for_its_channel(void **state)
{
    struct board *b = *state;

    select_request(b, 2, 9);
    for (unsigned dropped = 0; dropped < 2; dropped++) {
        start_timer(b, TIM6, 100, UDE);
        pass(b, 1000);
        store(b, TIM6 + T_CR1, 0);
        if (dropped) {
            store(b, TIM6 + T_DIER, 0);
            store(b, TIM6 + T_DIER, UDE);
        }
        start(b, 2, FROM, TO, 9, 0);
        pass(b, 1000);
        assert_int_equal(load(b, channel(2, 4)), dropped ? 9 : 8);
        store(b, channel(2, 0), 0);
    }
}

/* The item is a UG, which asks for the next. */
static void an_item_may_make_an_update(void **state)
{
    struct board *b = *state;

    preset(b, TO, UG);
    select_request(b, 3, 10);
    start(b, 3, TIM3 + T_EGR, TO, 3, DIR | P32 | M32);
    start_timer(b, TIM3, 1000, UDE);
    pass(b, 1100);
    assert_int_equal(load(b, channel(3, 4)), 0);
    assert_no_stop(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOARD_TEST(memory_is_copied_item_by_item),
        BOARD_TEST(sizes_of_the_two_ends_may_differ),
        BOARD_TEST(what_it_cannot_reach_is_a_transfer_error),
        BOARD_TEST(a_running_channel_keeps_its_settings),
        BOARD_TEST(the_more_urgent_channel_goes_first),
        BOARD_TEST(usart_is_fed),
        BOARD_TEST(a_circular_channel_empties_the_usart),
        BOARD_TEST(every_request_has_its_channels),
        BOARD_TEST(a_timer_paces_a_circular_channel),
        BOARD_TEST(every_update_has_its_channel),
        BOARD_TEST(no_item_without_a_request),
        BOARD_TEST(one_request_waits_for_its_channel),
        BOARD_TEST(an_item_may_make_an_update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
