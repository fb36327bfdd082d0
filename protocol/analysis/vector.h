/*
 * vector: the summary vector, 128-bit integers in two's complement, added mod
 * 2^128. Integer addition is associative: however the patients are split over
 * centers, and in whatever order replies come, the sum is the same bytes.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_VECTOR_H
#define COHORTIUM_PROTOCOL_ANALYSIS_VECTOR_H

#include "protocol/wire/buffer.h"

typedef __int128 int128;
typedef unsigned __int128 uint128;

#define VECTOR_ELEMENT_BYTES 16

struct vector {
    size_t length;
    int128 *elements; /* zeroed at birth */
};

enum status vector_init(struct vector *vector, size_t length);
void vector_fini(struct vector *vector);
/* sum += other, mod 2^128. Lengths must be equal (STATUS_MALFORMED). */
enum status vector_add(struct vector *sum, const struct vector *other);
/* Its bytes, 16 an element, little-endian; borrowed. */
static inline struct view vector_view(const struct vector *vector)
{
    return (struct view){(const uint8_t *)vector->elements,
        vector->length * VECTOR_ELEMENT_BYTES};
}
/* The same, appended. */
enum status vector_encode(const struct vector *vector, struct buffer *out);
/* bytes.size must be exactly 16 * length. vector is initialised here. */
enum status vector_decode(
    struct vector *vector, size_t length, struct view bytes);

/* numerator / denominator as the nearest double but for one last-place error;
 * denominator > 0. The same bits on every machine. */
double int128_ratio(int128 numerator, int128 denominator);
/* Decimal text, as for tests and logs. */
#define INT128_TEXT 44
void int128_text(char out[INT128_TEXT], int128 value);

#endif
