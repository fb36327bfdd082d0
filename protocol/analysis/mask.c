#include "protocol/analysis/mask.h"

#include <string.h>

#include "protocol/analysis/kernel.h"

/* low <= x <= high as one unsigned comparison; missing lies outside, because
 * every interval lies above the sentinel. */
#define RANGE_KERNEL(name, type, unsigned_type)                                \
    KERNEL static void name(const type *restrict x, size_t count,              \
        struct interval range, bool add, uint8_t *restrict out)                \
    {                                                                          \
        const unsigned_type low = (unsigned_type)range.low;                    \
        const unsigned_type span =                                             \
            (unsigned_type)((unsigned_type)range.high - low);                  \
        if (add) {                                                             \
            for (size_t i = 0; i < count; i++)                                 \
                out[i] |= (unsigned_type)((unsigned_type)x[i] - low) <= span   \
                              ? 0xFF                                           \
                              : 0;                                             \
        } else {                                                               \
            for (size_t i = 0; i < count; i++)                                 \
                out[i] = (unsigned_type)((unsigned_type)x[i] - low) <= span    \
                             ? 0xFF                                            \
                             : 0;                                              \
        }                                                                      \
    }
RANGE_KERNEL(range_8, int8_t, uint8_t)
RANGE_KERNEL(range_16, int16_t, uint16_t)
RANGE_KERNEL(range_32, int32_t, uint32_t)

static void column_range(const struct column *column, size_t first,
    size_t count, struct interval range, bool add, uint8_t *out)
{
    switch (column->width) {
    case 1:
        range_8((const int8_t *)column->data + first, count, range, add, out);
        break;
    case 2:
        range_16((const int16_t *)column->data + first, count, range, add, out);
        break;
    default:
        range_32((const int32_t *)column->data + first, count, range, add, out);
    }
}

static struct interval missing_range(int width)
{
    int32_t missing = width == 1   ? INT8_MIN
                      : width == 2 ? INT16_MIN
                                   : INT32_MIN;
    return (struct interval){missing, missing};
}

static void leaf_mask(const struct cohort_node *leaf, const struct rows *rows,
    size_t first, size_t count, uint8_t *out)
{
    const struct column *column = &rows->columns[leaf->variable];
    if (column->width == 0) {
        memset(out, leaf->missing ? 0xFF : 0, count);
        return;
    }
    bool add = false;
    for (size_t i = 0; i < leaf->interval_count; i++, add = true)
        column_range(column, first, count, leaf->intervals[i], add, out);
    if (leaf->missing) {
        column_range(
            column, first, count, missing_range(column->width), add, out);
    } else if (!add) {
        memset(out, 0, count);
    }
}

KERNEL static void combine_and(
    uint8_t *restrict out, const uint8_t *restrict other, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] &= other[i];
}

KERNEL static void combine_or(
    uint8_t *restrict out, const uint8_t *restrict other, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] |= other[i];
}

struct mask_scan {
    const struct rows *rows;
    size_t first, count;
};

/* NOLINTNEXTLINE(misc-no-recursion): COHORT_DEPTH_MAX at most */
static void node_mask(const struct cohort_node *node,
    const struct mask_scan *scan, uint8_t *out, uint8_t *scratch)
{
    if (node->kind == COHORT_LEAF) {
        leaf_mask(node, scan->rows, scan->first, scan->count, out);
        return;
    }
    node_mask(node->children[0], scan, out, scratch);
    for (size_t i = 1; i < node->child_count; i++) {
        node_mask(node->children[i], scan, scratch, scratch + BLOCK_ROWS);
        if (node->kind == COHORT_AND)
            combine_and(out, scratch, scan->count);
        else
            combine_or(out, scratch, scan->count);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): COHORT_DEPTH_MAX at most */
static size_t node_depth(const struct cohort_node *node)
{
    size_t deepest = 0;
    for (size_t i = 0; i < node->child_count; i++) {
        size_t depth = node_depth(node->children[i]);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

size_t mask_scratch_blocks(const struct cohort *cohort)
{
    return cohort->root == NULL ? 1 : node_depth(cohort->root);
}

void mask_cohort(const struct cohort *cohort, const struct rows *rows,
    size_t first, size_t count, uint8_t *out, uint8_t *scratch)
{
    struct mask_scan scan = {rows, first, count};
    if (cohort->root == NULL)
        memset(out, 0xFF, count);
    else
        node_mask(cohort->root, &scan, out, scratch);
}

void mask_codes(const struct column *column, int32_t first_code,
    int32_t last_code, size_t first, size_t count, const uint8_t *in,
    uint8_t *out)
{
    if (column->width == 0) {
        memset(out, 0, count);
        return;
    }
    column_range(column, first, count, (struct interval){first_code, last_code},
        false, out);
    combine_and(out, in, count);
}

void mask_level(const struct column *column, int32_t code, size_t first,
    size_t count, const uint8_t *in, uint8_t *out)
{
    mask_codes(column, code, code, first, count, in, out);
}

#define KNOWN_KERNEL(name, type, missing)                                      \
    KERNEL static void name(                                                   \
        const type *restrict x, size_t count, const uint8_t *in, uint8_t *out) \
    {                                                                          \
        for (size_t i = 0; i < count; i++)                                     \
            out[i] = x[i] != (missing) ? in[i] : 0;                            \
    }
KNOWN_KERNEL(known_8, int8_t, INT8_MIN)
KNOWN_KERNEL(known_16, int16_t, INT16_MIN)
KNOWN_KERNEL(known_32, int32_t, INT32_MIN)

void mask_known(const struct column *column, size_t first, size_t count,
    const uint8_t *in, uint8_t *out)
{
    switch (column->width) {
    case 0: memset(out, 0, count); break;
    case 1:
        known_8((const int8_t *)column->data + first, count, in, out);
        break;
    case 2:
        known_16((const int16_t *)column->data + first, count, in, out);
        break;
    default: known_32((const int32_t *)column->data + first, count, in, out);
    }
}

KERNEL uint64_t mask_count(const uint8_t *mask, size_t count)
{
    uint64_t total = 0;
    while (count > 0) {
        size_t part = count < 255 ? count : 255;
        uint8_t ones = 0; /* 255 of them fit a byte */
        for (size_t i = 0; i < part; i++)
            ones = (uint8_t)(ones + (mask[i] & 1));
        total += ones;
        mask += part;
        count -= part;
    }
    return total;
}

void mask_first_of_patient(
    const uint32_t *patients, size_t count, uint8_t *mask, uint32_t *last)
{
    for (size_t i = 0; i < count; i++) {
        if (mask[i] == 0)
            continue;
        if (patients[i] == *last)
            mask[i] = 0;
        *last = patients[i];
    }
}
