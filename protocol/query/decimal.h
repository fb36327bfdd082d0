/*
 * decimal: exact decimal numbers, mantissa * 10^exponent, as people write them.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_DECIMAL_H
#define COHORTIUM_PROTOCOL_QUERY_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/wire/status.h"

struct decimal {
    int64_t mantissa;
    int exponent; /* -18..18 */
};

/* [+-]digits[.digits][e[+-]digits], the whole of text[size], also ".7" and
 * "63."; STATUS_MALFORMED, or STATUS_OUT_OF_RANGE past 18 digits. */
enum status decimal_parse(struct decimal *out, const char *text, size_t size);
/* A JSON number as it was most likely written (shortest text that reads back
 * as the same double). */
enum status decimal_from_double(struct decimal *out, double value);
/* value / step to the nearest integer, half away from zero; *exact says
 * whether nothing was rounded. step > 0. STATUS_OUT_OF_RANGE past int32. */
enum status decimal_divide(
    int32_t *out, bool *exact, struct decimal value, struct decimal step);
/* count * step as the nearest double (one rounding). */
double decimal_multiple(int64_t count, struct decimal step);
/* The same for many counts: count * *times * *up / *down, where one of the last
 * two is 1. */
void decimal_factors(
    struct decimal step, double *times, double *up, double *down);
/* count * step as exact text, such as "54.3". */
#define DECIMAL_TEXT 48
void decimal_multiple_text(
    char out[DECIMAL_TEXT], int64_t count, struct decimal step);

#endif
