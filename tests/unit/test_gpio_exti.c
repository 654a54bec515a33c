/* SPDX-License-Identifier: MIT */
/* Pins and pin interrupts (RM0376 GPIO, EXTI). */
#include "board_rig.h"

enum { MODER = 0x00, OTYPER = 0x04, PUPDR = 0x0C, IDR = 0x10, ODR = 0x14, BSRR = 0x18 };
enum { LCKR = 0x1C, BRR = 0x28, LCKK = 0x10000 };
enum { EXTI_IMR = 0x40010400, EXTI_RTSR = 0x40010408, EXTI_FTSR = 0x4001040C };
enum { EXTI_SWIER = 0x40010410, EXTI_PR = 0x40010414 };

static void drive(struct board *b, const char *pin, bool level)
{
    assert_int_equal(l072_drive_pin(handle(b), pin, level), 0);
}

static void pin_names(void **state)
{
    static const char *const bad[] = {"", "P", "PA", "PF0", "PA16", "PH2", "PA01", "PA1x", "A1"};
    struct board *b = *state;

    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(l072_drive_pin(handle(b), bad[i], true), L072_ERR_NAME);
    drive(b, "PE15", true);
    drive(b, "PH1", true);
}

static void input_follows_the_driver_or_the_pull(void **state)
{
    struct board *b = *state;

    set_bits(b, R_IOPENR, 1);
    assert_int_equal(load(b, GPIOA + IDR), 1 << 13); /* SWDIO has its pull-up */
    store(b, GPIOA + MODER, 0xEBFFFCFC);             /* PA0 is an input */
    store(b, GPIOA + PUPDR, 1);
    assert_int_equal(load(b, GPIOA + IDR), 1);
    drive(b, "PA0", false);
    assert_int_equal(load(b, GPIOA + IDR), 0);
    l072_reset(handle(b));
    set_bits(b, R_IOPENR, 1);
    store(b, GPIOA + MODER, 0xEBFFFCFC);
    store(b, GPIOA + PUPDR, 1);
    assert_int_equal(load(b, GPIOA + IDR), 0); /* a reset does not move the outside world */
}

static void power_loss_frees_the_pins(void **state)
{
    struct board *b = *state;

    drive(b, "PA13", false);
    l072_power(handle(b), false);
    l072_power(handle(b), true);
    set_bits(b, R_IOPENR, 1);
    assert_int_equal(load(b, GPIOA + IDR), 1 << 13);
}

static void output_is_set_and_cleared(void **state)
{
    struct board *b = *state;

    set_bits(b, R_IOPENR, 4);
    store(b, GPIOC + MODER, 0x00000005); /* PC0, PC1 outputs */
    store(b, GPIOC + BSRR, 0x00030003);  /* set wins */
    assert_int_equal(load(b, GPIOC + ODR), 3);
    store(b, GPIOC + BRR, 1);
    assert_int_equal(load(b, GPIOC + IDR), 2);
    store(b, GPIOC + OTYPER, 2); /* open drain releases the pin */
    assert_int_equal(load(b, GPIOC + IDR), 0);
}

/* The Arduino core of GrumpyOldPizza locks port A before it enters the ROM. */
static void locked_pins_keep_their_configuration(void **state)
{
    struct board *b = *state;

    set_bits(b, R_IOPENR, 1);
    store(b, GPIOA + LCKR, LCKK | 0x8001);
    store(b, GPIOA + LCKR, 0x8001);
    store(b, GPIOA + LCKR, LCKK | 0x8001);
    assert_int_equal(load(b, GPIOA + LCKR), LCKK | 0x8001);
    store(b, GPIOA + MODER, 0);
    assert_int_equal(load(b, GPIOA + MODER), 0xC0000003);
    store(b, GPIOA + 0x20, 0xFFFFFFFF); /* AFRL, AFRH */
    assert_int_equal(load(b, GPIOA + 0x20), 0xFFFFFFF0);
    store(b, GPIOA + 0x24, 0xFFFFFFFF);
    assert_int_equal(load(b, GPIOA + 0x24), 0x0FFFFFFF);
    store(b, GPIOA + LCKR, 2);
    assert_int_equal(load(b, GPIOA + LCKR), LCKK | 0x8001);
    store(b, R_IOPRSTR, 1);
    store(b, R_IOPRSTR, 0);
    assert_int_equal(load(b, GPIOA + LCKR), 0);
}

static void broken_lock_sequence_locks_nothing(void **state)
{
    struct board *b = *state;

    set_bits(b, R_IOPENR, 1);
    store(b, GPIOA + LCKR, LCKK | 1);
    store(b, GPIOA + LCKR, 2);
    store(b, GPIOA + LCKR, LCKK | 1);
    assert_false(load(b, GPIOA + LCKR) & LCKK);
}

static void button_on(struct board *b, uint32_t edge_register)
{
    set_bits(b, R_IOPENR, 4);
    set_bits(b, R_APB2ENR, 1);
    store(b, GPIOC + MODER, ~(UINT32_C(3) << 26)); /* PC13 is an input */
    drive(b, "PC13", false);
    store(b, SYSCFG_EXTICR1 + 12, 2 << 4);
    store(b, edge_register, 1 << 13);
    set_bits(b, EXTI_IMR, 1 << 13);
}

static void chosen_edge_of_the_chosen_port_interrupts(void **state)
{
    struct board *b = *state;

    button_on(b, EXTI_RTSR);
    drive(b, "PA13", false);
    drive(b, "PA13", true); /* another port */
    assert_int_equal(load(b, EXTI_PR), 0);
    drive(b, "PC13", true);
    assert_int_equal(load(b, EXTI_PR), 1 << 13);
    assert_true(b->nvic.line[IRQ_EXTI4_15]);
    store(b, EXTI_PR, 1 << 13);
    assert_false(b->nvic.line[IRQ_EXTI4_15]);
    drive(b, "PC13", false);
    assert_int_equal(load(b, EXTI_PR), 0);
}

static void port_h_has_code_5(void **state)
{
    struct board *b = *state;

    set_bits(b, R_IOPENR, 1 << 7);
    set_bits(b, R_APB2ENR, 1);
    store(b, GPIOH + MODER, 0xFFFFFFFC);
    store(b, SYSCFG_EXTICR1, 5);
    store(b, EXTI_RTSR, 1);
    drive(b, "PH0", true);
    assert_int_equal(load(b, EXTI_PR), 1);
    l072_reset(handle(b));
    set_bits(b, R_IOPENR, 1 << 7);
    store(b, GPIOH + MODER, 0xFFFFFFFC);
    assert_int_equal(load(b, GPIOH + IDR), 1);
}

static void software_triggers_a_line(void **state)
{
    struct board *b = *state;

    button_on(b, EXTI_FTSR);
    store(b, EXTI_SWIER, 1 << 13);
    assert_int_equal(load(b, EXTI_PR), 1 << 13);
    store(b, EXTI_PR, 1 << 13);
    assert_int_equal(load(b, EXTI_SWIER), 0);
}

static void usb_wakeup_is_a_direct_line(void **state)
{
    struct board *b = *state;

    exti_line(b, EXTI_LINE_USB_WAKEUP, true);
    assert_true(b->nvic.line[IRQ_USB]);
    assert_int_equal(load(b, EXTI_PR), 0);
    store(b, EXTI_IMR, 0);
    assert_false(b->nvic.line[IRQ_USB]);
    store(b, EXTI_IMR, 0x3F840000);
    exti_line(b, EXTI_LINE_USB_WAKEUP, false);
    assert_false(b->nvic.line[IRQ_USB]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOARD_TEST(pin_names),
        BOARD_TEST(input_follows_the_driver_or_the_pull),
        BOARD_TEST(power_loss_frees_the_pins),
        BOARD_TEST(output_is_set_and_cleared),
        BOARD_TEST(locked_pins_keep_their_configuration),
        BOARD_TEST(broken_lock_sequence_locks_nothing),
        BOARD_TEST(chosen_edge_of_the_chosen_port_interrupts),
        BOARD_TEST(port_h_has_code_5),
        BOARD_TEST(software_triggers_a_line),
        BOARD_TEST(usb_wakeup_is_a_direct_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
