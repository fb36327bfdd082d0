#include "coordinator/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/wire/defence.h"
#include "protocol/wire/little.h"

/* sequence 8, key 32, people 8, little-endian */
#define CELL_BYTES (8 + DIGEST_BYTES + 8)
#define LINES_MAX (QUERY_BY_MAX + 2)

void cells_fini(struct cells *cells)
{
    free(cells->list);
    *cells = (struct cells){0};
}

enum status cells_take(struct cells *cells, struct view bytes)
{
    const size_t new = bytes.size / CELL_BYTES;
    if (bytes.size % CELL_BYTES != 0)
        return STATUS_CORRUPT;
    if (cells->count + new > cells->room) {
        const size_t room = 2 * (cells->count + new);
        struct told_cell *larger =
            reallocarray(cells->list, room, sizeof *larger);
        if (larger == NULL)
            return STATUS_NO_MEMORY;
        cells->list = larger;
        cells->room = room;
    }
    for (size_t i = 0; i < new; i++) {
        const uint8_t *at = bytes.data + i * CELL_BYTES;
        struct told_cell *cell = &cells->list[cells->count++];
        cell->sequence = (int64_t)little_get(at, 8);
        memcpy(cell->key.bytes, at + 8, DIGEST_BYTES);
        cell->people = (int64_t)little_get(at + 8 + DIGEST_BYTES, 8);
    }
    return STATUS_OK;
}

/* ---- the cells of a question ---- */

struct cell {
    size_t segment, set, element;
    struct digest key;
};

struct walk {
    const struct sets *sets;
    enum status (*visit)(void *arg, const struct cell *cell);
    void *arg;
};

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Variable and value, each on a line, in order of the lines: a table and the
 * same one with rows for columns have the same cells. */
static enum status name_cell(char **lines, size_t count, struct digest *out)
{
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    qsort(lines, count, sizeof *lines, compare_lines);
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = buffer_append_format(&text, "%s\n", lines[i]);
    *out = digest_of(buffer_view(&text));
    buffer_fini(&text);
    return status;
}

static char *line_of(
    const struct plan *plan, size_t variable, const char *bins, size_t value)
{
    char *line = NULL;
    return asprintf(&line, "%s %s %zu",
               plan->dictionary->variables[variable].name, bins, value) < 0
               ? NULL
               : line;
}

/* The same cell as one of the level and as one of the cohort. */
static enum status visit_cell(const struct walk *walk, size_t segment,
    char **lines, size_t count, size_t element)
{
    const struct plan *plan = walk->sets->plan;
    const size_t level = plan->segments[segment].level;
    const size_t by = plan->query->by_count;
    struct cell cell = {.segment = segment,
        .set = sets_of_level(walk->sets, level),
        .element = element};
    enum status status = name_cell(lines, count, &cell.key);
    if (status == STATUS_OK)
        status = walk->visit(walk->arg, &cell);
    if (status != STATUS_OK || by == 0)
        return status;
    char *all[LINES_MAX];
    size_t made = 0;
    memcpy(all, lines, count * sizeof *all);
    while (
        made < by && (all[count + made] = line_of(plan, plan->query->by[made],
                          "", plan_level_of(plan, level, made))) != NULL)
        made++;
    char *own[QUERY_BY_MAX];
    memcpy(own, all + count, made * sizeof *own);
    status =
        made < by ? STATUS_NO_MEMORY : name_cell(all, count + by, &cell.key);
    for (size_t i = 0; i < made; i++)
        free(own[i]);
    cell.set = 0;
    return status == STATUS_OK ? walk->visit(walk->arg, &cell) : status;
}

static enum status walk_table(const struct walk *walk, size_t segment,
    const struct table_shape *table, const char *bins)
{
    const struct plan *plan = walk->sets->plan;
    const struct segment *at = &plan->segments[segment];
    const size_t *variables = plan->analyses[at->analysis].variables;
    const size_t count = plan->analyses[at->analysis].variable_count;
    const size_t rows = table->rows - table->last_row_missing;
    const size_t columns = table->columns - table->last_column_missing;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < rows * columns; i++) {
        const size_t r = i / columns, c = i % columns;
        char *lines[2] = {
            count == 2 ? line_of(plan, variables[0], bins, r) : NULL,
            line_of(plan, variables[count - 1], bins, c)};
        const size_t skip = count == 2 ? 0 : 1;
        if (lines[1] == NULL || lines[skip] == NULL)
            status = STATUS_NO_MEMORY;
        char *sorted[2] = {lines[skip], lines[1]};
        if (status == STATUS_OK)
            status = visit_cell(walk, segment, sorted, 2 - skip,
                at->first + table->first +
                    (r * table->columns + c) * COUNTS_CELL);
        free(lines[0]);
        free(lines[1]);
    }
    return status;
}

static enum status walk_segment(const struct walk *walk, size_t segment)
{
    const struct plan *plan = walk->sets->plan;
    const size_t analysis = plan->segments[segment].analysis;
    const char *name = plan->analyses[analysis].kind->name;
    const bool binned = strcmp(name, "histogram") == 0;
    if (!binned && strcmp(name, "frequency") != 0 &&
        strcmp(name, "crosstab") != 0)
        return STATUS_OK;
    char *bins =
        binned ? json_dumps(plan->query->analyses[analysis].parameters.value,
                     JSON_COMPACT | JSON_SORT_KEYS)
               : strdup("");
    if (bins == NULL)
        return STATUS_NO_MEMORY;
    const enum status status =
        walk_table(walk, segment, &plan->shapes[analysis].tables[0], bins);
    free(bins);
    return status;
}

static enum status walk_question(const struct walk *walk)
{
    enum status status = STATUS_OK;
    for (size_t s = 0;
         status == STATUS_OK && s < walk->sets->plan->segment_count; s++)
        status = walk_segment(walk, s);
    return status;
}

/* ---- what earlier tables hide ---- */

struct hiding {
    const struct cells *cells;
    const struct weighed_cells *question;
    uint8_t *hidden;
};

static size_t place_of(const struct weighed_cells *question, int64_t sequence)
{
    size_t place = 0;
    const size_t count = question->weighing->shape.remembered;
    while (place < count && question->sequences[place] != sequence)
        place++;
    return place;
}

/* A remembered set is of the very rows that answer set `set`. */
static bool is_same(
    const struct weighed_cells *question, size_t set, size_t place)
{
    const struct weighing_shape *shape = &question->weighing->shape;
    const int128 *weights = question->weighing->weights;
    const struct weighed_set *told = &question->instruction->sets[set];
    const int128 own = weights[weighing_weight(shape, set)];
    if (told->answer == WEIGHED_COMBINED)
        return told->term_count == 1 && told->terms[0].anchor == place &&
               told->terms[0].coefficient == 1;
    return own == weights[weighing_now(shape, place)] &&
           own == weights[weighing_shared(shape, set, place)];
}

/* All but fewer than k people of one are in the other. */
static bool is_within(
    const struct weighed_cells *question, size_t set, size_t place)
{
    const struct weighing_shape *shape = &question->weighing->shape;
    const int128 *weights = question->weighing->weights;
    const int128 own = weights[weighing_weight(shape, set)];
    const int128 other = weights[weighing_now(shape, place)];
    const int128 less = own < other ? own : other;
    return weights[weighing_shared(shape, set, place)] +
               question->weighing->people * (int128)WEIGHING_UNIT >
           less;
}

static enum status hide_cell(void *arg, const struct cell *cell)
{
    const struct hiding *hiding = arg;
    const struct weighed_cells *question = hiding->question;
    const int64_t people =
        (int64_t)question->sum->elements[cell->element + CELL_PEOPLE];
    bool hide = false;
    for (size_t i = 0; i < hiding->cells->count; i++) {
        const struct told_cell *told = &hiding->cells->list[i];
        if (!digest_equal(&told->key, &cell->key))
            continue;
        const size_t place = place_of(question, told->sequence);
        if (place == question->weighing->shape.remembered)
            continue;
        if (is_same(question, cell->set, place)) {
            hide = told->people == CELL_HIDDEN;
            break;
        }
        if (told->people == CELL_HIDDEN)
            continue;
        const int64_t apart = llabs(people - told->people);
        hide = hide || (apart > 0 && apart < question->weighing->people &&
                           is_within(question, cell->set, place));
    }
    if (hide && DEFENCE("earlier-tables"))
        hiding->hidden[cell->element] = 1;
    return STATUS_OK;
}

enum status cells_hide(const struct cells *cells,
    const struct weighed_cells *question, uint8_t *hidden)
{
    struct hiding hiding = {cells, question, hidden};
    const struct walk walk = {question->sets, hide_cell, &hiding};
    return cells->count == 0 ? STATUS_OK : walk_question(&walk);
}

/* ---- what a result tells ---- */

struct writing {
    const struct weighed_cells *question;
    int64_t first;
    struct buffer *out;
};

/* Of a set that is new its own, else that of the set of the same rows; 0: there
 * is none. */
static int64_t sequence_of(const struct writing *writing, size_t set)
{
    const struct weighed_cells *question = writing->question;
    if (question->instruction->sets[set].is_new)
        return writing->first +
               (int64_t)instruction_new_before(question->instruction, set);
    for (size_t t = 0; t < question->weighing->shape.remembered; t++) {
        if (is_same(question, set, t))
            return question->sequences[t];
    }
    return 0;
}

static enum status write_cell(void *arg, const struct cell *cell)
{
    const struct writing *writing = arg;
    const struct weighed_cells *question = writing->question;
    const int128 *elements = question->sum->elements;
    const int128 *at = elements + cell->element;
    const size_t first = question->sets->plan->segments[cell->segment].first;
    const int64_t sequence = sequence_of(writing, cell->set);
    if (sequence == 0 || elements[first + HEAD_WITHHELD] > 0)
        return STATUS_OK;
    enum status status =
        buffer_append_little(writing->out, (uint64_t)sequence, 8);
    if (status == STATUS_OK)
        status = buffer_append(writing->out, cell->key.bytes, DIGEST_BYTES);
    if (status == STATUS_OK)
        status = buffer_append_little(writing->out,
            (uint64_t)(at[CELL_WITHHELD] > 0 ? CELL_HIDDEN
                                             : (int64_t)at[CELL_PEOPLE]),
            8);
    return status;
}

enum status cells_write(
    const struct weighed_cells *question, int64_t first, struct buffer *out)
{
    struct writing writing = {question, first, out};
    const struct walk walk = {question->sets, write_cell, &writing};
    return walk_question(&walk);
}
