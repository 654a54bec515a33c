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
#define TOTAL        (9 + ALTERNATES * 9 + 9)

_Alignas(2) static const uint8_t configuration[] = {
    USB_CONFIGURATION_DESCRIPTOR(TOTAL, 1, 0x80, 100),
    ALTERNATE(ALTERNATE_FLASH),
    ALTERNATE(ALTERNATE_EEPROM),
    ALTERNATE(ALTERNATE_OPTIONS),
    ALTERNATE(ALTERNATE_DEVICE),
    USB_DFU_FUNCTIONAL_DESCRIPTOR(DFU_CAN_DNLOAD | DFU_CAN_UPLOAD | DFU_WILL_DETACH, 255,
                                  DFU_TRANSFER_SIZE, DFUSE_VERSION),
};
_Static_assert(sizeof configuration == TOTAL, "wTotalLength");

/* ---- Windows and browsers -------------------------------------------------------------------- */

#define VENDOR_CODE      1
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
#define MS_OS_20_CAPABILITY      WINDOWS_8_1, USB_U16(MS_OS_20_TOTAL), VENDOR_CODE, 0
#define WEBUSB_CAPABILITY(pages) USB_U16(0x0100), VENDOR_CODE, pages

_Alignas(2) static const uint8_t bos[] = {BOS_HEADER, PLATFORM(28, MS_OS_20_UUID),
                                          MS_OS_20_CAPABILITY, PLATFORM(24, WEBUSB_UUID),
                                          WEBUSB_CAPABILITY(1)};
_Static_assert(sizeof bos == BOS_TOTAL, "wTotalLength");

static const struct {
    uint8_t head[38];
    uint16_t name[21];
    uint16_t data_type_size;
    uint16_t guid[40];
} ms_os_20 = {
    .head = {USB_U16(10), USB_U16(0), WINDOWS_8_1, USB_U16(MS_OS_20_TOTAL), USB_U16(20), USB_U16(3),
             'W', 'I', 'N', 'U', 'S', 'B', [30] = USB_U16(132), USB_U16(4), USB_U16(7),
             USB_U16(42)},
    .name = u"DeviceInterfaceGUIDs",
    .data_type_size = 80,
    .guid = u"{9F8C5B1E-6B0A-4D0E-9C55-5D0B1B6F2A37}\0",
};
_Static_assert(sizeof ms_os_20 == MS_OS_20_TOTAL, "wTotalLength");

#define URL_PREFIX_HTTPS 1
static const struct {
    _Alignas(2) uint8_t length;
    uint8_t type, prefix;
    char url[sizeof BOOT_LANDING_PAGE - 1];
} landing_page = {3 + sizeof landing_page.url, 3, URL_PREFIX_HTTPS, BOOT_LANDING_PAGE};

/* ---- Strings --------------------------------------------------------------------------------- */

#define FLASH_LAYOUT  "@Flash /0x08000000/8*1Ka,???*1Kg"
#define EEPROM_LAYOUT "@EEPROM /0x08080000/?*1Ke"

/* One behind the other, in RAM: what this chip has is filled in for the zeros and the '?'. */
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

/* 64 KB parts of category 5 have 3, those of category 3 have 2 (RM0376, RM0367). */
unsigned identity_eeprom_kb(void)
{
    if (FLASH_SIZE_KB > 64)
        return 6;
    RCC->APB2ENR |= RCC_APB2ENR_DBG;
    return (uint8_t)DBGMCU_IDCODE == 0x47 ? 3 : 2;
}

void identity_fill_in(void)
{
    unsigned kb = FLASH_SIZE_KB - BOOT_SIZE / 1024;
    char *digit = strings.flash + sizeof FLASH_LAYOUT - sizeof "*1Kg";
    for (unsigned i = 0; i < 3; i++) {
        unsigned tens = 0;
        for (; kb >= 10; kb -= 10)
            tens++;
        *--digit = (char)('0' + kb);
        kb = tens;
    }
    strings.eeprom[sizeof EEPROM_LAYOUT - sizeof "?*1Ke"] = (char)('0' + identity_eeprom_kb());
    serial_number(strings.serial);
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
    if (setup->bRequest != VENDOR_CODE || !(setup->bmRequestType & USB_DIR_IN))
        return USBD_STALL;
    *data = (uint8_t *)(uintptr_t)&landing_page;
    if (setup->wIndex == WEBUSB_URL_INDEX)
        return sizeof landing_page;
    *data = (uint8_t *)(uintptr_t)&ms_os_20;
    return setup->wIndex == MS_OS_20_INDEX ? (int)sizeof ms_os_20 : USBD_STALL;
}

int usb_request(const struct usb_setup *setup, uint8_t **data)
{
    switch (setup->bmRequestType & (USB_TYPE_MASK | USB_RECIPIENT_MASK)) {
    case USB_TYPE_CLASS | USB_RECIPIENT_IFACE:
        return setup->wIndex == 0 ? dfu_request(&boot_dfu, setup, data) : USBD_STALL;
    case USB_TYPE_VENDOR | USB_RECIPIENT_DEVICE: return vendor_request(setup, data);
    default: return USBD_STALL;
    }
}

void usb_request_done(const struct usb_setup *setup)
{
    dfu_request_done(&boot_dfu, setup);
}

bool usb_set_alternate(uint8_t alternate)
{
    if (alternate >= ALTERNATES)
        return false;
    dfu_select(&boot_dfu, alternate);
    return true;
}

void usb_bus_reset(void)
{
    dfu_reset(&boot_dfu);
}
