/* What a scan's runs and heads come to. */
#include "protocol/analysis/scan_internal.h"

void scan_merge_facts(struct cell_facts *facts, const struct cell_facts *other)
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

/* ---- what comes of the runs ---- */

/* Squares of what counts w times are w^2, and its size is |w| times its own:
 * what rules look at does not cancel. A patient of whom k runs count something
 * is at most k times the largest in one, and the square of his sum at most k
 * times the sum of the squares (Cauchy and Schwarz). */
static void weigh_facts(
    const struct assigned_run *run, struct cell_facts *facts)
{
    const uint128 size =
        (uint128)(run->weight < 0 ? -run->weight : run->weight);
    const uint128 shares = (uint128)run->shares;
    facts->total *= size;
    facts->parts *= size * size * shares;
    facts->largest *= size * shares;
    facts->second *= size * shares;
}

static void take_facts(const struct shape *shape,
    const struct assigned_run *run, const struct set_part *part,
    const struct cell_facts *from, struct cell_facts *to)
{
    for (size_t t = 0; t < shape->table_count; t++) {
        const struct table_shape *table = &shape->tables[t];
        const size_t cells =
            table->kind == TABLE_MOMENTS ? table->rows * table->columns : 0;
        for (size_t i = 0; i < cells; i++) {
            const size_t at = table->first + i * MOMENTS_CELL;
            struct cell_facts facts = from[table->first_fact + i];
            if (at < part->first || at >= part->first + part->count)
                continue;
            weigh_facts(run, &facts);
            scan_merge_facts(&to[table->first_fact + i], &facts);
        }
    }
}

/* Parts that share their elements, as groups between cuts, are taken once. */
static bool is_taken(const struct assigned_run *run, size_t part)
{
    for (size_t p = 0; p < part; p++) {
        if (run->parts[p]->first == run->parts[part]->first)
            return true;
    }
    return false;
}

static void take_run(const struct plan *plan, const struct assigned_run *run,
    const int128 *elements, const struct cell_facts *facts,
    struct contribution *out)
{
    const struct segment *segment = &plan->segments[run->segment];
    const struct shape *shape = &plan->shapes[segment->analysis];
    int128 *to = out->vector.elements + segment->first;
    for (size_t p = 0; p < run->part_count; p++) {
        const struct set_part *part = run->parts[p];
        if (is_taken(run, p))
            continue;
        for (size_t k = part->first; k < part->first + part->count; k++)
            to[k] += run->weight * elements[k];
        take_facts(shape, run, part, facts, out->facts + segment->first_fact);
    }
}

void scan_take_runs(const struct asked *asked,
    const struct contribution *of_runs, struct contribution *out)
{
    const int128 *elements = of_runs->vector.elements;
    const struct cell_facts *facts = of_runs->facts;
    for (size_t r = 0; r < asked->run_count; r++) {
        const struct assigned_run *run = &asked->runs[r];
        const struct shape *shape =
            &asked->plan->shapes[asked->plan->segments[run->segment].analysis];
        take_run(asked->plan, run, elements, facts, out);
        elements += shape->length;
        facts += shape->fact_count;
    }
}

/* Cells of a part that is not answered; of ordered ones the first of a row says
 * it for all. */
static void withhold_part(const struct plan *plan, size_t segment,
    const struct set_part *part, struct contribution *out)
{
    const struct segment *at = &plan->segments[segment];
    const struct shape *shape = &plan->shapes[at->analysis];
    for (size_t t = 0; t < shape->table_count; t++) {
        const struct table_shape *table = &shape->tables[t];
        const bool ordered =
            table->kind == TABLE_ORDERED || table->kind == TABLE_TIMES;
        const size_t length = table_cell_length(table);
        const size_t step = ordered ? table->columns : 1;
        for (size_t i = 0; i < table->rows * table->columns; i += step) {
            const size_t cell = table->first + i * length;
            if (cell >= part->first && cell < part->first + part->count)
                out->vector.elements[at->first + cell + CELL_WITHHELD] = 1;
        }
    }
}

/* ---- heads ---- */

/* Of a segment that is not counted on its level's rows. */
static void set_assigned_head(
    const struct asked *asked, size_t index, struct contribution *out)
{
    const struct assigned *assigned = asked->assigned;
    const struct segment *segment = &asked->plan->segments[index];
    int128 *head = out->vector.elements + segment->first;
    if (assigned->ways[index] == SEGMENT_WITHHELD) {
        head[HEAD_RELEASED] = 0;
        head[HEAD_WITHHELD] = 1;
    } else if (assigned->ways[index] == SEGMENT_RUNS) {
        head[HEAD_ROWS] = assigned->heads[segment->level].rows;
        head[HEAD_PEOPLE] = assigned->heads[segment->level].people;
    }
}

static void set_assigned(const struct asked *asked, struct contribution *out)
{
    const struct assigned *assigned = asked->assigned;
    const struct sets *sets = assigned->sets;
    size_t next = 0;
    const struct assigned_head *cohort = &assigned->cohort;
    out->cohort_rows = (uint64_t)(cohort->rows > 0 ? cohort->rows : 0);
    out->cohort_people = (uint64_t)(cohort->people > 0 ? cohort->people : 0);
    for (size_t i = 0; i < asked->plan->segment_count; i++) {
        if (asked->round != NULL && asked->round->active[i] == SEGMENT_OVER)
            continue;
        set_assigned_head(asked, i, out);
        while (asked->round == NULL && next < assigned->few_count &&
               assigned->few[next] < sets->first_part[i + 1])
            withhold_part(
                asked->plan, i, &sets->parts[assigned->few[next++]], out);
    }
}

/* Heads are known, and are no part of what a later round tells. */
void scan_set_heads(const struct asked *asked, struct contribution *out)
{
    const struct plan *plan = asked->plan;
    const struct round *round = asked->round;
    int128 *elements = out->vector.elements;
    for (size_t i = 0; i < plan->segment_count; i++) {
        if (round == NULL || round->active[i] != SEGMENT_OVER)
            elements[plan->segments[i].first + HEAD_RELEASED] = 1;
        if (round == NULL)
            tell_parts(plan, &plan->segments[i], out);
    }
    if (asked->assigned != NULL)
        set_assigned(asked, out);
    if (round == NULL) {
        elements[PLAN_REACHABLE] = (int128)asked->rows->patient_count;
        elements[PLAN_COHORT] = asked->assigned != NULL
                                    ? (int128)asked->assigned->cohort.people
                                    : (int128)out->cohort_people;
    }
}
