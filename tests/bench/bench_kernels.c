/*
 * bench_kernels: one round of each statistics kernel over a million rows (of a
 * vector of 600 elements: over 4,000), one thread, against a hand-written loop
 * over the same compact columns that does the same mathematics in plain
 * doubles. Prints JSON: milliseconds, the best of several.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "protocol/analysis/analysis.h"
#include "protocol/analysis/kernel.h"
#include "protocol/wire/keys.h"

#define ROWS 1000000
#define TURNS 5
#define DAYS 3654
#define P 5          /* covariates */
#define ELEMENTS 600 /* of the vector, in fewer rows */
#define VECTOR_ROWS 4000
#define TRIANGLE(n) ((n) * ((n) + 1) / 2)

static int8_t *age, *sex, *hypertension, *diabetes, *death;
static int16_t *lvef, *lvedvi, *days;
static uint32_t *order; /* rows by days, the latest first */
static int16_t (*shape)[(VECTOR_ROWS + 63) / 64 * 64]; /* by element */
static double checksum; /* so that no loop is left out */

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void *column_of(size_t width)
{
    return aligned_alloc(64, (ROWS * width + 127) / 64 * 64);
}

static void fill(void)
{
    uint64_t seed = 7;
    age = column_of(1), sex = column_of(1), hypertension = column_of(1);
    diabetes = column_of(1), death = column_of(1);
    lvef = column_of(2), lvedvi = column_of(2), days = column_of(2);
    for (size_t i = 0; i < ROWS; i++) {
        uint64_t draw[8];
        for (int k = 0; k < 8; k++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            draw[k] = seed >> 33;
        }
        age[i] = (int8_t)(20 + draw[0] % 70);
        sex[i] = (int8_t)(draw[1] & 1);
        hypertension[i] = (int8_t)(draw[2] % 10 < 4);
        diabetes[i] = (int8_t)(draw[3] % 10 < 2);
        lvef[i] = (int16_t)(200 + draw[4] % 500);
        lvedvi[i] = (int16_t)(500 + draw[5] % 1000 + (size_t)sex[i] * 100);
        days[i] = (int16_t)(draw[6] % DAYS);
        death[i] = (int8_t)((int64_t)(draw[7] % 1000) < 20 + age[i]);
    }
}

static void fill_shape(void)
{
    uint64_t seed = 11;
    shape = aligned_alloc(64, ELEMENTS * sizeof *shape);
    for (size_t e = 0; e < ELEMENTS; e++) {
        for (size_t i = 0; i < VECTOR_ROWS; i++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            shape[e][i] = (int16_t)((int64_t)(seed >> 33) % 12001 - 6000);
        }
    }
}

static void sort_by_days(void)
{
    static uint32_t place[DAYS + 1];
    order = malloc(ROWS * sizeof *order);
    for (size_t i = 0; i < ROWS; i++)
        place[DAYS - 1 - days[i] + 1]++;
    for (size_t d = 1; d <= DAYS; d++)
        place[d] += place[d - 1];
    for (size_t i = 0; i < ROWS; i++)
        order[place[DAYS - 1 - days[i]]++] = (uint32_t)i;
}

/* ---- by hand ---- */

static const double beta[P + 2] = {-3.0, 1.0, 0.2, 0.3, 0.4, -1.0, 0};

static inline void covariates(size_t i, double x[P])
{
    x[0] = age[i] / 128.0;
    x[1] = sex[i];
    x[2] = hypertension[i];
    x[3] = diabetes[i];
    x[4] = lvef[i] / 1280.0;
}

KERNEL static void lm_by_hand(void)
{
    double sums[TRIANGLE(P + 2)] = {0};
    for (size_t i = 0; i < ROWS; i++) {
        double x[P + 2] = {1};
        covariates(i, x + 1);
        x[P + 1] = lvedvi[i] / 10.0;
        for (size_t a = 0, k = 0; a < P + 2; a++) {
            for (size_t b = a; b < P + 2; b++)
                sums[k++] += x[a] * x[b];
        }
    }
    checksum += sums[3];
}

KERNEL static void glm_by_hand(void)
{
    double sums[TRIANGLE(P + 1)] = {0}, score[P + 1] = {0}, deviance = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double x[P + 1] = {1}, eta = 0;
        covariates(i, x + 1);
        for (size_t a = 0; a <= P; a++)
            eta += x[a] * beta[a];
        const double mu = 1 / (1 + exp(-eta)), w = mu * (1 - mu);
        deviance -= 2 * log(death[i] != 0 ? mu : 1 - mu);
        for (size_t a = 0, k = 0; a <= P; a++) {
            score[a] += (death[i] - mu) * x[a];
            for (size_t b = a; b <= P; b++)
                sums[k++] += w * x[a] * x[b];
        }
    }
    checksum += sums[3] + score[2] + deviance;
}

#define SUMS (1 + P + TRIANGLE(P))

struct likelihood {
    double loglik, score[P], information[TRIANGLE(P)];
};

/* One event of `ties` on a day. */
static inline void add_event(
    const double *risk, const double *dead, double part, struct likelihood *out)
{
    const double s0 = risk[0] - part * dead[0];
    double mean[P];
    out->loglik -= log(s0);
    for (size_t a = 0; a < P; a++) {
        mean[a] = (risk[1 + a] - part * dead[1 + a]) / s0;
        out->score[a] -= mean[a];
    }
    for (size_t a = 0, k = 0; a < P; a++) {
        for (size_t b = a; b < P; b++, k++) {
            out->information[k] +=
                (risk[1 + P + k] - part * dead[1 + P + k]) / s0 -
                mean[a] * mean[b];
        }
    }
}

KERNEL static void cox_by_hand(void)
{
    struct likelihood out = {0};
    double risk[SUMS] = {0}, dead[SUMS] = {0};
    size_t events = 0;
    for (size_t r = 0; r < ROWS; r++) {
        const size_t i = order[r];
        double x[P], eta = 0;
        covariates(i, x);
        for (size_t a = 0; a < P; a++)
            eta += x[a] * beta[1 + a];
        const double w = exp(eta);
        double own[SUMS] = {w};
        for (size_t a = 0, k = 1 + P; a < P; a++) {
            own[1 + a] = w * x[a];
            for (size_t b = a; b < P; b++)
                own[k++] = own[1 + a] * x[b];
        }
        for (size_t k = 0; k < SUMS; k++)
            risk[k] += own[k];
        if (death[i] != 0) {
            events++;
            out.loglik += eta;
            for (size_t a = 0; a < P; a++)
                out.score[a] += x[a];
            for (size_t k = 0; k < SUMS; k++)
                dead[k] += own[k];
        }
        if (r + 1 == ROWS || days[order[r + 1]] != days[i]) {
            for (size_t e = 0; e < events; e++)
                add_event(risk, dead, (double)e / (double)events, &out);
            memset(dead, 0, sizeof dead);
            events = 0;
        }
    }
    checksum += out.loglik + out.score[1] + out.information[3];
}

static void km_by_hand(void)
{
    static int64_t counts[2][DAYS][2];
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < ROWS; i++)
        counts[sex[i]][days[i]][death[i]]++;
    checksum += (double)counts[1][100][0];
}

static void logrank_by_hand(void)
{
    static int64_t counts[2][DAYS / 30 + 2][2];
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < ROWS; i++)
        counts[sex[i]][(days[i] + 29) / 30][death[i]]++;
    checksum += (double)counts[1][100][0];
}

KERNEL static void pca_by_hand(void)
{
    static double sums[TRIANGLE(ELEMENTS)];
    memset(sums, 0, sizeof sums);
    for (size_t i = 0; i < VECTOR_ROWS; i++) {
        double x[ELEMENTS];
        for (size_t e = 0; e < ELEMENTS; e++)
            x[e] = shape[e][i];
        for (size_t a = 0, k = 0; a < ELEMENTS; k += ELEMENTS - a, a++) {
            for (size_t b = a; b < ELEMENTS; b++)
                sums[k + b - a] += x[a] * x[b];
        }
    }
    checksum += sums[100];
}

/* ---- by the plan ---- */

static const char variables[] =
    "{\"id\":\"b\",\"variables\":["
    "{\"name\":\"age\",\"type\":\"integer\",\"min\":0,\"max\":120},"
    "{\"name\":\"sex\",\"type\":\"boolean\"},"
    "{\"name\":\"hypertension\",\"type\":\"boolean\"},"
    "{\"name\":\"diabetes\",\"type\":\"boolean\"},"
    "{\"name\":\"lvef\",\"type\":\"real\",\"resolution\":0.1,\"min\":0,"
    "\"max\":100},"
    "{\"name\":\"lvedvi\",\"type\":\"real\",\"resolution\":0.1,\"min\":0,"
    "\"max\":400},"
    "{\"name\":\"death\",\"type\":\"boolean\"},"
    "{\"name\":\"days\",\"type\":\"days\",\"min\":0,\"max\":3653}]}";
static const char vector[] =
    "{\"id\":\"v\",\"variables\":[{\"name\":\"shape\",\"type\":\"vector\","
    "\"length\":600,\"resolution\":0.01,\"min\":-60,\"max\":60}]}";
#define COVARIATES "age + sex + hypertension + diabetes + lvef"

static const struct kernel {
    const char *name, *question;
    void (*by_hand)(void);
    const double *values; /* of the round; NULL: the first */
} kernels[] = {
    {"cox",
        "{\"cox\":{\"formula\":\"Surv(days, death) ~ " COVARIATES
        " + strata(center)\"}}",
        cox_by_hand, beta + 1},
    {"glm",
        "{\"glm\":{\"formula\":\"death ~ " COVARIATES
        "\",\"family\":\"binomial\"}}",
        glm_by_hand, beta},
    {"lm", "{\"lm\":{\"formula\":\"lvedvi ~ " COVARIATES "\"}}", lm_by_hand,
        NULL},
    {"km",
        "{\"km\":{\"formula\":\"Surv(days, death) ~ sex\","
        "\"grid_days\":1}}",
        km_by_hand, NULL},
    {"logrank", "{\"logrank\":{\"formula\":\"Surv(days, death) ~ sex\"}}",
        logrank_by_hand, NULL},
};

static const struct kernel pca = {"pca",
    "{\"pca\":{\"vector\":\"shape\",\"components\":10}}", pca_by_hand, NULL};

static double time_plan(
    const struct plan *plan, const struct rows *rows, const double *values)
{
    static const uint8_t active[1] = {1};
    const struct round round = {
        .number = 2, .values = values, .active = active};
    struct contribution c;
    const double start = now_ms();
    const enum status status =
        values == NULL ? plan_contribute(plan, rows, 1, &c)
                       : plan_contribute_round(plan, rows, 1, &round, &c);
    const double elapsed = now_ms() - start;
    if (status != STATUS_OK)
        exit(1);
    checksum += (double)c.vector.elements[plan->segments[0].first];
    contribution_fini(&c);
    return elapsed;
}

static double time_by_hand(const struct kernel *kernel)
{
    const double start = now_ms();
    kernel->by_hand();
    return now_ms() - start;
}

static void run_kernel(const struct kernel *kernel,
    const struct dictionary *dictionary, const struct rows *rows)
{
    char text[512];
    struct query *query = NULL;
    struct plan *plan = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, kernel->name);
    snprintf(text, sizeof text, "{\"analyses\":[%s]}", kernel->question);
    if (query_parse(&query, view_of_text(text), dictionary, &diagnostic) !=
            STATUS_OK ||
        plan_create(&plan, query, dictionary, &diagnostic) != STATUS_OK) {
        fprintf(stderr, "bench_kernels: %s\n", diagnostic.message);
        exit(1);
    }
    double ours = 1e18, hand = 1e18;
    for (int turn = 0; turn < TURNS; turn++) {
        hand = fmin(hand, time_by_hand(kernel));
        ours = fmin(ours, time_plan(plan, rows, kernel->values));
    }
    printf("\"%s_ms\": %.2f, \"%s_by_hand_ms\": %.2f, ", kernel->name, ours,
        kernel->name, hand);
    plan_destroy(plan);
    query_destroy(query);
}

static struct dictionary *read_dictionary(const char *text)
{
    struct dictionary *dictionary = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    if (dictionary_parse(&dictionary, view_of_text(text), &diagnostic) ==
        STATUS_OK)
        return dictionary;
    fprintf(stderr, "bench_kernels: %s\n", diagnostic.message);
    exit(1);
}

static void run_pca(void)
{
    static int8_t there[VECTOR_ROWS + 63];
    struct dictionary *dictionary = read_dictionary(vector);
    struct column columns[1 + ELEMENTS] = {{1, there}};
    const size_t first = dictionary->variables[0].first_element;
    for (size_t e = 0; e < ELEMENTS; e++)
        columns[first + e] = (struct column){2, shape[e]};
    const struct rows rows = {
        .count = VECTOR_ROWS, .patient_count = VECTOR_ROWS, .columns = columns};
    run_kernel(&pca, dictionary, &rows);
    dictionary_destroy(dictionary);
}

int main(int argc, char **argv)
{
    if (keys_start() != STATUS_OK)
        return 1;
    struct dictionary *dictionary = read_dictionary(variables);
    fill();
    fill_shape();
    sort_by_days();
    const struct column columns[] = {{1, age}, {1, sex}, {1, hypertension},
        {1, diabetes}, {2, lvef}, {2, lvedvi}, {1, death}, {2, days}};
    const struct rows rows = {
        .count = ROWS, .patient_count = ROWS, .columns = columns};
    printf("{");
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        if (argc < 2 || strcmp(argv[1], kernels[k].name) == 0)
            run_kernel(&kernels[k], dictionary, &rows);
    }
    if (argc < 2 || strcmp(argv[1], pca.name) == 0)
        run_pca();
    printf("\"rows\": %d, \"vector_rows\": %d}\n",
        isfinite(checksum) ? ROWS : 0, VECTOR_ROWS);
    dictionary_destroy(dictionary);
    return 0;
}
