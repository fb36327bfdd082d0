#include "policy/limits.h"

#include <stddef.h>

void limits_default(struct limits *limits)
{
    *limits = (struct limits){.min_cell = 11,
        .min_difference = 11,
        .rounding = 1,
        .dominance_one = 50,
        .dominance_two = 67,
        .p_percent = 10,
        .quantile_tail = 10,
        .moments_share = 10,
        .queries_per_day = 50,
        .queries_total = 500,
        .near_cohorts = 5};
}

void limits_open(struct limits *limits)
{
    *limits = (struct limits){.min_cell = 1,
        .min_difference = 1,
        .rounding = 1,
        .dominance_one = 100,
        .dominance_two = 100,
        .queries_per_day = 1000000,
        .queries_total = 1000000,
        .near_cohorts = 1000000};
}

/* One table for parsing, comparing and writing. */
struct limit_row {
    const char *name;
    size_t offset;
    int64_t min, max;
    bool larger_is_stricter;
};

#define LIMIT(name, min, max, larger)                                          \
    {                                                                          \
#name, offsetof(struct limits, name), min, max, larger                 \
    }
static const struct limit_row numbers[] = {
    LIMIT(min_cell, 1, 1000000, true),
    LIMIT(min_difference, 1, 1000000, true),
    LIMIT(rounding, 1, 1000, true),
    LIMIT(dominance_one, 1, 100, false),
    LIMIT(dominance_two, 1, 100, false),
    LIMIT(p_percent, 0, 100, true),
    LIMIT(quantile_tail, 0, 1000000, true),
    LIMIT(moments_share, 0, 1000000, true),
    LIMIT(queries_per_day, 1, 1000000, false),
    LIMIT(queries_total, 1, 1000000, false),
    LIMIT(near_cohorts, 1, 1000000, false),
};
static const struct limit_row switches[] = {
    LIMIT(hide_zeros, 0, 1, true),
    LIMIT(protect_missing, 0, 1, true),
};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static int64_t *number_of(struct limits *limits, const struct limit_row *row)
{
    return (int64_t *)((char *)limits + row->offset);
}

static bool *switch_of(struct limits *limits, const struct limit_row *row)
{
    return (bool *)((char *)limits + row->offset);
}

/* 2 would let one person out beside another. */
static enum status check_difference(struct limits *limits,
    const struct field *field, struct diagnostic *diagnostic)
{
    struct field member;
    if (!field_find(&member, field, "min_difference")) {
        limits->min_difference = limits->min_cell;
        return STATUS_OK;
    }
    if (limits->min_difference > limits->min_cell ||
        limits->min_difference == 2)
        return field_fail(&member, diagnostic,
            "min_difference is 1 (off), or from 3 to min_cell, which is %lld",
            (long long)limits->min_cell);
    return STATUS_OK;
}

enum status limits_parse(struct limits *limits, const struct field *field,
    struct diagnostic *diagnostic)
{
    const char *names[COUNT(numbers) + COUNT(switches)];
    struct field member;
    for (size_t i = 0; i < COUNT(numbers); i++)
        names[i] = numbers[i].name;
    for (size_t i = 0; i < COUNT(switches); i++)
        names[COUNT(numbers) + i] = switches[i].name;
    limits_default(limits);
    enum status status =
        field_expect_object(field, names, COUNT(names), diagnostic);
    for (size_t i = 0; status == STATUS_OK && i < COUNT(numbers); i++) {
        if (field_find(&member, field, numbers[i].name))
            status = field_integer(&member, number_of(limits, &numbers[i]),
                numbers[i].min, numbers[i].max, diagnostic);
    }
    for (size_t i = 0; status == STATUS_OK && i < COUNT(switches); i++) {
        if (field_find(&member, field, switches[i].name))
            status = field_boolean(
                &member, switch_of(limits, &switches[i]), diagnostic);
    }
    return status == STATUS_OK ? check_difference(limits, field, diagnostic)
                               : status;
}

void limits_stricter(
    struct limits *out, const struct limits *a, const struct limits *b)
{
    struct limits result = *a, other = *b;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        int64_t *mine = number_of(&result, &numbers[i]);
        int64_t theirs = *number_of(&other, &numbers[i]);
        if ((theirs > *mine) == numbers[i].larger_is_stricter)
            *mine = theirs;
    }
    for (size_t i = 0; i < COUNT(switches); i++)
        *switch_of(&result, &switches[i]) |= *switch_of(&other, &switches[i]);
    *out = result;
}

bool limits_equal(const struct limits *a, const struct limits *b)
{
    struct limits one = *a, other = *b;
    bool equal = true;
    for (size_t i = 0; i < COUNT(numbers); i++)
        equal = equal && *number_of(&one, &numbers[i]) ==
                             *number_of(&other, &numbers[i]);
    for (size_t i = 0; i < COUNT(switches); i++)
        equal = equal && *switch_of(&one, &switches[i]) ==
                             *switch_of(&other, &switches[i]);
    return equal;
}

json_t *limits_json(const struct limits *limits)
{
    struct limits copy = *limits;
    json_t *out = json_object();
    for (size_t i = 0; i < COUNT(numbers); i++)
        json_object_set_new(
            out, numbers[i].name, json_integer(*number_of(&copy, &numbers[i])));
    for (size_t i = 0; i < COUNT(switches); i++)
        json_object_set_new(out, switches[i].name,
            json_boolean(*switch_of(&copy, &switches[i])));
    return out;
}
