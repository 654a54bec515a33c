/* SPDX-License-Identifier: MIT */
#include "sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"
#include "interface.h"
#include "namespace.h"

#define PRIVATE  "/sys/devices/l072"
#define ROOT_HUB PRIVATE "/usb1"
#define DEVICE   "/sys" SYSFS_DEVPATH
#define BUS      "/sys/bus/usb"
#define LISTED   BUS "/devices/"

#define INTERFACES "1-1:" /* begins their names */

/* A full-speed-capable root hub with one port, as the Linux kernel describes its own. */
static const uint8_t root_hub[] = {
    18, 1, 0x00, 0x02, 9, 0, 0, 64, 0x6b, 0x1d, 0x02, 0x00, 0x01, 0x06, 3, 2, 1,    1, 9, 2, 25, 0,
    1,  1, 0,    0xe0, 0, 9, 4, 0,  0,    1,    9,    0,    0,    0,    7, 5, 0x81, 3, 4, 0, 12,
};

static bool write_file(const char *dir, const char *name, const void *data, size_t size)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return false;
    /* In this order, so that nobody reads an empty file in between. */
    bool done = write(fd, data, size) == (ssize_t)size && ftruncate(fd, (off_t)size) == 0;
    return close(fd) == 0 && done;
}

/* Attributes are written one after the other; the first failure stops the rest. */
struct node {
    const char *dir;
    bool good;
};

__attribute__((format(printf, 3, 4))) static void attribute(struct node *node, const char *name,
                                                            const char *format, ...)
{
    char text[USB_DEVICE_STRING_MAX + 1];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    node->good = node->good && write_file(node->dir, name, text, (size_t)length);
}

size_t sysfs_properties(char *text, size_t size, const uint8_t *device, unsigned devnum)
{
    int length = snprintf(
        text, size,
        "MAJOR=189\nMINOR=%u\nDEVNAME=bus/usb/001/%03u\nDEVTYPE=usb_device\nDRIVER=usb\n"
        "PRODUCT=%x/%x/%x\nTYPE=%u/%u/%u\nBUSNUM=001\nDEVNUM=%03u\n",
        devnum - 1, devnum, le16(device + DEVICE_idVendor), le16(device + DEVICE_idProduct),
        le16(device + DEVICE_bcdDevice), device[DEVICE_bDeviceClass],
        device[DEVICE_bDeviceSubClass], device[DEVICE_bDeviceProtocol], devnum);
    return (size_t)length;
}

/* c: the configuration in use. */
static void configuration_attributes(struct node *node, const uint8_t *c)
{
    attribute(node, "bNumInterfaces", "%2u\n", c[CONFIGURATION_bNumInterfaces]);
    attribute(node, "bConfigurationValue", "%u\n", c[CONFIGURATION_bConfigurationValue]);
    attribute(node, "bmAttributes", "%02x\n", c[CONFIGURATION_bmAttributes]);
    attribute(node, "bMaxPower", "%umA\n", 2 * c[CONFIGURATION_bMaxPower]); /* in 2 mA */
}

static void no_configuration_attributes(struct node *node)
{
    attribute(node, "bNumInterfaces", "%s", "");
    attribute(node, "bConfigurationValue", "%s", "");
    attribute(node, "bmAttributes", "%s", "");
    attribute(node, "bMaxPower", "%s", "");
}

static void device_attributes(struct node *node, const uint8_t *d, unsigned devnum)
{
    char properties[256];
    sysfs_properties(properties, sizeof properties, d, devnum);
    attribute(node, "uevent", "%s", properties);
    attribute(node, "dev", "189:%u\n", devnum - 1);
    attribute(node, "busnum", "1\n");
    attribute(node, "devnum", "%u\n", devnum);
    attribute(node, "authorized", "1\n");
    attribute(node, "configuration", "%s", "");
    attribute(node, "rx_lanes", "1\n");
    attribute(node, "tx_lanes", "1\n");
    attribute(node, "version", "%2x.%02x\n", d[DEVICE_bcdUSB + 1], d[DEVICE_bcdUSB]);
    attribute(node, "bDeviceClass", "%02x\n", d[DEVICE_bDeviceClass]);
    attribute(node, "bDeviceSubClass", "%02x\n", d[DEVICE_bDeviceSubClass]);
    attribute(node, "bDeviceProtocol", "%02x\n", d[DEVICE_bDeviceProtocol]);
    attribute(node, "bMaxPacketSize0", "%u\n", d[DEVICE_bMaxPacketSize0]);
    attribute(node, "idVendor", "%04x\n", le16(d + DEVICE_idVendor));
    attribute(node, "idProduct", "%04x\n", le16(d + DEVICE_idProduct));
    attribute(node, "bcdDevice", "%04x\n", le16(d + DEVICE_bcdDevice));
    attribute(node, "bNumConfigurations", "%u\n", d[DEVICE_bNumConfigurations]);
}

/* Links `target` to, unless it is. */
static bool make_link(const char *target, const char *path)
{
    return symlink(target, path) == 0 || errno == EEXIST;
}

/* Links node->dir into the bus's list; `up` leads from it to /sys. */
static void list(struct node *node, const char *name, const char *up)
{
    char subsystem[PATH_MAX], listed[PATH_MAX], target[PATH_MAX], link[PATH_MAX];
    snprintf(subsystem, sizeof subsystem, "%s/subsystem", node->dir);
    snprintf(target, sizeof target, "%sbus/usb", up);
    snprintf(listed, sizeof listed, LISTED "%s", name);
    snprintf(link, sizeof link, "../../..%s", node->dir + strlen("/sys"));
    node->good = node->good && make_link(target, subsystem) && make_link(link, listed);
}

bool sysfs_create(char *error, size_t error_size)
{
    if (!namespace_cover(BUS, error, error_size) || !namespace_cover(PRIVATE, error, error_size))
        return false;
    struct node hub = {ROOT_HUB, mkdir(BUS "/devices", 0755) == 0 && mkdir(ROOT_HUB, 0755) == 0};
    device_attributes(&hub, root_hub, 1);
    configuration_attributes(&hub, root_hub + DEVICE_bLength);
    attribute(&hub, "manufacturer", "libl072\n");
    attribute(&hub, "product", "Simulated host port\n");
    attribute(&hub, "speed", "480\n");
    attribute(&hub, "maxchild", "1\n");
    hub.good = hub.good && write_file(hub.dir, "descriptors", root_hub, sizeof root_hub);
    list(&hub, "usb1", "../../../");
    if (!hub.good)
        snprintf(error, error_size, "cannot write the root hub to " ROOT_HUB ": %s",
                 strerror(errno));
    return hub.good;
}

/* Interface `i` of the configuration in use; it may be there, with another alternate setting. */
static bool put_interface(const struct usbfs *fs, const uint8_t *i)
{
    char name[32], dir[PATH_MAX];
    const uint8_t *d = fs->blob;
    snprintf(name, sizeof name, INTERFACES "%u.%u", fs->configuration,
             i[INTERFACE_bInterfaceNumber]);
    snprintf(dir, sizeof dir, DEVICE "/%s", name);
    struct node node = {dir, mkdir(dir, 0755) == 0 || errno == EEXIST};
    attribute(&node, "bInterfaceNumber", "%02x\n", i[INTERFACE_bInterfaceNumber]);
    attribute(&node, "bAlternateSetting", "%2u\n", i[INTERFACE_bAlternateSetting]);
    attribute(&node, "bNumEndpoints", "%02x\n", i[INTERFACE_bNumEndpoints]);
    attribute(&node, "bInterfaceClass", "%02x\n", i[INTERFACE_bInterfaceClass]);
    attribute(&node, "bInterfaceSubClass", "%02x\n", i[INTERFACE_bInterfaceSubClass]);
    attribute(&node, "bInterfaceProtocol", "%02x\n", i[INTERFACE_bInterfaceProtocol]);
    attribute(&node, "uevent",
              "DEVTYPE=usb_interface\nPRODUCT=%x/%x/%x\nTYPE=%u/%u/%u\nINTERFACE=%u/%u/%u\n",
              le16(d + DEVICE_idVendor), le16(d + DEVICE_idProduct), le16(d + DEVICE_bcdDevice),
              d[DEVICE_bDeviceClass], d[DEVICE_bDeviceSubClass], d[DEVICE_bDeviceProtocol],
              i[INTERFACE_bInterfaceClass], i[INTERFACE_bInterfaceSubClass],
              i[INTERFACE_bInterfaceProtocol]);
    list(&node, name, "../../../../../");
    return node.good;
}

static int remove_interface(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return strstr(path, "/" INTERFACES) ? remove(path) : 0;
}

bool sysfs_change(const struct usbfs *fs)
{
    struct node node = {DEVICE, true};
    const uint8_t *d = NULL;
    if (fs->active)
        configuration_attributes(&node, fs->active);
    else
        no_configuration_attributes(&node);
    while (node.good && (d = interface_next(fs, d)) != NULL)
        if (d[1] == DESCRIPTOR_INTERFACE && interface_in_use(fs, d))
            node.good = put_interface(fs, d);
    if (node.good && !fs->active)
        return nftw(BUS "/devices", remove_interface, 4, FTW_PHYS) == 0 &&
               nftw(DEVICE, remove_interface, 4, FTW_PHYS | FTW_DEPTH) == 0;
    return node.good;
}

bool sysfs_add(const struct usbfs *fs)
{
    const struct usb_device *dev = fs->dev; /* for its strings */
    static const char *const names[USB_STRINGS] = {"manufacturer", "product", "serial"};
    struct node node = {DEVICE, mkdir(DEVICE, 0755) == 0};
    device_attributes(&node, fs->blob, fs->address);
    attribute(&node, "speed", "12\n");
    attribute(&node, "maxchild", "0\n");
    for (size_t i = 0; i < USB_STRINGS; i++)
        if (dev->string[i][0] != '\0')
            attribute(&node, names[i], "%s\n", dev->string[i]);
    node.good = node.good && write_file(node.dir, "descriptors", fs->blob, fs->blob_size);
    list(&node, "1-1", "../../../../");
    return node.good && sysfs_change(fs);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

/* The list also holds the root hub, which stays. */
static int remove_listed(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    return type == FTW_SL && strcmp(path + at->base, "usb1") != 0 ? remove(path) : 0;
}

bool sysfs_remove(void)
{
    return nftw(BUS "/devices", remove_listed, 4, FTW_PHYS) == 0 &&
           nftw(DEVICE, remove_entry, 4, FTW_PHYS | FTW_DEPTH) == 0;
}
