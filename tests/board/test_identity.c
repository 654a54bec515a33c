/* SPDX-License-Identifier: MIT */
/*
 * Every descriptor of the resident bootloader, field by field, as a host on the bus reads it.
 * Written from the specifications: USB 2.0 chapter 9; DFU 1.1 chapter 4; USB 3.2 9.6.2 (BOS);
 * Microsoft OS 2.0 Descriptors; WebUSB.
 */
#include <stdio.h>
#include <string.h>

#include "boot/config.h"
#include "resident.h"

/* `size` bytes: a number, little-endian; a text of one byte a character; one of UTF-16,
 * little-endian; a UUID, in the order in which Windows has its bytes. Behind a text are zeros. */
struct field {
    const char *name;
    unsigned size;
    uint32_t number;
    const char *text, *utf16, *uuid;
};

#define FIELDS(table) table, sizeof(table) / sizeof(table)[0]

static struct scenario s;

/* ---- Expected against found ------------------------------------------------------------------ */

/* "D8DD60DF-4589-...": the first three groups are numbers, little-endian; the rest are bytes. */
static void put_uuid(uint8_t *bytes, const char *text)
{
    static const uint8_t place[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    unsigned value;

    for (unsigned i = 0; i < sizeof place; i++) {
        text += *text == '-';
        assert_int_equal(sscanf(text, "%2x", &value), 1);
        bytes[place[i]] = (uint8_t)value;
        text += 2;
    }
}

static void put_text(uint8_t *bytes, unsigned size, const char *text, unsigned unit)
{
    for (unsigned i = 0; i < size && *text; i += unit)
        bytes[i] = (uint8_t)*text++;
}

static void put(uint8_t *bytes, const struct field *f)
{
    memset(bytes, 0, f->size);
    if (f->uuid)
        put_uuid(bytes, f->uuid);
    else if (f->utf16)
        put_text(bytes, f->size, f->utf16, 2);
    else if (f->text)
        put_text(bytes, f->size, f->text, 1);
    else
        memcpy(bytes, &f->number, f->size);
}

/* One of the fields of a whole answer; returns where the next begins. */
static uint32_t field_is(const struct field *f, const uint8_t *found, uint32_t at)
{
    uint8_t expected[128];

    assert_true(f->size <= sizeof expected);
    put(expected, f);
    for (unsigned i = 0; i < f->size; i++)
        if (found[at + i] != expected[i])
            fail_msg("%s, byte %u: 0x%02X, not 0x%02X", f->name, at + i, found[at + i],
                     expected[i]);
    return at + f->size;
}

static uint32_t request(uint8_t type, uint8_t code, uint16_t value, uint16_t index, uint16_t length,
                        uint8_t *data)
{
    const uint8_t setup[] = {type,
                             code,
                             (uint8_t)value,
                             (uint8_t)(value >> 8),
                             (uint8_t)index,
                             (uint8_t)(index >> 8),
                             (uint8_t)length,
                             (uint8_t)(length >> 8)};
    uint32_t size = 0;
    enum l072_urb_status status = usb_device_control(&s.device, setup, data, &size, 1000 * MS);

    assert_true(status == L072_URB_OK || status == L072_URB_STALL);
    return status == L072_URB_OK ? size : 0;
}

/* An answer as hosts read it: with room to spare, to its length, and its begin alone, of less than
 * a packet, of one, and of a byte more. */
static void answer_is(uint8_t type, uint8_t code, uint16_t value, uint16_t index,
                      const struct field *fields, size_t count)
{
    static const uint16_t begins[] = {1, 8, 9, 63, 64, 65, 128};
    uint8_t found[1024], again[sizeof found];
    uint32_t size = request(type, code, value, index, sizeof found, found), at = 0;

    for (size_t i = 0; i < count; i++)
        at = field_is(&fields[i], found, at);
    assert_int_equal(size, at);
    assert_int_equal(request(type, code, value, index, (uint16_t)size, again), size);
    assert_memory_equal(again, found, size);
    for (size_t i = 0; i < sizeof begins / sizeof begins[0] && begins[i] < size; i++) {
        assert_int_equal(request(type, code, value, index, begins[i], again), begins[i]);
        assert_memory_equal(again, found, begins[i]);
    }
}

static void descriptor_is(uint8_t type, uint8_t index, const struct field *fields, size_t count)
{
    answer_is(0x80, 6, (uint16_t)(type << 8 | index), type == 3 ? 0x0409 : 0, fields, count);
}

/* ---- Device and configuration ---------------------------------------------------------------- */

static void device(void **state)
{
    static const struct field fields[] = {
        {"bLength",            1, .number = 18          },
        {"bDescriptorType",    1, .number = 1           }, /* DEVICE */
        {"bcdUSB",             2, .number = 0x0210      }, /* 2.1: there is a BOS */
        {"bDeviceClass",       1, .number = 0           },
        {"bDeviceSubClass",    1, .number = 0           },
        {"bDeviceProtocol",    1, .number = 0           },
        {"bMaxPacketSize0",    1, .number = 64          },
        {"idVendor",           2, .number = BOOT_VID    },
        {"idProduct",          2, .number = BOOT_PID    },
        {"bcdDevice",          2, .number = BOOT_VERSION},
        {"iManufacturer",      1, .number = 1           },
        {"iProduct",           1, .number = 2           },
        {"iSerialNumber",      1, .number = 3           },
        {"bNumConfigurations", 1, .number = 1           },
    };

    (void)state;
    descriptor_is(1, 0, FIELDS(fields));
}

#define INTERFACE(alternate, string)                                                               \
    {"bLength", 1, .number = 9}, {"bDescriptorType", 1, .number = 4},                              \
        {"bInterfaceNumber", 1, .number = 0}, {"bAlternateSetting", 1, .number = alternate},       \
        {"bNumEndpoints", 1, .number = 0}, {"bInterfaceClass", 1, .number = 0xFE},                 \
        {"bInterfaceSubClass", 1, .number = 1}, {"bInterfaceProtocol", 1, .number = 2},            \
    {                                                                                              \
        "iInterface", 1, .number = string                                                          \
    }

/* DFU FUNCTIONAL: WillDetach, CanUpload, CanDnload; DfuSe. */
#define FUNCTIONAL                                                                                 \
    {"bLength", 1, .number = 9}, {"bDescriptorType", 1, .number = 0x21},                           \
        {"bmAttributes", 1, .number = 0x0B}, {"wDetachTimeOut", 2, .number = 255},                 \
        {"wTransferSize", 2, .number = 2048},                                                      \
    {                                                                                              \
        "bcdDFUVersion", 2, .number = 0x011A                                                       \
    }

static void configuration(void **state)
{
    static const struct field fields[] = {
        {"bLength",             1, .number = 9   },
        {"bDescriptorType",     1, .number = 2   }, /* CONFIGURATION */
        {"wTotalLength",        2, .number = 63  },
        {"bNumInterfaces",      1, .number = 1   },
        {"bConfigurationValue", 1, .number = 1   },
        {"iConfiguration",      1, .number = 0   },
        {"bmAttributes",        1, .number = 0x80}, /* powered by the bus */
        {"bMaxPower",           1, .number = 50  }, /* 100 mA */
        INTERFACE(0, 4),
        FUNCTIONAL,
        INTERFACE(1, 5),
        INTERFACE(2, 6),
        INTERFACE(3, 7),
        FUNCTIONAL,
    };

    (void)state;
    descriptor_is(2, 0, FIELDS(fields));
}

/* ---- Windows and browsers -------------------------------------------------------------------- */

static void bos(void **state)
{
    static const struct field fields[] = {
        {"bLength",                       1,  .number = 5                                   },
        {"bDescriptorType",               1,  .number = 15                                  },
        {"wTotalLength",                  2,  .number = 57                                  },
        {"bNumDeviceCaps",                1,  .number = 2                                   },
        {"bLength",                       1,  .number = 28                                  },
        {"bDescriptorType",               1,  .number = 16                                  },
        {"bDevCapabilityType",            1,  .number = 5                                   },
        {"bReserved",                     1,  .number = 0                                   },
        {"PlatformCapabilityUUID",        16, .uuid = "D8DD60DF-4589-4CC7-9CD2-659D9E648A9F"},
        {"dwWindowsVersion",              4,  .number = 0x06030000                          },
        {"wMSOSDescriptorSetTotalLength", 2,  .number = 162                                 },
        {"bMS_VendorCode",                1,  .number = BOOT_VENDOR_CODE                    },
        {"bAltEnumCode",                  1,  .number = 0                                   },
        {"bLength",                       1,  .number = 24                                  },
        {"bDescriptorType",               1,  .number = 16                                  },
        {"bDevCapabilityType",            1,  .number = 5                                   },
        {"bReserved",                     1,  .number = 0                                   },
        {"PlatformCapabilityUUID",        16, .uuid = "3408B638-09A9-47A0-8BFD-A0768815B665"},
        {"bcdVersion",                    2,  .number = 0x0100                              },
        {"bVendorCode",                   1,  .number = BOOT_VENDOR_CODE                    },
        {"iLandingPage",                  1,  .number = 1                                   },
    };

    (void)state;
    descriptor_is(15, 0, FIELDS(fields));
}

/* Of a device with one function: no subsets. The property is a REG_MULTI_SZ. */
static void ms_os_20(void **state)
{
    static const struct field fields[] = {
        {"set header: wLength",        2,  .number = 10                   },
        {"wDescriptorType",            2,  .number = 0                    },
        {"dwWindowsVersion",           4,  .number = 0x06030000           },
        {"wTotalLength",               2,  .number = 162                  },
        {"compatible ID: wLength",     2,  .number = 20                   },
        {"wDescriptorType",            2,  .number = 3                    },
        {"CompatibleID",               8,  .text = "WINUSB"               },
        {"SubCompatibleID",            8,  .text = ""                     },
        {"registry property: wLength", 2,  .number = 132                  },
        {"wDescriptorType",            2,  .number = 4                    },
        {"wPropertyDataType",          2,  .number = 7                    },
        {"wPropertyNameLength",        2,  .number = 42                   },
        {"PropertyName",               42, .utf16 = "DeviceInterfaceGUIDs"},
        {"wPropertyDataLength",        2,  .number = 80                   },
        {"PropertyData",               80, .utf16 = BOOT_GUID             },
    };

    (void)state;
    answer_is(0xC0, BOOT_VENDOR_CODE, 0, 7, FIELDS(fields));
}

static void webusb_url(void **state)
{
    static const char page[] = BOOT_LANDING_PAGE;
    const struct field fields[] = {
        {"bLength",         1,               .number = 3 + sizeof page - 1},
        {"bDescriptorType", 1,               .number = 3                  }, /* WEBUSB_URL */
        {"bScheme",         1,               .number = 1                  }, /* https:// */
        {"URL",             sizeof page - 1, .text = page                 },
    };

    (void)state;
    answer_is(0xC0, BOOT_VENDOR_CODE, 1, 2, FIELDS(fields));
}

/* ---- Strings --------------------------------------------------------------------------------- */

static void languages(void **state)
{
    static const struct field fields[] = {
        {"bLength",         1, .number = 4     },
        {"bDescriptorType", 1, .number = 3     },
        {"wLANGID[0]",      2, .number = 0x0409}, /* English (United States) */
    };

    (void)state;
    answer_is(0x80, 6, 0x0300, 0, FIELDS(fields));
}

static void string_is(uint8_t index, const char *text)
{
    unsigned size = 2 * (unsigned)strlen(text);
    const struct field fields[] = {
        {"bLength",         1,    .number = 2 + size},
        {"bDescriptorType", 1,    .number = 3       },
        {text,              size, .utf16 = text     },
    };

    descriptor_is(3, index, FIELDS(fields));
}

/* As ST's ROM has it: AN2606 does not say, ArduinoCore-stm32l0 and real chips do. */
static void serial(char text[13])
{
    uint32_t uid[3];

    assert_int_equal(l072_peek(s.board, 0x1FF80050, uid, sizeof uid), 0);
    (void)snprintf(text, 13, "%08X%04X", uid[0] + uid[2], uid[1] >> 16);
}

static void strings(void **state)
{
    char text[64];

    (void)state;
    string_is(1, BOOT_VENDOR);
    string_is(2, BOOT_PRODUCT);
    serial(text);
    string_is(3, text);
    string_is(4, "@Flash /0x08000000/1*4Ka,47*4Kg");
    string_is(5, "@EEPROM /0x08080000/6*1Ke");
    string_is(6, "@Options /0x1FF80000/1*20Be");
    string_is(7, "@Device /0x1FF80050/1*48Ba");
}

/* ---- What there is not ----------------------------------------------------------------------- */

static void what_there_is_not_is_stalled(void **state)
{
    static const struct {
        const char *name;
        uint8_t type, code;
        uint16_t value, index;
    } rows[] = {
        {"device qualifier (full speed only)", 0x80, 6,                    0x0600, 0     },
        {"other speed configuration",          0x80, 6,                    0x0700, 0     },
        {"a second device",                    0x80, 6,                    0x0101, 0     },
        {"a second configuration",             0x80, 6,                    0x0201, 0     },
        {"a second BOS",                       0x80, 6,                    0x0F01, 0     },
        {"string 8",                           0x80, 6,                    0x0308, 0x0409},
        {"string 255",                         0x80, 6,                    0x03FF, 0x0409},
        {"MS OS 2.0, other vendor code",       0xC0, BOOT_VENDOR_CODE + 1, 0,      7     },
        {"MS OS 2.0, alternate enumeration",   0xC0, BOOT_VENDOR_CODE,     0,      8     },
        {"MS OS 2.0 of the interface",         0xC1, BOOT_VENDOR_CODE,     0,      7     },
    };
    uint8_t data[512];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (request(rows[i].type, rows[i].code, rows[i].value, rows[i].index, sizeof data, data))
            fail_msg("%s: there is one", rows[i].name);
    device(state);
}

static int start(void **state)
{
    (void)state;
    scenario_begin(&s, &(struct l072_config){.seed = 1}, "build/boot.elf");
    scenario_power_on(&s);
    return resident_in_dfu(&s) ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    l072_destroy(s.board);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device),     cmocka_unit_test(configuration),
        cmocka_unit_test(bos),        cmocka_unit_test(ms_os_20),
        cmocka_unit_test(webusb_url), cmocka_unit_test(languages),
        cmocka_unit_test(strings),    cmocka_unit_test(what_there_is_not_is_stalled),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
