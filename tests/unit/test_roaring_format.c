/* The library writes; what it wrote is well formed, and little else is. */
#include <roaring/roaring.h>
#include <stdlib.h>
#include <string.h>

#include "node/roaring_format.h"
#include "tests/unit/test.h"

struct written {
    uint8_t *bytes;
    size_t size;
};

static struct written write_down(roaring_bitmap_t *bitmap)
{
    struct written made = {
        .size = roaring_bitmap_portable_size_in_bytes(bitmap)};
    made.bytes = malloc(made.size);
    assert_non_null(made.bytes);
    roaring_bitmap_portable_serialize(bitmap, (char *)made.bytes);
    roaring_bitmap_free(bitmap);
    return made;
}

/* count numbers from first on, `step` apart. */
static struct written write_range(uint32_t first, uint32_t count, uint32_t step)
{
    roaring_bitmap_t *bitmap = roaring_bitmap_create();
    assert_non_null(bitmap);
    for (uint32_t i = 0; i < count; i++)
        roaring_bitmap_add(bitmap, first + i * step);
    return write_down(bitmap);
}

static bool ok(const uint8_t *bytes, size_t size)
{
    /* A copy that ends where it ends, so that reading past it is seen. */
    uint8_t *copy = malloc(size + !size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    bool result = roaring_format_ok((struct view){copy, size});
    free(copy);
    return result;
}

/* None; an array; arrays; a bitset; a full container; and both kinds. */
static const uint32_t ranges[][3] = {{0, 0, 1}, {7, 1, 1}, {9, 4096, 1},
    {3, 700, 1000}, {0, 4097, 2}, {65536, 65536, 1}, {60000, 9000, 1}};

#define RANGES (sizeof ranges / sizeof *ranges)

static void test_what_the_library_writes_is_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < RANGES; i++) {
        struct written made =
            write_range(ranges[i][0], ranges[i][1], ranges[i][2]);
        assert_true(ok(made.bytes, made.size));
        free(made.bytes);
    }
}

static void test_no_shorter_or_longer_bytes_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < RANGES; i++) {
        struct written made =
            write_range(ranges[i][0], ranges[i][1], ranges[i][2]);
        uint8_t *longer = calloc(1, made.size + 1);
        assert_non_null(longer);
        memcpy(longer, made.bytes, made.size);
        assert_false(ok(longer, made.size + 1));
        for (size_t size = 0; size < made.size; size += 1 + size / 64)
            assert_false(ok(made.bytes, size));
        free(longer);
        free(made.bytes);
    }
}

/* Whatever a damaged byte makes of it, the library reads as many numbers as
 * the heads of the containers say, in order. */
static void check_read(const uint8_t *bytes, size_t size)
{
    roaring_bitmap_t *read =
        roaring_bitmap_portable_deserialize_safe((const char *)bytes, size);
    assert_non_null(read);
    roaring_uint32_iterator_t at;
    uint64_t count = 0, last = 0;
    for (roaring_init_iterator(read, &at); at.has_value;
         roaring_advance_uint32_iterator(&at)) {
        assert_true(count == 0 || at.current_value > last);
        last = at.current_value;
        count++;
    }
    assert_int_equal(count, roaring_bitmap_get_cardinality(read));
    assert_int_equal(last, count == 0 ? 0 : roaring_bitmap_maximum(read));
    roaring_bitmap_free(read);
}

/* Each bit of a byte; how many are seen. */
static size_t damage_byte(const struct written *made, size_t at)
{
    size_t seen = 0;
    for (unsigned bit = 1; bit < 256; bit *= 2) {
        made->bytes[at] ^= (uint8_t)bit;
        if (ok(made->bytes, made->size))
            check_read(made->bytes, made->size);
        else
            seen++;
        made->bytes[at] ^= (uint8_t)bit;
    }
    return seen;
}

static void test_damage_is_seen_or_harmless(void **state)
{
    size_t seen = 0, harmless = 0;
    (void)state;
    for (size_t i = 0; i < RANGES; i++) {
        struct written made =
            write_range(ranges[i][0], ranges[i][1], ranges[i][2]);
        for (size_t at = 0; at < made.size; at += at < 64 ? 1 : 211) {
            const size_t of_it = damage_byte(&made, at);
            seen += of_it;
            harmless += 8 - of_it;
        }
        free(made.bytes);
    }
    assert_true(seen > 1000);
    assert_true(harmless > 100);
}

/* people_box writes none; the library's reader believes one of no length. */
static void test_runs_are_refused(void **state)
{
    static const uint8_t empty_run[] = {0x3b, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    roaring_bitmap_t *bitmap = roaring_bitmap_from_range(10, 30000, 1);
    (void)state;
    assert_true(roaring_bitmap_run_optimize(bitmap));
    struct written made = write_down(bitmap);
    assert_false(ok(made.bytes, made.size));
    assert_false(ok(empty_run, sizeof empty_run));
    free(made.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_library_writes_is_well_formed),
        cmocka_unit_test(test_no_shorter_or_longer_bytes_are),
        cmocka_unit_test(test_damage_is_seen_or_harmless),
        cmocka_unit_test(test_runs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
