#include "protocol/analysis/assigned.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/assigned_rows.h"
#include "protocol/analysis/kernel.h"
#include "protocol/analysis/mask.h"

#define MASK_BYTES 64 /* masks are readable up to the next multiple */
#define ROOM_MIN 16
#define SOME_ROWS 256

/* What is needed while runs are made. */
struct making {
    struct assigned *out;
    const struct assignment *assignment;
    struct donors *donors; /* NULL: nobody takes a donor's value */
    int16_t *counts;       /* [rows->count] of the part at hand */
    uint8_t *own;          /* [rows->count] its set's own rows */
    uint8_t *in;           /* [rows->count] those that count, of a run */
    size_t run_room, few_room;
};

static const struct plan *plan_of(const struct assigned *assigned)
{
    return assigned->sets->plan;
}

static enum set_answer answer_of(const struct making *making, size_t set)
{
    return (enum set_answer)making->assignment->answered->answers[set];
}

/* The list with room for one more; NULL: there is no memory, and it is as it
 * was. */
static void *make_room(void *list, size_t *room, size_t count, size_t each)
{
    if (count < *room)
        return list;
    const size_t next = *room == 0 ? ROOM_MIN : *room * 2;
    void *grown = realloc(list, next * each);
    if (grown != NULL)
        *room = next;
    return grown;
}

/* ---- rows ---- */

KERNEL static bool are_between(
    const int16_t *counts, size_t count, int16_t least, int16_t most)
{
    bool beyond = false;
    for (size_t i = 0; i < count; i++)
        beyond |= counts[i] < least || counts[i] > most;
    return !beyond;
}

/* Rows that count `weight` times. */
KERNEL static void mark_counts(
    const int16_t *counts, size_t count, int weight, uint8_t *restrict mask)
{
    const int16_t equal = (int16_t)weight;
    for (size_t i = 0; i < count; i++)
        mask[i] = counts[i] == equal ? 0xFF : 0;
}

KERNEL static void count_once(
    const uint8_t *restrict mask, size_t count, int16_t *restrict counts)
{
    for (size_t i = 0; i < count; i++)
        counts[i] = (int16_t)(mask[i] & 1);
}

/* How often each row counts for a set, and which are the set's own. */
static enum status find_rows(const struct making *making, size_t set)
{
    const size_t count = making->out->rows->count;
    const enum set_answer answer = answer_of(making, set);
    const int16_t least =
        (int16_t)(answer == SET_SUMMED ? -ASSIGNED_WEIGHT_MAX : 0);
    const int16_t most =
        (int16_t)(answer == SET_SUMMED ? ASSIGNED_WEIGHT_MAX : 1);
    set_marker_mark(&making->out->marker, set, making->own);
    memset(making->counts, 0, count * sizeof *making->counts);
    if (answer == SET_OWN)
        count_once(making->own, count, making->counts);
    else if (answer != SET_FEW)
        making->assignment->count_rows(
            making->assignment->arg, set, making->counts);
    return are_between(making->counts, count, least, most)
               ? STATUS_OK
               : STATUS_OUT_OF_RANGE;
}

/* A part's, where its own rows answer: but for groups an analysis finds them
 * among those of the level, and many such parts are one run. */
static enum status find_rows_of_part(
    const struct making *making, size_t segment, const struct set_part *part)
{
    const struct sets *sets = making->out->sets;
    const bool by_level = answer_of(making, part->set) == SET_OWN &&
                          sets->list[part->set].code_count == 0;
    if (!by_level)
        return find_rows(making, part->set);
    set_marker_mark(&making->out->marker,
        sets_of_level(sets, sets->plan->segments[segment].level), making->own);
    count_once(making->own, making->out->rows->count, making->counts);
    return STATUS_OK;
}

/* A patient's rows that count alike are one person so often. */
static struct assigned_head head_of(const struct making *making)
{
    const struct rows *rows = making->out->rows;
    uint64_t last[2 * ASSIGNED_WEIGHT_MAX + 1] = {0};
    struct assigned_head head = {0, 0};
    for (size_t i = 0; i < rows->count; i++) {
        const int16_t count = making->counts[i];
        const uint64_t patient =
            (rows->patients == NULL ? i : rows->patients[i]) + 1;
        uint64_t *before = &last[count + ASSIGNED_WEIGHT_MAX];
        head.rows += count;
        head.people += *before != patient ? count : 0;
        *before = patient;
    }
    return head;
}

/* ---- runs ---- */

static enum status add_run(
    struct making *making, size_t segment, struct assigned_run **out)
{
    struct assigned *assigned = making->out;
    struct assigned_run *runs = make_room(assigned->runs, &making->run_room,
        assigned->run_count, sizeof *assigned->runs);
    if (runs == NULL)
        return STATUS_NO_MEMORY;
    assigned->runs = runs;
    uint8_t *mask = calloc(assigned->rows->count + MASK_BYTES, 1);
    if (mask == NULL)
        return STATUS_NO_MEMORY;
    *out = &runs[assigned->run_count++];
    **out = (struct assigned_run){
        .segment = segment, .weight = 1, .shares = 1, .mask = mask};
    return STATUS_OK;
}

static enum status add_part_of(
    struct assigned_run *run, const struct set_part *part)
{
    const struct set_part **parts = realloc((void *)run->parts,
        (run->part_count + 1) * sizeof(const struct set_part *));
    if (parts == NULL)
        return STATUS_NO_MEMORY;
    run->parts = parts;
    run->parts[run->part_count++] = part;
    return STATUS_OK;
}

KERNEL static void join_masks(
    const uint8_t *restrict in, size_t count, uint8_t *restrict mask)
{
    for (size_t i = 0; i < count; i++)
        mask[i] |= in[i];
}

/* Rows of a combination that are not the set's own are few. */
static enum status fix_rows(const struct making *making,
    struct assigned_run *run, const struct set_part *part)
{
    const struct row_set *set = &making->out->sets->list[part->set];
    const size_t count = making->out->rows->count;
    const struct fixing fixing = {making->out, making->donors};
    enum status status = STATUS_OK;
    for (size_t at = 0; status == STATUS_OK && at < count; at += SOME_ROWS) {
        const size_t end = at + SOME_ROWS < count ? at + SOME_ROWS : count;
        bool any = false;
        for (size_t i = at; i < end; i++)
            any |= (making->in[i] & ~making->own[i]) != 0;
        for (size_t i = at; any && status == STATUS_OK && i < end; i++) {
            if (making->in[i] != 0 && making->own[i] == 0)
                status = run_fix_row(&fixing, run, set, i);
        }
    }
    return status;
}

/* The rows that count `weight` times are added to the run's. */
static enum status fill_run(const struct making *making,
    struct assigned_run *run, const struct set_part *part)
{
    const size_t count = making->out->rows->count;
    enum status status = add_part_of(run, part);
    mark_counts(making->counts, count, run->weight, making->in);
    join_masks(making->in, count, (uint8_t *)run->mask);
    return status == STATUS_OK ? fix_rows(making, run, part) : status;
}

KERNEL static bool are_apart(
    const uint8_t *restrict a, const uint8_t *restrict b, size_t count)
{
    uint8_t both = 0;
    for (size_t i = 0; i < count; i++)
        both |= a[i] & b[i];
    return both == 0;
}

/* A hole that a donor fills for one part stays one for the other. */
static bool differ_in_a_column(const struct making *making, size_t a, size_t b)
{
    const struct row_set *list = making->out->sets->list;
    if (answer_of(making, a) == answer_of(making, b))
        return false;
    for (size_t i = 0; i < list[a].known_count; i++) {
        for (size_t k = 0; k < list[b].known_count; k++) {
            if (list[a].known[i] == list[b].known[k])
                return true;
        }
    }
    return false;
}

static bool has_set(const struct assigned_run *run, size_t set)
{
    for (size_t p = 0; p < run->part_count; p++) {
        if (run->parts[p]->set == set)
            return true;
    }
    return false;
}

/* Groups whose rows are apart are counted together: what they count in one cell
 * is then as it is in one pass; so are two parts of one group. Other parts are,
 * whose rows are the same. */
static bool joins(const struct making *making, const struct assigned_run *run,
    const struct set_part *part)
{
    const struct row_set *list = making->out->sets->list;
    const size_t count = making->out->rows->count;
    const bool of_group = list[part->set].code_count > 0;
    if (run->weight != 1 ||
        of_group != (list[run->parts[0]->set].code_count > 0))
        return false;
    for (size_t p = 0; !of_group && p < run->part_count; p++) {
        if (differ_in_a_column(making, part->set, run->parts[p]->set))
            return false;
    }
    return of_group ? has_set(run, part->set) ||
                          are_apart(making->in, run->mask, count)
                    : memcmp(making->in, run->mask, count) == 0;
}

static enum status add_to_runs(
    struct making *making, size_t segment, const struct set_part *part)
{
    struct assigned *assigned = making->out;
    struct assigned_run *run = NULL;
    mark_counts(making->counts, assigned->rows->count, 1, making->in);
    for (size_t r = assigned->run_count;
         r > 0 && assigned->runs[r - 1].segment == segment; r--) {
        if (joins(making, &assigned->runs[r - 1], part))
            run = &assigned->runs[r - 1];
    }
    enum status status =
        run == NULL ? add_run(making, segment, &run) : STATUS_OK;
    return status == STATUS_OK ? fill_run(making, run, part) : status;
}

/* Whether rows of one patient count differently. */
static bool differs_within_a_patient(const struct making *making)
{
    const struct rows *rows = making->out->rows;
    const int16_t *counts = making->counts;
    uint32_t last = UINT32_MAX;
    int16_t before = 0;
    for (size_t i = 0; rows->patients != NULL && i < rows->count; i++) {
        if (counts[i] == 0)
            continue;
        if (rows->patients[i] == last && counts[i] != before)
            return true;
        last = rows->patients[i];
        before = counts[i];
    }
    return false;
}

/* A run for each weight that rows have. */
static enum status add_summed(
    struct making *making, size_t segment, const struct set_part *part)
{
    bool has[2 * ASSIGNED_WEIGHT_MAX + 1] = {false};
    int weights = 0;
    for (size_t i = 0; i < making->out->rows->count; i++)
        has[making->counts[i] + ASSIGNED_WEIGHT_MAX] = true;
    has[ASSIGNED_WEIGHT_MAX] = false; /* those that do not count */
    for (int w = -ASSIGNED_WEIGHT_MAX; w <= ASSIGNED_WEIGHT_MAX; w++)
        weights += has[w + ASSIGNED_WEIGHT_MAX] ? 1 : 0;
    const int shares = differs_within_a_patient(making) ? weights : 1;
    enum status status = STATUS_OK;
    for (int w = -ASSIGNED_WEIGHT_MAX;
         status == STATUS_OK && w <= ASSIGNED_WEIGHT_MAX; w++) {
        struct assigned_run *run;
        if (!has[w + ASSIGNED_WEIGHT_MAX])
            continue;
        status = add_run(making, segment, &run);
        if (status != STATUS_OK)
            break;
        run->weight = w;
        run->shares = shares;
        status = fill_run(making, run, part);
    }
    return status;
}

static enum status add_few(struct making *making, size_t part)
{
    struct assigned *assigned = making->out;
    size_t *few = make_room(
        assigned->few, &making->few_room, assigned->few_count, sizeof *few);
    if (few == NULL)
        return STATUS_NO_MEMORY;
    assigned->few = few;
    assigned->few[assigned->few_count++] = part;
    return STATUS_OK;
}

/* Columns that no part of a run needs are not counted again. */
static enum status hide_columns(
    const struct making *making, size_t segment, struct assigned_run *run)
{
    const struct assigned *assigned = making->out;
    const struct sets *sets = assigned->sets;
    bool *needed =
        calloc(plan_of(assigned)->dictionary->column_count, sizeof *needed);
    enum status status = needed == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    for (size_t p = 0; status == STATUS_OK && p < run->part_count; p++) {
        const struct row_set *set = &sets->list[run->parts[p]->set];
        for (size_t i = 0; i < set->known_count; i++)
            needed[set->known[i]] = true;
    }
    for (size_t p = sets->first_part[segment];
         status == STATUS_OK && p < sets->first_part[segment + 1]; p++) {
        const struct row_set *set = &sets->list[sets->parts[p].set];
        const bool hides = set->code_count == 0 && set->known_count == 1 &&
                           !needed[set->known[0]];
        if (hides) {
            needed[set->known[0]] = true;
            status = run_add_column(run, set->known[0], (struct column){0});
        }
    }
    free(needed);
    return status;
}

static bool has_several(const struct rows *rows, const uint8_t *mask)
{
    uint32_t last = UINT32_MAX;
    for (size_t i = 0; rows->patients != NULL && i < rows->count; i++) {
        if (mask[i] == 0)
            continue;
        if (rows->patients[i] == last)
            return true;
        last = rows->patients[i];
    }
    return false;
}

static enum status make_runs(struct making *making, size_t segment)
{
    struct assigned *assigned = making->out;
    const struct sets *sets = assigned->sets;
    const size_t first = assigned->run_count;
    enum status status = STATUS_OK;
    for (size_t p = sets->first_part[segment];
         status == STATUS_OK && p < sets->first_part[segment + 1]; p++) {
        const struct set_part *part = &sets->parts[p];
        if (part->count == 0)
            continue;
        if (answered_is_withheld(making->assignment->answered, segment, part)) {
            status = add_few(making, p);
            continue;
        }
        status = find_rows_of_part(making, segment, part);
        if (status != STATUS_OK)
            return status;
        status = answer_of(making, part->set) == SET_SUMMED
                     ? add_summed(making, segment, part)
                     : add_to_runs(making, segment, part);
    }
    for (size_t r = first; status == STATUS_OK && r < assigned->run_count;
         r++) {
        struct assigned_run *run = &assigned->runs[r];
        run->several = has_several(assigned->rows, run->mask);
        status = hide_columns(making, segment, run);
        if (status == STATUS_OK)
            status = run_place_columns(assigned, run);
    }
    return status;
}

static enum status make_heads(struct making *making)
{
    struct assigned *assigned = making->out;
    enum status status = find_rows(making, 0);
    if (status == STATUS_OK)
        assigned->cohort = head_of(making);
    for (size_t level = 0;
         status == STATUS_OK && level < plan_of(assigned)->level_count;
         level++) {
        status = find_rows(making, sets_of_level(assigned->sets, level));
        if (status == STATUS_OK)
            assigned->heads[level] = head_of(making);
    }
    return status;
}

static enum status make_all(struct making *making)
{
    struct assigned *assigned = making->out;
    enum status status = make_heads(making);
    for (size_t i = 0;
         status == STATUS_OK && i < plan_of(assigned)->segment_count; i++) {
        assigned->ways[i] =
            (uint8_t)answered_way(making->assignment->answered, i);
        if (assigned->ways[i] == SEGMENT_RUNS)
            status = make_runs(making, i);
    }
    return status;
}

static enum status making_init(struct making *making)
{
    const struct assigned *assigned = making->out;
    const struct rows *rows = assigned->rows;
    const struct donor_lot *lot = making->assignment->lot;
    making->counts = calloc(rows->count + 1, sizeof *making->counts);
    making->own = calloc(rows->count + 1, 1);
    making->in = calloc(rows->count + 1, 1);
    if (making->counts == NULL || making->own == NULL || making->in == NULL)
        return STATUS_NO_MEMORY;
    enum status status =
        set_marker_init(&making->out->marker, assigned->sets, rows);
    return status == STATUS_OK && lot != NULL
               ? donors_create(
                     &making->donors, rows, plan_of(assigned)->dictionary, lot)
               : status;
}

static void making_fini(struct making *making)
{
    donors_destroy(making->donors);
    free(making->counts);
    free(making->own);
    free(making->in);
}

enum status assigned_create(struct assigned **out, const struct rows *rows,
    const struct assignment *assignment)
{
    const struct sets *sets = assignment->answered->sets;
    *out = NULL;
    struct assigned *assigned = calloc(1, sizeof *assigned);
    struct making making = {.out = assigned, .assignment = assignment};
    if (assigned == NULL)
        return STATUS_NO_MEMORY;
    assigned->sets = sets;
    assigned->rows = rows;
    assigned->heads = calloc(sets->plan->level_count, sizeof *assigned->heads);
    assigned->ways = calloc(sets->plan->segment_count, 1);
    enum status status = assigned->heads == NULL || assigned->ways == NULL
                             ? STATUS_NO_MEMORY
                             : making_init(&making);
    if (status == STATUS_OK)
        status = make_all(&making);
    making_fini(&making);
    if (status != STATUS_OK) {
        assigned_destroy(assigned);
        return status;
    }
    *out = assigned;
    return STATUS_OK;
}

void assigned_destroy(struct assigned *assigned)
{
    if (assigned == NULL)
        return;
    for (size_t r = 0; r < assigned->run_count; r++)
        run_fini(assigned, &assigned->runs[r]);
    set_marker_fini(&assigned->marker);
    free(assigned->runs);
    free(assigned->few);
    free(assigned->heads);
    free(assigned->ways);
    free(assigned);
}
