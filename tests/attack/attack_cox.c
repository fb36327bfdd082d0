/*
 * attack_cox: a coordinator looks for a risk set of one person among the sums
 * of a Cox model of three centers, asked with the default limit. Exit 0 when
 * a patient's age comes out, 1 when none does.
 */
#include <stdio.h>
#include <string.h>

#include "protocol/analysis/cox_likelihood.h"
#include "protocol/analysis/fit.h"
#include "tests/unit/analysis_fixture.h"

static const char dictionary[] =
    "{\"id\":\"made\",\"version\":1,\"variables\":["
    "{\"name\":\"time\",\"type\":\"days\",\"entity\":\"exam\",\"min\":0,"
    "\"max\":3650},"
    "{\"name\":\"death\",\"type\":\"boolean\",\"entity\":\"exam\"},"
    "{\"name\":\"age\",\"type\":\"integer\",\"entity\":\"exam\",\"min\":0,"
    "\"max\":128}]}";
enum { TIME, DEATH, AGE, VARIABLES };
#define PEOPLE 200
#define MIN_CELL 11

static const char query[] =
    "{\"analyses\":[{\"cox\":{\"formula\":\"Surv(time, death) ~ age\"}}]}";

/* Two hundred patients over ten years, every third dies. */
static void make_people(int32_t *codes)
{
    for (int32_t i = 0; i < PEOPLE; i++) {
        int32_t *row = codes + (size_t)i * VARIABLES;
        row[TIME] = 30 + i * 17;
        row[DEATH] = i % 3 == 0;
        row[AGE] = 40 + i * 7 % 45;
    }
}

/* exp(x b) is 1 at b = 0: the first sum of a risk set is how many leave, that
 * of its events how many die. Ages come in units of AGE_SCALE (design.h), less a
 * center and times a factor that were told behind the risk sets (standard.h). */
#define AGE_SCALE 128
#define BEFORE_SETS 7 /* cox_rest of one covariate */
#define TOLD_BESIDE 3 /* a coefficient, a center, a factor */

static bool show_one_person(const struct asked *asked, const double *values)
{
    const struct cox_layout layout = cox_layout_of(1, true);
    const int128 one = (int128)1 << COX_BITS;
    const int128 *sums = asked->sum.elements + asked->plan->segments[0].first;
    const struct table_shape *table = &asked->plan->shapes[0].tables[0];
    const size_t count = asked->plan->value_count - TOLD_BESIDE;
    const double center = values[1 + count], factor = values[2 + count];
    sums += table->first + COUNTS_CELL + BEFORE_SETS;
    for (size_t g = 0; g < count; g++) {
        const int128 *leaving = sums + g * layout.width;
        const int128 *dying = sums + count * layout.width + g * layout.dead;
        const int128 *alone = *leaving == one ? leaving
                              : *dying == one ? dying
                                              : NULL;
        if (alone == NULL)
            continue;
        printf("a patient is %.0f years old\n",
            ((double)alone[1] / (double)one / factor + center) * AGE_SCALE);
        return true;
    }
    return false;
}

int main(void)
{
    int32_t codes[PEOPLE * VARIABLES];
    struct table table;
    struct asked asked;
    struct fit *fit = NULL;
    make_people(codes);
    table_create(&table, dictionary, codes, PEOPLE, NULL);
    ask(&asked, &table, query, 3);
    if (fit_create(&fit, asked.plan, &asked.sum, MIN_CELL) != STATUS_OK)
        return 1;
    const struct round round = {
        .number = fit->number, .values = fit->values, .active = fit->active};
    ask_round(&asked, 3, &round);
    bool shown = !fit->over && show_one_person(&asked, round.values);
    fit_destroy(fit);
    asked_destroy(&asked);
    table_destroy(&table);
    return shown ? 0 : 1;
}
