/* SPDX-License-Identifier: MIT */
/* The board as a whole: its memories, what its public functions refuse, and time without end. */
#include "board_rig.h"

static struct l072 *power_up(const char *part, uint32_t seed)
{
    struct l072 *board = l072_create(&(struct l072_config){.part = part, .seed = seed});

    assert_non_null(board);
    l072_power(board, true);
    return board;
}

/* Bytes that are equal in the SRAM of two boards, of 20 KB; by chance it is one in 256. */
static unsigned equal_bytes(const struct l072 *one, const struct l072 *other)
{
    const uint8_t *a = ((const struct board *)one)->sram, *b = ((const struct board *)other)->sram;
    unsigned equal = 0;

    for (unsigned i = 0; i < SRAM_MAX; i++)
        equal += a[i] == b[i];
    return equal;
}

static void sram_at_power_on_depends_on_the_seed(void **state)
{
    struct l072 *one = power_up(NULL, 1), *same = power_up(NULL, 1), *other = power_up(NULL, 2);
    uint8_t *pma = ((struct board *)one)->usb.pma;

    (void)state;
    assert_int_equal(equal_bytes(one, same), SRAM_MAX);
    assert_in_range(equal_bytes(one, other), 40, 160);
    assert_memory_not_equal(pma, ((struct board *)other)->usb.pma, USB_PMA_SIZE);
    l072_power(one, false);
    l072_power(one, true);
    assert_in_range(equal_bytes(one, same), 40, 160);
    l072_destroy(one);
    l072_destroy(same);
    l072_destroy(other);
}

static void sram_survives_every_reset_but_power_loss(void **state)
{
    struct l072 *before = l072_clone(*state);
    struct board *b = *state;

    l072_reset(*state);
    store(b, 0xE000ED0C, 0x05FA0004); /* AIRCR: SYSRESETREQ */
    run(b, PS_PER_MS);
    assert_int_equal(equal_bytes(*state, before), SRAM_MAX);
    assert_no_stop(b);
    l072_destroy(before);
}

/* Behind the system memory that is seen at 0 there are no option bytes and no SRAM. */
static void boot_alias_ends_with_its_memory(void **state)
{
    static const uint32_t beyond[] = {0x00002000, 0x00080000, 0x00100000};
    struct board *b = *state;
    uint32_t value;

    set_bits(b, R_APB2ENR, 1);
    assert_int_equal(load(b, 0x00080000), 0); /* the EEPROM, with the flash */
    store(b, SYSCFG_CFGR1, 1);
    assert_int_equal(load(b, 4), load(b, 0x1FF00004));
    for (unsigned i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        assert_false(bus_read(b, beyond[i], 4, &value));
        assert_stop(b, L072_STOP_UNMAPPED);
    }
    store(b, SYSCFG_CFGR1, 3);
    assert_false(bus_read(b, 0x00005000, 4, &value));
    assert_stop(b, L072_STOP_UNMAPPED);
}

/* 192 and 128 KB have two banks, each half of the flash; category and sizes by DEV_ID. */
static void each_part_has_its_memories(void **state)
{
    static const struct {
        const char *name;
        uint32_t idcode, flash_kb, bank2, eeprom_kb, sram_kb;
    } parts[] = {
        {"l072xz", 0x20086447, 192, 0x08018000, 6, 20},
        {"l072xb", 0x20086447, 128, 0x08010000, 6, 20},
        {"l072x8", 0x20086447, 64,  0,          3, 20},
        {"l071xz", 0x20086447, 192, 0x08018000, 6, 20},
        {"l052x8", 0x20086417, 64,  0,          2, 8 },
        {"l053x6", 0x20086417, 32,  0,          2, 8 },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct l072 *board = power_up(parts[i].name, 1);
        struct board *b = (struct board *)board;
        struct l072_geometry g;

        b->stop = (struct l072_stop){0}; /* the flash is empty */
        l072_get_geometry(board, &g);
        assert_int_equal(g.flash_size, parts[i].flash_kb * 1024);
        assert_int_equal(g.bank2_base, parts[i].bank2);
        assert_int_equal(g.eeprom_size, parts[i].eeprom_kb * 1024);
        assert_int_equal(g.sram_size, parts[i].sram_kb * 1024);
        assert_int_equal(load(b, 0x40015800), parts[i].idcode);
        assert_int_equal(load(b, 0x1FF8007C), parts[i].flash_kb);
        l072_destroy(board);
    }
}

static void l071_has_no_usb(void **state)
{
    struct l072 *board = power_up("l071xz", 1);
    struct board *b = (struct board *)board;

    (void)state;
    b->stop = (struct l072_stop){0}; /* the flash is empty */
    set_bits(b, R_APB1ENR, 1 << 23);
    (void)load(b, 0x40005C40);
    assert_stop(b, L072_STOP_UNMAPPED);
    l072_destroy(board);
}

static void programmer_writes_everything_but_the_rom(void **state)
{
    static const uint32_t good[] = {0x0802FFFC, 0x080817FC, 0x1FF80000, 0x20004FFC};
    static const uint32_t bad[] = {0x0802FFFD, 0x08081800, 0x1FF00000, 0x20005000, 0x40021000, 0};
    uint32_t word = 0;

    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(l072_load(*state, good[i], &word, 4), 0);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(l072_load(*state, bad[i], &word, 4), L072_ERR_ADDRESS);
    assert_int_equal(l072_peek(*state, 0x1FF00000, &word, 4), 0);
    assert_int_equal(l072_peek(*state, 0x0802FFFD, &word, 4), L072_ERR_ADDRESS);
}

static void reset_without_power_does_nothing(void **state)
{
    struct l072 *board = l072_create(&(struct l072_config){0});

    (void)state;
    l072_reset(board);
    assert_int_equal(l072_run(board, L072_PS_PER_S), L072_TIME);
    assert_false(l072_powered(board));
    l072_destroy(board);
}

/* A CPU that sleeps for ever, with the greatest time there is: the run comes back all the same. */
static void run_without_end_ends(void **state)
{
    struct board *b = *state;

    preset(b, 0x08000008, 0xE7FDBF30); /* wfi; b . - 2 */
    l072_reset(handle(b));
    run_until(b, UINT64_MAX);
    assert_true(l072_now(handle(b)) > 100 * 24 * 3600 * L072_PS_PER_S);
    assert_int_equal(l072_run(handle(b), UINT64_MAX), L072_TIME);
}

/* A CPU that is awake gets somewhere too, although no event is due. */
static void a_far_goal_does_not_stop_the_cpu(void **state)
{
    struct board *b = *state;
    struct l072_event event;

    preset(b, 0x08000008, 0x60814801); /* ldr r0, [pc, #4]; str r1, [r0, #8] */
    preset(b, 0x08000010, 0x30000000); /* where nothing is */
    l072_reset(handle(b));
    while (l072_next_event(handle(b), &event)) {
    }
    assert_int_equal(l072_run(handle(b), UINT64_MAX), L072_STOPPED);
    assert_stop(b, L072_STOP_UNMAPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sram_at_power_on_depends_on_the_seed),
        BOARD_TEST(sram_survives_every_reset_but_power_loss),
        BOARD_TEST(boot_alias_ends_with_its_memory),
        cmocka_unit_test(each_part_has_its_memories),
        cmocka_unit_test(l071_has_no_usb),
        BOARD_TEST(programmer_writes_everything_but_the_rom),
        cmocka_unit_test(reset_without_power_does_nothing),
        BOARD_TEST(run_without_end_ends),
        BOARD_TEST(a_far_goal_does_not_stop_the_cpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
