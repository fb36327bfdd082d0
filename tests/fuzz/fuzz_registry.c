/* Rows of patients that somebody damaged, of every type of variable: what the
 * frame takes is within the dictionary, and every kind of scan bears it. */
#include "node/frame.h"
#include "node/store_internal.h"
#include "protocol/analysis/plan.h"
#include "tests/fuzz/fuzz_damage.h"

#define ROWS 24
#define DAMAGES 4

static const struct damage_column columns[] = {{"exam", "id", NULL},
    {"exam", "patient", NULL}, {"exam", "identifier", NULL},
    {"exam", "v_age", NULL}, {"exam", "v_lvef", NULL}, {"exam", "v_sex", NULL},
    {"exam", "v_mi", NULL}, {"exam", "v_old", NULL},
    {"exam", "v_followup", NULL}, {"exam", "v_shape", NULL},
    {"exam", "v_mesh", NULL}, {"patient", "pseudonym", NULL},
    {"patient", "identifier", NULL}, {"absence", "since", NULL},
    {"absence", "until", NULL}, {"exam", "since", NULL},
    {"exam", "until", NULL}, {"exam", "number", NULL}, {"meta", "value", NULL}};

static const char question[] =
    "{\"cohort\":\"age >= 0\",\"by\":[\"sex\"],\"analyses\":[{\"count\":{}},"
    "{\"summary\":{\"variables\":[\"age\",\"lvef\"]}},"
    "{\"frequency\":{\"variable\":\"sex\"}},"
    "{\"crosstab\":{\"rows\":\"sex\",\"columns\":\"mi\"}},"
    "{\"histogram\":{\"variable\":\"age\",\"width\":10}},"
    "{\"quantile\":{\"variable\":\"lvef\",\"probs\":[0.5]}},"
    "{\"km\":{\"formula\":\"Surv(followup, mi) ~ sex\",\"grid_days\":30}},"
    "{\"lm\":{\"formula\":\"lvef ~ age + sex\"}},"
    "{\"pca\":{\"vector\":\"shape\"}},{\"quality\":{}}]}";

static void put_rows(struct store *store)
{
    const struct dictionary *dictionary = fuzz_dictionary();
    int32_t *codes = calloc(dictionary->column_count, sizeof *codes);
    int64_t replaced;
    char patient[16], exam[16];
    REQUIRE(codes != NULL);
    for (int32_t i = 0; i < ROWS; i++) {
        for (size_t v = 0; v < dictionary->column_count; v++) {
            const struct variable *of = &dictionary->variables[v];
            codes[v] = of->min + (int32_t)((i * 7 + (int32_t)v) %
                                           ((int64_t)of->max - of->min + 1));
        }
        snprintf(patient, sizeof patient, "p%d", i / 2);
        snprintf(exam, sizeof exam, "e%d", i);
        const struct store_row row = {patient, exam, codes};
        REQUIRE(store_put_row(store, &row, &replaced) == STATUS_OK);
    }
    free(codes);
}

static enum status check_row(void *arg, const struct store_visited *row)
{
    const struct dictionary *dictionary = arg;
    const int32_t *codes = row->codes;
    for (size_t v = 0; v < dictionary->column_count; v++) {
        const struct variable *of = &dictionary->variables[v];
        REQUIRE(codes[v] == VALUE_MISSING || codes[v] == VALUE_REFUSED ||
                (codes[v] >= of->min && codes[v] <= of->max));
    }
    return STATUS_OK;
}

static void scan(const struct plan *plan, struct store *store)
{
    struct frame *frame = NULL;
    struct contribution contribution;
    struct store_view now;
    if (store_view_now(store, &now) == STATUS_OK &&
        frame_create(&frame, fuzz_dictionary(), store, &now) == STATUS_OK) {
        REQUIRE(store_visit_rows(store, &now, check_row,
                    (void *)fuzz_dictionary()) == STATUS_OK);
        REQUIRE(plan_contribute(plan, frame_rows(frame), 1, &contribution) ==
                STATUS_OK);
        REQUIRE(plan_check_vector(plan, &contribution.vector) == STATUS_OK);
        contribution_fini(&contribution);
    }
    frame_destroy(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct store *store;
    static sqlite3 *whole;
    static struct query *query;
    static struct plan *plan;
    struct diagnostic diagnostic;
    if (store == NULL) {
        diagnostic_init(&diagnostic, "fuzz");
        REQUIRE(store_open(&store, ":memory:", fuzz_dictionary()) == STATUS_OK);
        put_rows(store);
        whole = damage_keep(store->database);
        REQUIRE(query_parse(&query, view_of_text(question), fuzz_dictionary(),
                    &diagnostic) == STATUS_OK);
        REQUIRE(plan_create(&plan, query, fuzz_dictionary(), &diagnostic) ==
                STATUS_OK);
    }
    damage_copy(store->database, whole);
    damage(store->database, columns, sizeof columns / sizeof columns[0],
        DAMAGES, data, size);
    scan(plan, store);
    return 0;
}
