#include "sets_fixture.h"

#define NA VALUE_MISSING

static int32_t codes[CHANCE_ROWS][CHANCE_COLUMNS];
static uint32_t patients[CHANCE_ROWS];

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(*seed >> 33) % below;
}

static void draw_row(uint64_t *seed, int32_t *row)
{
    row[CHANCE_X] = (int32_t)draw(seed, 10);
    row[CHANCE_WIDE] =
        (int32_t)draw(seed, 40001) - 20000 + 1000 * row[CHANCE_X];
    row[CHANCE_WIDE] = row[CHANCE_WIDE] > 20000 ? 20000 : row[CHANCE_WIDE];
    row[CHANCE_START] = (int32_t)draw(seed, 5);
    row[CHANCE_TIME] = (int32_t)draw(seed, 20);
    row[CHANCE_EVENT] = draw(seed, 3) == 0;
    row[CHANCE_CAUSE] = (int32_t)draw(seed, 3);
    row[CHANCE_GROUP] = (int32_t)draw(seed, 3);
    row[CHANCE_SITE] = (int32_t)draw(seed, 2);
    row[CHANCE_SHAPE] = 0;
    for (size_t e = CHANCE_ELEMENTS; e < CHANCE_COLUMNS; e++)
        row[e] = (int32_t)draw(seed, 100);
    for (size_t v = 0; v < CHANCE_SHAPE; v++)
        row[v] = draw(seed, 25) == 0 ? NA : row[v];
    if (draw(seed, 25) == 0) {
        for (size_t v = CHANCE_SHAPE; v < CHANCE_COLUMNS; v++)
            row[v] = NA;
    }
}

const char chance_dictionary[] =
    "{\"id\":\"chance\",\"version\":1,\"variables\":["
    "{\"name\":\"x\",\"type\":\"integer\",\"min\":0,\"max\":9},"
    "{\"name\":\"wide\",\"type\":\"integer\",\"min\":-20000,"
    "\"max\":20000},"
    "{\"name\":\"start\",\"type\":\"days\",\"min\":0,\"max\":20},"
    "{\"name\":\"time\",\"type\":\"days\",\"min\":0,\"max\":20,"
    "\"edges\":[1,2,7]},"
    "{\"name\":\"event\",\"type\":\"boolean\"},"
    "{\"name\":\"cause\",\"type\":\"category\",\"categories\":["
    "{\"code\":\"none\",\"label\":\"none\"},{\"code\":\"a\",\"label\":\"a\"},{\"code\":\"b\",\"label\":\"b\"}]},"
    "{\"name\":\"group\",\"type\":\"category\",\"categories\":["
    "{\"code\":\"A\",\"label\":\"A\"},{\"code\":\"B\",\"label\":\"B\"},{\"code\":\"C\",\"label\":\"C\"}]},"
    "{\"name\":\"site\",\"type\":\"category\",\"categories\":["
    "{\"code\":\"l\",\"label\":\"l\"},{\"code\":\"r\",\"label\":\"r\"}]},"
    "{\"name\":\"shape\",\"type\":\"vector\",\"length\":3,\"resolution\":1,"
    "\"min\":0,\"max\":99}]}";

void chance_create(struct table *table)
{
    uint64_t seed = 5;
    for (size_t i = 0; i < CHANCE_ROWS; i++) {
        draw_row(&seed, codes[i]);
        patients[i] = i == 0 ? 0 : patients[i - 1] + (draw(&seed, 3) != 0);
    }
    table_create(table, chance_dictionary, &codes[0][0], CHANCE_ROWS, patients);
    assert_int_equal(table->dictionary->column_count, CHANCE_COLUMNS);
}

const char *const chance_questions[] = {"{\"count\":{}}",
    "{\"summary\":{\"variables\":[\"x\",\"wide\",\"event\"]}}",
    "{\"frequency\":{\"variable\":\"group\"}}",
    "{\"crosstab\":{\"rows\":\"group\",\"columns\":\"event\"}}",
    "{\"histogram\":{\"variable\":\"x\",\"width\":2}}",
    "{\"quantile\":{\"variable\":\"x\",\"probs\":[0.25,0.5]}}",
    "{\"quantile\":{\"variable\":\"wide\",\"probs\":[0.25,0.5]}}",
    "{\"km\":{\"formula\":\"Surv(time, event) ~ 1\",\"grid_days\":2}}",
    "{\"km\":{\"formula\":\"Surv(time, event) ~ group\",\"grid_days\":2}}",
    ("{\"cumulative_incidence\":{\"formula\":\"Surv(time, cause) ~ site\","
     "\"grid_days\":2}}"),
    ("{\"logrank\":{\"formula\":\"Surv(time, event) ~ group + strata(site)\","
     "\"grid_days\":1}}"),
    ("{\"logrank\":{\"formula\":\"Surv(time, event) ~ group + "
     "strata(center)\"}}"),
    "{\"lm\":{\"formula\":\"wide ~ x * group + center\"}}",
    "{\"lm\":{\"formula\":\"x ~ shape[2] + log(time + 1)\"}}",
    "{\"anova\":{\"formula\":\"wide ~ group + site\"}}",
    "{\"mixed\":{\"formula\":\"wide ~ x + (1 | center)\"}}",
    "{\"t_test\":{\"formula\":\"wide ~ site\"}}",
    "{\"t_test\":{\"paired\":true,\"variables\":[\"start\",\"time\"]}}",
    "{\"rank_test\":{\"formula\":\"x ~ group\"}}",
    "{\"rank_test\":{\"formula\":\"wide ~ site\"}}",
    "{\"correlation\":{\"variables\":[\"x\",\"wide\",\"time\"]}}",
    "{\"pca\":{\"variables\":[\"x\",\"wide\"]}}",
    "{\"pca\":{\"vector\":\"shape\"}}",
    "{\"glm\":{\"formula\":\"event ~ x + group\",\"family\":\"binomial\"}}",
    "{\"glm\":{\"formula\":\"x ~ site\",\"family\":\"poisson\"}}",
    "{\"roc\":{\"formula\":\"event ~ x\"}}",
    "{\"roc\":{\"formula\":\"event ~ wide\"}}",
    "{\"roc\":{\"formula\":\"event ~ x + wide\"}}",
    ("{\"roc\":{\"formula\":\"event ~ x\",\"score\":\"linear\","
     "\"coefficients\":{\"x\":2}}}"),
    ("{\"cox\":{\"formula\":\"Surv(time, event) ~ x + strata(site)\","
     "\"grid_days\":2}}"),
    ("{\"cox\":{\"formula\":\"Surv(start, time, event) ~ wide + group\","
     "\"grid_days\":2}}"),
    ("{\"cox\":{\"formula\":\"Surv(time, event) ~ x + strata(center)\","
     "\"grid_days\":1}}"),
    "{\"mlp\":{\"formula\":\"event ~ x + wide\",\"epochs\":3}}",
    "{\"quality\":{}}"};
const size_t chance_question_count =
    sizeof chance_questions / sizeof chance_questions[0];

void chance_rows_init(struct chance_rows *out, const struct table *table)
{
    table_columns(table, out->columns);
    out->rows = (struct rows){.count = table->count,
        .patient_count = table->patients[table->count - 1] + 1,
        .patients = table->patients,
        .columns = out->columns};
}

void chance_rows_fini(struct chance_rows *rows)
{
    for (size_t v = 0; v < CHANCE_COLUMNS; v++)
        free((void *)rows->columns[v].data);
}
