#include "protocol/analysis/vector.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "elements stand in memory as they stand on the wire"
#endif

enum status vector_init(struct vector *vector, size_t length)
{
    vector->length = 0;
    vector->elements = calloc(length > 0 ? length : 1, sizeof(int128));
    if (vector->elements == NULL)
        return STATUS_NO_MEMORY;
    vector->length = length;
    return STATUS_OK;
}

void vector_fini(struct vector *vector)
{
    /* Before it is masked it has a center's own figures. */
    if (vector->elements != NULL)
        sodium_memzero(
            vector->elements, vector->length * sizeof *vector->elements);
    free(vector->elements);
    *vector = (struct vector){0};
}

enum status vector_add(struct vector *sum, const struct vector *other)
{
    if (sum->length != other->length)
        return STATUS_MALFORMED;
    for (size_t i = 0; i < sum->length; i++)
        sum->elements[i] =
            (int128)((uint128)sum->elements[i] + (uint128)other->elements[i]);
    return STATUS_OK;
}

enum status vector_encode(const struct vector *vector, struct buffer *out)
{
    const struct view bytes = vector_view(vector);
    return buffer_append(out, bytes.data, bytes.size);
}

enum status vector_decode(
    struct vector *vector, size_t length, struct view bytes)
{
    *vector = (struct vector){0};
    if (bytes.size % VECTOR_ELEMENT_BYTES != 0 ||
        bytes.size / VECTOR_ELEMENT_BYTES != length)
        return STATUS_MALFORMED;
    enum status status = vector_init(vector, length);
    if (status != STATUS_OK)
        return status;
    if (bytes.size > 0)
        memcpy(vector->elements, bytes.data, bytes.size);
    return STATUS_OK;
}

static uint128 magnitude_of(int128 value)
{
    return value < 0 ? -(uint128)value : (uint128)value;
}

/* Exact long division: 64 bits of quotient, then one rounding into a double.
 * Bits are the same everywhere: only integers until the last step. */
double int128_ratio(int128 numerator, int128 denominator)
{
    uint128 rest = magnitude_of(numerator);
    uint128 divisor = magnitude_of(denominator);
    uint128 quotient = rest / divisor;
    int scale = 0;
    rest %= divisor;
    while (quotient >> 63 == 0 && rest != 0 && scale < 1100) {
        bool carry = rest >> 127 != 0;
        rest <<= 1;
        quotient <<= 1;
        if (carry || rest >= divisor) {
            rest -= divisor;
            quotient |= 1;
        }
        scale++;
    }
    if (rest != 0)
        quotient |= 1; /* sticky: no tie that is not one */
    double value = (double)quotient;
    while (scale > 0) {
        int step = scale > 60 ? 60 : scale;
        value /= (double)((uint64_t)1 << step);
        scale -= step;
    }
    return (numerator < 0) != (denominator < 0) ? -value : value;
}

void int128_text(char out[INT128_TEXT], int128 value)
{
    char digits[INT128_TEXT];
    int size = 0;
    uint128 magnitude = magnitude_of(value);
    do {
        digits[size++] = (char)('0' + (int)(magnitude % 10));
        magnitude /= 10;
    } while (magnitude > 0);
    if (value < 0)
        *out++ = '-';
    while (size > 0)
        *out++ = digits[--size];
    *out = '\0';
}
