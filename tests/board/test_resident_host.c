/* SPDX-License-Identifier: MIT */
/*
 * Hosts that do not do what dfu-util does, or stop in the middle. The status is a true one, nothing
 * but the target is written, the power-on that follows leads to DFU or to a complete application,
 * and a download succeeds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resident.h"

#define LAST (FLASH_BASE + 192 * 1024)
#define SIZE DFU_TRANSFER_SIZE

enum { OUT = 0x21, IN = 0xA1 }; /* class requests to the interface */
enum ends { OLD, NEW, THIRD, IMAGES, DFU };

/* What the last GETSTATUS tells. */
enum told { IDLE, ON, LEFT, STALL, TARGET, VENDOR, NOTDONE, BAD };
static const struct {
    enum dfu_status status;
    enum dfu_state state;
} told[] = {
    [IDLE] = {DFU_OK,             DFU_IDLE       },
    [ON] = {DFU_OK,             DFU_DNLOAD_IDLE},
    [LEFT] = {DFU_OK,             DFU_MANIFEST   },
    [STALL] = {DFU_ERR_STALLEDPKT, DFU_ERROR      },
    [TARGET] = {DFU_ERR_TARGET,     DFU_ERROR      },
    [VENDOR] = {DFU_ERR_VENDOR,     DFU_ERROR      },
    [NOTDONE] = {DFU_ERR_NOTDONE,    DFU_ERROR      },
    [BAD] = {DFU_ERR_FIRMWARE,   DFU_ERROR      },
};

/* Numbers that scripts call by name: addresses, and sizes. */
static const struct name {
    char name[8];
    uint32_t value;
} names[] = {
    {"boot",   FLASH_BASE                },
    {"edge",   SEAL_BASE - 64            }, /* the last bytes of the bootloader */
    {"seal",   SEAL_BASE                 },
    {"app",    APP_BASE                  },
    {"middle", APP_BASE + 1024           },
    {"far",    APP_BASE + 64 * 1024      },
    {"odd",    APP_BASE + 64 * 1024 + 2  },
    {"last",   LAST - 64                 },
    {"end",    LAST                      },
    {"ee",     EEPROM_BASE               },
    {"eelast", EEPROM_BASE + 6 * 1024 - 4},
    {"option", OPTION_BASE               },
    {"device", 0x1FF80050                },
    {"abort",  DFU_ABORT                 },
    {"clear",  DFU_CLRSTATUS             },
    {"size",   SIZE                      },
    {"toobig", SIZE + 1                  },
};

/* What may have changed in the end, the page of the seal aside. */
enum where { NONE, IMAGE, ALL, THREE, ONE, SHORT, ODD, FAR, TAIL, FIVE };
static const struct range {
    uint32_t address, size;
} ranges[] = {
    [NONE] = {0,                    0               },
    [IMAGE] = {SEAL_BASE,            7 * BOOT_SECTOR },
    [ALL] = {SEAL_BASE,            LAST - SEAL_BASE},
    [THREE] = {APP_BASE,             2 * SIZE + 4    },
    [ONE] = {APP_BASE,             SIZE            },
    [SHORT] = {APP_BASE,             188             },
    [ODD] = {APP_BASE + 64 * 1024, 125             },
    [FAR] = {APP_BASE + 64 * 1024, SIZE            },
    [TAIL] = {LAST - 64,            64              },
    [FIVE] = {EEPROM_BASE,          5               },
};

/* A script is a list of steps, each with up to two numbers: the verbs are in steps[]. */
struct row {
    const char *name, *script;
    enum told told;
    enum ends ends;
    enum where where;
};

static const struct row rows[] = {
    {"two without a leave",    "image 2, image 1, send 2 0, tell",              LEFT,   NEW, IMAGE},
    {"the last page first",    "reverse 1, send 2 0, tell",                     LEFT,   NEW, IMAGE},
    {"nothing at all",         "send 2 0, tell",                                LEFT,   OLD, NONE },
    {"first page erased",      "erase app, send 2 0, poll",                     BAD,    DFU, IMAGE},
    {"a hole",                 "image 1, point far, put 2 512, send 2 0, tell", LEFT,   NEW, ALL  },
    {"leave, wValue 65535",    "image 1, send 65535 0, tell",                   LEFT,   NEW, IMAGE},
    {"blocks count",           "point app, put 2 size, put 3 size, put 4 4",    ON,     DFU, THREE},
    {"the same block again",   "point app, put 2 size, put 2 size",             ON,     DFU, ONE  },
    {"short blocks count",     "point app, put 2 64, put 3 64, put 4 60",       ON,     DFU, SHORT},
    {"the last block is odd",  "point far, put 2 64, put 3 61",                 ON,     DFU, ODD  },
    {"a byte too many",        "send 2 toobig, tell",                           STALL,  OLD, NONE },
    {"reserved block 1",       "send 1 64, tell",                               STALL,  OLD, NONE },
    {"beyond the end",         "point last, put 2 68",                          TARGET, OLD, NONE },
    {"behind the end",         "point end",                                     TARGET, OLD, NONE },
    {"counts beyond the end",  "point last, put 2 64, put 3 64",                TARGET, DFU, TAIL },
    {"the highest block",      "point app, put 65535 size",                     TARGET, OLD, NONE },
    {"the seal",               "point seal, put 2 128",                         TARGET, OLD, NONE },
    {"out of the bootloader",  "point edge, put 2 size",                        TARGET, OLD, NONE },
    {"between words",          "point odd, put 2 64",                           TARGET, OLD, NONE },
    {"unaligned upload",       "point odd, do abort, get 2 64, tell",           TARGET, OLD, NONE },
    {"five bytes of EEPROM",   "get 2 8, do abort, alt 1, point ee, put 2 5",   ON,     OLD, FIVE },
    {"PCROP",                  "alt 2, option 0 0x01AA",                        VENDOR, OLD, NONE },
    {"last sector not erased", "image 1 1, send 2 0, tell",                     LEFT,   NEW, IMAGE},
    {"erase everything",       "command 0x41 0",                                ON,     DFU, ALL  },
    {"reserved option bits",   "alt 2, option 0 0x60AA",                        VENDOR, OLD, NONE },
    {"MS OS descriptors",      "vendor 7 162, tell",                            IDLE,   OLD, NONE },
    {"WebUSB in the middle",   "point far, vendor 2 255, tell",                 ON,     OLD, NONE },
    {"DNLOAD while it erases", "erase far, do abort, send 2 size, poll",        ON,     DFU, ALL  },
    {"erase the bootloader",   "erase boot",                                    TARGET, OLD, NONE },
    {"erase behind the end",   "erase end",                                     TARGET, OLD, NONE },
    {"erase EEPROM",           "alt 1, erase ee",                               TARGET, OLD, NONE },
    {"unknown command",        "command 0x55 4",                                STALL,  OLD, NONE },
    {"erase, a short address", "command 0x41 3",                                STALL,  OLD, NONE },
    {"SET_ADDRESS to nothing", "command 0x21 0",                                STALL,  OLD, NONE },
    {"read unprotect",         "command 0x92 0",                                VENDOR, OLD, NONE },
    {"flash, EEPROM selected", "point app, alt 1, put 2 64",                    TARGET, OLD, NONE },
    {"no such alternate",      "alt 4, tell",                                   IDLE,   OLD, NONE },
    {"device information",     "alt 3, point device, put 2 4",                  TARGET, OLD, NONE },
    {"readout protection",     "alt 2, point option, put 2 20",                 VENDOR, OLD, NONE },
    {"beyond the EEPROM",      "alt 1, point eelast, put 2 8",                  TARGET, OLD, NONE },
    {"upload behind the end",  "point last, do abort, get 2 64, get 3 4, tell", IDLE,   OLD, NONE },
    {"upload without ABORT",   "point app, get 2 64, tell",                     STALL,  OLD, NONE },
    {"upload of block 1",      "get 1 64, tell",                                STALL,  OLD, NONE },
    {"ABORT in dfuIDLE",       "do abort, tell",                                IDLE,   OLD, NONE },
    {"... dfuDNLOAD-SYNC",     "send 2 64, do abort, tell",                     IDLE,   OLD, NONE },
    {"... dfuDNBUSY",          "point far, send 2 size, begin, do abort, poll", ON,     DFU, FAR  },
    {"... dfuDNLOAD-IDLE",     "point far, do abort, tell",                     IDLE,   OLD, NONE },
    {"... dfuMANIFEST-SYNC",   "send 2 0, do abort, tell",                      IDLE,   OLD, NONE },
    {"... dfuUPLOAD-IDLE",     "get 2 64, do abort, tell",                      IDLE,   OLD, NONE },
    {"... dfuERROR",           "erase boot, do abort, tell",                    STALL,  OLD, NONE },
    {"an error is cleared",    "erase boot, do clear, tell",                    IDLE,   OLD, NONE },
    {"DNLOAD in dfuERROR",     "erase boot, send 2 64, tell",                   STALL,  OLD, NONE },
    {"two DNLOAD in a row",    "send 2 64, send 2 64, tell",                    STALL,  OLD, NONE },
    {"DETACH",                 "do 0, tell",                                    STALL,  OLD, NONE },
    {"ABORT, direction IN",    "request 0xA1 6, tell",                          STALL,  OLD, NONE },
    {"ABORT to an endpoint",   "request 0x22 6, tell",                          IDLE,   OLD, NONE },
    {"reset after a block",    "point app, put 2 size, reset, tell",            IDLE,   DFU, ONE  },
    {"... after a DNLOAD",     "point app, send 2 size, reset, tell",           IDLE,   OLD, NONE },
    {"... while busy",         "point far, send 2 size, begin, reset, poll",    ON,     DFU, FAR  },
    {"... inside a DNLOAD",    "torn 0 size, tell",                             IDLE,   OLD, NONE },
    {"unplugged in a DNLOAD",  "torn 1 size, tell",                             IDLE,   OLD, NONE },
};

/* On a chip that has no application. */
static const struct row empty_rows[] = {
    {"the last page first", "reverse 1, send 2 0, tell",                LEFT,    NEW, IMAGE},
    {"nothing at all",      "send 2 0, tell",                           LEFT,    DFU, NONE },
    {"no first page",       "point middle, put 2 size, send 2 0, poll", NOTDONE, DFU, IMAGE},
};

static struct {
    struct resident_image image[IMAGES];
    struct l072 *empty, *installed; /* in DFU */
    struct scenario s;
    struct resident_host h;
} t;

/* ---- Steps: `a` and `b` are the numbers behind their names ----------------------------------- */

static void request(uint32_t type, uint32_t code)
{
    resident_request(&t.h, (uint8_t)type, (uint8_t)code, 0, NULL, 0);
}

static void class_request(uint32_t code, uint32_t b)
{
    (void)b;
    request(OUT, code);
}

static void point(uint32_t address, uint32_t b)
{
    (void)b;
    resident_command(&t.h, DFUSE_SET_ADDRESS, address);
}

static void erase(uint32_t address, uint32_t b)
{
    (void)b;
    resident_command(&t.h, DFUSE_ERASE, address);
}

static void command(uint32_t first, uint32_t more)
{
    const uint8_t bytes[8] = {(uint8_t)first};

    resident_dnload(&t.h, 0, bytes, (uint16_t)(1 + more));
}

/* DNLOAD and no polls. */
static void send(uint32_t block, uint32_t size)
{
    uint8_t bytes[2 * SIZE];

    memset(bytes, 0x5A, sizeof bytes);
    resident_request(&t.h, OUT, DFU_DNLOAD, (uint16_t)block, bytes, (uint16_t)size);
}

static void write(uint32_t block, uint32_t size)
{
    send(block, size);
    resident_poll(&t.h);
}

static void option(uint32_t offset, uint32_t value)
{
    resident_command(&t.h, DFUSE_SET_ADDRESS, OPTION_BASE + offset);
    value |= ~value << 16;
    resident_dnload(&t.h, 2, &value, sizeof value);
}

static void upload(uint32_t block, uint32_t size)
{
    uint8_t bytes[SIZE];

    resident_request(&t.h, IN, DFU_UPLOAD, (uint16_t)block, bytes, (uint16_t)size);
}

static void vendor(uint32_t index, uint32_t length)
{
    uint8_t bytes[512],
        setup[8] = {0xC0, BOOT_VENDOR_CODE, 0, 0, (uint8_t)index, 0, (uint8_t)length};

    assert_int_equal(usb_device_control(&t.s.device, setup, bytes, NULL, 1000 * MS), L072_URB_OK);
}

/* GETSTATUS, and no wait. */
static void begin_work(uint32_t a, uint32_t b)
{
    (void)a, (void)b;
    resident_request(&t.h, IN, DFU_GETSTATUS, 0, t.h.status, sizeof t.h.status);
}

static void tell(uint32_t a, uint32_t b)
{
    (void)a, (void)b;
    resident_tell(&t.h);
}

static void poll(uint32_t a, uint32_t b)
{
    (void)a, (void)b;
    resident_poll(&t.h);
}

static void alternate(uint32_t number, uint32_t b)
{
    (void)b;
    resident_select(&t.s, (uint8_t)number);
}

/* `size` bytes of the image from `at` on, to where they belong. */
static void put_part(const struct resident_image *image, uint32_t at, uint32_t size)
{
    resident_command(&t.h, DFUSE_SET_ADDRESS, APP_BASE + at);
    resident_dnload(&t.h, 2, image->bytes + at, (uint16_t)size);
}

/* `kept` of the last sectors are not erased: fwupd forgets one. */
static void image(uint32_t which, uint32_t kept)
{
    const struct resident_image *image = &t.image[which];
    uint32_t end = APP_BASE + image->size - kept * BOOT_SECTOR;

    for (uint32_t at = SEAL_BASE; at < end; at += BOOT_SECTOR)
        resident_command(&t.h, DFUSE_ERASE, at);
    for (uint32_t at = 0; at < image->size; at += 1024)
        put_part(image, at, image->size - at < 1024 ? image->size - at : 1024);
}

static void reverse(uint32_t which, uint32_t b)
{
    const struct resident_image *image = &t.image[which];
    uint32_t at = image->size & ~1023u;

    (void)b;
    put_part(image, at, image->size - at);
    while (at)
        put_part(image, at -= 1024, 1024);
}

static void reset(uint32_t a, uint32_t b)
{
    (void)a, (void)b;
    usb_device_reset(&t.s.device);
    assert_true(resident_in_dfu(&t.s));
}

/* A DNLOAD that a bus reset ends in its data stage, or pulling the cable. */
static void torn(uint32_t unplug, uint32_t size)
{
    const struct l072_urb urb = {
        .type = L072_CONTROL,
        .address = t.s.device.address,
        .max_packet = 64,
        .setup = {OUT, DFU_DNLOAD, 2, 0, 0, 0, (uint8_t)size, (uint8_t)(size >> 8)},
        .data = t.image[NEW].bytes,
        .size = size
    };
    int id = l072_urb_submit(t.s.board, &urb);

    assert_true(id >= 0);
    usb_device_run(&t.s.device, MS / 2);
    if (unplug)
        l072_usb_plug(t.s.board, false);
    else
        usb_device_reset(&t.s.device);
    usb_device_run(&t.s.device, 5 * MS);
    l072_usb_plug(t.s.board, true);
    assert_int_equal(l072_urb_take(t.s.board, id, NULL, 0, NULL), L072_URB_GONE);
    assert_true(resident_in_dfu(&t.s));
}

static const struct step {
    char name[10];
    void (*take)(uint32_t a, uint32_t b);
} steps[] = {
    {"image",   image        },
    {"reverse", reverse      },
    {"point",   point        },
    {"erase",   erase        },
    {"command", command      },
    {"send",    send         },
    {"put",     write        },
    {"option",  option       },
    {"vendor",  vendor       },
    {"get",     upload       },
    {"begin",   begin_work   },
    {"tell",    tell         },
    {"poll",    poll         },
    {"alt",     alternate    },
    {"request", request      },
    {"do",      class_request},
    {"reset",   reset        },
    {"torn",    torn         },
};

/* A name of names[], or a number; 0 when there is none. */
static uint32_t number(const char *text)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i].name) == 0)
            return names[i].value;
    return (uint32_t)strtoul(text, NULL, 0);
}

static void take(const char *verb, uint32_t a, uint32_t b)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (strcmp(verb, steps[i].name) == 0) {
            steps[i].take(a, b);
            return;
        }
    fail_msg("no such step: %s", verb);
}

static void play(const char *script)
{
    while (script) {
        char verb[16] = "", a[16] = "", b[16] = "";

        sscanf(script, " %15[^ ,] %15[^ ,] %15[^ ,]", verb, a, b);
        take(verb, number(a), number(b));
        script = strchr(script, ',');
        script += script != NULL;
    }
}

/* ---- Rows ------------------------------------------------------------------------------------ */

/* The page of the seal may have changed with any page of the application. */
static uint32_t stray(const struct l072 *before, const struct row *row)
{
    const struct range *range = &ranges[row->where];
    struct l072 *like = l072_clone(before);
    uint8_t seal[FLASH_PAGE_SIZE];
    uint32_t found;

    if (range->size && range->address < EEPROM_BASE) {
        l072_peek(t.s.board, SEAL_BASE, seal, sizeof seal);
        l072_load(like, SEAL_BASE, seal, sizeof seal);
    }
    found = resident_stray(like, t.s.board, range->address, range->size);
    l072_destroy(like);
    return found;
}

static enum ends power_cycle(void)
{
    unsigned seen;

    l072_power(t.s.board, false);
    l072_power(t.s.board, true);
    seen = resident_look(t.s.board);
    for (unsigned i = 0; seen && i < IMAGES; i++)
        if (seen == t.image[i].version && resident_holds(t.s.board, &t.image[i]))
            return (enum ends)i;
    return seen ? IMAGES : DFU;
}

static bool next_download_succeeds(void)
{
    l072_power(t.s.board, false);
    scenario_power_on(&t.s);
    assert_int_equal(l072_drive_pin(t.s.board, "PA0", true), 0);
    if (!resident_in_dfu(&t.s))
        return false;
    assert_int_equal(l072_drive_pin(t.s.board, "PA0", false), 0);
    return resident_download(&t.s, &t.image[NEW]) && resident_in_app(&t.s, t.image[NEW].version);
}

static void begin(const struct l072 *board)
{
    l072_assign(t.s.board, board);
    scenario_listen(&t.s);
    assert_true(resident_in_dfu(&t.s));
    t.h = (struct resident_host){.s = &t.s};
}

/* What is wrong; NULL: nothing. */
static const char *one_row(const struct row *row, const struct l072 *before)
{
    begin(before);
    play(row->script);
    if (t.h.status[0] != told[row->told].status || t.h.status[4] != told[row->told].state)
        return "the status";
    usb_device_run(&t.s.device, 200 * MS);
    if (stray(before, row))
        return "more than the target has changed";
    if (power_cycle() != row->ends)
        return "the end";
    return next_download_succeeds() ? NULL : "the next download fails";
}

static void all_rows(const struct row *row, size_t count, const struct l072 *before)
{
    unsigned wrong = 0;

    for (; count--; row++) {
        const char *what = one_row(row, before);

        if (!what)
            continue;
        wrong++;
        print_message("# %s: %s (bStatus %u, bState %u) %s\n", row->name, what, t.h.status[0],
                      t.h.status[4], l072_stop(t.s.board)->reason);
    }
    assert_int_equal(wrong, 0);
}

static void hosts_that_differ(void **state)
{
    (void)state;
    all_rows(rows, sizeof rows / sizeof rows[0], t.installed);
}

static void on_an_empty_chip(void **state)
{
    (void)state;
    all_rows(empty_rows, sizeof empty_rows / sizeof empty_rows[0], t.empty);
}

/* ---- The tests ------------------------------------------------------------------------------- */

static int install(void **state)
{
    (void)state;
    resident_image(&t.image[OLD], 1, 4000);
    resident_image(&t.image[NEW], 2, 5000);
    resident_image(&t.image[THIRD], 1, 6000);
    resident_begin(&t.s, "l072xz", 1);
    t.empty = l072_clone(t.s.board);
    assert_true(resident_download(&t.s, &t.image[OLD]));
    assert_true(resident_in_app(&t.s, 1));
    assert_true(resident_detach(&t.s));
    t.installed = l072_clone(t.s.board);
    return 0;
}

static int tidy(void **state)
{
    (void)state;
    l072_destroy(t.empty);
    l072_destroy(t.installed);
    l072_destroy(t.s.board);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_that_differ),
        cmocka_unit_test(on_an_empty_chip),
    };
    return cmocka_run_group_tests(tests, install, tidy);
}
