#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "protocol/analysis/leverage.h"
#include "protocol/analysis/mask.h"
#include "protocol/analysis/means.h"
#include "protocol/analysis/scan_internal.h"

#define THREADS_MAX 64
/* Below, a thread costs more than it gives. */
#define ROWS_PER_THREAD_MIN 65536
#define ROOM_PAGE ((size_t)2 << 20)
#define ROOM_PAGES_MIN 2

/* A segment that is counted: on the rows of its level, or of a run. */
struct lane {
    size_t segment;
    const struct assigned_run *run; /* NULL: the level's */
    void *state;
    void *means; /* likewise, of means.h; NULL after the first round */
    uint64_t last_patient; /* + 1; heads */
    int128 *elements;      /* the segment's */
    struct cell_facts *facts;
};

/* One thread's share of the rows and all that it counts. */
struct scan {
    const struct asked *asked;
    const struct plan *plan;
    const struct round *round;
    const struct rows *rows;
    const uint32_t *patients; /* NULL when no patient has two rows */
    size_t first, end;
    struct contribution sums;
    struct contribution of_runs; /* run after run */
    struct lane *lanes;          /* one a segment, then one a run */
    uint64_t last_in_cohort;
    uint32_t last_taken;
    uint8_t *cohort_mask, *level_mask, *scratch;
};

static size_t lane_count(const struct asked *asked)
{
    return asked->plan->segment_count + asked->run_count;
}

static void scan_fini(struct scan *scan)
{
    for (size_t i = 0; scan->lanes != NULL && i < lane_count(scan->asked);
         i++) {
        free(scan->lanes[i].state);
        free(scan->lanes[i].means);
    }
    free(scan->lanes);
    free(scan->cohort_mask);
    contribution_fini(&scan->sums);
    contribution_fini(&scan->of_runs);
}

static enum segment_step step_of(const struct scan *scan, size_t segment)
{
    return scan->round == NULL
               ? SEGMENT_GOES_ON
               : (enum segment_step)scan->round->active[segment];
}

/* Whether a segment is counted on the rows of its level. */
static bool is_of_level(const struct scan *scan, size_t segment)
{
    return step_of(scan, segment) != SEGMENT_OVER &&
           (scan->asked->assigned == NULL ||
               scan->asked->assigned->ways[segment] == SEGMENT_PLAIN);
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
    const size_t rows =
        !checks && kind->row_size != NULL
            ? kind->row_size(analysis) * (scan->end - scan->first)
            : 0;
    void *state = create_room(size + rows + 1);
    if (state != NULL)
        memset(state, 0, size);
    return state;
}

static enum status open_lane(struct scan *scan, struct lane *lane,
    size_t segment, int128 *elements, struct cell_facts *facts)
{
    lane->segment = segment;
    lane->elements = elements;
    lane->facts = facts;
    lane->state = create_state(scan, segment);
    if (lane->state == NULL)
        return STATUS_NO_MEMORY;
    if (scan->round != NULL)
        return STATUS_OK;
    const size_t a = scan->plan->segments[segment].analysis;
    lane->means = calloc(1, means_state_size(&scan->plan->shapes[a]) + 1);
    return lane->means == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

/* Those of a round: of the others nothing is counted. */
static enum status open_lanes(struct scan *scan)
{
    const struct plan *plan = scan->plan;
    int128 *elements = scan->of_runs.vector.elements;
    struct cell_facts *facts = scan->of_runs.facts;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < plan->segment_count; i++) {
        const struct segment *segment = &plan->segments[i];
        if (!is_of_level(scan, i))
            continue;
        status = open_lane(scan, &scan->lanes[i], i,
            scan->sums.vector.elements + segment->first,
            scan->sums.facts + segment->first_fact);
    }
    for (size_t r = 0; status == STATUS_OK && r < scan->asked->run_count; r++) {
        const struct assigned_run *run = &scan->asked->runs[r];
        struct lane *lane = &scan->lanes[plan->segment_count + r];
        const struct shape *shape =
            &plan->shapes[plan->segments[run->segment].analysis];
        lane->run = run;
        if (step_of(scan, run->segment) != SEGMENT_OVER)
            status = open_lane(scan, lane, run->segment, elements, facts);
        elements += shape->length;
        facts += shape->fact_count;
    }
    return status;
}

static enum status sums_init(
    struct contribution *sums, size_t length, size_t facts)
{
    sums->facts = calloc(facts + 1, sizeof *sums->facts);
    return sums->facts == NULL ? STATUS_NO_MEMORY
                               : vector_init(&sums->vector, length);
}

static enum status scan_init(struct scan *scan)
{
    const struct plan *plan = scan->plan;
    const struct asked *asked = scan->asked;
    size_t scratch = mask_scratch_blocks(plan->query->cohort);
    scan->last_taken = UINT32_MAX;
    scan->lanes = calloc(lane_count(asked), sizeof *scan->lanes);
    scan->cohort_mask = malloc((scratch + 2) * BLOCK_ROWS);
    if (scan->lanes == NULL || scan->cohort_mask == NULL)
        return STATUS_NO_MEMORY;
    scan->level_mask = scan->cohort_mask + BLOCK_ROWS;
    scan->scratch = scan->level_mask + BLOCK_ROWS;
    enum status status =
        sums_init(&scan->sums, plan->vector_length, plan->fact_count);
    if (status == STATUS_OK)
        status = sums_init(&scan->of_runs, asked->run_length, asked->run_facts);
    return status == STATUS_OK ? open_lanes(scan) : status;
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

static void add_to_lane(struct scan *scan, struct lane *lane,
    const struct row_block *rows_of_lane, uint64_t rows)
{
    struct row_block with_values = *rows_of_lane;
    const struct row_block *block = &with_values;
    const struct plan *plan = scan->plan;
    const struct segment *segment = &plan->segments[lane->segment];
    const struct analysis *analysis = &plan->analyses[segment->analysis];
    const struct shape *shape = &plan->shapes[segment->analysis];
    if (scan->round != NULL)
        with_values.values = scan->round->values + segment->first_value;
    lane->elements[HEAD_ROWS] += (int128)rows;
    lane->elements[HEAD_PEOPLE] +=
        (int128)count_people(block, rows, &lane->last_patient);
    if (is_leverage(scan, lane->segment)) {
        const struct leverage_round round = leverage_of(scan, lane->segment);
        leverage_contribute(
            analysis, shape, &round, block, lane->state, lane->elements);
    } else {
        analysis->kind->contribute(
            analysis, shape, block, lane->state, lane->elements, lane->facts);
    }
    if (lane->means != NULL)
        means_add(
            analysis, shape, block, lane->means, lane->elements, lane->facts);
}

/* After the last block: what the lane's state still holds. */
static void flush_lane(struct scan *scan, struct lane *lane)
{
    const struct plan *plan = scan->plan;
    const struct segment *segment = &plan->segments[lane->segment];
    const struct analysis *analysis = &plan->analyses[segment->analysis];
    const struct shape *shape = &plan->shapes[segment->analysis];
    if (is_leverage(scan, lane->segment)) {
        const struct leverage_round round = leverage_of(scan, lane->segment);
        leverage_flush(analysis, shape, &round, lane->state, lane->elements);
    } else if (analysis->kind->flush != NULL) {
        analysis->kind->flush(analysis, shape, lane->state,
            scan->round == NULL ? NULL
                                : scan->round->values + segment->first_value,
            lane->elements, lane->facts);
    }
    if (lane->means != NULL)
        means_flush(shape, lane->means, lane->facts);
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
        for (size_t a = 0; rows > 0 && a < plan->analysis_count; a++) {
            struct lane *lane = &scan->lanes[a * plan->level_count + level];
            if (lane->state != NULL)
                add_to_lane(scan, lane, &block, rows);
        }
    }
}

/* An analysis may keep the run's rows until it is flushed. */
static void scan_run(
    struct scan *scan, struct lane *lane, size_t first, size_t count)
{
    const struct assigned_run *run = lane->run;
    const bool one_each =
        scan->plan->query->unit == UNIT_PATIENT && !run->several;
    const struct row_block block = {.rows = &run->rows,
        .patients = one_each ? NULL : scan->patients,
        .first = first,
        .count = count,
        .mask = run->mask + first};
    const uint64_t in = mask_count(block.mask, count);
    if (in > 0)
        add_to_lane(scan, lane, &block, in);
}

static void *run_scan(void *arg)
{
    struct scan *scan = arg;
    const struct plan *plan = scan->plan;
    for (size_t at = scan->first; at < scan->end; at += BLOCK_ROWS) {
        size_t left = scan->end - at;
        const size_t count = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        scan_block(scan, at, count);
        for (size_t r = 0; r < scan->asked->run_count; r++) {
            struct lane *lane = &scan->lanes[plan->segment_count + r];
            if (lane->state != NULL)
                scan_run(scan, lane, at, count);
        }
    }
    for (size_t i = 0; i < lane_count(scan->asked); i++) {
        if (scan->lanes[i].state != NULL)
            flush_lane(scan, &scan->lanes[i]);
    }
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

static void merge(
    struct contribution *out, const struct contribution *part, size_t facts)
{
    out->cohort_rows += part->cohort_rows;
    out->cohort_people += part->cohort_people;
    (void)vector_add(&out->vector, &part->vector); /* of one length */
    for (size_t i = 0; i < facts; i++)
        scan_merge_facts(&out->facts[i], &part->facts[i]);
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

static bool must_be_whole(const struct plan *plan)
{
    for (size_t a = 0; a < plan->analysis_count; a++) {
        const struct analysis *analysis = &plan->analyses[a];
        if (analysis->kind->whole != NULL && analysis->kind->whole(analysis))
            return true;
    }
    return false;
}

static enum status scan_all(const struct asked *asked, struct scan *scans,
    size_t count, struct contribution *out)
{
    const struct rows *rows = asked->rows;
    enum status status = STATUS_OK;
    size_t first = 0;
    for (size_t i = 0; i < count; i++) {
        size_t end = cut_at(rows, rows->count / count * (i + 1));
        scans[i].plan = asked->plan;
        scans[i].round = asked->round;
        scans[i].rows = rows;
        scans[i].patients =
            rows->patient_count == rows->count ? NULL : rows->patients;
        scans[i].first = first;
        scans[i].end = i + 1 == count ? rows->count : end;
        first = scans[i].end;
        if (status == STATUS_OK)
            status = scan_init(&scans[i]);
    }
    if (status != STATUS_OK)
        return status;
    run_all(scans, count);
    for (size_t i = 1; i < count; i++) {
        merge(&scans[0].sums, &scans[i].sums, asked->plan->fact_count);
        merge(&scans[0].of_runs, &scans[i].of_runs, asked->run_facts);
    }
    *out = scans[0].sums;
    scans[0].sums = (struct contribution){0};
    scan_take_runs(asked, &scans[0].of_runs, out);
    scan_set_heads(asked, out);
    return STATUS_OK;
}

static enum status contribute(
    const struct asked *asked, int threads, struct contribution *out)
{
    size_t count =
        must_be_whole(asked->plan) ? 1 : scan_count(asked->rows, threads);
    *out = (struct contribution){0};
    struct scan *scans = calloc(count, sizeof *scans);
    if (scans == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        scans[i].asked = asked;
    enum status status = scan_all(asked, scans, count, out);
    for (size_t i = 0; i < count; i++)
        scan_fini(&scans[i]);
    free(scans);
    return status;
}

enum status plan_contribute(const struct plan *plan, const struct rows *rows,
    int threads, struct contribution *out)
{
    const struct asked asked = {.plan = plan, .rows = rows};
    return contribute(&asked, threads, out);
}

enum status plan_contribute_round(const struct plan *plan,
    const struct rows *rows, int threads, const struct round *round,
    struct contribution *out)
{
    const struct asked asked = {.plan = plan, .rows = rows, .round = round};
    return contribute(&asked, threads, out);
}

enum status plan_contribute_assigned(const struct assigned *assigned,
    int threads, const struct round *round, struct contribution *out)
{
    const struct plan *plan = assigned->sets->plan;
    struct asked asked = {.plan = plan,
        .rows = assigned->rows,
        .round = round,
        .assigned = assigned,
        .run_count = assigned->run_count,
        .runs = assigned->runs};
    for (size_t r = 0; r < asked.run_count; r++) {
        const struct shape *shape =
            &plan->shapes[plan->segments[asked.runs[r].segment].analysis];
        asked.run_length += shape->length;
        asked.run_facts += shape->fact_count;
    }
    return contribute(&asked, threads, out);
}

void contribution_fini(struct contribution *contribution)
{
    vector_fini(&contribution->vector);
    free(contribution->facts);
    contribution->facts = NULL;
}
