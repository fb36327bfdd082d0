/* count: rows and patients of the cohort. R: nrow. */
#include "protocol/analysis/analysis.h"
#include "protocol/analysis/sets.h"

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    (void)analysis;
    (void)dictionary;
    return field_expect_object(parameters, NULL, 0, diagnostic);
}

static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    (void)analysis;
    (void)dictionary;
    *out = (struct shape){.length = SEGMENT_HEAD};
    return STATUS_OK;
}

static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)analysis;
    (void)shape_;
    return 0;
}

/* The head of the segment says it all. */
static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    (void)analysis;
    (void)shape_;
    (void)block;
    (void)state;
    (void)elements;
    (void)facts;
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    (void)analysis;
    (void)shape_;
    (void)dictionary;
    (void)min_cell;
    json_int_t rows = (json_int_t)elements[HEAD_ROWS];
    json_int_t people = (json_int_t)elements[HEAD_PEOPLE];
    json_object_set_new(out, "n", json_integer(rows));
    json_object_set_new(out, "patients", json_integer(people));
    json_object_set_new(out, "missing", json_integer(0));
    json_object_set_new(
        out, "table", json_pack("[{s:I, s:I}]", "n", rows, "patients", people));
    return STATUS_OK;
}

const struct analysis_kind analysis_count = {
    .name = "count",
    .summary = "rows and patients of the cohort",
    .tells_sums = true,
    .parse = parse,
    .shape = shape,
    .parts = parts_of_level,
    .state_size = state_size,
    .contribute = contribute,
    .finish = finish,
};
