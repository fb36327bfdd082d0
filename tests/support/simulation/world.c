#include "tests/support/simulation/world.h"

#include <stdlib.h>
#include <string.h>

#include "policy/disclosure.h"
#include "protocol/analysis/fit.h"
#include "protocol/analysis/leverage.h"
#include "tests/support/seeded.h"

#define STREAM 9
#define WORLDS_MAX 128
#define MIN_CELL 5 /* of cast_study */
#define ROWS_MIN                                                               \
    60 /* one of each age: cohorts differ by ten people or none                \
        */

char world_case[256] = "before the first seed";

void world_fail(const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "\nFAILED %s\n  ", world_case);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1); /* NOLINT(concurrency-mt-unsafe): one thread */
}

void world_must(enum status status, const char *what)
{
    if (status != STATUS_OK)
        world_fail("%s: %s", what, status_name(status));
}

/* ---- rows ---- */

enum { AGE, SEX };

static const char *const question_texts[WORLD_KINDS] = {
    "{\"study\": \"first\", \"cohort\": \"age >= 18\", \"analyses\":"
    " [{\"count\": {}}, {\"summary\": {\"variables\": [\"age\"]}}]}",
    "{\"study\": \"first\", \"cohort\": \"age >= 40\", \"by\": [\"sex\"],"
    " \"analyses\": [{\"count\": {}}]}",
    "{\"study\": \"first\", \"cohort\": \"age >= 30\", \"analyses\":"
    " [{\"glm\": {\"formula\": \"age ~ sex\", \"family\": \"poisson\"}}]}",
    "{\"study\": \"first\", \"cohort\": \"age >= 30\", \"analyses\":"
    " [{\"glm\": {\"formula\": \"age ~ sex\", \"family\": \"gaussian\"}},"
    " {\"lm\": {\"formula\": \"age ~ sex\"}}]}",
};

static void code_row(size_t center, size_t row, int32_t codes[WORLD_VARIABLES])
{
    codes[AGE] = (int32_t)(20 + (7 * row + 3 * center) % 60);
    codes[SEX] = (int32_t)((row / 3 + center) % 2);
}

size_t world_row_count(const struct world *world, size_t center)
{
    return world->first_row[center + 1] - world->first_row[center];
}

void world_row(const struct world *world, size_t center, size_t row,
    int32_t codes[WORLD_VARIABLES])
{
    (void)world;
    code_row(center, row, codes);
}

/* Rows of the chosen centers as columns; *space is freed by the caller. */
static struct rows pool(const struct world *world, const bool *in,
    struct column columns[WORLD_VARIABLES], int8_t **space)
{
    const size_t room = (world->first_row[world->count] + 127) / 64 * 64;
    int8_t *data = aligned_alloc(64, room * WORLD_VARIABLES);
    size_t at = 0;
    WORLD_REQUIRE(data != NULL);
    memset(data, 0, room * WORLD_VARIABLES);
    for (size_t c = 0; c < world->count; c++) {
        for (size_t r = 0; in[c] && r < world_row_count(world, c); r++, at++) {
            int32_t codes[WORLD_VARIABLES];
            code_row(c, r, codes);
            for (size_t v = 0; v < WORLD_VARIABLES; v++)
                data[v * room + at] = (int8_t)codes[v];
        }
    }
    for (size_t v = 0; v < WORLD_VARIABLES; v++)
        columns[v] = (struct column){1, data + v * room};
    *space = data;
    return (struct rows){.count = at, .patient_count = at, .columns = columns};
}

/* ---- questions, and what they must give ---- */

struct world_question {
    struct query *query;
    struct plan *plan;
    struct buffer *vectors;            /* one a center */
    json_t *results[1 << WORLD_SMALL]; /* by centers, as bits; NULL: not yet */
};

static const struct world_question *question_of(
    const struct world *world, size_t kind)
{
    return world->questions[kind];
}

static void contribute(const struct world *world,
    const struct world_question *question, const bool *in,
    const struct round *round, struct contribution *out)
{
    struct column columns[WORLD_VARIABLES];
    int8_t *space;
    const struct rows rows = pool(world, in, columns, &space);
    world_must(round == NULL ? plan_contribute(question->plan, &rows, 1, out)
                             : plan_contribute_round(
                                   question->plan, &rows, 1, round, out),
        "contribute");
    free(space);
}

/* A center's own figures after every rule, as it has them where sums are not
 * what protects. No fit of this world is kept back: its later rounds are those
 * of the pooled rows. */
static void apply_rules(const struct world *world,
    const struct world_question *question, size_t center,
    struct contribution *own)
{
    struct column columns[WORLD_VARIABLES];
    bool in[WORLD_CENTERS_MAX] = {false};
    struct disclosure_report report;
    struct limits limits;
    int8_t *space;
    enum leverage_verdict *verdicts =
        calloc(question->plan->segment_count, sizeof *verdicts);
    WORLD_REQUIRE(verdicts != NULL);
    in[center] = true;
    const struct rows rows = pool(world, in, columns, &space);
    limits_default(&limits);
    limits.min_cell = MIN_CELL;
    world_must(
        leverage_review_own(question->plan, &rows, 1, MIN_CELL, verdicts),
        "leverage");
    own->verdicts = verdicts;
    world_must(disclosure_apply(
                   question->plan, &limits, rows.patient_count, own, &report),
        "rules");
    own->verdicts = NULL;
    for (size_t rule = 0; rule < RULE_COUNT; rule++)
        WORLD_REQUIRE(
            report.withheld[rule] == 0 || !question->plan->value_count);
    free(verdicts);
    free(space);
}

static void make_vector(const struct world *world,
    const struct world_question *question, size_t center)
{
    struct contribution own = {0};
    bool in[WORLD_CENTERS_MAX] = {false};
    in[center] = true;
    buffer_init(&question->vectors[center], BUFFER_LIMIT_DEFAULT);
    contribute(world, question, in, NULL, &own);
    if (world->privacy == PRIVACY_SITE || world->privacy == PRIVACY_PLAIN)
        apply_rules(world, question, center, &own);
    world_must(
        vector_encode(&own.vector, &question->vectors[center]), "encode");
    contribution_fini(&own);
}

static struct world_question *make_question(
    const struct world *world, size_t kind)
{
    struct world_question *question = calloc(1, sizeof *question);
    struct diagnostic diagnostic;
    WORLD_REQUIRE(question != NULL);
    diagnostic_init(&diagnostic, "question");
    world_must(query_parse(&question->query, view_of_text(question_texts[kind]),
                   world->cast.dictionary, &diagnostic),
        diagnostic.message);
    world_must(plan_create(&question->plan, question->query,
                   world->cast.dictionary, &diagnostic),
        diagnostic.message);
    question->vectors = calloc(world->count, sizeof *question->vectors);
    WORLD_REQUIRE(question->vectors != NULL);
    for (size_t c = 0; c < world->count; c++)
        make_vector(world, question, c);
    return question;
}

/* The first sum, as the office has it before anything is finished from it. */
static void sum_first(const struct world *world,
    const struct world_question *question, const bool *in,
    const struct view *given, struct contribution *first)
{
    contribute(world, question, in, NULL, first);
    if (world->privacy == PRIVACY_SUM)
        return;
    memset(first->vector.elements, 0,
        first->vector.length * sizeof *first->vector.elements);
    for (size_t c = 0; c < world->count; c++) {
        struct vector own = {.length = 0};
        if (!in[c])
            continue;
        world_must(
            vector_decode(&own, first->vector.length,
                given == NULL ? buffer_view(&question->vectors[c]) : given[c]),
            "figures");
        world_must(vector_add(&first->vector, &own), "figures");
        vector_fini(&own);
    }
    if (world->privacy == PRIVACY_NOISE)
        budget_read_sum(question->plan, &first->vector);
}

static json_t *fit_all(const struct world *world,
    const struct world_question *question, const bool *in,
    const struct view *given)
{
    struct contribution first = {0};
    struct fit *fit = NULL;
    json_t *results = NULL;
    sum_first(world, question, in, given, &first);
    world_must(
        fit_create(&fit, question->plan, &first.vector, MIN_CELL), "fit");
    while (!fit->over) {
        const struct round round = {.number = fit->number,
            .values = fit->values,
            .active = fit->active};
        struct contribution sum = {0};
        contribute(world, question, in, &round, &sum);
        world_must(fit_advance(fit, &sum.vector), "advance");
        contribution_fini(&sum);
    }
    world_must(fit_finish(fit, MIN_CELL, &results), "finish");
    fit_destroy(fit);
    contribution_fini(&first);
    return results;
}

json_t *world_results(const struct world *world, size_t kind, const bool *in,
    const struct view *given)
{
    struct world_question *question = world->questions[kind];
    size_t bits = 0;
    if (world->count > WORLD_SMALL || given != NULL)
        return fit_all(world, question, in, given);
    for (size_t c = 0; c < world->count; c++)
        bits |= (size_t)in[c] << c;
    if (question->results[bits] == NULL)
        question->results[bits] = fit_all(world, question, in, NULL);
    return json_incref(question->results[bits]);
}

struct view world_vector(const struct world *world, size_t kind, size_t center)
{
    return buffer_view(&question_of(world, kind)->vectors[center]);
}

size_t world_vector_length(const struct world *world, size_t kind)
{
    return question_of(world, kind)->plan->vector_length;
}

size_t world_round_size(const struct world *world, size_t kind)
{
    const struct plan *plan = question_of(world, kind)->plan;
    return plan->segment_count + plan->value_count * sizeof(double);
}

static struct digest sign(struct buffer *out, const char *type, json_t *payload,
    struct keypair *const *signers, size_t count)
{
    struct envelope *envelope = document_sign(type, payload, signers, count);
    const struct digest id = envelope_id(envelope);
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    world_must(envelope_encode(envelope, out), type);
    envelope_destroy(envelope);
    return id;
}

void world_query(const struct world *world, size_t kind, uint32_t number,
    struct buffer *out, struct digest *id)
{
    struct query_seal seal = {.study_id = world->study_id,
        .dictionary_id = world->cast.dictionary->digest,
        .expires = WORLD_START + 86400};
    struct buffer payload;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "query");
    buffer_init(&payload, BUFFER_LIMIT_DEFAULT);
    memcpy(seal.nonce, &number, sizeof number);
    world_must(query_seal(&payload, view_of_text(question_texts[kind]), &seal,
                   &diagnostic),
        diagnostic.message);
    *id = sign(out, TYPE_QUERY, json_loads(buffer_text(&payload), 0, NULL),
        &world->cast.researcher, 1);
    buffer_fini(&payload);
}

/* ---- birth ---- */

static void make_keys(struct world *world)
{
    char name[32];
    cast_create(&world->cast);
    for (size_t i = 0; i < world->count; i++) {
        snprintf(name, sizeof name, "center-%zu", i);
        if (i < CENTERS)
            world->centers[i] = world->cast.centers[i];
        else
            world_must(keypair_create(&world->centers[i], name), name);
    }
}

static void make_documents(struct world *world)
{
    struct cast *cast = &world->cast;
    const size_t of_cast = world->count < CENTERS ? world->count : CENTERS;
    char privacy[32];
    json_t *roster = cast_roster(cast, 1, of_cast);
    for (size_t i = CENTERS; i < world->count; i++)
        json_array_append_new(
            json_object_get(roster, "centers"), cast_card(world->centers[i]));
    world->roster_id =
        sign(&world->roster, TYPE_ROSTER, roster, cast->committee, COMMITTEE);
    json_t *study = cast_study(cast, "first", world->min_centers);
    snprintf(
        privacy, sizeof privacy, "\"%s\"", study_privacy_name(world->privacy));
    document_change(study, "privacy", privacy);
    document_change(study, "limits/min_difference", "1");
    document_change(study, "analyses/+", "\"glm\"");
    document_change(study, "analyses/+", "\"lm\"");
    world->study_id =
        sign(&world->study, TYPE_STUDY, study, &cast->researcher, 1);
    for (size_t i = 0; i < COMMITTEE; i++) {
        (void)sign(&world->approvals[i], TYPE_APPROVAL,
            cast_approval(&world->study_id, "approve", "2027-01-14T08:00:00Z"),
            &cast->committee[i], 1);
    }
}

static struct world *make_world(struct world_terms terms)
{
    struct world *world = calloc(1, sizeof *world);
    const size_t count = terms.count;
    WORLD_REQUIRE(world != NULL && count >= 3 && count <= WORLD_CENTERS_MAX);
    seeded_start(STREAM, count);
    world->count = count;
    world->min_centers = terms.min_centers;
    world->privacy = terms.privacy;
    world->kinds = terms.privacy == PRIVACY_NOISE ? WORLD_NOISY : WORLD_KINDS;
    for (size_t c = 0; c < count; c++)
        world->first_row[c + 1] = world->first_row[c] + ROWS_MIN + 6 * (c % 7);
    make_keys(world);
    make_documents(world);
    for (size_t kind = 0; kind < WORLD_KINDS; kind++)
        world->questions[kind] = make_question(world, kind);
    return world;
}

const struct world *world_get(struct world_terms terms)
{
    static struct world *worlds[WORLDS_MAX];
    size_t at = 0;
    while (at < WORLDS_MAX && worlds[at] != NULL &&
           (worlds[at]->count != terms.count ||
               worlds[at]->min_centers != terms.min_centers ||
               worlds[at]->privacy != terms.privacy))
        at++;
    WORLD_REQUIRE(at < WORLDS_MAX);
    if (worlds[at] == NULL)
        worlds[at] = make_world(terms);
    return worlds[at];
}

int64_t world_price_nano(void)
{
    struct budget_terms terms;
    budget_default(&terms);
    return terms.query_rho_nano;
}

size_t world_find(const struct world *world, const char *name)
{
    size_t at = 0;
    while (at < world->count &&
           strcmp(keypair_identity(world->centers[at])->name, name) != 0)
        at++;
    return at;
}
