/*
 * plot: an entry of a result as a picture.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_PLOT_PLOT_H
#define COHORTIUM_COORDINATOR_CLIENT_PLOT_PLOT_H

#include <jansson.h>

#include "protocol/wire/buffer.h"

/* Whether entries of that analysis can be drawn. */
bool plot_draws(const char *analysis);
/* One object of "results" -> SVG text. STATUS_NOT_FOUND: there is nothing in it
 * to draw; STATUS_MALFORMED: it is no entry of that analysis. */
enum status plot_entry(
    struct buffer *out, const json_t *variables, const json_t *entry);

#endif
