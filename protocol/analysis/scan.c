#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "protocol/analysis/leverage.h"
#include "protocol/analysis/mask.h"
#include "protocol/analysis/parts.h"

#define THREADS_MAX 64
/* Below, a thread costs more than it gives. */
#define ROWS_PER_THREAD_MIN 65536
#define ROOM_PAGE ((size_t)2 << 20)
#define ROOM_PAGES_MIN 2

/* One thread's share of the rows and all that it counts. */
struct scan {
    const struct plan *plan;
    const struct round *round; /* NULL: the first */
    const struct rows *rows;
    const uint32_t *patients; /* NULL when no patient has two rows */
    size_t first, end;
    struct contribution sums;
    void **states;          /* one a segment */
    void **parts;           /* likewise; NULL after the first round */
    uint64_t *last_patient; /* one a segment, patient + 1; heads */
    uint64_t last_in_cohort;
    uint32_t last_taken;
    uint8_t *cohort_mask, *level_mask, *scratch;
    enum status status;
};

static void scan_fini(struct scan *scan)
{
    for (size_t i = 0; scan->states != NULL && i < scan->plan->segment_count;
         i++)
        free(scan->states[i]);
    for (size_t i = 0; scan->parts != NULL && i < scan->plan->segment_count;
         i++)
        free(scan->parts[i]);
    free(scan->states);
    free(scan->parts);
    free(scan->last_patient);
    free(scan->cohort_mask);
    contribution_fini(&scan->sums);
}

static enum segment_step step_of(const struct scan *scan, size_t segment)
{
    return scan->round == NULL
               ? SEGMENT_GOES_ON
               : (enum segment_step)scan->round->active[segment];
}

static bool is_leverage(const struct scan *scan, size_t segment)
{
    return step_of(scan, segment) > SEGMENT_GOES_ON;
}

static struct leverage_round leverage_of(const struct scan *scan, size_t index)
{
    const struct segment *segment = &scan->plan->segments[index];
    const struct round *round = scan->round;
    return (struct leverage_round){.step = step_of(scan, index),
        .values = round->values + segment->first_value,
        .inverse = round->values + segment->first_inverse,
        .own = round->own == NULL ? NULL : round->own + segment->first_inverse};
}

/* Memory of many rows is filled in an order of its own: in large pages that
 * costs a few faults, not thousands. */
static void *create_room(size_t size)
{
    if (size < ROOM_PAGES_MIN * ROOM_PAGE)
        return malloc(size);
    size = (size + ROOM_PAGE - 1) / ROOM_PAGE * ROOM_PAGE;
    void *room = aligned_alloc(ROOM_PAGE, size);
#ifdef MADV_HUGEPAGE
    if (room != NULL)
        (void)madvise(room, size, MADV_HUGEPAGE); /* or as it is */
#endif
    return room;
}

/* Cleared but for what is there for each row. */
static void *create_state(const struct scan *scan, size_t segment)
{
    const size_t a = scan->plan->segments[segment].analysis;
    const struct analysis *analysis = &scan->plan->analyses[a];
    const struct analysis_kind *kind = analysis->kind;
    const bool checks = is_leverage(scan, segment);
    const size_t size =
        checks ? leverage_state_size(analysis)
               : kind->state_size(analysis, &scan->plan->shapes[a]);
    size_t rows = 0;
    if (!checks && kind->row_size != NULL &&
        step_of(scan, segment) != SEGMENT_OVER)
        rows = kind->row_size(analysis) * (scan->end - scan->first);
    void *state = create_room(size + rows + 1);
    if (state != NULL)
        memset(state, 0, size);
    return state;
}

static enum status scan_init(struct scan *scan)
{
    const struct plan *plan = scan->plan;
    size_t scratch = mask_scratch_blocks(plan->query->cohort);
    scan->last_taken = UINT32_MAX;
    scan->states = calloc(plan->segment_count, sizeof *scan->states);
    scan->parts = calloc(plan->segment_count, sizeof *scan->parts);
    scan->last_patient =
        calloc(plan->segment_count, sizeof *scan->last_patient);
    scan->cohort_mask = malloc((scratch + 2) * BLOCK_ROWS);
    scan->sums.facts = calloc(plan->fact_count + 1, sizeof *scan->sums.facts);
    if (scan->states == NULL || scan->parts == NULL ||
        scan->last_patient == NULL || scan->cohort_mask == NULL ||
        scan->sums.facts == NULL)
        return STATUS_NO_MEMORY;
    scan->level_mask = scan->cohort_mask + BLOCK_ROWS;
    scan->scratch = scan->level_mask + BLOCK_ROWS;
    for (size_t i = 0; i < plan->segment_count; i++) {
        const struct shape *shape = &plan->shapes[plan->segments[i].analysis];
        scan->states[i] = create_state(scan, i);
        scan->parts[i] = calloc(1, mean_parts_state_size(shape) + 1);
        if (scan->states[i] == NULL || scan->parts[i] == NULL)
            return STATUS_NO_MEMORY;
    }
    return vector_init(&scan->sums.vector, plan->vector_length);
}

/* Distinct patients among the rows of a mask; *last carries over blocks. */
static uint64_t count_people(
    const struct row_block *block, uint64_t rows, uint64_t *last)
{
    if (block->patients == NULL)
        return rows;
    uint64_t people = 0;
    for (size_t i = 0; i < block->count; i++) {
        if (block->mask[i] == 0)
            continue;
        uint64_t patient = (uint64_t)block->patients[block->first + i] + 1;
        people += patient != *last;
        *last = patient;
    }
    return people;
}

static void add_segment(struct scan *scan, size_t index,
    const struct row_block *rows_of_level, uint64_t rows)
{
    struct row_block with_values = *rows_of_level;
    const struct row_block *block = &with_values;
    const struct plan *plan = scan->plan;
    const struct segment *segment = &plan->segments[index];
    const struct analysis *analysis = &plan->analyses[segment->analysis];
    int128 *elements = scan->sums.vector.elements + segment->first;
    if (step_of(scan, index) == SEGMENT_OVER)
        return;
    if (scan->round != NULL)
        with_values.values = scan->round->values + segment->first_value;
    elements[HEAD_ROWS] += (int128)rows;
    elements[HEAD_PEOPLE] +=
        (int128)count_people(block, rows, &scan->last_patient[index]);
    if (is_leverage(scan, index)) {
        const struct leverage_round round = leverage_of(scan, index);
        leverage_contribute(analysis, &plan->shapes[segment->analysis], &round,
            block, scan->states[index], elements);
    } else {
        analysis->kind->contribute(analysis, &plan->shapes[segment->analysis],
            block, scan->states[index], elements,
            scan->sums.facts + segment->first_fact);
    }
    if (scan->round == NULL)
        mean_parts_add(analysis, &plan->shapes[segment->analysis], block,
            scan->parts[index], elements,
            scan->sums.facts + segment->first_fact);
}

/* After the last block: what the segment's state still holds. */
static void flush_segment(struct scan *scan, size_t index)
{
    const struct plan *plan = scan->plan;
    const struct segment *segment = &plan->segments[index];
    const struct analysis *analysis = &plan->analyses[segment->analysis];
    const struct shape *shape = &plan->shapes[segment->analysis];
    int128 *elements = scan->sums.vector.elements + segment->first;
    if (step_of(scan, index) == SEGMENT_OVER)
        return;
    if (is_leverage(scan, index)) {
        const struct leverage_round round = leverage_of(scan, index);
        leverage_flush(analysis, shape, &round, scan->states[index], elements);
    } else if (analysis->kind->flush != NULL) {
        analysis->kind->flush(analysis, shape, scan->states[index],
            scan->round == NULL ? NULL
                                : scan->round->values + segment->first_value,
            elements, scan->sums.facts + segment->first_fact);
    }
    if (scan->round == NULL)
        mean_parts_flush(
            shape, scan->parts[index], scan->sums.facts + segment->first_fact);
}

/* cohort mask and (by variable == level), for each by variable */
static void make_level_mask(
    struct scan *scan, size_t level, size_t first, size_t count)
{
    const struct query *query = scan->plan->query;
    const uint8_t *in = scan->cohort_mask;
    for (size_t i = 0; i < query->by_count; i++) {
        uint8_t *out = i % 2 == 0 ? scan->level_mask : scan->scratch;
        const int32_t lowest =
            scan->plan->dictionary->variables[query->by[i]].min;
        mask_level(&scan->rows->columns[query->by[i]],
            lowest + (int32_t)plan_level_of(scan->plan, level, i), first, count,
            in, out);
        in = out;
    }
    if (in == scan->scratch)
        memcpy(scan->level_mask, in, count);
}

static void scan_block(struct scan *scan, size_t first, size_t count)
{
    const struct plan *plan = scan->plan;
    bool one_each = plan->query->unit == UNIT_PATIENT;
    mask_cohort(plan->query->cohort, scan->rows, first, count,
        scan->cohort_mask, scan->scratch);
    if (one_each && scan->patients != NULL)
        mask_first_of_patient(scan->patients + first, count, scan->cohort_mask,
            &scan->last_taken);
    struct row_block block = {.rows = scan->rows,
        .patients = one_each ? NULL : scan->patients,
        .first = first,
        .count = count,
        .mask = scan->cohort_mask};
    uint64_t rows = mask_count(scan->cohort_mask, count);
    if (rows == 0)
        return;
    scan->sums.cohort_rows += rows;
    scan->sums.cohort_people +=
        count_people(&block, rows, &scan->last_in_cohort);
    for (size_t level = 0; level < plan->level_count; level++) {
        if (plan->query->by_count > 0) {
            make_level_mask(scan, level, first, count);
            block.mask = scan->level_mask;
            rows = mask_count(block.mask, count);
        }
        for (size_t a = 0; rows > 0 && a < plan->analysis_count; a++)
            add_segment(scan, a * plan->level_count + level, &block, rows);
    }
}

static void *run_scan(void *arg)
{
    struct scan *scan = arg;
    const struct plan *plan = scan->plan;
    for (size_t at = scan->first; at < scan->end; at += BLOCK_ROWS) {
        size_t left = scan->end - at;
        scan_block(scan, at, left < BLOCK_ROWS ? left : BLOCK_ROWS);
    }
    for (size_t i = 0; i < plan->segment_count; i++)
        flush_segment(scan, i);
    return NULL;
}

/* Moves a cut forward to the next patient: nobody goes to two scans. Cuts
 * between people stand on 64 bytes for the widest column. */
static size_t cut_at(const struct rows *rows, size_t at)
{
    if (at >= rows->count)
        return rows->count;
    if (rows->patients == NULL)
        return at - at % 64;
    while (at > 0 && at < rows->count &&
           rows->patients[at] == rows->patients[at - 1])
        at++;
    return at;
}

static void merge_facts(
    struct cell_facts *facts, const struct cell_facts *other)
{
    facts->total += other->total;
    facts->parts += other->parts;
    if (other->largest > facts->largest) {
        facts->second =
            facts->largest > other->second ? facts->largest : other->second;
        facts->largest = other->largest;
    } else if (other->largest > facts->second) {
        facts->second = other->largest;
    }
}

static void merge(const struct plan *plan, struct contribution *out,
    const struct contribution *part)
{
    out->cohort_rows += part->cohort_rows;
    out->cohort_people += part->cohort_people;
    (void)vector_add(&out->vector, &part->vector); /* of one length */
    for (size_t i = 0; i < plan->fact_count; i++)
        merge_facts(&out->facts[i], &part->facts[i]);
}

static void run_all(struct scan *scans, size_t count)
{
    pthread_t threads[THREADS_MAX];
    bool started[THREADS_MAX] = {false};
    for (size_t i = 1; i < count; i++)
        started[i] =
            pthread_create(&threads[i], NULL, run_scan, &scans[i]) == 0;
    run_scan(&scans[0]);
    for (size_t i = 1; i < count; i++) {
        if (started[i])
            pthread_join(threads[i], NULL);
        else
            run_scan(&scans[i]);
    }
}

static size_t scan_count(const struct rows *rows, int threads)
{
    size_t useful = rows->count / ROWS_PER_THREAD_MIN + 1;
    size_t count = threads < 1 ? 1 : (size_t)threads;
    count = count < useful ? count : useful;
    return count < THREADS_MAX ? count : THREADS_MAX;
}

/* What a sum can tell about its largest part. */
static void tell_parts(const struct plan *plan, const struct segment *segment,
    struct contribution *out)
{
    const struct shape *shape = &plan->shapes[segment->analysis];
    for (size_t t = 0; t < shape->table_count; t++) {
        const struct table_shape *table = &shape->tables[t];
        if (table->kind != TABLE_MOMENTS)
            continue;
        for (size_t i = 0; i < table->rows * table->columns; i++) {
            const struct cell_facts *facts =
                &out->facts[segment->first_fact + table->first_fact + i];
            int128 *cell = out->vector.elements + segment->first +
                           table->first + i * MOMENTS_CELL;
            cell[CELL_ABSOLUTE] = (int128)facts->total;
            cell[CELL_PARTS] = (int128)facts->parts;
        }
    }
}

/* Heads are known, and are no part of what a later round tells. */
static void set_heads(const struct plan *plan, const struct rows *rows,
    const struct round *round, struct contribution *out)
{
    int128 *elements = out->vector.elements;
    if (round == NULL) {
        elements[PLAN_REACHABLE] = (int128)rows->patient_count;
        elements[PLAN_COHORT] = (int128)out->cohort_people;
    }
    for (size_t i = 0; i < plan->segment_count; i++) {
        if (round == NULL || round->active[i] != SEGMENT_OVER)
            elements[plan->segments[i].first + HEAD_RELEASED] = 1;
        if (round == NULL)
            tell_parts(plan, &plan->segments[i], out);
    }
}

static bool must_be_whole(const struct plan *plan)
{
    for (size_t a = 0; a < plan->analysis_count; a++) {
        const struct analysis *analysis = &plan->analyses[a];
        if (analysis->kind->whole != NULL && analysis->kind->whole(analysis))
            return true;
    }
    return false;
}

static enum status contribute(const struct plan *plan, const struct rows *rows,
    int threads, const struct round *round, struct contribution *out)
{
    size_t count = must_be_whole(plan) ? 1 : scan_count(rows, threads);
    enum status status = STATUS_OK;
    *out = (struct contribution){0};
    struct scan *scans = calloc(count, sizeof *scans);
    if (scans == NULL)
        return STATUS_NO_MEMORY;
    size_t first = 0;
    for (size_t i = 0; i < count; i++) {
        size_t end = cut_at(rows, rows->count / count * (i + 1));
        scans[i].plan = plan;
        scans[i].round = round;
        scans[i].rows = rows;
        scans[i].patients =
            rows->patient_count == rows->count ? NULL : rows->patients;
        scans[i].first = first;
        scans[i].end = i + 1 == count ? rows->count : end;
        first = scans[i].end;
        if (status == STATUS_OK)
            status = scan_init(&scans[i]);
    }
    if (status == STATUS_OK) {
        run_all(scans, count);
        for (size_t i = 1; i < count; i++)
            merge(plan, &scans[0].sums, &scans[i].sums);
        *out = scans[0].sums;
        scans[0].sums = (struct contribution){0};
        set_heads(plan, rows, round, out);
    }
    for (size_t i = 0; i < count; i++)
        scan_fini(&scans[i]);
    free(scans);
    return status;
}

enum status plan_contribute(const struct plan *plan, const struct rows *rows,
    int threads, struct contribution *out)
{
    return contribute(plan, rows, threads, NULL, out);
}

enum status plan_contribute_round(const struct plan *plan,
    const struct rows *rows, int threads, const struct round *round,
    struct contribution *out)
{
    return contribute(plan, rows, threads, round, out);
}

void contribution_fini(struct contribution *contribution)
{
    vector_fini(&contribution->vector);
    free(contribution->facts);
    contribution->facts = NULL;
}
