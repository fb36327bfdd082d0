#include "protocol/analysis/ranked.h"

#include "protocol/analysis/model.h"
#include "protocol/analysis/tally.h"

void ranked_init(struct ranked *out, const struct variable *variable,
    size_t place, const struct steps_group *group, const struct cuts *cuts)
{
    *out = (struct ranked){.variable = variable,
        .place = place,
        .grouped = group != NULL,
        .is_cut = !steps_are_few(variable),
        .cuts = *cuts};
    if (group != NULL)
        out->group = *group;
    steps_range(variable, &out->cuts.low, &out->cuts.high);
}

enum status ranked_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const struct ranked *ranked = analysis->model;
    (void)dictionary;
    if (!ranked->is_cut) {
        steps_shape(out, ranked->variable, ranked->cuts.groups);
        return STATUS_OK;
    }
    model_shape(out, cuts_width(&ranked->cuts), 0);
    out->tables[0].fine = true;
    return STATUS_OK;
}

size_t ranked_state_size(
    const struct analysis *analysis, const struct shape *shape)
{
    const struct ranked *ranked = analysis->model;
    const struct table_shape *table = &shape->tables[0];
    return ranked->is_cut ? cuts_state_size(&ranked->cuts)
                          : tally_state_size(table->rows * table->columns);
}

void ranked_contribute(const struct analysis *analysis,
    const struct shape *shape, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    const struct ranked *ranked = analysis->model;
    const struct steps_group *group = ranked->grouped ? &ranked->group : NULL;
    const struct cuts_variable variable = {
        ranked->variable, ranked->place, group};
    const struct cuts_counting to = {
        block, block->values, state, elements + shape->tables[0].first};
    (void)facts;
    if (ranked->is_cut)
        cuts_add_block(&ranked->cuts, &to, &variable);
    else
        steps_add(
            &shape->tables[0], block, ranked->place, group, state, elements);
}

size_t ranked_value_count(
    const struct analysis *analysis, const struct shape *shape)
{
    const struct ranked *ranked = analysis->model;
    (void)shape;
    return ranked->is_cut ? cuts_value_count(&ranked->cuts) : 0;
}

bool ranked_takes(const struct analysis *analysis, const struct shape *shape,
    const double *values)
{
    const struct ranked *ranked = analysis->model;
    (void)shape;
    return cuts_are_told(&ranked->cuts, values);
}

size_t ranked_memory_count(
    const struct analysis *analysis, const struct shape *shape)
{
    const struct ranked *ranked = analysis->model;
    (void)shape;
    return ranked->is_cut ? cuts_memory_count(&ranked->cuts) : 0;
}

enum status ranked_advance(
    const struct analysis *analysis, struct summed_round *round)
{
    const struct ranked *ranked = analysis->model;
    const struct cuts_round counted = {
        .sums = round->elements + round->shape->tables[0].first + COUNTS_CELL,
        .values = round->number == 1 ? NULL : round->values,
        .memory = round->memory,
        .next = round->next,
        .min_cell = round->min_cell};
    round->done = true;
    return ranked->is_cut
               ? cuts_advance(analysis, &ranked->cuts, &counted, &round->done)
               : STATUS_OK;
}
