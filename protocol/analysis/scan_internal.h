/*
 * scan_internal: what scan.c and scan_runs.c share.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_SCAN_INTERNAL_H
#define COHORTIUM_PROTOCOL_ANALYSIS_SCAN_INTERNAL_H

#include "protocol/analysis/assigned.h"

/* What is asked of which rows, by all threads. */
struct asked {
    const struct plan *plan;
    const struct round *round; /* NULL: the first */
    const struct rows *rows;
    const struct assigned *assigned; /* NULL: all by their levels */
    size_t run_count;
    const struct assigned_run *runs;
    size_t run_length, run_facts; /* elements and facts of all runs */
};

void scan_merge_facts(struct cell_facts *facts, const struct cell_facts *other);
/* What the runs counted, one after another, becomes their segments'. */
void scan_take_runs(const struct asked *asked,
    const struct contribution *of_runs, struct contribution *out);
/* Heads, what a sum tells of its parts, and what is withheld. */
void scan_set_heads(const struct asked *asked, struct contribution *out);

#endif
