/* SPDX-License-Identifier: MIT */
/* The DFU engine without DfuSe: blocks count from 0, and a bus reset ends manifestation. */
#define DFU_PLAIN 1
#include "../../dfu/dfu.c"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define BASE 0x08001100u
#define SIZE 8192u

static struct {
    uint32_t address, length; /* of the last write */
    enum dfu_status finish;
    unsigned left;
    struct dfu dfu;
} t;

/* ---- The device ------------------------------------------------------------------------------ */

_Alignas(2) const uint8_t dfu_mem_commands[DFU_MEM_COMMANDS];

uint32_t dfu_mem_left(uint8_t alternate, uint32_t address)
{
    return alternate == 0 && address - BASE < SIZE ? BASE + SIZE - address : 0;
}

enum dfu_status dfu_mem_read(uint8_t alternate, uint32_t address, uint8_t *buffer, uint32_t size)
{
    (void)alternate;
    for (uint32_t i = 0; i < size; i++)
        buffer[i] = (uint8_t)(address + i);
    return DFU_OK;
}

enum dfu_status dfu_mem_work(struct dfu *d)
{
    if (d->operation == DFU_LEAVE)
        return t.finish;
    assert_int_equal(d->operation, DFU_WRITE);
    t.address = d->address;
    t.length = d->length;
    return DFU_OK;
}

uint32_t dfu_mem_time(struct dfu *d)
{
    (void)d;
    return 5;
}

void dfu_mem_leave(uint32_t address)
{
    (void)address;
    t.left++;
}

/* ---- The host -------------------------------------------------------------------------------- */

static int request(uint8_t code, uint16_t value, uint16_t length, uint8_t **data)
{
    bool in = code == DFU_UPLOAD || code == DFU_GETSTATUS || code == DFU_GETSTATE;
    struct usb_setup setup = {in ? 0xA1 : 0x21, code, value, 0, length};
    int size = dfu_request(&t.dfu, &setup, data);

    if (size >= 0)
        dfu_request_done(&t.dfu, &setup);
    return size;
}

/* GETSTATUS, and the work that it begins. Returns bState. */
static uint8_t told(void)
{
    uint8_t *status = NULL, state;

    assert_int_equal(request(DFU_GETSTATUS, 0, 6, &status), 6);
    state = status[4];
    dfu_work(&t.dfu);
    return state;
}

static void download(uint16_t block, uint16_t length)
{
    uint8_t *data = NULL;

    assert_int_equal(request(DFU_DNLOAD, block, length, &data), 0);
    assert_int_equal(told(), DFU_DNBUSY);
    assert_int_equal(told(), DFU_DNLOAD_IDLE);
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void blocks_follow_each_other(void **state)
{
    (void)state;
    for (uint16_t block = 0; block < 3; block++) {
        download(block, DFU_TRANSFER_SIZE);
        assert_int_equal(t.address, BASE + block * DFU_TRANSFER_SIZE);
    }
    download(3, 100); /* a short one at the end */
    assert_int_equal(t.address, BASE + 3 * DFU_TRANSFER_SIZE);
    assert_int_equal(t.length, 100);
}

static void the_first_byte_is_no_command(void **state)
{
    (void)state;
    t.dfu.data[0] = DFUSE_ERASE;
    download(0, 1);
    assert_int_equal(t.length, 1);
}

static void an_upload_ends_with_the_memory(void **state)
{
    uint8_t *data = NULL;

    (void)state;
    for (uint16_t block = 0; block < SIZE / DFU_TRANSFER_SIZE; block++) {
        assert_int_equal(request(DFU_UPLOAD, block, DFU_TRANSFER_SIZE, &data), DFU_TRANSFER_SIZE);
        assert_int_equal(data[1], (uint8_t)(BASE + block * DFU_TRANSFER_SIZE + 1));
    }
    assert_int_equal(request(DFU_UPLOAD, SIZE / DFU_TRANSFER_SIZE, DFU_TRANSFER_SIZE, &data), 0);
    assert_int_equal(told(), DFU_IDLE);
}

static void the_end_waits_for_a_bus_reset(void **state)
{
    (void)state;
    download(0, 64);
    assert_int_equal(request(DFU_DNLOAD, 1, 0, &(uint8_t *){NULL}), 0);
    assert_int_equal(told(), DFU_MANIFEST);
    assert_int_equal(told(), DFU_MANIFEST_WAIT_RESET);
    assert_int_equal(t.left, 0);
    dfu_reset(&t.dfu);
    assert_int_equal(t.left, 1);
}

static void what_is_corrupt_does_not_leave(void **state)
{
    (void)state;
    t.finish = DFU_ERR_FIRMWARE;
    download(0, 64);
    assert_int_equal(request(DFU_DNLOAD, 1, 0, &(uint8_t *){NULL}), 0);
    assert_int_equal(told(), DFU_MANIFEST);
    assert_int_equal(told(), DFU_ERROR);
    dfu_reset(&t.dfu);
    assert_int_equal(t.left, 0);
}

/* DFU 1.1 A.2.3: in dfuIDLE a DNLOAD of length 0 is an error. */
static void there_must_be_something_to_end(void **state)
{
    (void)state;
    assert_int_equal(request(DFU_DNLOAD, 0, 0, &(uint8_t *){NULL}), -1);
    assert_int_equal(told(), DFU_ERROR);
}

static int start(void **state)
{
    (void)state;
    t.address = t.length = t.left = 0;
    t.finish = DFU_OK;
    dfu_init(&t.dfu, BASE);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(blocks_follow_each_other, start),
        cmocka_unit_test_setup(the_first_byte_is_no_command, start),
        cmocka_unit_test_setup(an_upload_ends_with_the_memory, start),
        cmocka_unit_test_setup(the_end_waits_for_a_bus_reset, start),
        cmocka_unit_test_setup(what_is_corrupt_does_not_leave, start),
        cmocka_unit_test_setup(there_must_be_something_to_end, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
