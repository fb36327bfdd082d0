/* The rounds of a fit at the office: which question, the least cell, then what
 * centers may give: an honest first round with changes, and sums of later
 * rounds that are honest, honest with changes, or anything. What comes of them
 * is told, read by a center, and ends in a result. */
#include "protocol/analysis/fit.h"
#include "protocol/analysis/round_body.h"
#include "tests/fuzz/fuzz_questions.h"

#define ROUNDS 12

struct bytes {
    const uint8_t *data;
    size_t size;
};

static uint64_t draw(struct bytes *bytes, size_t count)
{
    uint64_t drawn = 0;
    for (size_t i = 0; i < count && bytes->size > 0; i++) {
        drawn |= (uint64_t)*bytes->data << (8 * i);
        bytes->data++;
        bytes->size--;
    }
    return drawn;
}

/* The honest sums of a round; round NULL: of the first. */
static void count(
    const struct plan *plan, const struct round *round, struct vector *out)
{
    static struct column columns[MADE_VARIABLES];
    struct contribution contribution;
    if (columns[0].data == NULL)
        table_columns(fuzz_table(), columns);
    const struct rows rows = {
        .count = FUZZ_ROWS, .patient_count = FUZZ_ROWS, .columns = columns};
    REQUIRE((round == NULL ? plan_contribute(plan, &rows, 1, &contribution)
                           : plan_contribute_round(plan, &rows, 1, round,
                                 &contribution)) == STATUS_OK);
    REQUIRE(vector_init(out, plan->vector_length) == STATUS_OK);
    REQUIRE(vector_add(out, &contribution.vector) == STATUS_OK);
    contribution_fini(&contribution);
}

/* Changes of single elements: how many, then where (2 bytes) and what: shifted
 * by so many bits, so that every size comes. */
static void change(struct vector *vector, struct bytes *bytes)
{
    for (uint64_t i = draw(bytes, 1) % 16; i > 0 && bytes->size > 0; i--) {
        const size_t at = (size_t)draw(bytes, 2) % vector->length;
        const uint64_t shift = draw(bytes, 1);
        const uint128 value = (uint128)(int128)(int8_t)draw(bytes, 1)
                              << (shift % 128);
        vector->elements[at] =
            (int128)((shift & 128) != 0
                         ? value
                         : (uint128)vector->elements[at] + value);
    }
}

static void finish(const struct fit *fit, int64_t min_cell)
{
    json_t *results = NULL;
    REQUIRE(fit_finish(fit, min_cell, &results) == STATUS_OK);
    REQUIRE(json_array_size(results) == fit->plan->segment_count);
    json_decref(results);
}

/* What the centers are told, they can read. */
static void tell(const struct fit *fit)
{
    struct round_body body;
    struct buffer told;
    buffer_init(&told, BUFFER_LIMIT_DEFAULT);
    REQUIRE(fit_write(fit, &told) == STATUS_OK);
    if (fit->plan->value_count > 0) {
        REQUIRE(
            round_body_read(&body, fit->plan, buffer_view(&told)) == STATUS_OK);
        round_body_fini(&body);
    }
    buffer_fini(&told);
}

static void next_round(struct fit *fit, struct bytes *bytes)
{
    struct vector sum;
    const struct round round = {
        .number = fit->number, .values = fit->values, .active = fit->active};
    tell(fit);
    count(fit->plan, &round, &sum);
    change(&sum, bytes);
    REQUIRE(fit_advance(fit, &sum) == STATUS_OK);
    vector_fini(&sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = {data, size};
    struct fit *fit = NULL;
    struct vector first;
    const struct plan *plan = fuzz_plan((size_t)draw(&bytes, 1));
    const int64_t min_cell = 1 + (int64_t)(draw(&bytes, 1) % 16);
    count(plan, NULL, &first);
    change(&first, &bytes);
    if (plan_check_vector(plan, &first) == STATUS_OK) {
        REQUIRE(fit_create(&fit, plan, &first, min_cell) == STATUS_OK);
        for (int i = 0; i < ROUNDS && !fit->over; i++)
            next_round(fit, &bytes);
        finish(fit, min_cell);
    }
    fit_destroy(fit);
    vector_fini(&first);
    return 0;
}
