/*
 * bench_sets: rule 2 at a center of 10^5 exams: the sets of a question are
 * marked, and weighed against one another and against 500 earlier ones; then
 * the question is answered, half of its sets by combinations, a hundred rows of
 * each without a value, beside a plain answer. One thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "protocol/analysis/assigned.h"
#include "protocol/analysis/row_bits.h"

#define ROWS 100000
#define ANCHORS 500
#define VARIABLES 10 /* the first is that of `by` */
#define TURNS 5

static const char names[VARIABLES][4] = {
    "sex", "va", "vb", "vc", "vd", "ve", "vf", "vg", "vh", "vi"};
static int16_t values[VARIABLES][(ROWS + 63) / 64 * 64]
    __attribute__((aligned(64)));
static struct column columns[VARIABLES];
static uint32_t patients[ROWS];
static uint64_t numbers[ROWS];
static struct rows rows = {
    .count = ROWS, .patients = patients, .columns = columns};
static int64_t checksum; /* so that nothing is left out */

static uint32_t draw(uint32_t below)
{
    static uint64_t seed = 3;
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(seed >> 33) % below;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void must(enum status status)
{
    if (status != STATUS_OK)
        exit(1);
}

static void fill(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        patients[i] = i == 0 ? 0 : patients[i - 1] + (draw(3) != 0);
        numbers[i] = i;
        for (size_t v = 0; v < VARIABLES; v++) {
            const bool missing = v > 0 && draw(1000) == 0;
            values[v][i] = (int16_t)(missing  ? INT16_MIN
                                     : v == 0 ? (int)draw(3)
                                              : (int)draw(1000));
        }
    }
    rows.patient_count = patients[ROWS - 1] + 1;
    for (size_t v = 0; v < VARIABLES; v++)
        columns[v] = (struct column){2, values[v]};
}

/* One anchor is half of all rows, by chance. */
static uint64_t *draw_anchors(size_t words)
{
    uint64_t *anchors = calloc(ANCHORS * words, sizeof *anchors);
    if (anchors == NULL)
        exit(1);
    for (size_t i = 0; i < ANCHORS * words; i++)
        anchors[i] = (uint64_t)draw(1U << 31) << 33 |
                     (uint64_t)draw(1U << 31) << 2 | draw(4);
    return anchors;
}

static double weigh(const struct sets *sets, const struct row_order *order,
    const uint64_t *anchors)
{
    const size_t words = order->word_count;
    uint64_t *bits = calloc(sets->count * words, sizeof *bits);
    uint8_t *mask = malloc(ROWS);
    struct set_marker marker;
    const double start = now_ms();
    if (bits == NULL || mask == NULL)
        exit(1);
    must(set_marker_init(&marker, sets, &rows));
    for (size_t i = 0; i < sets->count; i++) {
        set_marker_mark(&marker, i, mask);
        row_bits_set(order, mask, bits + i * words);
        for (size_t k = 0; k < ANCHORS; k++)
            checksum += row_bits_weigh_common(
                order, bits + i * words, anchors + k * words);
        for (size_t k = 0; k <= i; k++)
            checksum += row_bits_weigh_common(
                order, bits + i * words, bits + k * words);
    }
    const double took = now_ms() - start;
    set_marker_fini(&marker);
    free(bits);
    free(mask);
    return took;
}

/* The rows of the level. */
static void count_level(void *arg, size_t set, int16_t *counts)
{
    const struct sets *sets = arg;
    const size_t level = sets->list[set].level;
    for (size_t i = 0; i < ROWS; i++)
        counts[i] =
            level >= SET_BY_MISSING || values[0][i] == (int16_t)level ? 1 : 0;
}

static double answer(const struct sets *sets)
{
    static const uint8_t key[DONOR_KEY_BYTES] = {1};
    const struct donor_lot lot = {key, 1, ROWS, numbers};
    uint8_t *answers = calloc(sets->count, 1);
    const struct answered answered = {sets, answers, NULL};
    const struct assignment assignment = {
        &answered, count_level, (void *)sets, &lot};
    struct assigned *assigned;
    struct contribution c;
    if (answers == NULL)
        exit(1);
    for (size_t i = 4; i < sets->count; i += 2)
        answers[i] = SET_COMBINED;
    const double start = now_ms();
    must(assigned_create(&assigned, &rows, &assignment));
    must(plan_contribute_assigned(assigned, 1, NULL, &c));
    const double took = now_ms() - start;
    checksum += (int64_t)c.vector.elements[PLAN_HEAD];
    contribution_fini(&c);
    assigned_destroy(assigned);
    free(answers);
    return took;
}

static double answer_plainly(const struct plan *plan)
{
    struct contribution c;
    const double start = now_ms();
    must(plan_contribute(plan, &rows, 1, &c));
    const double took = now_ms() - start;
    checksum += (int64_t)c.vector.elements[PLAN_HEAD];
    contribution_fini(&c);
    return took;
}

static struct plan *make_plan(void)
{
    static char text[2048];
    struct dictionary *dictionary;
    struct diagnostic diagnostic;
    struct query *query;
    struct plan *plan;
    snprintf(text, sizeof text,
        "{\"id\":\"d\",\"version\":1,\"variables\":[{\"name\":\"sex\","
        "\"type\":\"integer\",\"min\":0,\"max\":2}");
    for (size_t v = 1; v < VARIABLES; v++) {
        snprintf(text + strlen(text), sizeof text - strlen(text),
            ",{\"name\":\"%s\",\"type\":\"integer\",\"min\":0,\"max\":999}",
            names[v]);
    }
    strncat(text, "]}", sizeof text - strlen(text) - 1);
    diagnostic_init(&diagnostic, "");
    must(dictionary_parse(&dictionary, view_of_text(text), &diagnostic));
    must(query_parse(&query,
        view_of_text("{\"unit\":\"exam\",\"by\":[\"sex\"],\"analyses\":["
                     "{\"summary\":{\"variables\":[\"va\",\"vb\",\"vc\",\"vd\","
                     "\"ve\",\"vf\",\"vg\",\"vh\",\"vi\"]}}]}"),
        dictionary, &diagnostic));
    must(plan_create(&plan, query, dictionary, &diagnostic));
    return plan;
}

int main(void)
{
    double weigh_ms = 1e9, answer_ms = 1e9, plain_ms = 1e9;
    struct row_order order;
    struct sets *sets;
    fill();
    struct plan *plan = make_plan();
    must(sets_create(&sets, plan));
    must(row_order_init(&order, &rows));
    uint64_t *anchors = draw_anchors(order.word_count);
    for (int turn = 0; turn < TURNS; turn++) {
        const double took[] = {
            weigh(sets, &order, anchors), answer(sets), answer_plainly(plan)};
        weigh_ms = took[0] < weigh_ms ? took[0] : weigh_ms;
        answer_ms = took[1] < answer_ms ? took[1] : answer_ms;
        plain_ms = took[2] < plain_ms ? took[2] : plain_ms;
    }
    printf("{\"sets\": %zu, \"weigh_ms\": %.2f, \"answer_ms\": %.2f, "
           "\"plain_ms\": %.2f, \"checksum\": %lld}\n",
        sets->count, weigh_ms, answer_ms, plain_ms, (long long)checksum);
    free(anchors);
    row_order_fini(&order);
    sets_destroy(sets);
    return 0;
}
