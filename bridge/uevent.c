/* SPDX-License-Identifier: MIT */
#include "uevent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "descriptor.h"
#include "sysfs.h"

#define UDEV_GROUP 2          /* the multicast group of udevd; the kernel's own is 1 */
#define UDEV_MAGIC 0xfeedcafe /* systemd, libsystemd/sd-device/device-monitor.c */

/* Head of a message, by the same source; * marks fields in network byte order. */
struct header {
    char prefix[8];                         /* "libudev" */
    uint32_t magic;                         /* * */
    uint32_t header_size;                   /* of this struct */
    uint32_t properties_offset;             /* from its start */
    uint32_t properties_size;               /* NUL-terminated NAME=value strings */
    uint32_t subsystem_hash;                /* * */
    uint32_t devtype_hash;                  /* * */
    uint32_t tag_bloom_high, tag_bloom_low; /* no tags: 0 */
};
_Static_assert(sizeof(struct header) == 40, "the header of libudev 252");

/* MurmurHash2 with seed 0, by which monitors filter. */
static uint32_t murmur_hash(const char *text)
{
    const uint32_t m = 0x5bd1e995;
    size_t left = strlen(text);
    uint32_t hash = (uint32_t)left;
    for (; left >= 4; left -= 4, text += 4) {
        uint32_t k;
        memcpy(&k, text, sizeof k);
        k *= m;
        k ^= k >> 24;
        hash = (hash * m) ^ (k * m);
    }
    uint32_t tail = 0;
    for (size_t i = 0; i < left; i++)
        tail |= (uint32_t)(uint8_t)text[i] << (8 * i);
    if (left > 0)
        hash = (hash ^ tail) * m;
    hash ^= hash >> 13;
    hash *= m;
    return hash ^ hash >> 15;
}

bool uevent_open(struct uevent *uevent)
{
    uevent->seqnum = 0;
    uevent->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    return uevent->fd >= 0;
}

void uevent_close(struct uevent *uevent)
{
    if (uevent->fd >= 0)
        close(uevent->fd);
    uevent->fd = -1;
}

/* The properties as NUL-terminated strings; returns their size. */
static size_t properties(char *text, size_t size, const char *action, uint64_t seqnum,
                         const uint8_t *device, unsigned devnum)
{
    int head = snprintf(text, size,
                        "ACTION=%s\nDEVPATH=" SYSFS_DEVPATH "\nSUBSYSTEM=usb\n"
                        "SEQNUM=%llu\nUSEC_INITIALIZED=1\n",
                        action, (unsigned long long)seqnum);
    size_t length = (size_t)head;
    length += sysfs_properties(text + length, size - length, device, devnum);
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\n')
            text[i] = '\0';
    return length;
}

bool uevent_send(struct uevent *uevent, const char *action, const uint8_t *device, unsigned devnum)
{
    char text[1024];
    size_t size = properties(text, sizeof text, action, ++uevent->seqnum, device, devnum);
    struct header header = {
        .prefix = "libudev",
        .magic = htonl(UDEV_MAGIC),
        .header_size = sizeof header,
        .properties_offset = sizeof header,
        .properties_size = (uint32_t)size,
        .subsystem_hash = htonl(murmur_hash("usb")),
        .devtype_hash = htonl(murmur_hash("usb_device")),
    };
    struct iovec parts[] = {
        {&header, sizeof header},
        {text,    size         }
    };
    struct sockaddr_nl group = {.nl_family = AF_NETLINK, .nl_groups = UDEV_GROUP};
    struct msghdr message = {
        .msg_name = &group, .msg_namelen = sizeof group, .msg_iov = parts, .msg_iovlen = 2};
    /* ECONNREFUSED: nobody listens. */
    return sendmsg(uevent->fd, &message, 0) >= 0 || errno == ECONNREFUSED;
}
