/* SPDX-License-Identifier: MIT */
/* The GDB server below what the real GDB shows: packets, accesses, and what no GDB sends. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board_rig.h"
#include "gdb_private.h"

static enum gdb_received take(struct gdb_input *input, const char *more, char *command)
{
    size_t size = 0;

    memcpy(input->data + input->size, more, strlen(more));
    input->size += strlen(more);
    return gdb_take(input, command, &size);
}

static void test_packets(void **state)
{
    struct gdb_input input = {.size = 0};
    char command[GDB_PACKET + 1];

    (void)state;
    assert_int_equal(take(&input, "++$m0", command), GDB_NOTHING);
    assert_int_equal(take(&input, ",4#", command), GDB_NOTHING);
    assert_int_equal(take(&input, "fd$", command), GDB_COMMAND);
    assert_string_equal(command, "m0,4");
    assert_int_equal(take(&input, "?#3e\x03", command), GDB_DAMAGED);
    assert_int_equal(take(&input, "", command), GDB_INTERRUPT);
    assert_int_equal(take(&input, "$X}\x03#d8", command), GDB_COMMAND);
    assert_string_equal(command, "X#");
    assert_int_equal(input.size, 0);
}

static void test_endless_packet(void **state)
{
    struct gdb_input input = {.size = sizeof input.data};
    char command[GDB_PACKET + 1];

    (void)state;
    memset(input.data, '$', sizeof input.data);
    assert_int_equal(take(&input, "", command), GDB_DAMAGED);
    assert_int_equal(input.size, 0);
}

/* Z2, Z3 and Z4 of a word at 0x20000100, before `op` with r0 = sp = `base`, r1 = 4. */
static void assert_watched(struct l072 *board, uint16_t op, uint32_t base, const char *types)
{
    struct gdb gdb = {.board = board, .client = -1, .points = 1};

    assert_int_equal(l072_write(board, 0x20000000, 2, op), 0);
    l072_set_register(board, 0, base);
    l072_set_register(board, 1, 4);
    l072_set_register(board, 13, base);
    l072_set_register(board, 15, 0x20000000);
    for (char type = '2'; type <= '4'; type++) {
        gdb.point[0] = (struct gdb_point){type, 0x20000100, 4};
        assert_int_equal(gdb_watch_ahead(&gdb) != NULL, strchr(types, type) != NULL);
    }
}

static void test_watchpoints(void **state)
{
    static const struct {
        uint16_t op;
        uint32_t base;
        const char *hit;
    } rows[] = {
        {0x6001, 0x20000100, "24"}, /* str r1, [r0] */
        {0x6041, 0x200000FC, "24"}, /* str r1, [r0, #4] */
        {0x6001, 0x20000104, ""  },
        {0x6801, 0x20000100, "34"}, /* ldr r1, [r0] */
        {0x7041, 0x20000102, "24"}, /* strb r1, [r0, #1] */
        {0x7041, 0x20000103, ""  },
        {0x8841, 0x20000100, "34"}, /* ldrh r1, [r0, #2] */
        {0x5042, 0x200000FC, "24"}, /* str r2, [r0, r1] */
        {0x5642, 0x200000FF, "34"}, /* ldrsb r2, [r0, r1] */
        {0x9001, 0x200000FC, "24"}, /* str r0, [sp, #4] */
        {0x9801, 0x200000FC, "34"}, /* ldr r0, [sp, #4] */
        {0xB503, 0x20000108, "24"}, /* push {r0, r1, lr} */
        {0xB401, 0x20000100, ""  }, /* push {r0} */
        {0xBC03, 0x200000FC, "34"}, /* pop {r0, r1} */
        {0xC006, 0x200000FC, "24"}, /* stmia r0!, {r1, r2} */
        {0xC806, 0x20000104, ""  }, /* ldmia r0!, {r1, r2} */
        {0x4840, 0x20000000, ""  }, /* ldr r0, [pc, #256] */
        {0x483F, 0x20000000, "34"}, /* ldr r0, [pc, #252] */
        {0x1840, 0x20000100, ""  }, /* adds r0, r0, r1 */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_watched(*state, rows[i].op, rows[i].base, rows[i].hit);
}

/* A debugger's accesses stop nothing, take no time, and are errors where the CPU's would stop. */
static void test_accesses(void **state)
{
    struct l072 *board = *state;
    uint64_t before = l072_now(board);
    uint32_t value;

    assert_int_equal(l072_read(board, 0x08000000, 4, &value), 0);
    assert_int_equal(value, 0x20001000);
    assert_int_equal(l072_read(board, 0, 4, &value), 0); /* the boot alias */
    assert_int_equal(value, 0x20001000);
    assert_int_equal(l072_read(board, 0x20000001, 4, &value), L072_ERR_ADDRESS);
    assert_int_equal(l072_read(board, GPIOA, 4, &value), L072_ERR_ADDRESS); /* no clock */
    assert_int_equal(l072_write(board, R_IOPENR, 4, 1), 0);
    assert_int_equal(l072_read(board, GPIOA, 4, &value), 0);
    assert_int_equal(value, 0xEBFFFCFF);
    assert_int_equal(l072_write(board, 0x08000000, 4, 0), L072_ERR_ADDRESS);
    assert_int_equal(l072_stop(board)->kind, L072_STOP_NONE);
    assert_int_equal(l072_now(board), before);
}

static void test_registers(void **state)
{
    struct l072 *board = *state;

    for (unsigned n = 0; n <= 20; n++) {
        uint32_t value = n == 19 ? 1 : n == 20 ? 2 : n == 16 ? 0xF1000000 : 0x20000100 + 4 * n;

        l072_set_register(board, n, value);
        assert_int_equal(l072_register(board, n), value);
    }
    assert_int_equal(l072_register(board, 13), 0x20000100 + 4 * 18); /* CONTROL chose PSP */
    l072_set_register(board, 20, 3);
    l072_set_register(board, 17, 0x20000200); /* unprivileged code could not */
    assert_int_equal(l072_register(board, 17), 0x20000200);
    assert_int_equal(l072_register(board, 20), 3);
}

/* Random commands, most of them nearly right. */
static void test_nonsense(void **state)
{
    static const char *const starts[] = {"m",
                                         "M2000",
                                         "X20000000,",
                                         "vFlashErase:",
                                         "vFlashWrite:8000000:",
                                         "Z0,",
                                         "z2,",
                                         "P",
                                         "G0",
                                         "qRcmd,",
                                         "vCont;r",
                                         "p",
                                         "qXfer:memory-map:read::",
                                         ""};
    static const char bytes[] = "0123456789abcdef,,,::;=\0\xFF#$}*";
    struct board *b = *state;
    struct gdb gdb = {.board = *state, .listener = -1};
    char answers[2 * GDB_PACKET];
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    gdb.client = pair[0];
    for (unsigned i = 0; i < 20000; i++) {
        char command[48];
        size_t size = (size_t)snprintf(command, 24, "%s", starts[board_random(b) % 14]);

        for (unsigned n = board_random(b) % 20; n > 0; n--)
            command[size++] = bytes[board_random(b) % (sizeof bytes - 1)];
        command[size] = '\0';
        gdb_command(&gdb, command, size);
        uint64_t until = l072_now(*state) + 10 * L072_PS_PER_US;
        gdb_run(&gdb, &until);
        gdb_halt(&gdb, GDB_SIGINT);
        assert_true(recv(pair[1], answers, sizeof answers, 0) > 0);
    }
    close(pair[1]);
    gdb_drop(&gdb);
}

/* A client that goes while the board is halted leaves it running. */
static void test_drop(void **state)
{
    int pair[2];
    struct gdb gdb = {.board = *state, .listener = -1, .points = 1};

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    gdb.client = pair[0];
    assert_int_equal(gdb_time(&gdb), GDB_STANDS);
    close(pair[1]);
    gdb_serve(&gdb);
    assert_int_equal(gdb.client, -1);
    assert_int_equal(gdb.points, 0);
    assert_int_equal(gdb_time(&gdb), GDB_RUNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packets), cmocka_unit_test(test_endless_packet),
        BOARD_TEST(test_watchpoints),   BOARD_TEST(test_accesses),
        BOARD_TEST(test_registers),     BOARD_TEST(test_nonsense),
        BOARD_TEST(test_drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
