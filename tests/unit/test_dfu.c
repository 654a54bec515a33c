/* SPDX-License-Identifier: MIT */
/* The DFU engine over a memory of 8 KB: states, commands, and the order of answer and work. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "../../dfu/dfu.h"
#include "../../dfu/dfu_mem.h"

#define BASE 0x08000000u
#define SIZE 8192u
#define PAGE 128u

/* ---- The device ------------------------------------------------------------------------------ */

static struct {
    uint8_t memory[SIZE];
    enum dfu_status answer; /* of dfu_mem_work() */
    unsigned works;         /* erases and writes done */
    enum dfu_status finish; /* ... for DFU_LEAVE */
    uint32_t left_to;       /* dfu_mem_leave() */
} device;

const uint8_t dfu_mem_commands[4] = {0x00, 0x21, 0x41, 0x92};

uint32_t dfu_mem_left(uint8_t alternate, uint32_t address)
{
    return alternate == 0 && address - BASE < SIZE ? BASE + SIZE - address : 0;
}

uint32_t dfu_mem_time(struct dfu *d)
{
    if (d->operation == DFU_LEAVE)
        return 1;
    return d->operation == DFU_WRITE ? d->length : 0x010203;
}

/* Read protection forbids what the rest would have forbidden too. */
static enum dfu_status change(struct dfu *d)
{
    uint8_t *at = device.memory + (d->address - BASE);
    if (device.answer != DFU_OK)
        return device.answer;
    device.works++;
    if (d->operation == DFU_WRITE)
        memcpy(at, d->data, d->length);
    else if (d->operation == DFU_ERASE_PAGE)
        memset(device.memory + (d->address - BASE) / PAGE * PAGE, 0, PAGE);
    else
        memset(device.memory, 0, SIZE);
    return DFU_OK;
}

enum dfu_status dfu_mem_work(struct dfu *d)
{
    switch (d->operation) {
    case DFU_UNPROTECT: return DFU_OK;
    case DFU_LEAVE: return device.finish;
    default: return change(d);
    }
}

enum dfu_status dfu_mem_read(uint8_t alternate, uint32_t address, uint8_t *buffer, uint32_t size)
{
    (void)alternate;
    if (device.answer == DFU_OK)
        memcpy(buffer, device.memory + (address - BASE), size);
    return device.answer;
}

void dfu_mem_leave(uint32_t address)
{
    device.left_to = address;
}

/* ---- The host -------------------------------------------------------------------------------- */

/* One control transfer. Returns the bytes moved, or -1 for STALL. */
static int transfer(struct dfu *d, uint8_t request, uint16_t value, void *bytes, uint16_t length)
{
    bool in = request == DFU_UPLOAD || request == DFU_GETSTATUS || request == DFU_GETSTATE;
    struct usb_setup setup = {in ? 0xA1 : 0x21, request, value, 0, length};
    uint8_t *data = NULL;
    int size = dfu_request(d, &setup, &data);
    if (size < 0)
        return size;
    if (!in)
        size = length;
    if (size > length)
        size = length;
    if (size && in)
        memcpy(bytes, data, (size_t)size);
    else if (size)
        memcpy(data, bytes, (size_t)size);
    dfu_request_done(d, &setup);
    return size;
}

struct report {
    uint8_t status, state;
    uint32_t wait_ms;
};

static struct report get_status(struct dfu *d)
{
    uint8_t r[6];
    assert_int_equal(transfer(d, DFU_GETSTATUS, 0, r, 6), 6);
    return (struct report){r[0], r[4], r[1] | (uint32_t)r[2] << 8 | (uint32_t)r[3] << 16};
}

static void expect(struct dfu *d, enum dfu_status status, enum dfu_state state)
{
    struct report r = get_status(d);
    assert_int_equal(r.status, status);
    assert_int_equal(r.state, state);
}

/* DNLOAD, the busy answer, the work; then it must have ended with `status`. */
static void download(struct dfu *d, uint16_t block, const void *data, uint16_t size,
                     enum dfu_status status)
{
    uint8_t copy[DFU_TRANSFER_SIZE];
    memcpy(copy, data, size);
    assert_int_equal(transfer(d, DFU_DNLOAD, block, copy, size), size);
    expect(d, DFU_OK, DFU_DNBUSY);
    dfu_work(d);
    expect(d, status, status == DFU_OK ? DFU_DNLOAD_IDLE : DFU_ERROR);
}

static void command(struct dfu *d, uint8_t code, uint32_t address, enum dfu_status status)
{
    uint8_t bytes[5] = {code, (uint8_t)address, (uint8_t)(address >> 8), (uint8_t)(address >> 16),
                        (uint8_t)(address >> 24)};
    download(d, 0, bytes, 5, status);
}

static int fresh(void **state)
{
    static struct dfu d;
    memset(&d, 0xA5, sizeof d);
    memset(&device, 0, sizeof device);
    dfu_init(&d, BASE);
    *state = &d;
    return 0;
}

/* ---- Answer first, work after ---------------------------------------------------------------- */

static void work_waits_for_the_answer(void **state)
{
    struct dfu *d = *state;
    uint8_t data[4] = {1, 2, 3, 4};
    transfer(d, DFU_DNLOAD, 2, data, sizeof data);
    assert_false(dfu_busy(d));
    dfu_work(d);
    assert_int_equal(device.works, 0);
    struct report busy = get_status(d);
    assert_int_equal(busy.state, DFU_DNBUSY);
    assert_int_equal(busy.wait_ms, 4);
    assert_int_equal(device.works, 0);
    assert_true(dfu_busy(d));
    expect(d, DFU_OK, DFU_DNBUSY); /* asked too early: still busy */
    dfu_work(d);
    assert_int_equal(device.works, 1);
    assert_int_equal(get_status(d).wait_ms, 0);
    expect(d, DFU_OK, DFU_DNLOAD_IDLE);
    assert_memory_equal(device.memory, data, sizeof data);
}

static void poll_time_has_24_bits(void **state)
{
    struct dfu *d = *state;
    uint8_t erase[5] = {0x41, 0, 0, 0, 8};
    transfer(d, DFU_DNLOAD, 0, erase, 5);
    assert_int_equal(get_status(d).wait_ms, 0x010203);
}

static void abort_drops_work_not_begun(void **state)
{
    struct dfu *d = *state;
    uint8_t data[4] = {1, 2, 3, 4};
    transfer(d, DFU_DNLOAD, 2, data, sizeof data);
    assert_int_equal(transfer(d, DFU_ABORT, 0, NULL, 0), 0);
    dfu_work(d);
    assert_int_equal(device.works, 0);
    expect(d, DFU_OK, DFU_IDLE);
}

/* A host that loses patience must not tear the work, nor its result. */
static void nothing_disturbs_work(void **state)
{
    struct dfu *d = *state;
    uint8_t data[4] = {1, 2, 3, 4};
    transfer(d, DFU_DNLOAD, 2, data, sizeof data);
    expect(d, DFU_OK, DFU_DNBUSY);
    assert_int_equal(transfer(d, DFU_DNLOAD, 3, data, 4), -1);
    assert_int_equal(transfer(d, DFU_ABORT, 0, NULL, 0), -1);
    assert_int_equal(transfer(d, DFU_CLRSTATUS, 0, NULL, 0), -1);
    dfu_reset(d);
    dfu_select(d, 1);
    dfu_work(d);
    expect(d, DFU_OK, DFU_DNLOAD_IDLE);
    assert_memory_equal(device.memory, data, sizeof data);
}

/* A host that asks too early is told busy; the work ends before that transfer does. */
static void work_ends_while_busy_is_told(void **state)
{
    const struct usb_setup get = {0xA1, DFU_GETSTATUS, 0, 0, 6};
    struct dfu *d = *state;
    uint8_t data[4] = {1, 2, 3, 4}, *reply;
    transfer(d, DFU_DNLOAD, 2, data, sizeof data);
    expect(d, DFU_OK, DFU_DNBUSY);
    assert_int_equal(dfu_request(d, &get, &reply), 6);
    assert_int_equal(reply[4], DFU_DNBUSY);
    dfu_work(d);
    dfu_request_done(d, &get);
    assert_false(dfu_busy(d));
    expect(d, DFU_OK, DFU_DNLOAD_IDLE);
    assert_int_equal(device.works, 1);
}

/* ---- States ---------------------------------------------------------------------------------- */

/* The state after each request in each state; 0: STALL, and dfuERROR with errSTALLEDPKT. */
#define E 0
static const uint8_t transitions[11][7] = {
  /*                DETACH DNLOAD UPLOAD GETSTATUS CLRSTATUS GETSTATE ABORT */
    [DFU_IDLE] = {E, 3, 9, 2,  2, 2,  2},
      [DFU_DNLOAD_SYNC] = {E, E, E, 5,  E, 3,  2},
    [DFU_DNLOAD_IDLE] = {E, 3, E, 5,  2, 5,  2},
      [DFU_MANIFEST_SYNC] = {E, E, E, 7,  E, 6,  2},
    [DFU_UPLOAD_IDLE] = {E, E, 9, 9,  2, 9,  2},
      [DFU_ERROR] = {E, E, E, 10, 2, 10, E},
};

static void check_transition(struct dfu *d, uint8_t from, uint8_t request, uint8_t to)
{
    bool no_data = request == DFU_DETACH || request == DFU_CLRSTATUS || request == DFU_ABORT;
    uint8_t bytes[6] = {0};
    dfu_init(d, BASE);
    d->state = from;
    assert_int_equal(transfer(d, request, 2, bytes, no_data ? 0 : 6) < 0, to == E);
    assert_int_equal(d->state, to == E ? DFU_ERROR : to);
    if (to == E)
        expect(d, DFU_ERR_STALLEDPKT, DFU_ERROR);
}

static void every_request_in_every_state(void **state)
{
    for (uint8_t from = 0; from < 11; from++)
        for (uint8_t request = 0; request < 7; request++)
            if (transitions[from][DFU_GETSTATE]) /* a row of the table */
                check_transition(*state, from, request, transitions[from][request]);
}

static void errors_stay_until_cleared(void **state)
{
    struct dfu *d = *state;
    command(d, 0x21, 0x40000000, DFU_ERR_TARGET);
    expect(d, DFU_ERR_TARGET, DFU_ERROR);
    assert_int_equal(transfer(d, DFU_CLRSTATUS, 0, NULL, 0), 0);
    expect(d, DFU_OK, DFU_IDLE);
}

static void bus_reset_ends_everything(void **state)
{
    struct dfu *d = *state;
    command(d, 0x21, 0x40000000, DFU_ERR_TARGET);
    dfu_select(d, 1);
    dfu_reset(d);
    expect(d, DFU_OK, DFU_IDLE);
    assert_int_equal(d->alternate, 0);
}

/* ---- Download -------------------------------------------------------------------------------- */

/* dfu-util: SET_ADDRESS, then always block 2. */
static void block_2_again_and_again(void **state)
{
    struct dfu *d = *state;
    uint8_t a[256], b[12];
    memset(a, 0xAA, sizeof a);
    memset(b, 0xBB, sizeof b);
    command(d, 0x21, BASE, DFU_OK);
    download(d, 2, a, sizeof a, DFU_OK);
    command(d, 0x21, BASE + 256, DFU_OK);
    download(d, 2, b, sizeof b, DFU_OK);
    assert_memory_equal(device.memory, a, sizeof a);
    assert_memory_equal(device.memory + 256, b, sizeof b);
}

/* fwupd, betaflight: one SET_ADDRESS, block numbers count; the last block is shorter. */
static void counting_blocks(void **state)
{
    struct dfu *d = *state;
    uint8_t a[2048], b[100];
    memset(a, 0xAA, sizeof a);
    memset(b, 0xBB, sizeof b);
    command(d, 0x21, BASE, DFU_OK);
    download(d, 2, a, sizeof a, DFU_OK);
    download(d, 3, a, sizeof a, DFU_OK);
    download(d, 4, b, sizeof b, DFU_OK);
    assert_memory_equal(device.memory + 2048, a, sizeof a);
    assert_memory_equal(device.memory + 4096, b, sizeof b);
}

static void erase_takes_any_address_of_the_page(void **state)
{
    struct dfu *d = *state;
    memset(device.memory, 0xFF, SIZE);
    command(d, 0x41, BASE + PAGE + 5, DFU_OK);
    assert_int_equal(device.memory[PAGE - 1], 0xFF);
    assert_int_equal(device.memory[PAGE], 0);
    assert_int_equal(device.memory[2 * PAGE - 1], 0);
    assert_int_equal(device.memory[2 * PAGE], 0xFF);
}

static void erase_all(void **state)
{
    struct dfu *d = *state;
    uint8_t code = 0x41;
    memset(device.memory, 0xFF, SIZE);
    download(d, 0, &code, 1, DFU_OK);
    assert_int_equal(device.memory[0], 0);
    assert_int_equal(device.memory[SIZE - 1], 0);
}

static void out_of_memory_is_an_error(void **state)
{
    struct dfu *d = *state;
    uint8_t data[8] = {0};
    command(d, 0x21, BASE + SIZE - 4, DFU_OK);
    download(d, 2, data, 8, DFU_ERR_TARGET);
    transfer(d, DFU_CLRSTATUS, 0, NULL, 0);
    command(d, 0x41, BASE + SIZE, DFU_ERR_TARGET);
    assert_int_equal(device.works, 0);
}

static void protection_is_told(void **state)
{
    struct dfu *d = *state;
    uint8_t bytes[64];
    device.answer = DFU_ERR_VENDOR;
    command(d, 0x41, BASE, DFU_ERR_VENDOR);
    transfer(d, DFU_CLRSTATUS, 0, NULL, 0);
    assert_int_equal(transfer(d, DFU_UPLOAD, 2, bytes, 64), -1);
    expect(d, DFU_ERR_VENDOR, DFU_ERROR);
}

static void nonsense_is_refused(void **state)
{
    struct dfu *d = *state;
    uint8_t bytes[64] = {0x77};
    assert_int_equal(transfer(d, DFU_DNLOAD, 1, bytes, 64), -1);
    expect(d, DFU_ERR_STALLEDPKT, DFU_ERROR);
    transfer(d, DFU_CLRSTATUS, 0, NULL, 0);
    assert_int_equal(transfer(d, DFU_DNLOAD, 2, bytes, DFU_TRANSFER_SIZE + 1), -1);
    transfer(d, DFU_CLRSTATUS, 0, NULL, 0);
    assert_int_equal(transfer(d, DFU_UPLOAD, 1, bytes, 64), -1);
    transfer(d, DFU_CLRSTATUS, 0, NULL, 0);
    download(d, 0, bytes, 1, DFU_ERR_STALLEDPKT); /* a command nobody knows */
}

/* ---- Upload ---------------------------------------------------------------------------------- */

static void upload_ends_short(void **state)
{
    struct dfu *d = *state;
    uint8_t bytes[512];
    for (unsigned i = 0; i < SIZE; i++)
        device.memory[i] = (uint8_t)(i / 7);
    command(d, 0x21, BASE + SIZE - 600, DFU_OK);
    assert_int_equal(transfer(d, DFU_UPLOAD, 2, bytes, 512), -1); /* ABORT comes first */
    transfer(d, DFU_CLRSTATUS, 0, NULL, 0);
    assert_int_equal(transfer(d, DFU_UPLOAD, 2, bytes, 512), 512);
    assert_memory_equal(bytes, device.memory + SIZE - 600, 512);
    expect(d, DFU_OK, DFU_UPLOAD_IDLE);
    assert_int_equal(transfer(d, DFU_UPLOAD, 3, bytes, 512), 88);
    assert_memory_equal(bytes, device.memory + SIZE - 88, 88);
    expect(d, DFU_OK, DFU_IDLE);
}

static void get_lists_the_commands(void **state)
{
    struct dfu *d = *state;
    uint8_t bytes[64];
    assert_int_equal(transfer(d, DFU_UPLOAD, 0, bytes, 64), 4);
    assert_memory_equal(bytes, dfu_mem_commands, 4);
    expect(d, DFU_OK, DFU_IDLE);
}

/* ---- Leave ----------------------------------------------------------------------------------- */

static void leave_goes_to_the_address_set(void **state)
{
    static const uint16_t blocks[] = {0, 2, 77}; /* webdfu; dfu-util; anything else */
    struct dfu *d = *state;
    for (unsigned i = 0; i < 3; i++) {
        dfu_init(d, BASE);
        command(d, 0x21, BASE + 0x100 * i, DFU_OK);
        assert_int_equal(transfer(d, DFU_DNLOAD, blocks[i], NULL, 0), 0);
        dfu_work(d);
        assert_int_equal(device.left_to, 0);
        expect(d, DFU_OK, DFU_MANIFEST);
        assert_true(dfu_busy(d));
        dfu_work(d);
        assert_int_equal(device.left_to, BASE + 0x100 * i);
        device.left_to = 0;
    }
}

/* The device says that the download is not complete: it stays, and says so. */
static void leaving_may_fail(void **state)
{
    struct dfu *d = *state;
    uint8_t status[6];

    device.finish = DFU_ERR_NOTDONE;
    assert_int_equal(transfer(d, DFU_DNLOAD, 2, NULL, 0), 0);
    assert_int_equal(transfer(d, DFU_GETSTATUS, 0, status, 6), 6);
    assert_int_equal(status[4], DFU_MANIFEST);
    dfu_work(d);
    assert_int_equal(device.left_to, 0);
    assert_int_equal(transfer(d, DFU_GETSTATUS, 0, status, 6), 6);
    assert_int_equal(status[0], DFU_ERR_NOTDONE);
    assert_int_equal(status[4], DFU_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(work_waits_for_the_answer, fresh),
        cmocka_unit_test_setup(leaving_may_fail, fresh),
        cmocka_unit_test_setup(poll_time_has_24_bits, fresh),
        cmocka_unit_test_setup(abort_drops_work_not_begun, fresh),
        cmocka_unit_test_setup(nothing_disturbs_work, fresh),
        cmocka_unit_test_setup(work_ends_while_busy_is_told, fresh),
        cmocka_unit_test_setup(every_request_in_every_state, fresh),
        cmocka_unit_test_setup(errors_stay_until_cleared, fresh),
        cmocka_unit_test_setup(bus_reset_ends_everything, fresh),
        cmocka_unit_test_setup(block_2_again_and_again, fresh),
        cmocka_unit_test_setup(counting_blocks, fresh),
        cmocka_unit_test_setup(erase_takes_any_address_of_the_page, fresh),
        cmocka_unit_test_setup(erase_all, fresh),
        cmocka_unit_test_setup(out_of_memory_is_an_error, fresh),
        cmocka_unit_test_setup(protection_is_told, fresh),
        cmocka_unit_test_setup(nonsense_is_refused, fresh),
        cmocka_unit_test_setup(upload_ends_short, fresh),
        cmocka_unit_test_setup(get_lists_the_commands, fresh),
        cmocka_unit_test_setup(leave_goes_to_the_address_set, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
