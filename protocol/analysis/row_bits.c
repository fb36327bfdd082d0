#include "protocol/analysis/row_bits.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/bits.h"

#define WORD_BITS 64

/* Rows of one patient stand together: where they end. */
static size_t end_of_patient(const struct rows *rows, size_t first)
{
    size_t end = first + 1;
    while (rows->patients != NULL && end < rows->count &&
           rows->patients[end] == rows->patients[first])
        end++;
    return end;
}

/* of[n]: rows of patients with n exams. *most: the largest n. */
static uint32_t *count_exams(const struct rows *rows, size_t *most)
{
    *most = 0;
    for (size_t at = 0, end; at < rows->count; at = end) {
        end = end_of_patient(rows, at);
        *most = end - at > *most ? end - at : *most;
    }
    uint32_t *of = calloc(*most + 1, sizeof *of);
    for (size_t at = 0, end; of != NULL && at < rows->count; at = end) {
        end = end_of_patient(rows, at);
        of[end - at] += (uint32_t)(end - at);
    }
    return of;
}

/* Behind it of[n] is the place of the class's next row. */
static enum status make_classes(
    struct row_order *order, uint32_t *of, size_t most)
{
    size_t count = 0;
    for (size_t n = 1; n <= most; n++)
        count += of[n] > 0;
    order->classes = calloc(count + 1, sizeof *order->classes);
    if (order->classes == NULL)
        return STATUS_NO_MEMORY;
    for (size_t n = 1; n <= most; n++) {
        if (of[n] == 0)
            continue;
        struct row_class *class = &order->classes[order->class_count++];
        class->weight = ROW_WEIGHT_UNIT / (int64_t)n;
        class->first = order->word_count;
        class->end = class->first + (of[n] + WORD_BITS - 1) / WORD_BITS;
        order->word_count = class->end;
        of[n] = (uint32_t)(class->first * WORD_BITS);
    }
    return STATUS_OK;
}

static void place_rows(
    struct row_order *order, const struct rows *rows, uint32_t *of)
{
    memset(
        order->rows, 0xFF, order->word_count * WORD_BITS * sizeof *order->rows);
    for (size_t at = 0, end; at < rows->count; at = end) {
        end = end_of_patient(rows, at);
        uint32_t *next = &of[end - at];
        for (size_t row = at; row < end; row++, ++*next) {
            order->bits[row] = *next;
            order->rows[*next] = (uint32_t)row;
        }
    }
}

enum status row_order_init(struct row_order *order, const struct rows *rows)
{
    size_t most;
    *order = (struct row_order){.row_count = rows->count};
    uint32_t *of = count_exams(rows, &most);
    enum status status =
        of == NULL ? STATUS_NO_MEMORY : make_classes(order, of, most);
    if (status == STATUS_OK) {
        order->bits = calloc(rows->count + 1, sizeof *order->bits);
        order->rows =
            calloc(order->word_count * WORD_BITS + 1, sizeof *order->rows);
        if (order->bits == NULL || order->rows == NULL)
            status = STATUS_NO_MEMORY;
        else
            place_rows(order, rows, of);
    }
    free(of);
    if (status != STATUS_OK)
        row_order_fini(order);
    return status;
}

void row_order_fini(struct row_order *order)
{
    free(order->classes);
    free(order->bits);
    free(order->rows);
    *order = (struct row_order){0};
}

void row_bits_set(
    const struct row_order *order, const uint8_t *mask, uint64_t *words)
{
    memset(words, 0, order->word_count * sizeof *words);
    for (size_t i = 0; i < order->row_count; i++)
        words[order->bits[i] / WORD_BITS] |= (uint64_t)(mask[i] != 0)
                                             << order->bits[i] % WORD_BITS;
}

int64_t row_bits_weigh_common(
    const struct row_order *order, const uint64_t *a, const uint64_t *b)
{
    int64_t weight = 0;
    for (size_t c = 0; c < order->class_count; c++) {
        const struct row_class *class = &order->classes[c];
        weight +=
            class->weight * (int64_t)bits_common(a + class->first,
                                b + class->first, class->end - class->first);
    }
    return weight;
}

int64_t row_bits_weigh(const struct row_order *order, const uint64_t *a)
{
    return row_bits_weigh_common(order, a, a);
}

void row_bits_add(const struct row_order *order, const uint64_t *words,
    int coefficient, int16_t *counts)
{
    for (size_t i = 0; i < order->word_count; i++) {
        for (uint64_t word = words[i]; word != 0; word &= word - 1) {
            int16_t *count =
                &counts[order->rows[i * WORD_BITS +
                                    (size_t)__builtin_ctzll(word)]];
            *count = (int16_t)(*count + coefficient);
        }
    }
}
