/* SPDX-License-Identifier: MIT */
/* CRC calculation unit (RM0376 CRC), against the check values of the published algorithms. */
#include "board_rig.h"

enum { DR = 0x40023000, IDR = 0x40023004, CR = 0x40023008, INIT = 0x40023010, POL = 0x40023014 };
enum { RESET = 1, REV_IN_SHIFT = 5, REV_OUT = 0x80 };

static int make_crc(void **state)
{
    if (make_board(state) != 0)
        return -1;
    set_bits(*state, 0x40021030, 1 << 12); /* RCC_AHBENR.CRCEN */
    return 0;
}

static void store_sized(struct board *b, uint32_t address, unsigned size, uint32_t value)
{
    assert_true(bus_write(b, address, size, value));
}

static void registers_start_as_crc_32(void **state)
{
    struct board *b = *state;

    assert_int_equal(load(b, DR), 0xFFFFFFFF);
    assert_int_equal(load(b, IDR), 0);
    assert_int_equal(load(b, CR), 0);
    assert_int_equal(load(b, INIT), 0xFFFFFFFF);
    assert_int_equal(load(b, POL), 0x04C11DB7);
}

/* The CRC of "123456789" by bytes. */
static void known_algorithms_give_their_check_value(void **state)
{
    static const struct {
        uint32_t cr, init, pol, xor, check;
    } algorithms[] = {
        {0 << 3 | 1 << 5 | REV_OUT, 0xFFFFFFFF, 0x04C11DB7, 0xFFFFFFFF, 0xCBF43926}, /* CRC-32 */
        {0 << 3,                    0xFFFFFFFF, 0x04C11DB7, 0,          0x0376E6E7}, /* MPEG-2 */
        {1 << 3,                    0xFFFF,     0x1021,     0,          0x29B1    }, /* IBM-3740 */
        {1 << 3 | 1 << 5 | REV_OUT, 0xFFFF,     0x8005,     0,          0x4B37    }, /* MODBUS */
        {2 << 3,                    0,          0x07,       0,          0xF4      }, /* SMBUS */
        {3 << 3,                    0,          0x09,       0,          0x75      }, /* MMC */
    };
    struct board *b = *state;

    for (unsigned i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        store(b, INIT, algorithms[i].init);
        store(b, POL, algorithms[i].pol);
        store(b, CR, algorithms[i].cr | RESET);
        assert_int_equal(load(b, CR), algorithms[i].cr); /* RESET reads 0 */
        for (const char *c = "123456789"; *c; c++)
            store_sized(b, DR, 1, (uint8_t)*c);
        assert_int_equal(load(b, DR) ^ algorithms[i].xor, algorithms[i].check);
    }
}

/* A write counts as many bits as it has, the most significant first. */
static void widths_mix(void **state)
{
    struct board *b = *state;

    store(b, DR, 0x31323334);
    store_sized(b, DR, 2, 0x3536);
    store_sized(b, DR, 2, 0x3738);
    store_sized(b, DR, 1, 0x39);
    assert_int_equal(load(b, DR), 0x0376E6E7);
}

/* The example of the manual: 0x1A2B3C4D by byte, half-word, word. */
static void input_is_reversed_in_groups(void **state)
{
    static const uint32_t as_if[4] = {0x1A2B3C4D, 0x58D43CB2, 0xD458B23C, 0xB23CD458};
    struct board *b = *state;
    uint32_t crc;

    for (uint32_t i = 0; i < 4; i++) {
        store(b, CR, i << REV_IN_SHIFT | RESET);
        store(b, DR, 0x1A2B3C4D);
        crc = load(b, DR);
        store(b, CR, RESET);
        store(b, DR, as_if[i]);
        assert_int_equal(load(b, DR), crc);
    }
}

/* A group is at most as wide as the write. */
static void byte_is_reversed_as_a_byte(void **state)
{
    struct board *b = *state;

    for (uint32_t i = 1; i < 4; i++) {
        store(b, CR, i << REV_IN_SHIFT | REV_OUT | RESET);
        for (const char *c = "123456789"; *c; c++)
            store_sized(b, DR, 1, (uint8_t)*c);
        assert_int_equal(~load(b, DR), 0xCBF43926);
    }
}

/* The manual's: 0x11223344 becomes 0x22CC4488. */
static void output_is_reversed(void **state)
{
    struct board *b = *state;

    store(b, INIT, 0x11223344);
    assert_int_equal(load(b, DR), 0x11223344); /* INIT loads DR */
    store(b, CR, REV_OUT);
    assert_int_equal(load(b, DR), 0x22CC4488);
}

static void reset_bit_loads_init(void **state)
{
    struct board *b = *state;

    store(b, INIT, 0x12345678);
    store_sized(b, IDR, 1, 0xA5);
    store(b, DR, 1);
    store(b, CR, RESET);
    assert_int_equal(load(b, DR), 0x12345678);
    assert_int_equal(load(b, IDR), 0xA5);
    store(b, IDR, 0x1FF);
    assert_int_equal(load(b, IDR), 0xFF);
}

static void misuse_stops_the_board(void **state)
{
    struct board *b = *state;

    store(b, POL, 0x1020);
    assert_stop(b, L072_STOP_RULE);
    store_sized(b, DR + 1, 1, 0);
    assert_stop(b, L072_STOP_WIDTH);
    assert_int_equal(load(b, DR), 0xFFFFFFFF);
    store(b, DR + 0xC, 0);
    assert_stop(b, L072_STOP_NOT_MODELLED);
}

static void rcc_resets_it(void **state)
{
    struct board *b = *state;

    store(b, INIT, 0);
    store(b, 0x40021020, 1 << 12); /* RCC_AHBRSTR.CRCRST */
    store(b, 0x40021020, 0);
    registers_start_as_crc_32(state);
}

#define CRC_TEST(function) cmocka_unit_test_setup_teardown(function, make_crc, destroy_board)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CRC_TEST(registers_start_as_crc_32),
        CRC_TEST(known_algorithms_give_their_check_value),
        CRC_TEST(widths_mix),
        CRC_TEST(input_is_reversed_in_groups),
        CRC_TEST(byte_is_reversed_as_a_byte),
        CRC_TEST(output_is_reversed),
        CRC_TEST(reset_bit_loads_init),
        CRC_TEST(misuse_stops_the_board),
        CRC_TEST(rcc_resets_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
