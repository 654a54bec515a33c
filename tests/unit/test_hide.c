/* SPDX-License-Identifier: MIT */
/* Hidden images: which are stamped, and which are refused for what reason. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hidden.h"
#include "l072.h"
#include "target.h"

/* The reset handlers of the tests, in Thumb code; they are at 0x08000008. */
static const uint16_t loads_sp[] = {
    0x4800,        /* ldr  r0, [pc, #0] */
    0x4685,        /* mov  sp, r0 */
    0x5000, 0x2000 /* 0x20005000 */
};
static const uint16_t pushes_first[] = {
    0xB510, /* push {r4, lr} */
    0xE7FE, /* b    . */
};
static const uint16_t never_loads_sp[] = {
    0xE7FE, /* b    . */
};

/* An image of `size` bytes with a vector table and `code`; the rest is erased. */
static void build(struct image *image, size_t size, const void *code, size_t code_size)
{
    const uint32_t vectors[] = {0x20005000, 0x08000009};
    uint8_t *file = calloc(1, size);
    struct error error;
    assert_non_null(file);
    memcpy(file, vectors, sizeof(vectors));
    memcpy(file + sizeof(vectors), code, code_size);
    assert_true(image_parse(image, file, size, IMAGE_FLASH, &error));
}

/* Builds and stamps; the verdict on `part`. */
static enum hidden prove(struct image *image, const char *part, struct error *error)
{
    bool already;
    assert_true(hidden_stamp(image, &already, error));
    enum hidden verdict = hidden_prove(image, NULL, part, error);
    image_free(image);
    return verdict;
}

static void stamp_changes_word_0_once(void **state)
{
    (void)state;
    struct image image;
    struct error error;
    bool already;
    uint32_t word;
    build(&image, 64, loads_sp, sizeof(loads_sp));
    assert_true(hidden_stamp(&image, &already, &error));
    assert_false(already);
    assert_true(hidden_stamp(&image, &already, &error));
    assert_true(already);
    assert_true(image_word(&image, 0x08000000, &word));
    assert_int_equal(word, 0xBE00BE00);
    assert_true(image_word(&image, 0x08000004, &word));
    assert_int_equal(word, 0x08000009);
    image_free(&image);
}

static void start_that_loads_sp_is_proven(void **state)
{
    (void)state;
    struct image image;
    struct error error;
    for (size_t i = 0; l072_part_name(i); i++) {
        build(&image, 64, loads_sp, sizeof(loads_sp));
        enum hidden verdict = prove(&image, l072_part_name(i), &error);
        /* 0x20005000 is in the SRAM of all but category 3 with its 8 KB. */
        bool small = l072_part_name(i)[2] < '7';
        assert_int_equal(verdict, small ? HIDDEN_REFUSED : HIDDEN_PROVEN);
    }
}

static void start_that_pushes_first_is_refused(void **state)
{
    (void)state;
    struct image image;
    struct error error;
    build(&image, 64, pushes_first, sizeof(pushes_first));
    assert_int_equal(prove(&image, NULL, &error), HIDDEN_REFUSED);
    assert_non_null(strstr(error.text, "'push {r4, lr}' at 0x08000008"));
}

static void start_that_never_loads_sp_is_refused(void **state)
{
    (void)state;
    struct image image;
    struct error error;
    build(&image, 64, never_loads_sp, sizeof(never_loads_sp));
    assert_int_equal(prove(&image, NULL, &error), HIDDEN_REFUSED);
    assert_non_null(strstr(error.text, "after 100000 instructions"));
}

static void reset_vector_must_be_in_the_image(void **state)
{
    (void)state;
    static const uint32_t bad[] = {0x08000008, 0x08000041, 0x20000001, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct image image;
        struct error error;
        build(&image, 64, loads_sp, sizeof(loads_sp));
        assert_true(image_set_word(&image, 0x08000004, bad[i]));
        assert_int_equal(prove(&image, NULL, &error), HIDDEN_REFUSED);
        assert_non_null(strstr(error.text, "no Thumb address inside the image"));
    }
}

/* Verdict on an image that fills 192 KB parts and has `word` at `address`. */
static enum hidden prove_word(uint32_t address, uint32_t word, const char *part)
{
    struct image image;
    struct error error;
    build(&image, part && strcmp(part, "l072xb") == 0 ? 128 * 1024 : 100 * 1024, loads_sp,
          sizeof(loads_sp));
    assert_true(image_set_word(&image, address, word));
    return prove(&image, part, &error);
}

static void bank_2_must_not_look_like_a_stack(void **state)
{
    (void)state;
    assert_int_equal(prove_word(0x08018000, 0x20000000, "l072xz"), HIDDEN_REFUSED);
    assert_int_equal(prove_word(0x08018000, 0x2000FFFF, "l072xz"), HIDDEN_REFUSED);
    assert_int_equal(prove_word(0x08018000, 0x20010000, "l072xz"), HIDDEN_PROVEN);
    assert_int_equal(prove_word(0x08018000, 0x1FFFFFFF, "l072xz"), HIDDEN_PROVEN);
    assert_int_equal(prove_word(0x08010000, 0x20000100, "l072xz"), HIDDEN_PROVEN);
    assert_int_equal(prove_word(0x08010000, 0x20000100, "l072xb"), HIDDEN_REFUSED);
}

static void without_a_part_every_fitting_part_is_checked(void **state)
{
    (void)state;
    assert_int_equal(prove_word(0x08018000, 0x20000100, NULL), HIDDEN_REFUSED);
    assert_int_equal(prove_word(0x08010000, 0x20000100, NULL), HIDDEN_REFUSED);
    assert_int_equal(prove_word(0x08010004, 0x20000100, NULL), HIDDEN_PROVEN);
}

static void no_verdict_on_what_does_not_fit(void **state)
{
    (void)state;
    struct image image;
    struct error error;
    build(&image, 100 * 1024, loads_sp, sizeof(loads_sp));
    assert_int_equal(prove(&image, "l072x8", &error), HIDDEN_ERROR);
    assert_non_null(strstr(error.text, "larger than the part"));
    build(&image, 64, loads_sp, sizeof(loads_sp));
    assert_int_equal(prove(&image, "f103", &error), HIDDEN_ERROR);
    assert_non_null(strstr(error.text, "unknown part 'f103'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamp_changes_word_0_once),
        cmocka_unit_test(start_that_loads_sp_is_proven),
        cmocka_unit_test(start_that_pushes_first_is_refused),
        cmocka_unit_test(start_that_never_loads_sp_is_refused),
        cmocka_unit_test(reset_vector_must_be_in_the_image),
        cmocka_unit_test(bank_2_must_not_look_like_a_stack),
        cmocka_unit_test(without_a_part_every_fitting_part_is_checked),
        cmocka_unit_test(no_verdict_on_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
