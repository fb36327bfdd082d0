#include "coordinator/client/plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/client/plot/plot_internal.h"
#include "coordinator/client/result_rows.h"
#include "coordinator/client/result_title.h"

static const struct kind {
    const char *analysis;
    enum status (*draw)(
        struct svg *svg, const json_t *variables, const json_t *entry);
} kinds[] = {
    {"km", plot_curves},
    {"cumulative_incidence", plot_curves},
    {"cox", plot_forest},
    {"glm", plot_forest},
    {"lm", plot_forest},
    {"mixed", plot_forest},
    {"histogram", plot_bars},
    {"frequency", plot_bars},
    {"roc", plot_roc},
    {"pca", plot_scree},
    {"mlp", plot_training},
};

static const struct kind *kind_of(const char *analysis)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].analysis, analysis) == 0)
            return &kinds[i];
    }
    return NULL;
}

bool plot_draws(const char *analysis)
{
    return kind_of(analysis) != NULL;
}

#define TITLE_PLAIN 90 /* characters that fit in the usual size */

void plot_title(struct svg *svg, const json_t *variables, const json_t *entry)
{
    struct words title = {0};
    result_title(&title, variables, entry);
    svg_text(svg, 24, 26, title.size > TITLE_PLAIN ? 10.5 : 15, ANCHOR_START,
        title.text);
}

void plot_people(char *out, size_t capacity, const json_t *entry)
{
    const double n = result_number(entry, "n");
    const double events = result_number(entry, "events");
    *out = '\0';
    if (!isnan(n) && !isnan(events))
        snprintf(out, capacity, "n = %.0f, %.0f events", n, events);
    else if (!isnan(n))
        snprintf(out, capacity, "n = %.0f", n);
}

enum status plot_entry(
    struct buffer *out, const json_t *variables, const json_t *entry)
{
    const struct kind *kind = kind_of(result_string(entry, "analysis"));
    struct svg svg = {.status = STATUS_OK};
    if (kind == NULL || result_is_suppressed(entry))
        return STATUS_NOT_FOUND;
    if (json_array_size(json_object_get(entry, "table")) == 0)
        return STATUS_NOT_FOUND;
    enum status status = kind->draw(&svg, variables, entry);
    if (status == STATUS_OK)
        status = svg_end(&svg);
    if (status == STATUS_OK)
        status = buffer_append(out, svg.text.data, svg.text.size);
    buffer_fini(&svg.text);
    return status;
}
