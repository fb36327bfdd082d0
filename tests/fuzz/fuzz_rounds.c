/* A later round at a center: which question, then the body of ROUND as any
 * coordinator may tell it; every analysis reads its coefficients from there. */
#include "protocol/analysis/leverage.h"
#include "protocol/analysis/round_body.h"
#include "tests/fuzz/fuzz_questions.h"

/* What a node does with a round that it believes. */
static void contribute(const struct plan *plan, const struct rows *rows,
    const struct round_body *body, struct contribution *out)
{
    double *own = calloc(plan->value_count, sizeof *own);
    struct round round = {
        .number = 2, .values = body->values, .active = body->active};
    REQUIRE(own != NULL);
    REQUIRE(leverage_own_inverse(plan, rows, 1, &round, own) == STATUS_OK);
    round.own = own;
    REQUIRE(plan_contribute_round(plan, rows, 1, &round, out) == STATUS_OK);
    free(own);
}

/* A segment that is over says nothing, and no round counts more people than
 * there are. */
static void check_segments(const struct plan *plan,
    const struct round_body *body, const struct vector *vector)
{
    for (size_t i = 0; i < plan->segment_count; i++) {
        const struct segment *segment = &plan->segments[i];
        const int128 *elements = vector->elements + segment->first;
        const size_t length = plan->shapes[segment->analysis].length;
        for (size_t k = 0; body->active[i] == SEGMENT_OVER && k < length; k++)
            REQUIRE(elements[k] == 0);
        REQUIRE(elements[HEAD_PEOPLE] >= 0 &&
                elements[HEAD_PEOPLE] <= (int128)FUZZ_ROWS);
    }
}

static void take(const struct plan *plan, const struct round_body *body)
{
    static struct column columns[MADE_VARIABLES];
    struct contribution contribution;
    if (columns[0].data == NULL)
        table_columns(fuzz_table(), columns);
    const struct rows rows = {.count = FUZZ_ROWS,
        .patient_count = FUZZ_ROWS,
        .columns = columns,
        .center = 1};
    contribute(plan, &rows, body, &contribution);
    REQUIRE(contribution.vector.length == plan->vector_length);
    check_segments(plan, body, &contribution.vector);
    contribution_fini(&contribution);
}

/* What is read is what would be written. */
static void check_bytes(
    const struct plan *plan, const struct round_body *body, struct view bytes)
{
    struct buffer again;
    buffer_init(&again, BUFFER_LIMIT_DEFAULT);
    REQUIRE(round_body_write(body, plan, &again) == STATUS_OK);
    REQUIRE(view_equal(buffer_view(&again), bytes));
    buffer_fini(&again);
}

static void read_and_take(const struct plan *plan, struct view bytes)
{
    struct round_body body;
    if (round_body_read(&body, plan, bytes) == STATUS_OK) {
        check_bytes(plan, &body, bytes);
        take(plan, &body);
    }
    round_body_fini(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct plan *plan = fuzz_plan(data[0]);
    if (plan->value_count == 0)
        return 0; /* one round answers it */
    const size_t length =
        plan->segment_count + plan->value_count * sizeof(double);
    uint8_t *bytes = calloc(1, length + 1);
    REQUIRE(bytes != NULL);
    read_and_take(plan, fuzz_view(data + 1, size - 1));
    if (size - 1 < length) { /* the rest are zeros */
        memcpy(bytes, data + 1, size - 1);
        read_and_take(plan, (struct view){bytes, length});
    }
    free(bytes);
    return 0;
}
