/* SPDX-License-Identifier: MIT */
/* Image files: what is read from ELF, Intel HEX and plain bytes, what is refused, what is saved. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "file.h"
#include "image.h"

static bool parse(struct image *image, const void *file, size_t size, struct error *error)
{
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, file, size);
    return image_parse(image, copy, size, IMAGE_FLASH, error);
}

static bool parse_text(struct image *image, const char *text, struct error *error)
{
    return parse(image, text, strlen(text), error);
}

static void assert_word(const struct image *image, uint32_t address, uint32_t expected)
{
    uint32_t word;
    assert_true(image_word(image, address, &word));
    assert_int_equal(word, expected);
}

/* An executable whose data is linked to RAM and loaded to flash, behind its code. */
struct tiny_elf {
    Elf32_Ehdr header;
    Elf32_Phdr segment[2];
    uint32_t code[2], data[1];
};

static struct tiny_elf tiny_elf(void)
{
    struct tiny_elf elf = {
        .header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
                               EV_CURRENT},
                   .e_type = ET_EXEC,
                   .e_machine = EM_ARM,
                   .e_version = EV_CURRENT,
                   .e_entry = 0x08000005,
                   .e_phoff = offsetof(struct tiny_elf, segment),
                   .e_ehsize = sizeof(Elf32_Ehdr),
                   .e_phentsize = sizeof(Elf32_Phdr),
                   .e_phnum = 2},
        .segment = {{.p_type = PT_LOAD,
                     .p_offset = offsetof(struct tiny_elf, code),
                     .p_vaddr = 0x08000000,
                     .p_paddr = 0x08000000,
                     .p_filesz = 8,
                     .p_memsz = 8},
                   {.p_type = PT_LOAD,
                     .p_offset = offsetof(struct tiny_elf, data),
                     .p_vaddr = 0x20000000,
                     .p_paddr = 0x08000008,
                     .p_filesz = 4,
                     .p_memsz = 400}},
        .code = {0x20005000,                      0x08000005},
        .data = {0x12345678                                 },
    };
    return elf;
}

static void elf_goes_to_its_physical_addresses(void **state)
{
    (void)state;
    struct tiny_elf elf = tiny_elf();
    struct image image;
    struct error error;
    assert_true(parse(&image, &elf, sizeof(elf), &error));
    assert_int_equal(image.kind, IMAGE_ELF);
    assert_int_equal(image.start, 0x08000005);
    assert_word(&image, 0x08000000, 0x20005000);
    assert_word(&image, 0x08000006, 0x56780800);
    assert_word(&image, 0x08000008, elf.data[0]);
    assert_false(image_contains(&image, 0x0800000C));
    assert_false(image_contains(&image, 0x20000000));
    image_free(&image);
}

/* Its data begin with the highest byte of the p_offset of their own program header. */
static void elf_that_changes_its_own_headers_is_written_in_bounds(void **state)
{
    (void)state;
    struct tiny_elf elf = tiny_elf();
    struct image image;
    struct error error;
    elf.segment[0].p_offset = offsetof(struct tiny_elf, segment[0].p_offset) + 3;
    elf.segment[0].p_filesz = 4;
    assert_true(parse(&image, &elf, sizeof(elf), &error));
    uint32_t address = image.segment[0].address, word;
    assert_true(image_set_word(&image, address, 0xBE00BE7F));
    assert_true(image_word(&image, address, &word));
    assert_int_equal(word, 0xBE00BE7F);
    image_free(&image);
}

static void elf_for_others_is_refused(void **state)
{
    (void)state;
    struct image image;
    struct error error;

    struct tiny_elf elf = tiny_elf();
    elf.header.e_machine = EM_X86_64;
    assert_false(parse(&image, &elf, sizeof(elf), &error));
    assert_non_null(strstr(error.text, "not for 32-bit little-endian ARM"));

    elf = tiny_elf();
    elf.header.e_ident[EI_CLASS] = ELFCLASS64;
    assert_false(parse(&image, &elf, sizeof(elf), &error));

    elf = tiny_elf();
    elf.header.e_type = ET_REL;
    assert_false(parse(&image, &elf, sizeof(elf), &error));
    assert_non_null(strstr(error.text, "link it first"));

    elf = tiny_elf();
    assert_false(parse(&image, &elf, sizeof(elf) - 4, &error));
    assert_non_null(strstr(error.text, "cut short"));
    assert_null(image.segment);
}

static void changed_elf_differs_in_one_word(void **state)
{
    (void)state;
    struct tiny_elf elf = tiny_elf();
    struct image image;
    struct error error;
    assert_true(parse(&image, &elf, sizeof(elf), &error));
    assert_true(image_set_word(&image, 0x08000000, 0xBE00BE00));
    assert_word(&image, 0x08000000, 0xBE00BE00);
    elf.code[0] = 0xBE00BE00;
    assert_int_equal(image.file_size, sizeof(elf));
    assert_memory_equal(image.file, &elf, sizeof(elf));
    assert_false(image_set_word(&image, 0x0800000A, 0));
    image_free(&image);
}

static void hex_records_of_all_types(void **state)
{
    (void)state;
    static const char text[] = ":020000021000EC\r\n"
                               ":0400100001020304E2\r\n"
                               ":0400000310000020C9\r\n" /* CS:IP 1000:0020 */
                               ":020000040800f2\n"
                               ":040000001122334452\n"
                               ":0400000508000005EA\n"
                               "\n"
                               ":00000001FF";
    struct image image;
    struct error error;
    assert_true(parse_text(&image, text, &error));
    assert_int_equal(image.kind, IMAGE_HEX);
    assert_word(&image, 0x10010, 0x04030201);
    assert_word(&image, 0x08000000, 0x44332211);
    assert_int_equal(image.start, 0x08000005);
    image_free(&image);
}

static void bad_hex_names_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } bad[] = {
        {":0400000011223344FF\n",                "line 1: wrong checksum 0xFF, should be 0x52"},
        {":00000001FF\n:00000001FF\n",           "line 2: there is text after"                },
        {":040000001122334452\nhello\n",         "line 2: a record starts with ':'"           },
        {":040000001122334452\n",                "line 1: the end record is missing"          },
        {":05000000112233445 1\n",               "line 1: the record is cut short"            },
        {":050000001122334451\n",                "line 1: the record says 5 bytes"            },
        {":00000006FA\n",                        "line 1: unknown record type 06"             },
        {":0100000408F3\n",                      "line 1: a record of type 04 has 2 bytes"    },
        {":020000021000EC\n:02FFFF000102FD\n",   "line 2: the record crosses"                 },
        {":040000001122334452\n:01000200AA53\n", "line 2: the file gives address 0x00000002"  },
        {":00000001FF\n",                        "holds no data to load"                      },
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct image image;
        struct error error;
        assert_false(parse_text(&image, bad[i].text, &error));
        assert_non_null(strstr(error.text, bad[i].error));
    }
}

static void other_content_is_plain_bytes(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {':', 'x', 0x12, 0x34};
    struct image image;
    struct error error;
    assert_true(parse(&image, bytes, sizeof(bytes), &error));
    assert_int_equal(image.kind, IMAGE_BIN);
    assert_word(&image, IMAGE_FLASH, 0x3412783A);
    assert_true(image_set_word(&image, IMAGE_FLASH, 1));
    assert_int_equal(image.file[0], 1);
    image_free(&image);
}

static void segments_stay_sorted(void **state)
{
    (void)state;
    struct image image = {.kind = IMAGE_HEX};
    struct error error;
    assert_true(image_add(&image, 0x20, "cc", 2, &error));
    assert_true(image_add(&image, 0x00, "aa", 2, &error));
    assert_true(image_add(&image, 0x10, "bb", 2, &error));
    assert_true(image_add(&image, 0x12, "BB", 2, &error));
    assert_int_equal(image.count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(image.segment[i].address, 0x10 * i);
    assert_word(&image, 0x10, 0x42426262);
    assert_false(image_add(&image, 0x0F, "xx", 2, &error));
    assert_false(image_add(&image, 0x13, "x", 1, &error));
    assert_false(image_add(&image, 0xFFFFFFFF, "xx", 2, &error));
    image_free(&image);
}

static void saved_hex_reads_back(void **state)
{
    (void)state;
    char path[] = "/tmp/test_image.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);

    uint8_t bytes[100];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    struct image image = {.kind = IMAGE_HEX, .has_start = true, .start = 0x08000101}, back;
    struct error error;
    assert_true(image_add(&image, 0x0800FFF3, bytes, sizeof(bytes), &error));
    assert_true(image_add(&image, 0x1FF80000, bytes, 1, &error));
    assert_true(image_save(&image, path, &error));
    assert_true(image_load(&back, path, 0, &error));
    assert_int_equal(back.count, 2);
    assert_int_equal(back.segment[0].size, sizeof(bytes));
    assert_memory_equal(back.segment[0].data, bytes, sizeof(bytes));
    assert_int_equal(back.segment[1].address, 0x1FF80000);
    assert_int_equal(back.start, 0x08000101);
    image_free(&image);
    image_free(&back);
    unlink(path);
}

static void failed_write_leaves_nothing(void **state)
{
    (void)state;
    struct error error;
    char directory[] = "/tmp/test_image.XXXXXX";
    assert_non_null(mkdtemp(directory));
    assert_false(file_write(directory, "x", 1, &error));
    assert_non_null(strstr(error.text, "not a regular file"));
    assert_int_equal(rmdir(directory), 0); /* it is empty */
    assert_false(file_write("/nowhere/file", "x", 1, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elf_goes_to_its_physical_addresses),
        cmocka_unit_test(elf_that_changes_its_own_headers_is_written_in_bounds),
        cmocka_unit_test(elf_for_others_is_refused),
        cmocka_unit_test(changed_elf_differs_in_one_word),
        cmocka_unit_test(hex_records_of_all_types),
        cmocka_unit_test(bad_hex_names_its_line),
        cmocka_unit_test(other_content_is_plain_bytes),
        cmocka_unit_test(segments_stay_sorted),
        cmocka_unit_test(saved_hex_reads_back),
        cmocka_unit_test(failed_write_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
