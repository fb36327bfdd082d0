#include "protocol/analysis/glm_family.h"

#include <float.h>
#include <math.h>
#define MATHLIB_STANDALONE 1
#include <Rmath.h>

const char *const glm_family_names[FAMILY_COUNT] = {
    "binomial", "poisson", "gaussian", "Gamma"};
const char *const glm_link_names[LINK_COUNT] = {
    "logit", "probit", "cloglog", "log", "identity", "inverse", "sqrt"};

#define BIT(link) (1u << (link))
static const struct {
    enum glm_link own;
    unsigned links;
} families[FAMILY_COUNT] = {
    [FAMILY_BINOMIAL] = {LINK_LOGIT,
        BIT(LINK_LOGIT) | BIT(LINK_PROBIT) | BIT(LINK_CLOGLOG) | BIT(LINK_LOG)},
    [FAMILY_POISSON] = {LINK_LOG,
        BIT(LINK_LOG) | BIT(LINK_IDENTITY) | BIT(LINK_SQRT)},
    [FAMILY_GAUSSIAN] = {LINK_IDENTITY, BIT(LINK_IDENTITY) | BIT(LINK_LOG)},
    [FAMILY_GAMMA] = {LINK_INVERSE,
        BIT(LINK_INVERSE) | BIT(LINK_LOG) | BIT(LINK_IDENTITY)},
};

enum glm_link glm_family_link(enum glm_family family)
{
    return families[family].own;
}

bool glm_family_takes(enum glm_family family, enum glm_link link)
{
    return (families[family].links & BIT(link)) != 0;
}

double glm_start(enum glm_family family, double y)
{
    switch (family) {
    case FAMILY_BINOMIAL: return (y + 0.5) / 2;
    case FAMILY_POISSON: return y < 0 ? NAN : y + 0.1;
    case FAMILY_GAMMA: return y > 0 ? y : NAN;
    default: return y;
    }
}

double glm_link_value(enum glm_link link, double mu)
{
    switch (link) {
    case LINK_LOGIT: return log(mu / (1 - mu));
    case LINK_PROBIT: return qnorm(mu, 0, 1, 1, 0);
    case LINK_CLOGLOG: return log(-log1p(-mu));
    case LINK_LOG: return log(mu);
    case LINK_INVERSE: return 1 / mu;
    case LINK_SQRT: return sqrt(mu);
    default: return mu;
    }
}

/* Kept off 0 and 1, as R's linkinv. */
static double inside(double mu)
{
    return fmin(fmax(mu, DBL_EPSILON), 1 - DBL_EPSILON);
}

double glm_mean(enum glm_link link, double eta)
{
    switch (link) {
    case LINK_LOGIT: return inside(1 / (1 + exp(-eta)));
    case LINK_PROBIT: return inside(pnorm(eta, 0, 1, 1, 0));
    case LINK_CLOGLOG: return inside(-expm1(-exp(eta)));
    case LINK_LOG: return fmax(exp(eta), DBL_EPSILON);
    case LINK_INVERSE: return 1 / eta;
    case LINK_SQRT: return eta * eta;
    default: return eta;
    }
}

double glm_mean_slope(enum glm_link link, double eta)
{
    double e;
    switch (link) {
    case LINK_LOGIT:
        e = exp(-fabs(eta));
        return fmax(e / ((1 + e) * (1 + e)), DBL_EPSILON);
    case LINK_PROBIT: return fmax(dnorm(eta, 0, 1, 0), DBL_EPSILON);
    case LINK_CLOGLOG:
        eta = fmin(eta, 700);
        return fmax(exp(eta) * exp(-exp(eta)), DBL_EPSILON);
    case LINK_LOG: return fmax(exp(eta), DBL_EPSILON);
    case LINK_INVERSE: return -1 / (eta * eta);
    case LINK_SQRT: return 2 * eta;
    default: return 1;
    }
}

double glm_variance(enum glm_family family, double mu)
{
    switch (family) {
    case FAMILY_BINOMIAL: return mu * (1 - mu);
    case FAMILY_POISSON: return mu;
    case FAMILY_GAMMA: return mu * mu;
    default: return 1;
    }
}

bool glm_mean_is_valid(enum glm_family family, double mu)
{
    if (!isfinite(mu))
        return false;
    if (family == FAMILY_BINOMIAL)
        return mu > 0 && mu < 1;
    return family == FAMILY_GAUSSIAN || mu > 0;
}

double glm_deviance(enum glm_family family, double y, double mu)
{
    switch (family) {
    case FAMILY_BINOMIAL: return -2 * (y > 0 ? log(mu) : log1p(-mu));
    case FAMILY_POISSON: return 2 * ((y > 0 ? y * log(y / mu) : 0) - (y - mu));
    case FAMILY_GAMMA: return -2 * (log(y / mu) - (y - mu) / mu);
    default: return (y - mu) * (y - mu);
    }
}
