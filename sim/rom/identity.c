/* SPDX-License-Identifier: MIT */
/* How the ROM presents itself on USB, taken from dumps of real chips; see README.md. */
#include <stdbool.h>
#include <stddef.h>

#include "../../stm32l0/serial.h"
#include "../../usb/usbd.h"
#include "config.h"
#include "rom.h"

enum string { NO_STRING, VENDOR, PRODUCT, SERIAL, FLASH_LAYOUT, OPTION_LAYOUT, EEPROM_LAYOUT };

_Alignas(2) static const uint8_t device[] = {
    USB_DEVICE_DESCRIPTOR(0x0200, USBD_EP0_SIZE, 0x0483, 0xDF11, 0x2200, VENDOR, PRODUCT, SERIAL),
};

#define ALTERNATE(number, layout) USB_INTERFACE_DESCRIPTOR(0, number, 0, 0xFE, 0x01, 0x02, layout)
#define TOTAL                     (9 + 3 * 9 + 9)

_Alignas(2) static const uint8_t configuration[] = {
    USB_CONFIGURATION_DESCRIPTOR(TOTAL, 1, 0xC0, 100),
    ALTERNATE(ROM_FLASH, FLASH_LAYOUT),
    ALTERNATE(ROM_OPTION, OPTION_LAYOUT),
    ALTERNATE(ROM_EEPROM, EEPROM_LAYOUT),
    USB_DFU_FUNCTIONAL_DESCRIPTOR(DFU_CAN_DNLOAD | DFU_CAN_UPLOAD | DFU_WILL_DETACH, 255,
                                  DFU_TRANSFER_SIZE, DFUSE_VERSION),
};
_Static_assert(sizeof configuration == TOTAL, "wTotalLength");

/* The layouts are those of the real ROM, faults included: no unit before g, 192 KB on all parts. */
static const char *const strings[] = {
    [VENDOR] = "STMicroelectronics",
    [PRODUCT] = "STM32  BOOTLOADER",
    [FLASH_LAYOUT] = "@Internal Flash  /0x08000000/1536*128g",
    [OPTION_LAYOUT] = "@Option Bytes  /0x1FF80000/01*032 e",
    [EEPROM_LAYOUT] = "@DATA Memory /0x08080000/2*3Ke",
};

const uint8_t *usb_descriptor(uint8_t type, uint8_t index)
{
    if (type == USB_DEVICE)
        return device;
    return type == USB_CONFIGURATION && index == 0 ? configuration : NULL;
}

const char *usb_string(uint8_t index)
{
    if (index == SERIAL) {
        static char serial[SERIAL_DIGITS + 1];
        serial_number(serial);
        return serial;
    }
    return index < sizeof strings / sizeof strings[0] ? strings[index] : NULL;
}

/* ---- Requests: all to the DFU interface ------------------------------------------------------ */

int usb_request(const struct usb_setup *setup, uint8_t **data)
{
    uint8_t kind = setup->bmRequestType & (USB_TYPE_MASK | USB_RECIPIENT_MASK);
    bool to_dfu = kind == (USB_TYPE_CLASS | USB_RECIPIENT_IFACE) && setup->wIndex == 0;
    return to_dfu ? dfu_request(&rom_dfu, setup, data) : USBD_STALL;
}

void usb_request_done(const struct usb_setup *setup)
{
    dfu_request_done(&rom_dfu, setup);
}

bool usb_set_alternate(uint16_t alternate)
{
    if (alternate > ROM_EEPROM)
        return false;
    dfu_select(&rom_dfu, (uint8_t)alternate);
    return true;
}

void usb_bus_reset(void)
{
    dfu_reset(&rom_dfu);
}
