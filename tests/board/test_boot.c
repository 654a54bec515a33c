/* SPDX-License-Identifier: MIT */
/* What the resident bootloader decides at reset, and what an application finds. */
#include <string.h>

#include "registers.h"
#include "tiny.h"

#define RCC_CSR_ADDRESS 0x40021050u
#define VTOR_ADDRESS    0xE000ED08u
#define PATIENCE        (50 * MS) /* for the pull-up */

enum ending { STARTS, STAYS, NEITHER };

static struct {
    struct scenario s;
    uint64_t reset; /* picoseconds: the last one */
    uint32_t cause, flags;
    bool attached;
} t;

/* ---- Running to a decision ------------------------------------------------------------------- */

static void poke(uint32_t address, uint32_t value)
{
    assert_int_equal(l072_write(t.s.board, address, 4, value), 0);
}

static void look(void)
{
    struct l072_event event;

    while (l072_next_event(t.s.board, &event)) {
        if (event.kind == L072_EVENT_RESET) {
            t.reset = event.time;
            t.cause = event.detail;
            t.flags = event.value;
        }
        t.attached |= event.kind == L072_EVENT_USB_ATTACH;
    }
}

static bool at_application(void)
{
    uint32_t entry;

    assert_int_equal(l072_peek(t.s.board, APP_BASE + 4, &entry, 4), 0);
    return l072_register(t.s.board, 15) == (entry & ~1u);
}

/* To the first instruction of the application, or the pull-up of the bootloader. */
static enum ending decision(void)
{
    uint64_t end = l072_now(t.s.board) + PATIENCE;

    t.attached = false;
    for (look(); l072_now(t.s.board) < end && !t.attached; look()) {
        if (at_application())
            return STARTS;
        if (l072_step(t.s.board) == L072_STOPPED)
            return NEITHER;
    }
    return t.attached ? STAYS : NEITHER;
}

static enum ending reset_decision(void)
{
    l072_reset(t.s.board);
    return decision();
}

static void set_up(const struct l072_config *config, const struct tiny_app *app)
{
    scenario_begin(&t.s, config, "build/boot.elf");
    tiny_load(t.s.board, app);
    l072_power(t.s.board, true);
}

static int start(void **state)
{
    struct tiny_app app = tiny_app(NULL, 0);

    (void)state;
    set_up(&(struct l072_config){.seed = 1}, &app);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    l072_destroy(t.s.board);
    return 0;
}

/* ---- The application starts ------------------------------------------------------------------ */

static void it_starts_within_a_millisecond(void **state)
{
    (void)state;
    assert_int_equal(decision(), STARTS);
    print_message("# %u us after reset\n",
                  (unsigned)((l072_now(t.s.board) - t.reset) / L072_PS_PER_US));
    assert_true(l072_now(t.s.board) - t.reset <= MS);
}

/* The same program at the begin of the flash, and nothing in front of it. */
static struct l072 *without_bootloader(void)
{
    struct l072 *board = l072_create(&(struct l072_config){.seed = 1});
    struct tiny_app app = tiny_app(NULL, 0);

    assert_non_null(board);
    assert_int_equal(l072_load(board, FLASH_BASE, app.words, sizeof app.words), 0);
    l072_power(board, true);
    return board;
}

static void the_chip_is_as_after_reset_but_for_vtor(void **state)
{
    struct l072 *expected = without_bootloader();
    uint32_t vtor;

    (void)state;
    assert_int_equal(decision(), STARTS);
    assert_int_equal(l072_read(t.s.board, VTOR_ADDRESS, 4, &vtor), 0);
    assert_int_equal(vtor, APP_BASE);
    assert_int_equal(l072_write(expected, VTOR_ADDRESS, 4, APP_BASE), 0);
    registers_same(t.s.board, expected);
    l072_destroy(expected);
}

/* boot.ld: the stack, whose top is word 0 of the flash, is below what applications want kept. */
static void ram_survives_a_reset(void **state)
{
    static uint8_t ram[20 * 1024], after[sizeof ram];
    struct l072_geometry geometry;
    uint32_t stack_top, size;

    (void)state;
    assert_int_equal(decision(), STARTS);
    l072_get_geometry(t.s.board, &geometry);
    assert_int_equal(l072_peek(t.s.board, FLASH_BASE, &stack_top, 4), 0);
    size = geometry.sram_base + geometry.sram_size - stack_top;
    assert_in_range(size, 16 * 1024, sizeof ram);
    for (uint32_t i = 0; i < size; i++)
        ram[i] = (uint8_t)(i * 7 + i / 256);
    assert_int_equal(l072_load(t.s.board, stack_top, ram, size), 0);
    assert_int_equal(reset_decision(), STARTS);
    assert_int_equal(l072_peek(t.s.board, stack_top, after, size), 0);
    assert_memory_equal(after, ram, size);
}

/* ---- The cause of a reset -------------------------------------------------------------------- */

static void by_software(void)
{
    poke(0xE000ED0C, 0x05FA0004); /* SCB_AIRCR: SYSRESETREQ */
}

static void by_iwdg(void)
{
    poke(0x40003000, 0xCCCC); /* IWDG_KR: start */
}

static void by_wwdg(void)
{
    poke(0x40021038, 1 << 11);   /* RCC_APB1ENR: WWDGEN */
    poke(0x40002C00, 0x80 | 64); /* WWDG_CR: WDGA, and the last value but one */
}

static void by_options(void)
{
    poke(0x4002200C, 0x89ABCDEF); /* FLASH_PEKEYR */
    poke(0x4002200C, 0x02030405);
    poke(0x40022014, 0xFBEAD9C8); /* FLASH_OPTKEYR */
    poke(0x40022014, 0x24252627);
    poke(0x40022004, 1 << 18); /* FLASH_PECR: OBL_LAUNCH */
}

static void by_pin(void)
{
    l072_reset(t.s.board);
}

static void by_power(void)
{
    l072_power(t.s.board, false);
    l072_power(t.s.board, true);
}

/* RM0376 RCC_CSR. Each reset pulses NRST too. */
enum {
    OBLRSTF = 1 << 25,
    PINRSTF = 1 << 26,
    PORRSTF = 1 << 27,
    SFTRSTF = 1 << 28,
    IWDGRSTF = 1 << 29,
    WWDGRSTF = 1 << 30,
    RMVF = 1 << 23,
};

static const struct cause {
    const char *name;
    void (*make)(void);
    uint32_t flags;
} causes[] = {
    {"power",        by_power,    PORRSTF | PINRSTF },
    {"NRST",         by_pin,      PINRSTF           },
    {"software",     by_software, SFTRSTF | PINRSTF },
    {"IWDG",         by_iwdg,     IWDGRSTF | PINRSTF},
    {"WWDG",         by_wwdg,     WWDGRSTF | PINRSTF},
    {"option bytes", by_options,  OBLRSTF | PINRSTF },
};

/* Out of the application, until something resets the chip. */
static void run_to_reset(void)
{
    uint64_t end = l072_now(t.s.board) + 1000 * MS, last = t.reset;

    for (look(); t.reset == last; look()) {
        assert_true(l072_now(t.s.board) < end);
        assert_int_not_equal(l072_run(t.s.board, end), L072_STOPPED);
    }
}

static void the_cause_of_the_reset_is_for_the_application(void **state)
{
    uint32_t csr;

    (void)state;
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        assert_int_equal(decision(), STARTS);
        poke(RCC_CSR_ADDRESS, RMVF);
        causes[i].make();
        run_to_reset();
        assert_int_equal(decision(), STARTS);
        assert_true(l072_now(t.s.board) - t.reset <= MS);
        assert_int_equal(l072_read(t.s.board, RCC_CSR_ADDRESS, 4, &csr), 0);
        if ((csr & 0xFF000000) != causes[i].flags)
            fail_msg("%s: RCC_CSR is 0x%08X", causes[i].name, csr);
    }
}

/* ---- Requests -------------------------------------------------------------------------------- */

static void request_in_ram(uint32_t first, uint32_t second)
{
    poke(SRAM_BASE, first);
    poke(SRAM_BASE + 4, second);
}

static void request_in_rtc(uint32_t first, uint32_t second)
{
    poke(0x40021038, 1 << 28); /* RCC_APB1ENR: PWREN */
    poke(0x40007000, 0x1100);  /* PWR_CR: DBP, and VOS as after reset */
    poke(0x40002850, first);   /* RTC_BKP0R */
    poke(0x40002854, second);
}

static const struct request {
    const char *name;
    void (*leave)(uint32_t first, uint32_t second);
    uint32_t first, second;
    enum ending ending;
} requests[] = {
    {"in RAM",            request_in_ram, BOOT_REQUEST, ~BOOT_REQUEST, STAYS },
    {"in the RTC",        request_in_rtc, BOOT_REQUEST, ~BOOT_REQUEST, STAYS },
    {"half of it in RAM", request_in_ram, BOOT_REQUEST, 0,             STARTS},
    {"half in the RTC",   request_in_rtc, BOOT_REQUEST, 0,             STARTS},
    {"its other half",    request_in_ram, 0,            ~BOOT_REQUEST, STARTS},
    {"a bit too many",    request_in_ram, BOOT_REQUEST, BOOT_REQUEST,  STARTS},
};

/* A request counts for one reset. */
static void requests_are_taken_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        const struct request *r = &requests[i];

        print_message("# %s\n", r->name);
        assert_int_equal(reset_decision(), STARTS);
        r->leave(r->first, r->second);
        assert_int_equal(reset_decision(), r->ending);
        assert_int_equal(reset_decision(), STARTS);
    }
}

/* Two at once: the second does not wait for the next reset. */
static void all_requests_are_taken_at_once(void **state)
{
    (void)state;
    assert_int_equal(decision(), STARTS);
    request_in_ram(BOOT_REQUEST, ~BOOT_REQUEST);
    request_in_rtc(BOOT_REQUEST, ~BOOT_REQUEST);
    assert_int_equal(reset_decision(), STAYS);
    assert_int_equal(reset_decision(), STARTS);
}

/* ---- Applications that are none -------------------------------------------------------------- */

static void damage(struct tiny_app *app, size_t offset, uint32_t flip)
{
    uint32_t *words = (uint32_t *)(void *)app;

    words[offset / 4] ^= flip;
}

#define RESET_VECTOR 4
#define ENTRY        (APP_BASE + 0x41) /* of tiny_app() */
#define SEALED(word) offsetof(struct tiny_app, seal.word)
static const struct broken {
    const char *name;
    size_t offset;
    uint32_t flip;
    bool sealed_again; /* it was so when it was sealed */
} broken[] = {
    {"a bit of the length",                SEALED(length),     0x100,                      false},
    {"... of its complement",              SEALED(not_length), 0x100,                      false},
    {"a bit of the CRC",                   SEALED(crc),        1,                          false},
    {"... of its complement",              SEALED(not_crc),    0x80000000,                 false},
    {"the reset vector without its bit 0", RESET_VECTOR,       1,                          true },
    {"... in RAM",                         RESET_VECTOR,       0x28000000,                 true },
    {"... in the bootloader",              RESET_VECTOR,       ENTRY ^ (SEAL_BASE - 0xF),  true },
    {"... right behind it",                RESET_VECTOR,       ENTRY ^ (APP_BASE + 0x101), true },
    {"... behind the application",         RESET_VECTOR,       0x10000,                    true },
};

static void what_is_not_an_application_is_not_started(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct tiny_app app = tiny_app(NULL, 0);

        damage(&app, broken[i].offset, broken[i].flip);
        if (broken[i].sealed_again)
            app.seal = tiny_seal(&app);
        tiny_load(t.s.board, &app);
        if (reset_decision() != STAYS)
            fail_msg("%s: it does not stay", broken[i].name);
    }
}

static void without_an_application_it_stays(void **state)
{
    struct tiny_app none = {.words = {0}};

    (void)state;
    tiny_load(t.s.board, &none);
    assert_int_equal(reset_decision(), STAYS);
    none.seal = tiny_seal(&none);
    tiny_load(t.s.board, &none);
    assert_int_equal(reset_decision(), STAYS);
}

/* ---- Applications that lock nobody out ------------------------------------------------------- */

static void the_pin_keeps_it(void **state)
{
    (void)state;
    assert_int_equal(l072_drive_pin(t.s.board, "PA0", true), 0);
    assert_int_equal(reset_decision(), STAYS);
    assert_int_equal(l072_drive_pin(t.s.board, "PA0", false), 0);
    assert_int_equal(reset_decision(), STARTS);
}

/* In Thumb; the last two are: movs r0, #0; mov sp, r0; push {r0}
 *                             ldr r0, =0x05FA0004; ldr r1, =SCB_AIRCR; str r0, [r1]; b . */
#define CPSID_I 0xB672
#define B_HERE  0xE7FE
#define UDF     0xDE00

static const struct bad {
    const char *name;
    uint16_t code[8];
} bad[] = {
    {"hangs with interrupts off", {CPSID_I, B_HERE}                                               },
    {"undefined instruction",     {UDF}                                                           },
    {"pushes onto no RAM",        {0x2000, 0x4685, 0xB401}                                        },
    {"resets at once",            {0x4801, 0x4902, 0x6008, B_HERE, 0x0004, 0x05FA, 0xED0C, 0xE000}},
};

/* Lenient, as the chip: it locks up, or starts again and again. Held, the pin leads to DFU. */
static void a_bad_application_locks_nobody_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tiny_app app = tiny_app(bad[i].code, 8);

        print_message("# %s\n", bad[i].name);
        l072_destroy(t.s.board);
        set_up(&(struct l072_config){.seed = 1, .lenient = true}, &app);
        assert_int_equal(decision(), STARTS);
        for (uint64_t end = l072_now(t.s.board) + 10 * MS; l072_now(t.s.board) < end; look())
            (void)l072_run(t.s.board, end);
        assert_int_equal(l072_drive_pin(t.s.board, "PA0", true), 0);
        assert_int_equal(reset_decision(), STAYS);
        scenario_listen(&t.s);
        assert_true(resident_in_dfu(&t.s));
    }
}

/* Which the hardware starts at each reset, after option bit WDG_SW; it would bite after 0.44 s. */
static void a_watchdog_does_not_end_dfu(void **state)
{
    (void)state;
    assert_int_equal(l072_set_option(t.s.board, "WDG_SW", 0), 0);
    l072_power(t.s.board, false);
    scenario_power_on(&t.s);
    assert_int_equal(l072_drive_pin(t.s.board, "PA0", true), 0);
    assert_true(resident_in_dfu(&t.s));
    t.s.resets = 0;
    assert_true(usb_device_run(&t.s.device, 3000 * MS));
    assert_int_equal(t.s.resets, 0);
    assert_true(resident_in_dfu(&t.s));
}

#define BOOT_TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOOT_TEST(it_starts_within_a_millisecond),
        BOOT_TEST(the_chip_is_as_after_reset_but_for_vtor),
        BOOT_TEST(ram_survives_a_reset),
        BOOT_TEST(the_cause_of_the_reset_is_for_the_application),
        BOOT_TEST(requests_are_taken_once),
        BOOT_TEST(all_requests_are_taken_at_once),
        BOOT_TEST(what_is_not_an_application_is_not_started),
        BOOT_TEST(without_an_application_it_stays),
        BOOT_TEST(the_pin_keeps_it),
        BOOT_TEST(a_bad_application_locks_nobody_out),
        BOOT_TEST(a_watchdog_does_not_end_dfu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
