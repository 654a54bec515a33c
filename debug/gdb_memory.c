/* SPDX-License-Identifier: MIT */
/* Memory, the programming of flash, and the descriptions of target and memory. */
#include "gdb_private.h"

#include <stdio.h>
#include <string.h>

#define PAGE 128 /* what an erase of the flash clears; erased bytes are 0 on this family */

/* ---- Accesses: as wide as address and length allow ------------------------------------------- */

static unsigned width_of(uint32_t address, size_t left)
{
    if (address % 4 == 0 && left >= 4)
        return 4;
    return address % 2 == 0 && left >= 2 ? 2 : 1;
}

/* Returns the number of bytes that could be read. */
static size_t read_bytes(struct l072 *board, uint32_t address, uint8_t *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        uint32_t at = address + (uint32_t)done, value;
        unsigned width = width_of(at, size - done);
        if (l072_read(board, at, width, &value) != 0)
            break;
        for (unsigned i = 0; i < width; i++)
            data[done++] = (uint8_t)(value >> 8 * i);
    }
    return done;
}

static bool write_bytes(struct l072 *board, uint32_t address, const uint8_t *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        uint32_t at = address + (uint32_t)done, value = 0;
        unsigned width = width_of(at, size - done);
        for (unsigned i = 0; i < width; i++)
            value |= (uint32_t)data[done++] << 8 * i;
        if (l072_write(board, at, width, value) != 0)
            return false;
    }
    return true;
}

void gdb_read_memory(struct gdb *gdb, const char *arguments, size_t size)
{
    uint8_t data[GDB_PACKET / 2 - 1];
    char hex[GDB_PACKET] = "E01";
    uint32_t address, length = 0;
    (void)size;
    if (gdb_number(&arguments, ',', &address) && gdb_number(&arguments, '\0', &length) &&
        length <= sizeof(data)) {
        size_t done = read_bytes(gdb->board, address, data, length);
        if (done > 0 || length == 0)
            gdb_to_hex(data, done, hex);
    }
    gdb_reply(gdb, "%s", hex);
}

void gdb_write_hex(struct gdb *gdb, const char *arguments, size_t size)
{
    uint8_t data[GDB_PACKET / 2];
    uint32_t address, length;
    (void)size;
    gdb_result(gdb, gdb_number(&arguments, ',', &address) && gdb_number(&arguments, ':', &length) &&
                        length <= sizeof(data) && gdb_from_hex(arguments, data, length) == length &&
                        write_bytes(gdb->board, address, data, length));
}

void gdb_write_binary(struct gdb *gdb, const char *arguments, size_t size)
{
    const char *data = arguments;
    uint32_t address, length;
    gdb_result(gdb, gdb_number(&data, ',', &address) && gdb_number(&data, ':', &length) &&
                        length == size - (size_t)(data - arguments) &&
                        write_bytes(gdb->board, address, (const uint8_t *)data, length));
}

/* ---- Programming: at once, whatever the protection --------------------------------------------
 */

void gdb_flash_erase(struct gdb *gdb, const char *arguments, size_t size)
{
    static const uint8_t erased[PAGE];
    uint32_t address, length;
    (void)size;
    bool ok = gdb_number(&arguments, ',', &address) && gdb_number(&arguments, '\0', &length);
    while (ok && length > 0) {
        uint32_t part = length < PAGE ? length : PAGE;
        ok = l072_load(gdb->board, address, erased, part) == 0;
        address += part;
        length -= part;
    }
    gdb_result(gdb, ok);
}

void gdb_flash_write(struct gdb *gdb, const char *arguments, size_t size)
{
    const char *data = arguments;
    uint32_t address;
    gdb_result(gdb,
               gdb_number(&data, ':', &address) &&
                   l072_load(gdb->board, address, data, size - (size_t)(data - arguments)) == 0);
}

/* ---- Descriptions -----------------------------------------------------------------------------
 */

char *gdb_memory_map(const struct l072 *board)
{
    static const char format[] =
        "<?xml version=\"1.0\"?>"
        "<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\""
        " \"http://sourceware.org/gdb/gdb-memory-map.dtd\">"
        "<memory-map>"
        "<memory type=\"rom\" start=\"0x0\" length=\"0x%x\"/>" /* what was booted */
        "<memory type=\"flash\" start=\"0x%x\" length=\"0x%x\">"
        "<property name=\"blocksize\">0x%x</property></memory>"
        "<memory type=\"flash\" start=\"0x%x\" length=\"0x%x\">" /* data EEPROM */
        "<property name=\"blocksize\">4</property></memory>"
        "<memory type=\"rom\" start=\"0x1ff00000\" length=\"0x2000\"/>"
        "<memory type=\"rom\" start=\"0x1ff80000\" length=\"0x80\"/>" /* option bytes */
        "<memory type=\"ram\" start=\"0x%x\" length=\"0x%x\"/>"
        "<memory type=\"ram\" start=\"0x40000000\" length=\"0x20000000\"/>" /* peripherals */
        "<memory type=\"ram\" start=\"0xe0000000\" length=\"0x100000\"/>"
        "</memory-map>";
    struct l072_geometry g;
    char *map;
    l072_get_geometry(board, &g);
    if (asprintf(&map, format, g.flash_size, g.flash_base, g.flash_size, PAGE, g.eeprom_base,
                 g.eeprom_size, g.sram_base, g.sram_size) < 0)
        return NULL;
    return map;
}

/* GDB manual, G.5.3 ARM Features. Without numbers, registers count from 0 on. */
static const char target_xml[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
    "<target version=\"1.0\"><architecture>arm</architecture>"
    "<feature name=\"org.gnu.gdb.arm.m-profile\">%s</feature>"
    "<feature name=\"org.gnu.gdb.arm.m-system\">%s</feature></target>";

/* Those from MSP on are of the second feature. */
static const struct {
    const char *name, *type;
} registers[] = {
    {"r0",      "int"     },
    {"r1",      "int"     },
    {"r2",      "int"     },
    {"r3",      "int"     },
    {"r4",      "int"     },
    {"r5",      "int"     },
    {"r6",      "int"     },
    {"r7",      "int"     },
    {"r8",      "int"     },
    {"r9",      "int"     },
    {"r10",     "int"     },
    {"r11",     "int"     },
    {"r12",     "int"     },
    {"sp",      "data_ptr"},
    {"lr",      "int"     },
    {"pc",      "code_ptr"},
    {"xpsr",    "int"     },
    {"msp",     "data_ptr"},
    {"psp",     "data_ptr"},
    {"primask", "int"     },
    {"control", "int"     },
};
enum { MSP = 17 };

char *gdb_target_xml(void)
{
    char feature[2][1024] = {"", ""};
    char *xml;
    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        char *to = feature[i >= MSP];
        size_t used = strlen(to);
        snprintf(to + used, sizeof(feature[0]) - used,
                 "<reg name=\"%s\" bitsize=\"32\" type=\"%s\"/>", registers[i].name,
                 registers[i].type);
    }
    return asprintf(&xml, target_xml, feature[0], feature[1]) < 0 ? NULL : xml;
}
