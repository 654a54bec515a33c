/* SPDX-License-Identifier: MIT */
/*
 * The power is cut before, inside and after every operation of flash, data EEPROM and option bytes,
 * and at every transfer, of whole updates by the resident bootloader. After each cut the chip comes
 * up in DFU, or in a complete application, and nothing but the target has changed.
 *
 * The update runs once. At each transfer it has a copy of the board, of which the cuts of the
 * operations since the last one are made.
 */
#include <stdio.h>

#include "dfuhost.h"
#include "resident.h"

#define SECTOR_END(size) ((APP_BASE + (size) + BOOT_SECTOR - 1) & ~(BOOT_SECTOR - 1))
#define RECOVER_EVERY    4u /* of those in DFU: a download takes as long as 20 cuts */

struct content {
    unsigned version; /* 0: none */
    uint32_t size;    /* of the image, 0: as it is linked */
};

static const struct row {
    const char *name;
    struct content installed, interrupted, image;
    bool erase_all;
} rows[] = {
    {"first install",              {0, 0},    {0, 0},    {1, 4000}, false},
    {"same image again",           {1, 4000}, {0, 0},    {1, 4000}, false},
    {"larger",                     {1, 4000}, {0, 0},    {2, 6000}, false},
    {"smaller",                    {2, 6000}, {0, 0},    {1, 5000}, false},
    {"interrupted, then another",  {2, 4500}, {1, 6000}, {2, 5500}, false},
    {"everything is erased first", {1, 5000}, {0, 0},    {2, 5000}, true },
};

static const enum l072_moment moments[] = {L072_BEFORE, L072_TORN, L072_TORN_BUT_ONE,
                                           L072_TORN_NONE, L072_AFTER};
#define MOMENTS (sizeof moments / sizeof moments[0])

struct cuts {
    const char *name, *part;
    struct scenario s;      /* the update */
    struct l072 *before;    /* as it was */
    struct l072 *mark;      /* the update at its last transfer, or at its next operation */
    struct l072 *trial;     /* a cut */
    uint32_t done;          /* operations that were cut */
    uint32_t address, size; /* what may change */
    struct resident_image old_image, new_image;
    void (*judge)(struct cuts *c, const char *when);
    unsigned operations, in_dfu, in_old, in_new, recovered;
};

/* ---- After a cut ----------------------------------------------------------------------------- */

static void recover(struct cuts *c, const char *when)
{
    struct scenario s = {.board = c->trial};

    scenario_listen(&s);
    if (!resident_in_dfu(&s) || !resident_download(&s, &c->new_image) ||
        !resident_in_app(&s, c->new_image.version))
        fail_msg("%s, %s, %s: another download fails", c->part, c->name, when);
    c->recovered++;
}

/* DFU, or an application that is complete. */
static void judge_update(struct cuts *c, const char *when)
{
    unsigned seen = resident_look(c->trial);
    uint32_t stray = resident_stray(c->before, c->trial, c->address, c->size);

    if (stray)
        fail_msg("%s, %s, %s: 0x%08X has changed", c->part, c->name, when, stray);
    if (seen == 0) {
        if (c->in_dfu++ % RECOVER_EVERY == 0)
            recover(c, when);
    } else if (seen == c->new_image.version && resident_holds(c->trial, &c->new_image)) {
        c->in_new++;
    } else if (seen == c->old_image.version && resident_holds(c->trial, &c->old_image)) {
        c->in_old++;
    } else {
        fail_msg("%s, %s, %s: BRICK (version %u)", c->part, c->name, when, seen);
    }
}

static void judge(struct cuts *c, const char *when)
{
    l072_power(c->trial, false);
    l072_power(c->trial, true);
    c->judge(c, when);
}

/* ---- Cuts ------------------------------------------------------------------------------------ */

static void cut_operation(struct cuts *c, uint32_t operation, enum l072_moment moment)
{
    const struct l072_fault cut = {
        .kind = L072_FAULT_CUT, .operation = operation, .moment = moment};
    char when[64];

    snprintf(when, sizeof when, "operation %u, moment %d", operation, moment);
    l072_assign(c->trial, c->mark);
    assert_int_equal(l072_fault(c->trial, &cut), 0);
    for (unsigned i = 0; l072_powered(c->trial) && i < 1000; i++)
        resident_run(c->trial, MS / 10);
    if (l072_powered(c->trial))
        fail_msg("%s, %s, %s: it does not come to that", c->part, c->name, when);
    judge(c, when);
}

/* The board goes on without its host, which waits anyway, into the next operation. */
static void cut_operations(struct cuts *c, uint32_t last)
{
    while (c->done < last) {
        c->done++;
        c->operations++;
        for (unsigned i = 0; i < MOMENTS; i++)
            cut_operation(c, c->done, moments[i]);
        for (unsigned i = 0; resident_operations(c->mark) < c->done && i < 1000; i++)
            resident_run(c->mark, MS / 10);
        assert_int_equal(resident_operations(c->mark), c->done);
    }
}

static void observe(void *context, const struct l072_event *event)
{
    struct cuts *c = context;

    if (event->kind != L072_EVENT_URB)
        return;
    cut_operations(c, resident_operations(c->s.board));
    l072_assign(c->mark, c->s.board);
    l072_assign(c->trial, c->s.board);
    judge(c, "after a transfer");
}

static void begin(struct cuts *c)
{
    c->before = l072_clone(c->s.board);
    c->mark = l072_clone(c->s.board);
    c->trial = l072_clone(c->s.board);
    c->done = resident_operations(c->s.board);
    c->s.device.observe = observe;
    c->s.device.context = c;
}

static void end(struct cuts *c)
{
    cut_operations(c, resident_operations(c->s.board));
    l072_destroy(c->before);
    l072_destroy(c->mark);
    l072_destroy(c->trial);
    l072_destroy(c->s.board);
    print_message("# %s, %s: %u operations, %u cuts: %u end in DFU (%u of them updated again), "
                  "%u in the old version, %u in the new one, 0 bricked\n",
                  c->part, c->name, c->operations, c->in_dfu + c->in_old + c->in_new, c->in_dfu,
                  c->recovered, c->in_old, c->in_new);
}

/* ---- Updates --------------------------------------------------------------------------------- */

/* The power goes in the middle. */
static void interrupted_download(struct scenario *s, const struct resident_image *image,
                                 uint32_t operations)
{
    const struct l072_fault cut = {.kind = L072_FAULT_CUT,
                                   .operation = resident_operations(s->board) + operations,
                                   .moment = L072_TORN};

    assert_true(resident_detach(s));
    assert_int_equal(l072_fault(s->board, &cut), 0);
    assert_false(resident_download(s, image));
    l072_power(s->board, false);
    scenario_power_on(s);
    assert_true(resident_in_dfu(s));
}

/* The board before the update that is to be cut; the old image, if it still is one. */
static void prepare(struct cuts *c, const struct row *row)
{
    static struct resident_image other;

    if (row->installed.version) {
        resident_image(&c->old_image, row->installed.version, row->installed.size);
        assert_true(resident_download(&c->s, &c->old_image));
        assert_true(resident_in_app(&c->s, row->installed.version));
    }
    if (row->interrupted.version) {
        resident_image(&other, row->interrupted.version, row->interrupted.size);
        interrupted_download(&c->s, &other, 50);
        c->old_image.version = 0;
    }
    resident_image(&c->new_image, row->image.version, row->image.size);
}

/* The host gives it time. */
static bool erase_all(struct scenario *s)
{
    struct resident_host h = {.s = s};
    uint8_t command = DFUSE_ERASE;

    return resident_request(&h, 0x21, DFU_DNLOAD, 0, &command, 1) == L072_URB_OK &&
           resident_tell(&h) && usb_device_run(&s->device, 1000 * MS) && resident_tell(&h) &&
           h.status[4] == DFU_DNLOAD_IDLE;
}

static void every_cut_of(const struct row *row, const char *part, uint32_t seed)
{
    static struct cuts c;

    c = (struct cuts){.name = row->name, .part = part, .judge = judge_update, .address = SEAL_BASE};
    resident_begin(&c.s, part, seed);
    prepare(&c, row);
    c.size = SECTOR_END(c.new_image.size) - SEAL_BASE;
    if (row->erase_all)
        c.size = EEPROM_BASE - SEAL_BASE;
    begin(&c);
    assert_true(!c.old_image.version || resident_detach(&c.s));
    assert_true(!row->erase_all || erase_all(&c.s));
    assert_true(resident_download(&c.s, &c.new_image));
    assert_true(resident_in_app(&c.s, c.new_image.version));
    end(&c);
    assert_true(c.in_new + c.in_old > 0);
}

static void on_a_part(const char *part, uint32_t seed)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        every_cut_of(&rows[i], part, seed + (uint32_t)i);
}

static void no_cut_bricks_192_kb(void **state)
{
    (void)state;
    on_a_part("l072xz", 1);
}

static void no_cut_bricks_64_kb(void **state)
{
    (void)state;
    on_a_part("l072x8", 101);
}

/* ---- Data EEPROM and option bytes ------------------------------------------------------------ */

#define BOR_LEV_1 0x0008u /* in OPTR[31:16] */
#define SECTOR_47 0x8000u /* in WRPROT2 */
#define OPTR_HIGH 4       /* offset, bytes */
#define WRPROT2   16      /* offset, bytes */
#define OPTIONS   20u     /* bytes: five words */
#define WORDS     24u     /* of data EEPROM that are written */

/* The application and the bootloader are as they were, and readout protection is off. */
static void judge_other(struct cuts *c, const char *when)
{
    uint32_t stray = resident_stray(c->before, c->trial, c->address, c->size), optr = 0;
    unsigned app = resident_look(c->trial), boot;

    assert_int_equal(l072_read(c->trial, (uint32_t)(uintptr_t)&FLASH->OPTR, 4, &optr), 0);
    l072_power(c->trial, false);
    l072_power(c->trial, true);
    assert_int_equal(l072_drive_pin(c->trial, "PA0", true), 0);
    boot = resident_look(c->trial);
    if (stray || app != 1 || boot != 0 || (optr & 0xFF) != FLASH_OPTR_RDP_0)
        fail_msg("%s, %s, %s: 0x%08X has changed, version %u, bootloader %u, OPTR 0x%08X", c->part,
                 c->name, when, stray, app, boot, optr);
    c->in_old++;
}

/* Words of EEPROM that hold neither what was there nor what was written: the one that was torn. */
static void judge_eeprom(struct cuts *c, const char *when)
{
    uint32_t before[WORDS], now[WORDS];
    unsigned torn = 0;

    assert_int_equal(l072_peek(c->before, EEPROM_BASE, before, sizeof before), 0);
    assert_int_equal(l072_peek(c->trial, EEPROM_BASE, now, sizeof now), 0);
    for (unsigned i = 0; i < WORDS; i++)
        torn += now[i] != before[i] && now[i] != ~before[i];
    if (torn > 1)
        fail_msg("%s, %s, %s: %u words of EEPROM are torn", c->part, c->name, when, torn);
    judge_other(c, when);
}

static void prepare_other(struct cuts *c, uint8_t alternate)
{
    resident_begin(&c->s, c->part, 7);
    resident_image(&c->new_image, 1, 0);
    assert_true(resident_download(&c->s, &c->new_image));
    assert_true(resident_in_app(&c->s, 1));
    if (alternate == ALTERNATE_EEPROM)
        for (unsigned i = 0; i < WORDS; i++)
            l072_load(c->s.board, EEPROM_BASE + 4 * i, &(uint32_t){i * 0x01234567}, 4);
    begin(c);
    assert_true(resident_detach(&c->s));
    assert_true(resident_select(&c->s, alternate));
}

static void no_cut_of_an_eeprom_write_bricks(void **state)
{
    static struct cuts c;
    uint32_t words[WORDS];

    (void)state;
    c = (struct cuts){.name = "data EEPROM",
                      .part = "l072xz",
                      .judge = judge_eeprom,
                      .address = EEPROM_BASE,
                      .size = sizeof words};
    prepare_other(&c, ALTERNATE_EEPROM);
    for (unsigned i = 0; i < WORDS; i++)
        words[i] = ~(i * 0x01234567);
    assert_true(dfuhost_write(&c.s.device, EEPROM_BASE, (uint8_t *)words, sizeof words));
    assert_true(dfuhost_leave(&c.s.device, EEPROM_BASE));
    assert_true(resident_in_app(&c.s, 1));
    end(&c);
    assert_true(c.operations >= WORDS);
}

/* The whole block, as hosts write it: the brown-out level and a write-protected sector are new. */
static void no_cut_of_an_option_write_bricks(void **state)
{
    static struct cuts c;
    uint8_t options[OPTIONS];
    uint32_t optr;

    (void)state;
    c = (struct cuts){.name = "option bytes",
                      .part = "l072xz",
                      .judge = judge_other,
                      .address = OPTION_BASE + OPTR_HIGH,
                      .size = OPTIONS - OPTR_HIGH};
    prepare_other(&c, ALTERNATE_OPTIONS);
    assert_int_equal(l072_peek(c.s.board, OPTION_BASE, options, sizeof options), 0);
    options[OPTR_HIGH] |= BOR_LEV_1;
    options[WRPROT2 + 1] |= SECTOR_47 >> 8;
    assert_true(dfuhost_write(&c.s.device, OPTION_BASE, options, sizeof options));
    assert_true(dfuhost_leave(&c.s.device, OPTION_BASE));
    assert_true(usb_device_run(&c.s.device, 100 * MS));
    assert_true(resident_in_app(&c.s, 1));
    assert_int_equal(l072_read(c.s.board, (uint32_t)(uintptr_t)&FLASH->OPTR, 4, &optr), 0);
    assert_int_equal(optr >> 16 & 0xF, BOR_LEV_1);
    end(&c);
    assert_int_equal(c.operations, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_cut_bricks_192_kb),
        cmocka_unit_test(no_cut_bricks_64_kb),
        cmocka_unit_test(no_cut_of_an_eeprom_write_bricks),
        cmocka_unit_test(no_cut_of_an_option_write_bricks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
