#include "node/people_box.h"

#include <roaring/roaring.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "node/roaring_format.h"

#define NONCE_BYTES_SEAL crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES

/* How the bits are told from a Roaring bitmap, whose first byte is another:
 * this mark, then words, little-endian. */
static const uint8_t bits_mark[4] = {'b', 'i', 't', 's'};

#define CHUNK 1024

/* ---- as bits: a cohort that is a good part of all ---- */

static size_t bits_size(const struct people *people)
{
    size_t used = people->word_count;
    while (used > 0 && people->words[used - 1] == 0)
        used--;
    return sizeof bits_mark + used * sizeof(uint64_t);
}

static void write_bits(const struct people *people, uint8_t *out, size_t size)
{
    memcpy(out, bits_mark, sizeof bits_mark);
    memcpy(out + sizeof bits_mark, people->words, size - sizeof bits_mark);
}

static enum status read_bits(struct people *people, struct view bytes)
{
    const size_t size = bytes.size - sizeof bits_mark;
    if (size % sizeof(uint64_t) != 0 || size * 8 > PEOPLE_NUMBER_END)
        return STATUS_CORRUPT;
    enum status status = people_init(people, (uint32_t)size * 8);
    if (status == STATUS_OK)
        memcpy(people->words, bytes.data + sizeof bits_mark, size);
    return status;
}

/* ---- as a Roaring bitmap: few people among many ---- */

static roaring_bitmap_t *to_roaring(const struct people *people)
{
    uint32_t *numbers = calloc(people->count + 1, sizeof *numbers);
    roaring_bitmap_t *bitmap = NULL;
    if (numbers != NULL) {
        people_list(people, numbers);
        bitmap = roaring_bitmap_of_ptr(people->count, numbers);
        sodium_memzero(numbers, people->count * sizeof *numbers);
    }
    free(numbers);
    return bitmap;
}

static enum status from_roaring(
    struct people *people, const roaring_bitmap_t *bitmap)
{
    roaring_uint32_iterator_t at;
    uint32_t numbers[CHUNK], read;
    enum status status = people_init(people,
        roaring_bitmap_is_empty(bitmap) ? 0 : roaring_bitmap_maximum(bitmap));
    if (status != STATUS_OK)
        return status;
    roaring_init_iterator(bitmap, &at);
    while ((read = roaring_read_uint32_iterator(&at, numbers, CHUNK)) > 0) {
        for (uint32_t i = 0; i < read; i++)
            people_add(people, numbers[i]);
    }
    return STATUS_OK;
}

static enum status read_roaring(struct people *people, struct view bytes)
{
    if (!roaring_format_ok(bytes))
        return STATUS_CORRUPT;
    roaring_bitmap_t *bitmap = roaring_bitmap_portable_deserialize_safe(
        (const char *)bytes.data, bytes.size);
    if (bitmap == NULL)
        return STATUS_NO_MEMORY;
    const bool fits = roaring_bitmap_is_empty(bitmap) ||
                      roaring_bitmap_maximum(bitmap) < PEOPLE_NUMBER_END;
    enum status status = fits ? from_roaring(people, bitmap) : STATUS_CORRUPT;
    roaring_bitmap_free(bitmap);
    return status;
}

/* ---- the box ---- */

static enum status close_box(
    struct buffer *out, const uint8_t *plain, size_t size, const uint8_t *key)
{
    uint8_t *box;
    enum status status =
        buffer_extend(out, &box, NONCE_BYTES_SEAL + size + TAG_BYTES);
    if (status != STATUS_OK)
        return status;
    randombytes_buf(box, NONCE_BYTES_SEAL);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        box + NONCE_BYTES_SEAL, NULL, plain, size, NULL, 0, NULL, box, key);
    return STATUS_OK;
}

enum status people_seal(
    struct buffer *out, const struct people *people, const uint8_t *key)
{
    /* Two bytes a person is what an array of a Roaring bitmap takes. */
    const size_t bits = (bits_size(people) - sizeof bits_mark) * 8;
    if (bits > PEOPLE_NUMBER_END)
        return STATUS_TOO_LARGE;
    const bool as_bits = bits_size(people) <= 2 * people->count;
    roaring_bitmap_t *bitmap = as_bits ? NULL : to_roaring(people);
    if (!as_bits && bitmap == NULL)
        return STATUS_NO_MEMORY;
    size_t size = as_bits ? bits_size(people)
                          : roaring_bitmap_portable_size_in_bytes(bitmap);
    uint8_t *plain = malloc(size);
    enum status status = plain == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK) {
        if (as_bits)
            write_bits(people, plain, size);
        else
            roaring_bitmap_portable_serialize(bitmap, (char *)plain);
        status = close_box(out, plain, size, key);
        sodium_memzero(plain, size);
    }
    free(plain);
    if (bitmap != NULL)
        roaring_bitmap_free(bitmap);
    return status;
}

enum status people_unseal(
    struct people *out, struct view box, const uint8_t *key)
{
    *out = (struct people){0};
    if (box.size < NONCE_BYTES_SEAL + TAG_BYTES)
        return STATUS_CORRUPT;
    size_t size = box.size - NONCE_BYTES_SEAL - TAG_BYTES;
    uint8_t *plain = malloc(size + 1);
    if (plain == NULL)
        return STATUS_NO_MEMORY;
    enum status status = STATUS_CORRUPT;
    const struct view bytes = {plain, size};
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL,
            box.data + NONCE_BYTES_SEAL, box.size - NONCE_BYTES_SEAL, NULL, 0,
            box.data, key) == 0) {
        status = size >= sizeof bits_mark &&
                         memcmp(plain, bits_mark, sizeof bits_mark) == 0
                     ? read_bits(out, bytes)
                     : read_roaring(out, bytes);
    }
    sodium_memzero(plain, size);
    free(plain);
    if (status == STATUS_OK)
        people_count(out);
    return status;
}
