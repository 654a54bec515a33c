/* SPDX-License-Identifier: MIT */
#include "pcap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"

/* ---- pcapng: draft-ietf-opsawg-pcapng, sections 4.1 to 4.3; all fields in host byte order ------
 */

#define LINKTYPE_USB_LINUX_MMAPPED 220

struct section_header {
    uint32_t type, length, magic;
    uint16_t major, minor;
    uint32_t section_length[2]; /* all ones: not known */
    uint32_t length_again;
};

struct interface_description {
    uint32_t type, length;
    uint16_t link_type, reserved;
    uint32_t snap_length; /* 0: no limit */
    uint16_t tsresol_code, tsresol_length;
    uint8_t tsresol[4]; /* 10^-n s, and padding */
    uint16_t end_code, end_length;
    uint32_t length_again;
};

struct enhanced_packet {
    uint32_t type, length, interface, time_high, time_low, captured, original;
};

#define SECTION_HEADER        0x0A0D0D0Au
#define BYTE_ORDER_MAGIC      0x1A2B3C4Du
#define INTERFACE_DESCRIPTION 1u
#define ENHANCED_PACKET       6u
#define OPTION_TSRESOL        9

_Static_assert(sizeof(struct section_header) == 28, "no padding");
_Static_assert(sizeof(struct interface_description) == 32, "no padding");
_Static_assert(sizeof(struct enhanced_packet) == 28, "no padding");

/* ---- usbmon: Documentation/usb/usbmon.rst of Linux, "Raw binary format and API" ----------------
 */

struct usbmon_packet {
    uint64_t id; /* the same at submission and completion */
    uint8_t type;
    uint8_t transfer_type;
    uint8_t endpoint; /* bit 7: IN */
    uint8_t device;
    uint16_t bus;
    char no_setup; /* 0: `setup` is valid */
    char no_data;  /* 0: data follow */
    int64_t seconds;
    int32_t microseconds;
    int32_t status;
    uint32_t length; /* of the data: asked for, or moved */
    uint32_t captured;
    uint8_t setup[8];
    int32_t interval;
    int32_t start_frame;
    uint32_t flags;
    uint32_t descriptors;
};
_Static_assert(sizeof(struct usbmon_packet) == 64, "no padding");

static const uint8_t transfer_types[] = {
    [L072_ISOCHRONOUS] = 0,
    [L072_INTERRUPT] = 1,
    [L072_CONTROL] = 2,
    [L072_BULK] = 3,
};

#define BUS        1
#define URB_DIR_IN 0x200u /* set by the kernel in the flags of each transfer IN */

struct pcap {
    FILE *file;
    uint64_t count;                         /* transfers so far */
    struct usbmon_packet packet[L072_URBS]; /* submitted, by the port's id */
};

static bool is_in(const struct usbmon_packet *p)
{
    return p->endpoint & 0x80;
}

/* As usbmon: the tag of the data there cannot be, not of those that happen to be empty. */
static char no_data(const struct usbmon_packet *p)
{
    if (is_in(p) && p->type == 'S')
        return '<';
    return (char)(!is_in(p) && p->type == 'C' ? '>' : 0);
}

/* Errors are kept by the file and told by pcap_close(). */
static void put_packet(struct pcap *pcap, uint64_t ps, struct usbmon_packet *packet,
                       const void *data)
{
    static const uint8_t zeros[3];
    uint64_t ns = ps / 1000;
    size_t size = data ? packet->length : 0, padding = -size & 3;
    uint32_t captured = (uint32_t)(sizeof *packet + size);
    uint32_t length = (uint32_t)(sizeof(struct enhanced_packet) + captured + padding + 4);
    struct enhanced_packet block = {ENHANCED_PACKET, length,   0,       (uint32_t)(ns >> 32),
                                    (uint32_t)ns,    captured, captured};

    packet->no_data = no_data(packet);
    packet->captured = (uint32_t)size;
    packet->seconds = (int64_t)(ps / L072_PS_PER_S);
    packet->microseconds = (int32_t)(ps % L072_PS_PER_S / L072_PS_PER_US);
    fwrite(&block, sizeof block, 1, pcap->file);
    fwrite(packet, sizeof *packet, 1, pcap->file);
    if (size)
        fwrite(data, size, 1, pcap->file);
    fwrite(zeros, padding, 1, pcap->file);
    fwrite(&length, sizeof length, 1, pcap->file);
}

int pcap_submit(struct pcap *pcap, struct l072 *board, const struct l072_urb *urb)
{
    int id = l072_urb_submit(board, urb);
    bool control = urb->type == L072_CONTROL;
    if (id < 0 || !pcap)
        return id;
    struct usbmon_packet *packet = &pcap->packet[id];
    *packet = (struct usbmon_packet){
        .id = ++pcap->count,
        .type = 'S',
        .transfer_type = transfer_types[urb->type],
        .endpoint = urb->endpoint | (control ? urb->setup[0] & 0x80 : 0),
        .device = urb->address,
        .bus = BUS,
        .no_setup = (char)(control ? 0 : '-'),
        .status = -EINPROGRESS,
        .length = urb->size,
        .interval = urb->interval,
    };
    packet->flags = is_in(packet) ? URB_DIR_IN : 0;
    memcpy(packet->setup, urb->setup, control ? sizeof packet->setup : 0);
    put_packet(pcap, l072_now(board), packet, is_in(packet) ? NULL : urb->data);
    return id;
}

enum l072_urb_status pcap_take(struct pcap *pcap, struct l072 *board, int id, void *data,
                               uint32_t size, uint32_t *actual)
{
    uint32_t moved = 0;
    enum l072_urb_status status = l072_urb_take(board, id, data, size, &moved);
    if (actual)
        *actual = moved;
    if (status == L072_URB_PENDING || !pcap)
        return status;
    struct usbmon_packet *packet = &pcap->packet[id];
    packet->type = 'C';
    packet->no_setup = '-';
    memset(packet->setup, 0, sizeof packet->setup);
    packet->status = status_errno(status);
    packet->length = moved;
    put_packet(pcap, l072_now(board), packet, is_in(packet) && moved <= size ? data : NULL);
    return status;
}

/* ---- The file -------------------------------------------------------------------------------- */

struct pcap *pcap_open(const char *path)
{
    static const struct section_header section = {
        SECTION_HEADER,           sizeof section, BYTE_ORDER_MAGIC, 1, 0,
        {UINT32_MAX, UINT32_MAX},
                       sizeof section
    };
    static const struct interface_description interface = {
        .type = INTERFACE_DESCRIPTION,
        .length = sizeof interface,
        .link_type = LINKTYPE_USB_LINUX_MMAPPED,
        .tsresol_code = OPTION_TSRESOL,
        .tsresol_length = 1,
        .tsresol = {9},
        .length_again = sizeof interface,
    };
    struct pcap *pcap = calloc(1, sizeof *pcap);
    if (!pcap)
        return NULL;
    pcap->file = fopen(path, "wbe");
    if (!pcap->file) {
        free(pcap);
        return NULL;
    }
    fwrite(&section, sizeof section, 1, pcap->file);
    fwrite(&interface, sizeof interface, 1, pcap->file);
    return pcap;
}

bool pcap_close(struct pcap *pcap)
{
    if (!pcap)
        return true;
    bool ok = !ferror(pcap->file);
    ok = fclose(pcap->file) == 0 && ok;
    free(pcap);
    return ok;
}
