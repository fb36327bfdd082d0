/*
 * cox_rows: rows of a Cox model, some at a time: when each is at risk, its
 * exp(x b), and its products w, w x, w x x' added up as whole multiples of
 * 2^-COX_BITS. Shared by cox_center and cox_grid.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_COX_ROWS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_COX_ROWS_H

#include "protocol/analysis/cox_rounds.h"

#define COX_ETA_MAX 18 /* exp of it still fits a sum */

struct cox_rows {
    uint32_t stratum[DESIGN_ROWS];
    uint32_t stop[DESIGN_ROWS], start[DESIGN_ROWS]; /* steps; at risk after
                                                      start and up to stop */
    uint8_t event[DESIGN_ROWS];
    double eta[DESIGN_ROWS], weight[DESIGN_ROWS]; /* 0 where x b is too large */
};

/* A part of a state of `bytes` bytes, on 64; *used grows. base NULL: only
 * measures. */
void *cox_take(void *base, size_t *used, size_t bytes);

/* Clears in[i] where a row has no time, event or stratum, or no time at risk.
 */
void cox_rows_stand(const struct cox *cox, const struct design_rows *which,
    uint8_t *in, struct cox_rows *out);
/* The covariates z of rows as values (NULL: none told yet) have them: of these
 * are all that follow. columns: as design_fill has made them; z: [p *
 * DESIGN_ROWS]. */
void cox_rows_standard(const struct cox *cox, const double *columns,
    const double *values, size_t count, double *z);
/* Weights at beta (NULL: 0). Rows of too large z or z b are no longer in; the
 * number of them is returned. */
size_t cox_rows_weigh(const struct cox *cox, const double *z,
    const double *beta, size_t count, uint8_t *in, struct cox_rows *rows);

/* The first round's cox_moments of the rows that are in. */
void cox_add_moments(
    const struct cox *cox, const struct model_rows *rows, int128 *cell);
/* Adds to SUM_X and after it; event[i]: 1 or 0; timed[i]: that times the time.
 */
void cox_add_events(const struct cox *cox, const double *z,
    const double *event, const double *timed, size_t count, int128 *sums);

/* Products of one row, padded by zeros. */
size_t cox_products_width(const struct cox_layout *layout);
/* Rows whose products are made in one go. */
size_t cox_products_rows(const struct cox_layout *layout);
/* Of rows first..first + count; x: the first covariate; out[count * width]. */
void cox_products_make(const struct cox *cox, const double *x,
    const struct cox_rows *rows, size_t first, size_t count, double *out);
/* Adds them to the sums of bits high[width], low[width] (fixed.h). */
void cox_products_add(
    const double *products, size_t count, size_t width, uint64_t *sums);

/* The two kinds of model: state_size, contribute and flush of struct
 * analysis_kind; cell, sums: those of the segment's only cell. */
size_t cox_center_state_size(const struct cox *cox);
size_t cox_center_row_size(const struct cox *cox); /* more, for each row */
void cox_center_contribute(const struct cox *cox, const struct row_block *block,
    void *state, int128 *cell);
void cox_center_flush(
    const struct cox *cox, void *state, const double *values, int128 *sums);
size_t cox_grid_state_size(const struct cox *cox);
void cox_grid_contribute(const struct cox *cox, const struct row_block *block,
    void *state, int128 *cell);
void cox_grid_flush(
    const struct cox *cox, void *state, const double *values, int128 *sums);

#endif
