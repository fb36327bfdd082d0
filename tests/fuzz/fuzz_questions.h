/*
 * fuzz_questions: questions of every analysis, those of several rounds in many
 * ways, over the small table of tests/unit/catalogue_fixture.h.
 */
#ifndef COHORTIUM_TESTS_FUZZ_FUZZ_QUESTIONS_H
#define COHORTIUM_TESTS_FUZZ_FUZZ_QUESTIONS_H

#include "protocol/analysis/analysis.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/analysis_fixture.h"
#include "tests/unit/catalogue_fixture.h"

static const char *const fuzz_questions[] = {
    "{\"glm\":{\"formula\":\"event ~ x + group\",\"family\":\"binomial\"}}",
    "{\"glm\":{\"formula\":\"y ~ x * group\",\"family\":\"poisson\"}}",
    "{\"glm\":{\"formula\":\"x ~ time\",\"family\":\"Gamma\"}}",
    ("{\"glm\":{\"formula\":\"event ~ log(x)\",\"family\":\"binomial\","
     "\"link\":\"cloglog\"}}"),
    ("{\"glm\":{\"formula\":\"event ~ x + I(x^2)\",\"family\":\"binomial\","
     "\"link\":\"probit\"}}"),
    ("{\"glm\":{\"formula\":\"event ~ x + center\",\"family\":\"binomial\","
     "\"link\":\"log\"}}"),
    ("{\"glm\":{\"formula\":\"y ~ time\",\"family\":\"poisson\","
     "\"link\":\"sqrt\"}}"),
    ("{\"glm\":{\"formula\":\"y ~ x\",\"family\":\"gaussian\","
     "\"link\":\"log\"}}"),
    "{\"cox\":{\"formula\":\"Surv(time, event) ~ x\",\"grid_days\":1}}",
    ("{\"cox\":{\"formula\":\"Surv(time, event) ~ x + y + strata(group)\","
     "\"ties\":\"breslow\",\"grid_days\":7}}"),
    ("{\"cox\":{\"formula\":\"Surv(time, event) ~ x * y + strata(center)\"}}"),
    ("{\"cox\":{\"formula\":\"Surv(x, time, event) ~ y\",\"grid_days\":1}}"),
    "{\"mixed\":{\"formula\":\"y ~ x + group + (1 | center)\"}}",
    "{\"roc\":{\"formula\":\"event ~ x + y\"}}",
    "{\"roc\":{\"formula\":\"event ~ x\"}}",
    ("{\"roc\":{\"formula\":\"event ~ x + y\",\"score\":\"probability\","
     "\"coefficients\":{\"(Intercept)\":-0.5,\"x\":1e-3,\"y\":0.25}}}"),
    "{\"mlp\":{\"formula\":\"event ~ x + y\",\"hidden\":2,\"epochs\":5}}",
    "{\"mlp\":{\"formula\":\"group ~ x + time\",\"hidden\":3}}",
    "{\"lm\":{\"formula\":\"y ~ x + group\"}}",
    "{\"anova\":{\"formula\":\"y ~ group * event\"}}",
    "{\"pca\":{\"variables\":[\"x\",\"y\",\"time\"]}}",
};
#define FUZZ_OWN (sizeof fuzz_questions / sizeof fuzz_questions[0])
#define FUZZ_QUESTIONS (FUZZ_OWN + 21) /* made_questions */
#define FUZZ_ROWS ((size_t)128)

struct fuzz_question {
    struct query *query;
    struct plan *plan;
};

/* The table, made once. */
static inline const struct table *fuzz_table(void)
{
    static struct table table;
    static int32_t codes[FUZZ_ROWS][MADE_VARIABLES];
    if (table.dictionary == NULL) {
        made_rows(codes, FUZZ_ROWS);
        for (size_t i = 0; i < FUZZ_ROWS; i += 9)
            codes[i][X] = codes[i + 1][EVENT] = VALUE_MISSING;
        table_create(&table, made_dictionary, codes[0], FUZZ_ROWS, NULL);
    }
    return &table;
}

/* Question and plan `choice`, of a session of three centers; odd ones by group.
 * Made once each. */
static inline const struct plan *fuzz_plan(size_t choice)
{
    static struct fuzz_question made[2 * FUZZ_QUESTIONS];
    static char names[3][NAME_MAX_BYTES + 1] = {"c1", "c2", "c3"};
    static const struct center_list centers = {3, names};
    const size_t at = choice % (2 * FUZZ_QUESTIONS);
    struct fuzz_question *question = &made[at];
    struct diagnostic diagnostic;
    char text[512];
    if (question->plan != NULL)
        return question->plan;
    const struct dictionary *dictionary = fuzz_table()->dictionary;
    REQUIRE(FUZZ_OWN + made_question_count == FUZZ_QUESTIONS);
    diagnostic_init(&diagnostic, "fuzz");
    snprintf(text, sizeof text, "{\"by\":[%s],\"analyses\":[%s]}",
        at % 2 == 1 ? "\"group\"" : "",
        at / 2 < FUZZ_OWN ? fuzz_questions[at / 2]
                          : made_questions[at / 2 - FUZZ_OWN]);
    if (query_parse(&question->query, view_of_text(text), dictionary,
            &diagnostic) != STATUS_OK ||
        plan_create_for(&question->plan, question->query, dictionary, &centers,
            &diagnostic) != STATUS_OK) {
        fprintf(stderr, "%s: %s\n", text, diagnostic.message);
        abort();
    }
    return question->plan;
}

#endif
