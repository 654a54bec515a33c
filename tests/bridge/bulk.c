/* SPDX-License-Identifier: MIT */
/* A libusb program for the device of tests/firmware/bulk.c: bulk and interrupt transfers of all
 * kinds. Prints TAP; exit status 0 when all is well. */
#include <libusb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { OUT = 0x01, IN = 0x81, COUNTER = 0x82, PACKET = 64, ECHO_MAX = 512 };
enum { TO_ENDPOINT = 0x02, ENDPOINT_HALT = 0 };

#define TIMEOUT_MS 5000

static int failures;

static void check(const char *what, bool ok)
{
    failures += !ok;
    printf("%sok - %s\n", ok ? "" : "not ", what);
}

/* What was sent comes back, to the byte. */
static bool echo(libusb_device_handle *usb, int size)
{
    unsigned char there[ECHO_MAX], back[2 * ECHO_MAX];
    int moved = -1;

    for (int i = 0; i < size; i++)
        there[i] = (unsigned char)(i * 7 + size);
    if (libusb_bulk_transfer(usb, OUT, there, size, &moved, TIMEOUT_MS) || moved != size)
        return false;
    /* A short packet says that this was all. */
    if (size && size % PACKET == 0 && libusb_bulk_transfer(usb, OUT, there, 0, NULL, TIMEOUT_MS))
        return false;
    return !libusb_bulk_transfer(usb, IN, back, sizeof back, &moved, TIMEOUT_MS) && moved == size &&
           memcmp(there, back, (size_t)size) == 0;
}

static bool all_sizes(libusb_device_handle *usb)
{
    for (int size = 0; size <= ECHO_MAX; size += size < 2 * PACKET + 2 ? 1 : 37)
        if (!echo(usb, size)) {
            printf("# at %d bytes\n", size);
            return false;
        }
    return echo(usb, ECHO_MAX - 1) && echo(usb, ECHO_MAX);
}

static bool counts(libusb_device_handle *usb)
{
    unsigned char n[8], before = 0;
    int moved;

    for (int i = 0; i < 10; i++) {
        if (libusb_interrupt_transfer(usb, COUNTER, n, sizeof n, &moved, TIMEOUT_MS) || moved != 1)
            return false;
        if (i && n[0] != (unsigned char)(before + 1))
            return false;
        before = n[0];
    }
    return true;
}

static int move(libusb_device_handle *usb, unsigned char endpoint, int size, unsigned timeout)
{
    unsigned char data[ECHO_MAX] = {0};

    return libusb_bulk_transfer(usb, endpoint, data, size, NULL, timeout);
}

static bool halts(libusb_device_handle *usb, unsigned char endpoint)
{
    return libusb_control_transfer(usb, TO_ENDPOINT, LIBUSB_REQUEST_SET_FEATURE, ENDPOINT_HALT,
                                   endpoint, NULL, 0, TIMEOUT_MS) == 0 &&
           move(usb, endpoint, 3, TIMEOUT_MS) == LIBUSB_ERROR_PIPE &&
           move(usb, endpoint, 3, TIMEOUT_MS) == LIBUSB_ERROR_PIPE &&
           libusb_clear_halt(usb, endpoint) == 0;
}

static void run(libusb_device_handle *usb)
{
    check("echo of 0 to 512 bytes", all_sizes(usb));
    check("an interrupt endpoint", counts(usb));
    check("the IN endpoint halts", halts(usb, IN));
    check("... and goes on", echo(usb, 100));
    check("the OUT endpoint halts, after an odd number of packets", halts(usb, OUT));
    check("... and goes on", echo(usb, 3) && echo(usb, PACKET));
    check("a read without data times out", move(usb, IN, 3, 50) == LIBUSB_ERROR_TIMEOUT);
    check("... and loses nothing", echo(usb, 65));
    check("a packet for a buffer too small is an overflow",
          move(usb, OUT, 10, TIMEOUT_MS) == 0 &&
              move(usb, IN, 9, TIMEOUT_MS) == LIBUSB_ERROR_OVERFLOW);
    check("... and is gone", echo(usb, 11));
}

int main(void)
{
    libusb_device_handle *usb;

    if (libusb_init(NULL) != 0)
        return 2;
    usb = libusb_open_device_with_vid_pid(NULL, 0x1209, 0x0001);
    check("the device opens", usb && libusb_claim_interface(usb, 0) == 0);
    if (!failures)
        run(usb);
    if (usb)
        libusb_close(usb);
    libusb_exit(NULL);
    return failures ? 1 : 0;
}
