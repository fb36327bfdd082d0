#include <string.h>
#include <strings.h>

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

/* What R, SPSS and papers call them. */
static const char *called_elsewhere(const char *name)
{
    static const char *const names[][2] = {{"coxph", "cox"},
        {"logistic", "glm"}, {"logit", "glm"}, {"poisson", "glm"},
        {"probit", "glm"}, {"linear", "lm"}, {"ols", "lm"},
        {"regression", "lm"}, {"mean", "summary"}, {"sd", "summary"},
        {"descriptives", "summary"}, {"median", "quantile"},
        {"quantiles", "quantile"}, {"percentile", "quantile"},
        {"survfit", "km"}, {"kaplan_meier", "km"}, {"kaplan-meier", "km"},
        {"survival", "km"}, {"survdiff", "logrank"}, {"log_rank", "logrank"},
        {"ttest", "t_test"}, {"t.test", "t_test"}, {"t-test", "t_test"},
        {"wilcoxon", "rank_test"}, {"wilcox.test", "rank_test"},
        {"mann_whitney", "rank_test"}, {"kruskal", "rank_test"},
        {"chisq", "crosstab"}, {"chisq.test", "crosstab"},
        {"fisher", "crosstab"}, {"table", "crosstab"}, {"aov", "anova"},
        {"cor", "correlation"}, {"auc", "roc"}, {"lmer", "mixed"},
        {"prcomp", "pca"}, {"hist", "histogram"}, {"nn", "mlp"},
        {"cuminc", "cumulative_incidence"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcasecmp(names[i][0], name) == 0)
            return names[i][1];
    }
    return NULL;
}

const char *analysis_nearest(const char *name)
{
    const char *known = called_elsewhere(name);
    if (known != NULL)
        return known;
    const char *names[sizeof analysis_catalogue / sizeof analysis_catalogue[0]];
    for (size_t i = 0; i < analysis_catalogue_count; i++)
        names[i] = analysis_catalogue[i]->name;
    return nearest_name(name, names, analysis_catalogue_count);
}
