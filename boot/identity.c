/* SPDX-License-Identifier: MIT */
/* How the bootloader presents itself on USB. */
#include <stddef.h>

#include "../dfu/dfu.h"
#include "../stm32l0/serial.h"
#include "../usb/usbd.h"
#include "boot.h"

extern struct dfu boot_dfu;

enum string { NO_STRING, VENDOR, PRODUCT, SERIAL, LAYOUT };

_Alignas(2) static const uint8_t device[] = {
    USB_DEVICE_DESCRIPTOR(0x0210, USBD_EP0_SIZE, BOOT_VID, BOOT_PID, BOOT_VERSION, VENDOR, PRODUCT,
                          SERIAL),
};

#define ALTERNATE(n) USB_INTERFACE_DESCRIPTOR(0, n, 0, 0xFE, 0x01, 0x02, LAYOUT + (n))
#define FUNCTIONAL                                                                                 \
    USB_DFU_FUNCTIONAL_DESCRIPTOR(DFU_CAN_DNLOAD | DFU_CAN_UPLOAD | DFU_WILL_DETACH, 255,          \
                                  DFU_TRANSFER_SIZE, DFU_PLAIN ? DFU_VERSION : DFUSE_VERSION)

#if DFU_PLAIN
#define SETTINGS 1
#define TOTAL    (9 + 9 + 9)
#else
#define SETTINGS ALTERNATES
#define TOTAL    (9 + 4 * 9 + 2 * 9)
#endif

/* fwupd wants a functional descriptor behind the first alternate setting, and without one behind
 * the last it takes the others for part of it; betaflight wants no more. */
_Alignas(2) static const uint8_t configuration[] = {
    USB_CONFIGURATION_DESCRIPTOR(TOTAL, 1, 0x80, 100),
    ALTERNATE(ALTERNATE_FLASH),
    FUNCTIONAL,
#if !DFU_PLAIN
    ALTERNATE(ALTERNATE_EEPROM),
    ALTERNATE(ALTERNATE_OPTIONS),
    ALTERNATE(ALTERNATE_DEVICE),
    FUNCTIONAL,
#endif
};
_Static_assert(sizeof configuration == TOTAL, "wTotalLength");

/* ---- Windows and browsers -------------------------------------------------------------------- */

#define MS_OS_20_INDEX   7
#define WEBUSB_URL_INDEX 2
#define WINDOWS_8_1      0x00, 0x00, 0x03, 0x06

#define MS_OS_20_TOTAL 162
#define BOS_TOTAL      (5 + 28 + 24)

/* The platform capabilities' UUIDs, as they go over the bus: Microsoft OS 2.0 Descriptors, and
 * WebUSB. */
#define MS_OS_20_UUID                                                                              \
    0xDF, 0x60, 0xDD, 0xD8, 0x89, 0x45, 0xC7, 0x4C, 0x9C, 0xD2, 0x65, 0x9D, 0x9E, 0x64, 0x8A, 0x9F
#define WEBUSB_UUID                                                                                \
    0x38, 0xB6, 0x08, 0x34, 0xA9, 0x09, 0xA0, 0x47, 0x8B, 0xFD, 0xA0, 0x76, 0x88, 0x15, 0xB6, 0x65
/* Headers: USB 3.2 9.6.2. */
#define BOS_HEADER               5, USB_BOS, USB_U16(BOS_TOTAL), 2
#define PLATFORM(size, uuid)     size, 0x10, 0x05, 0, uuid
#define MS_OS_20_CAPABILITY      WINDOWS_8_1, USB_U16(MS_OS_20_TOTAL), BOOT_VENDOR_CODE, 0
#define WEBUSB_CAPABILITY(pages) USB_U16(0x0100), BOOT_VENDOR_CODE, pages

_Alignas(2) static const uint8_t bos[] = {BOS_HEADER, PLATFORM(28, MS_OS_20_UUID),
                                          MS_OS_20_CAPABILITY, PLATFORM(24, WEBUSB_UUID),
                                          WEBUSB_CAPABILITY(1)};
_Static_assert(sizeof bos == BOS_TOTAL, "wTotalLength");

/* The descriptor set, but in place of each of the UTF-16 characters at its end a byte: set header,
 * compatible ID, registry property with its name, the size of its value, and that. */
#define MS_OS_20_BYTES 38
static IN_FLASH_DATA const struct {
    uint8_t bytes[MS_OS_20_BYTES];
    char name[21];
    uint8_t value_size;
    char value[40];
} ms_os_20_packed = {
    {USB_U16(10), USB_U16(0), WINDOWS_8_1, USB_U16(MS_OS_20_TOTAL), USB_U16(20), USB_U16(3), 'W',
     'I', 'N', 'U', 'S', 'B', [30] = USB_U16(132), USB_U16(4), USB_U16(7), USB_U16(42)},
    "DeviceInterfaceGUIDs",
    80,
    BOOT_GUID "\0",
};
_Alignas(2) static uint8_t ms_os_20[MS_OS_20_TOTAL];
_Static_assert(2 * sizeof ms_os_20_packed - MS_OS_20_BYTES == MS_OS_20_TOTAL, "wTotalLength");
_Static_assert(sizeof BOOT_GUID == 39, "BOOT_GUID is 38 characters, with its braces");

static void unpack_ms_os_20(void)
{
    const uint8_t *from = (const uint8_t *)&ms_os_20_packed;
    uint8_t *to = ms_os_20;
    for (unsigned i = 0; i < sizeof ms_os_20_packed; i++) {
        *to = from[i];
        to += i < MS_OS_20_BYTES ? 1 : 2;
    }
}

#define URL_PREFIX_HTTPS 1
static const struct {
    _Alignas(2) uint8_t length;
    uint8_t type, prefix;
    char url[sizeof BOOT_LANDING_PAGE - 1];
} landing_page = {3 + sizeof landing_page.url, 3, URL_PREFIX_HTTPS, BOOT_LANDING_PAGE};

/* ---- Strings --------------------------------------------------------------------------------- */

#define TEXT_OF(n)    #n
#define TEXT(n)       TEXT_OF(n)
#define FLASH_LAYOUT  "@Flash /0x08000000/" TEXT(BOOT_SECTORS) "*4Ka,00*4Kg"
#define EEPROM_LAYOUT "@EEPROM /0x08080000/0*1Ke"

/* One behind the other, in RAM: what this chip has is filled in for the zeros. */
static struct {
    char vendor[sizeof BOOT_VENDOR], product[sizeof BOOT_PRODUCT], serial[SERIAL_DIGITS + 1];
    char flash[sizeof FLASH_LAYOUT], eeprom[sizeof EEPROM_LAYOUT];
    char options[sizeof "@Options /0x1FF80000/1*20Be"], device[sizeof "@Device /0x1FF80050/1*48Ba"];
} strings = {
    BOOT_VENDOR,
    BOOT_PRODUCT,
    "000000000000", /* not empty: strings are counted by their ends */
    FLASH_LAYOUT,
    EEPROM_LAYOUT,
    "@Options /0x1FF80000/1*20Be",
    "@Device /0x1FF80050/1*48Ba",
};
_Static_assert(LAYOUT + ALTERNATE_DEVICE == 7, "the order of the strings");
_Static_assert(sizeof BOOT_VENDOR <= USBD_STRING_MAX + 1, "BOOT_VENDOR is too long");
_Static_assert(sizeof BOOT_PRODUCT <= USBD_STRING_MAX + 1, "BOOT_PRODUCT is too long");

void identity_fill_in(unsigned eeprom_kb)
{
    char *sectors = strings.flash + sizeof FLASH_LAYOUT - sizeof "0*4Kg", tens = '0';
    unsigned count = (DEVICE->FLASH_SIZE_KB - BOOT_SIZE / 1024) / (BOOT_SECTOR / 1024);
    for (; count >= 10; count -= 10)
        tens++;
    sectors[-1] = tens;
    sectors[0] = (char)('0' + count);
    strings.eeprom[sizeof EEPROM_LAYOUT - sizeof "0*1Ke"] = (char)('0' + eeprom_kb);
    serial_number(strings.serial);
    unpack_ms_os_20();
}

const char *usb_string(uint8_t index)
{
    const char *text = strings.vendor;
    if (index > LAYOUT + ALTERNATE_DEVICE)
        return NULL;
    while (--index)
        while (*text++)
            ;
    return text;
}

const uint8_t *usb_descriptor(uint8_t type, uint8_t index)
{
    if (index)
        return NULL;
    switch (type) {
    case USB_DEVICE: return device;
    case USB_CONFIGURATION: return configuration;
    case USB_BOS: return bos;
    default: return NULL;
    }
}

/* ---- Requests -------------------------------------------------------------------------------- */

static int vendor_request(const struct usb_setup *setup, uint8_t **data)
{
    *data = (uint8_t *)(uintptr_t)&landing_page;
    if (setup->wIndex == WEBUSB_URL_INDEX)
        return 3 + sizeof landing_page.url;
    *data = ms_os_20;
    return setup->wIndex == MS_OS_20_INDEX ? (int)sizeof ms_os_20 : USBD_STALL;
}

int usb_request(const struct usb_setup *setup, uint8_t **data)
{
    uint8_t type = setup->bmRequestType;
    if ((type & ~USB_DIR_IN) == (USB_TYPE_CLASS | USB_RECIPIENT_IFACE) && setup->wIndex == 0)
        return dfu_request(&boot_dfu, setup, data);
    if (type == (USB_DIR_IN | USB_TYPE_VENDOR) && setup->bRequest == BOOT_VENDOR_CODE)
        return vendor_request(setup, data);
    return USBD_STALL;
}

void usb_request_done(const struct usb_setup *setup)
{
    dfu_request_done(&boot_dfu, setup);
}

bool usb_set_alternate(uint16_t alternate)
{
    if (alternate >= SETTINGS)
        return false;
    dfu_select(&boot_dfu, (uint8_t)alternate);
    return true;
}

void usb_bus_reset(void)
{
    dfu_reset(&boot_dfu);
}
