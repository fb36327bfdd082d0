/*
 * plot: an entry of a result as a picture.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_PLOT_PLOT_H
#define COHORTIUM_COORDINATOR_CLIENT_PLOT_PLOT_H

#include <jansson.h>

#include "coordinator/client/plot/canvas.h"

/* Whether entries of that analysis can be drawn. */
bool plot_draws(const char *analysis);
/* The format of a file by the ending of its name: .svg, .png, .pdf. False: it
 * is none of them. */
bool plot_format(enum canvas_format *format, const char *path);
/* One object of "results", with what its result says of names and beside it (a
 * log-rank test of the same groups) -> drawing, which canvas_fini frees also
 * after a failure. STATUS_NOT_FOUND: there is nothing in it to draw;
 * STATUS_MALFORMED: it is no entry of that analysis. */
enum status plot_draw(
    struct canvas *canvas, const json_t *result, const json_t *entry);
/* The same as a file's bytes, appended. */
enum status plot_entry(struct buffer *out, const json_t *result,
    const json_t *entry, enum canvas_format format);

#endif
