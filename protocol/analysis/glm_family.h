/*
 * glm_family: families and links of generalized linear models, as R's family().
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_GLM_FAMILY_H
#define COHORTIUM_PROTOCOL_ANALYSIS_GLM_FAMILY_H

#include <stdbool.h>

enum glm_family {
    FAMILY_BINOMIAL,
    FAMILY_POISSON,
    FAMILY_GAUSSIAN,
    FAMILY_GAMMA,
    FAMILY_COUNT
};
enum glm_link {
    LINK_LOGIT,
    LINK_PROBIT,
    LINK_CLOGLOG,
    LINK_LOG,
    LINK_IDENTITY,
    LINK_INVERSE,
    LINK_SQRT,
    LINK_COUNT
};

extern const char *const glm_family_names[FAMILY_COUNT];
extern const char *const glm_link_names[LINK_COUNT];
/* The first is the family's own. */
enum glm_link glm_family_link(enum glm_family family);
bool glm_family_takes(enum glm_family family, enum glm_link link);

/* R's mustart; not a number where the family has no such y. */
double glm_start(enum glm_family family, double y);
double glm_link_value(enum glm_link link, double mu);
/* linkinv and mu.eta */
double glm_mean(enum glm_link link, double eta);
double glm_mean_slope(enum glm_link link, double eta);
double glm_variance(enum glm_family family, double mu);
bool glm_mean_is_valid(enum glm_family family, double mu);
double glm_deviance(enum glm_family family, double y, double mu);

#endif
