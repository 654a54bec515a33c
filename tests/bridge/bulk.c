/* SPDX-License-Identifier: MIT */
/* A libusb program for the device of tests/firmware/bulk.c: bulk and interrupt transfers of all
 * kinds, and its two configurations. Prints TAP; exit status 0 when all is well. */
#define _DEFAULT_SOURCE /* usleep() */
#include <libusb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OUT = 0x01, IN = 0x81, COUNTER = 0x82, MIRROR_OUT = 0x03, MIRROR_IN = 0x83 };
enum { PACKET = 64, ECHO_MAX = 4096, MIRROR_MAX = 16, ROOM = 20000 };
enum { TO_ENDPOINT = 0x02, ENDPOINT_HALT = 0, VENDOR = 0x40, LEAVE = 1 };

#define TIMEOUT_MS 10000

static int failures;

static void check(const char *what, bool ok)
{
    failures += !ok;
    printf("%sok - %s\n", ok ? "" : "not ", what);
}

/* ---- Transfers that wait --------------------------------------------------------------------- */

struct waiting {
    struct libusb_transfer *transfer;
    int ended;
    unsigned char data[ROOM];
};

static void LIBUSB_CALL on_end(struct libusb_transfer *transfer)
{
    *(int *)transfer->user_data = 1;
}

static bool start(struct waiting *w, libusb_device_handle *usb, unsigned char endpoint, int size)
{
    w->ended = 0;
    w->transfer = libusb_alloc_transfer(0);
    if (!w->transfer)
        return false;
    libusb_fill_bulk_transfer(w->transfer, usb, endpoint, w->data, size, on_end, &w->ended, 0);
    if (endpoint == MIRROR_IN)
        w->transfer->type = LIBUSB_TRANSFER_TYPE_INTERRUPT;
    return libusb_submit_transfer(w->transfer) == 0;
}

/* Waits for the end, or gives up: then it is still known to libusb, and must not be freed. */
static bool ended(struct waiting *w)
{
    for (int i = 0; !w->ended && i < TIMEOUT_MS / 100; i++) {
        struct timeval patience = {.tv_usec = 100000};
        libusb_handle_events_timeout_completed(NULL, &patience, &w->ended);
    }
    return w->ended;
}

/* size: bytes it moved; -1: any. */
static bool ends(struct waiting *w, enum libusb_transfer_status status, int size)
{
    if (!ended(w))
        return false;
    bool ok = w->transfer->status == status && (size < 0 || w->transfer->actual_length == size);
    if (!ok)
        printf("# status %d, %d bytes\n", w->transfer->status, w->transfer->actual_length);
    libusb_free_transfer(w->transfer);
    return ok;
}

/* ---- Bulk ------------------------------------------------------------------------------------ */

static void fill(unsigned char *data, int size)
{
    for (int i = 0; i < size; i++)
        data[i] = (unsigned char)(i * 7 + i / 256 + size);
}

static bool comes_back(libusb_device_handle *usb, const unsigned char *there, int size)
{
    static unsigned char back[ROOM];
    int moved = -1;

    return !libusb_bulk_transfer(usb, IN, back, sizeof back, &moved, TIMEOUT_MS) && moved == size &&
           memcmp(there, back, (size_t)size) == 0;
}

/* What was sent comes back, to the byte. */
static bool echo(libusb_device_handle *usb, int size)
{
    unsigned char there[ECHO_MAX];
    int moved = -1;

    fill(there, size);
    if (libusb_bulk_transfer(usb, OUT, there, size, &moved, TIMEOUT_MS) || moved != size)
        return false;
    /* A short packet says that this was all. */
    if (size && size % PACKET == 0 && libusb_bulk_transfer(usb, OUT, there, 0, NULL, TIMEOUT_MS))
        return false;
    return comes_back(usb, there, size);
}

static bool all_sizes(libusb_device_handle *usb)
{
    static const int more[] = {511, 512, 513, 1000, 1024, 2048, 3000, ECHO_MAX - 1, ECHO_MAX};

    for (int size = 0; size <= 512; size += size < 2 * PACKET + 2 ? 1 : 37)
        if (!echo(usb, size)) {
            printf("# at %d bytes\n", size);
            return false;
        }
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (!echo(usb, more[i])) {
            printf("# at %d bytes\n", more[i]);
            return false;
        }
    return true;
}

/* One transfer that ends with an empty packet of its own. */
static bool echo_with_empty_packet(libusb_device_handle *usb, int size)
{
    static struct waiting out;

    fill(out.data, size);
    out.transfer = libusb_alloc_transfer(0);
    out.ended = 0;
    libusb_fill_bulk_transfer(out.transfer, usb, OUT, out.data, size, on_end, &out.ended, 0);
    out.transfer->flags = LIBUSB_TRANSFER_ADD_ZERO_PACKET;
    return libusb_submit_transfer(out.transfer) == 0 &&
           ends(&out, LIBUSB_TRANSFER_COMPLETED, size) && comes_back(usb, out.data, size);
}

static int move(libusb_device_handle *usb, unsigned char endpoint, int size, unsigned timeout)
{
    unsigned char data[ECHO_MAX] = {0};

    return libusb_bulk_transfer(usb, endpoint, data, size, NULL, timeout);
}

static bool halt(libusb_device_handle *usb, unsigned char endpoint)
{
    return libusb_control_transfer(usb, TO_ENDPOINT, LIBUSB_REQUEST_SET_FEATURE, ENDPOINT_HALT,
                                   endpoint, NULL, 0, TIMEOUT_MS) == 0;
}

static bool halts(libusb_device_handle *usb, unsigned char endpoint)
{
    return halt(usb, endpoint) && move(usb, endpoint, 3, TIMEOUT_MS) == LIBUSB_ERROR_PIPE &&
           move(usb, endpoint, 3, TIMEOUT_MS) == LIBUSB_ERROR_PIPE &&
           libusb_clear_halt(usb, endpoint) == 0;
}

/* Reads that wait, each for an echo of its own. */
static bool queue(libusb_device_handle *usb)
{
    static struct waiting in[4];

    for (int i = 0; i < 4; i++)
        if (!start(&in[i], usb, IN, ROOM))
            return false;
    for (int i = 0; i < 4; i++)
        if (move(usb, OUT, 50 * i + 1, TIMEOUT_MS) != 0)
            return false;
    for (int i = 0; i < 4; i++)
        if (!ends(&in[i], LIBUSB_TRANSFER_COMPLETED, 50 * i + 1))
            return false;
    return true;
}

static bool cancels_reads(libusb_device_handle *usb)
{
    static struct waiting in[4];
    bool ok = true;

    for (int i = 0; i < 4; i++)
        if (!start(&in[i], usb, IN, ROOM))
            return false;
    for (int i = 3; i >= 0; i--)
        libusb_cancel_transfer(in[i].transfer);
    for (int i = 0; i < 4; i++)
        ok = ends(&in[i], LIBUSB_TRANSFER_CANCELLED, 0) && ok;
    return ok;
}

/* The device takes nothing while it has an echo to give. QEMU's xHCI does not tell the guest so:
 * what counts is that the next echo is not longer. */
static bool cancels_write(libusb_device_handle *usb)
{
    static struct waiting out;
    unsigned char there[10];

    fill(there, sizeof there);
    if (libusb_bulk_transfer(usb, OUT, there, sizeof there, NULL, TIMEOUT_MS) != 0 ||
        !start(&out, usb, OUT, 200))
        return false;
    usleep(20000);
    libusb_cancel_transfer(out.transfer);
    return ends(&out, LIBUSB_TRANSFER_CANCELLED, -1) && comes_back(usb, there, sizeof there);
}

static void bulk(libusb_device_handle *usb)
{
    check("echo of 0 to 4096 bytes", all_sizes(usb));
    check("transfers that end with an empty packet", echo_with_empty_packet(usb, PACKET) &&
                                                         echo_with_empty_packet(usb, ECHO_MAX) &&
                                                         echo_with_empty_packet(usb, PACKET + 1));
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
    check("reads wait in a queue", queue(usb));
    check("... and are cancelled", cancels_reads(usb));
    check("... which loses nothing", echo(usb, 66));
    check("a write that waits is cancelled", cancels_write(usb));
    check("... and loses nothing", echo(usb, 67));
}

/* ---- Interrupt ------------------------------------------------------------------------------- */

static bool counts(libusb_device_handle *usb)
{
    unsigned char n[8], before = 0;
    int moved;

    for (int i = 0; i < 10; i++) {
        if (libusb_interrupt_transfer(usb, COUNTER, n, sizeof n, &moved, TIMEOUT_MS) || moved != 1)
            return false;
        if (i && n[0] != (unsigned char)(before + 1)) {
            printf("# %d after %d\n", n[0], before);
            return false;
        }
        before = n[0];
    }
    return true;
}

/* QEMU asks an interrupt endpoint before its guest does: what it has by then comes first. And it
 * tells the guest of a halt only when that asks anew, so the halt has to be there by then. */
static bool counter_halts(libusb_device_handle *usb)
{
    int result = 0;

    if (!halt(usb, COUNTER))
        return false;
    usleep(100000);
    for (int i = 0; result == 0 && i < 5000; i++)
        result = move(usb, COUNTER, 8, TIMEOUT_MS);
    return result == LIBUSB_ERROR_PIPE && libusb_clear_halt(usb, COUNTER) == 0;
}

static bool mirrors(libusb_device_handle *usb)
{
    unsigned char there[MIRROR_MAX], back[MIRROR_MAX];

    for (int size = 1; size <= MIRROR_MAX; size++) {
        int out = -1, in = -1;
        fill(there, size);
        if (libusb_interrupt_transfer(usb, MIRROR_OUT, there, size, &out, TIMEOUT_MS) != 0 ||
            libusb_interrupt_transfer(usb, MIRROR_IN, back, sizeof back, &in, TIMEOUT_MS) != 0 ||
            out != size || in != size || memcmp(there, back, (size_t)size) != 0) {
            printf("# %d bytes: %d there, %d back\n", size, out, in);
            return false;
        }
    }
    return true;
}

/* Listens in vain, again and again. */
static bool listens(libusb_device_handle *usb)
{
    unsigned char data[MIRROR_MAX];

    for (int i = 0; i < 5; i++)
        if (libusb_interrupt_transfer(usb, MIRROR_IN, data, sizeof data, NULL, 20) !=
            LIBUSB_ERROR_TIMEOUT)
            return false;
    return true;
}

static void interrupt(libusb_device_handle *usb)
{
    check("an interrupt endpoint", counts(usb));
    check("... halts", counter_halts(usb));
    check("... and goes on", counts(usb));
    check("interrupt endpoints for both ways", mirrors(usb));
    check("a listener without data times out", listens(usb));
    check("... and loses nothing", mirrors(usb));
}

/* ---- Configurations: the second has the bulk endpoints only, in alternate setting 1 ------------
 */

static bool device_says(libusb_device_handle *usb, unsigned char configuration)
{
    unsigned char value = 0xFF;

    return libusb_control_transfer(usb, LIBUSB_ENDPOINT_IN, LIBUSB_REQUEST_GET_CONFIGURATION, 0, 0,
                                   &value, 1, TIMEOUT_MS) == 1 &&
           value == configuration;
}

/* What the kernel says of endpoints of interface 0 of a configuration; -1: it has none. */
static int endpoints(libusb_device_handle *usb, int configuration)
{
    libusb_device *device = libusb_get_device(usb);
    char path[80];
    unsigned count;

    snprintf(path, sizeof path, "/sys/bus/usb/devices/%d-%d:%d.0/bNumEndpoints",
             libusb_get_bus_number(device), libusb_get_port_number(device), configuration);
    FILE *file = fopen(path, "r");
    if (!file)
        return -1;
    int got = fscanf(file, "%x", &count);
    fclose(file);
    return got == 1 ? (int)count : -1;
}

/* Both sides agree on it, and show no other; 0: none. */
static bool is_configured(libusb_device_handle *usb, int configuration)
{
    int value = -1;
    bool ok = libusb_get_configuration(usb, &value) == 0 && value == configuration &&
              device_says(usb, (unsigned char)configuration);

    for (int i = 1; i <= 2; i++)
        ok = ok && (endpoints(usb, i) >= 0) == (i == configuration);
    return ok;
}

static bool sets(libusb_device_handle *usb, int configuration)
{
    return libusb_set_configuration(usb, configuration) == 0 &&
           is_configured(usb, configuration < 0 ? 0 : configuration);
}

static bool alternate_moves_data(libusb_device_handle *usb)
{
    return libusb_set_interface_alt_setting(usb, 0, 1) == 0 && endpoints(usb, 2) == 2 &&
           echo(usb, 3) && echo(usb, PACKET);
}

static void second_configuration(libusb_device_handle *usb)
{
    check("a configuration has to have its interfaces free",
          libusb_set_configuration(usb, 2) == LIBUSB_ERROR_BUSY && is_configured(usb, 1));
    check("... and to exist", libusb_release_interface(usb, 0) == 0 &&
                                  libusb_set_configuration(usb, 9) == LIBUSB_ERROR_NOT_FOUND &&
                                  is_configured(usb, 1));
    check("the second configuration is set", sets(usb, 2));
    check("... without the endpoints of the first",
          libusb_claim_interface(usb, 0) == 0 && endpoints(usb, 2) == 0 &&
              move(usb, COUNTER, 8, TIMEOUT_MS) != 0 && move(usb, OUT, 3, TIMEOUT_MS) != 0);
    check("... with those of its alternate setting", alternate_moves_data(usb));
    check("... until the latter ends", libusb_set_interface_alt_setting(usb, 0, 0) == 0 &&
                                           endpoints(usb, 2) == 0 &&
                                           move(usb, OUT, 3, TIMEOUT_MS) != 0);
    check("... and stays over a reset",
          libusb_reset_device(usb) == 0 && is_configured(usb, 2) && alternate_moves_data(usb));
    check("set again, it is as new",
          libusb_release_interface(usb, 0) == 0 && sets(usb, 2) && endpoints(usb, 2) == 0 &&
              libusb_claim_interface(usb, 0) == 0 && alternate_moves_data(usb));
}

static void configurations(libusb_device_handle *usb)
{
    check("the first configuration is set", is_configured(usb, 1));
    second_configuration(usb);
    check("without a configuration", libusb_release_interface(usb, 0) == 0 && sets(usb, -1));
    check("... there are no interfaces", libusb_claim_interface(usb, 0) != 0);
    check("... after a reset too", libusb_reset_device(usb) == 0 && is_configured(usb, 0));
    check("the first again", sets(usb, 1) && libusb_claim_interface(usb, 0) == 0);
    check("... works", echo(usb, 65) && counts(usb) && mirrors(usb));
}

/* ---- Unplug ---------------------------------------------------------------------------------- */

static libusb_device_handle *open_device(void)
{
    libusb_device_handle *usb = libusb_open_device_with_vid_pid(NULL, 0x1209, 0x0001);

    if (usb && libusb_claim_interface(usb, 0) == 0)
        return usb;
    if (usb)
        libusb_close(usb);
    return NULL;
}

/* The device that came after the one at this address; it may take a while. */
static libusb_device_handle *reopen(int address)
{
    for (int i = 0; i < 300; i++, usleep(100000)) {
        libusb_device_handle *usb = open_device();
        if (usb && libusb_get_device_address(libusb_get_device(usb)) != address)
            return usb;
        if (usb)
            libusb_close(usb);
    }
    return NULL;
}

/* The error that ends a transfer may come before the one that says why, as with a real cable. */
static bool ends_without_device(struct waiting *w)
{
    bool ok = ended(w) && (w->transfer->status == LIBUSB_TRANSFER_NO_DEVICE ||
                           w->transfer->status == LIBUSB_TRANSFER_ERROR);

    if (!ok)
        printf("# endpoint %02x: ended %d, status %d\n", w->transfer->endpoint, w->ended,
               w->transfer->status);
    return ok;
}

static void unplug(libusb_device_handle *usb)
{
    static struct waiting in[2], listener;
    int address = libusb_get_device_address(libusb_get_device(usb));

    check("transfers wait", start(&in[0], usb, IN, ROOM) && start(&in[1], usb, IN, ROOM) &&
                                start(&listener, usb, MIRROR_IN, MIRROR_MAX));
    int left = libusb_control_transfer(usb, VENDOR, LEAVE, 0, 0, NULL, 0, TIMEOUT_MS);
    check("... until the device is told to leave",
          left == 0 || left == LIBUSB_ERROR_NO_DEVICE || left == LIBUSB_ERROR_IO);
    check("... and end with it", ends_without_device(&in[0]) && ends_without_device(&in[1]) &&
                                     ends_without_device(&listener));
    libusb_close(usb);
    usb = reopen(address);
    check("... which comes again", usb);
    check("... and works", usb && echo(usb, 65) && counts(usb) && mirrors(usb));
    if (usb)
        libusb_close(usb);
}

int main(void)
{
    libusb_device_handle *usb;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (libusb_init(NULL) != 0)
        return 2;
    usb = open_device();
    check("the device opens", usb);
    if (usb) {
        bulk(usb);
        interrupt(usb);
        configurations(usb);
        unplug(usb);
    }
    libusb_exit(NULL);
    return failures ? 1 : 0;
}
