#include <string.h>

#include "protocol/analysis/analysis.h"
#include "protocol/query/nearest.h"

const struct analysis_kind *const analysis_catalogue[] = {
    &analysis_count,
    &analysis_summary,
    &analysis_frequency,
    &analysis_crosstab,
    &analysis_histogram,
    &analysis_quantile,
    &analysis_km,
    &analysis_cumulative_incidence,
    &analysis_logrank,
    &analysis_lm,
    &analysis_anova,
    &analysis_mixed,
    &analysis_t_test,
    &analysis_rank_test,
    &analysis_correlation,
    &analysis_pca,
    &analysis_glm,
    &analysis_roc,
    &analysis_cox,
    &analysis_mlp,
    &analysis_quality,
};
const size_t analysis_catalogue_count =
    sizeof analysis_catalogue / sizeof analysis_catalogue[0];

const struct analysis_kind *analysis_find(const char *name)
{
    for (size_t i = 0; i < analysis_catalogue_count; i++) {
        if (strcmp(analysis_catalogue[i]->name, name) == 0)
            return analysis_catalogue[i];
    }
    return NULL;
}

const char *analysis_nearest(const char *name)
{
    const char *names[sizeof analysis_catalogue / sizeof analysis_catalogue[0]];
    for (size_t i = 0; i < analysis_catalogue_count; i++)
        names[i] = analysis_catalogue[i]->name;
    return nearest_name(name, names, analysis_catalogue_count);
}
