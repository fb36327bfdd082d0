#include "protocol/query/decimal.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 18
#define EXPONENT_MAX 18

static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000,
    10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
    10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
    100000000000000000, 1000000000000000000};

struct reading {
    const char *at, *end;
    int64_t mantissa;
    int digits; /* of the mantissa so far */
    int zeros;  /* behind them, which count once another digit comes */
    int exponent;
    bool any;
};

static enum status take_digit(struct reading *r, int digit)
{
    r->any = true;
    if (digit == 0) {
        r->zeros += r->digits > 0;
        return STATUS_OK;
    }
    if (r->digits + r->zeros >= DIGITS_MAX)
        return STATUS_OUT_OF_RANGE;
    r->mantissa = r->mantissa * powers[r->zeros + 1] + digit;
    r->digits += r->zeros + 1;
    r->zeros = 0;
    return STATUS_OK;
}

static bool at_digit(const struct reading *r)
{
    return r->at < r->end && isdigit((unsigned char)*r->at);
}

static enum status take_digits(struct reading *r, int exponent_step)
{
    for (; at_digit(r); r->at++) {
        enum status status = take_digit(r, *r->at - '0');
        if (status != STATUS_OK)
            return status;
        r->exponent -= exponent_step;
    }
    return STATUS_OK;
}

static enum status take_exponent(struct reading *r)
{
    if (r->at == r->end || (*r->at != 'e' && *r->at != 'E'))
        return STATUS_OK;
    r->at++;
    int sign = 1, value = 0;
    if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
        sign = *r->at++ == '-' ? -1 : 1;
    if (!at_digit(r))
        return STATUS_MALFORMED;
    for (; at_digit(r); r->at++) {
        if (value > 99)
            return STATUS_OUT_OF_RANGE;
        value = value * 10 + (*r->at - '0');
    }
    r->exponent += sign * value;
    return STATUS_OK;
}

/* Exponent in range; the mantissa has no zeros at its end. */
static enum status normalise(struct decimal *out, struct reading *r)
{
    r->exponent = r->mantissa == 0 ? 0 : r->exponent + r->zeros;
    if (r->exponent < -EXPONENT_MAX || r->exponent > EXPONENT_MAX)
        return STATUS_OUT_OF_RANGE;
    *out = (struct decimal){r->mantissa, r->exponent};
    return STATUS_OK;
}

enum status decimal_parse(struct decimal *out, const char *text, size_t size)
{
    struct reading r = {.at = text, .end = text + size};
    int sign = 1;
    if (r.at < r.end && (*r.at == '+' || *r.at == '-'))
        sign = *r.at++ == '-' ? -1 : 1;
    enum status status = take_digits(&r, 0);
    if (status == STATUS_OK && r.at < r.end && *r.at == '.') {
        r.at++;
        status = take_digits(&r, 1);
    }
    if (status == STATUS_OK && !r.any)
        status = STATUS_MALFORMED;
    if (status == STATUS_OK)
        status = take_exponent(&r);
    if (status == STATUS_OK && r.at != r.end)
        status = STATUS_MALFORMED;
    r.mantissa *= sign;
    return status == STATUS_OK ? normalise(out, &r) : status;
}

enum status decimal_from_double(struct decimal *out, double value)
{
    char text[40];
    if (!isfinite(value))
        return STATUS_OUT_OF_RANGE;
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return decimal_parse(out, text, strlen(text));
}

enum status decimal_divide(
    int32_t *out, bool *exact, struct decimal value, struct decimal step)
{
    __int128 numerator = value.mantissa, denominator = step.mantissa;
    int shift = value.exponent - step.exponent;
    if (step.mantissa <= 0)
        return STATUS_OUT_OF_RANGE;
    *exact = true;
    /* Mantissas hold 18 digits, so 19 more fit into 128 bits. */
    for (; shift > 0; shift--) {
        numerator *= 10;
        if (numerator > (__int128)INT32_MAX * denominator * 20 ||
            numerator < (__int128)INT32_MIN * denominator * 20)
            return STATUS_OUT_OF_RANGE;
    }
    if (shift < -19) {
        *out = 0;
        *exact = numerator == 0;
        return STATUS_OK;
    }
    for (; shift < 0; shift++)
        denominator *= 10;
    bool negative = numerator < 0;
    __int128 magnitude = negative ? -numerator : numerator;
    __int128 quotient = magnitude / denominator;
    __int128 rest = magnitude % denominator;
    *exact = rest == 0;
    if (2 * rest >= denominator)
        quotient++;
    if (quotient > INT32_MAX)
        return STATUS_OUT_OF_RANGE;
    *out = (int32_t)(negative ? -quotient : quotient);
    return STATUS_OK;
}

double decimal_multiple(int64_t count, struct decimal step)
{
    /* count * mantissa is exact below 2^53, and 10^k up to k = 22, so that one
     * division or multiplication rounds once. */
    double product = (double)((__int128)count * step.mantissa);
    return step.exponent < 0 ? product / (double)powers[-step.exponent]
                             : product * (double)powers[step.exponent];
}

void decimal_factors(
    struct decimal step, double *times, double *up, double *down)
{
    *times = (double)step.mantissa;
    *up = step.exponent > 0 ? (double)powers[step.exponent] : 1.0;
    *down = step.exponent < 0 ? (double)powers[-step.exponent] : 1.0;
}

void decimal_multiple_text(
    char out[DECIMAL_TEXT], int64_t count, struct decimal step)
{
    __int128 product = (__int128)count * step.mantissa;
    bool negative = product < 0;
    unsigned __int128 magnitude =
        negative ? -(unsigned __int128)product : (unsigned __int128)product;
    char digits[DECIMAL_TEXT] = {0};
    int size = 0;
    int point = step.exponent < 0 ? -step.exponent : 0;
    for (int i = 0; i < step.exponent; i++)
        digits[size++] = '0';
    if (magnitude == 0)
        size = 0;
    do {
        digits[size++] = (char)('0' + (int)(magnitude % 10));
        magnitude /= 10;
    } while ((magnitude > 0 || size <= point) && size < DECIMAL_TEXT - 4);
    char *at = out;
    if (negative)
        *at++ = '-';
    while (size > point)
        *at++ = digits[--size];
    if (point > 0)
        *at++ = '.';
    while (size > 0)
        *at++ = digits[--size];
    *at = '\0';
}
