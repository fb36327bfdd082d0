# Hard cases: data on which a model has no answer, or only just one. Each must
# be answered as R answers it or with a clear error, and with the same bytes
# however the rows are split over centers.
#
#   Rscript tests/parity/hard_cases.R COHORTIUM_BINARY [CASE...]
#
# Prints a row for each analysis: the case, what R says of the pooled rows, what
# the federation says, and whether the two agree. A case stands in one table of
# rows; its centers are given where the case is about them.

folder <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
for (part in c("asking", "rows", "expected_tables", "expected_survival",
  "expected_models", "expected_mixed", "train", "expected_network", "questions",
  "coverage", "hard_facts")) source(file.path(folder, paste0(part, ".R")))
only <- arguments[-1]

# ---- the cases ----------------------------------------------------------------------

set.seed(1)
print_row("case", "analysis", "R, pooled", "federation", "agree")
n <- 300
base <- data.frame(age = sample(30:90, n, TRUE),
  sex = factor(sample(c("f", "m"), n, TRUE), c("f", "m")),
  stage = factor(sample(c("a", "b", "c"), n, TRUE), c("a", "b", "c")))
base$y <- round(60 - 0.2 * base$age + 3 * (base$sex == "m") + rnorm(n, 0, 5), 1)
base$time <- pmin(ceiling(rexp(n, 1 / (150 - base$age))), 400)
base$event <- as.integer(runif(n) < 0.6)
base$sick <- as.integer(runif(n) < plogis(-3 + 0.05 * base$age))
base$visits <- rpois(n, exp(0.01 * base$age))
base$status <- factor(base$event * (1 + (base$time %% 3 == 0)), 0:2)
base_variables <- list(age = whole(0, 120), sex = levels_of("f", "m"),
  stage = levels_of("a", "b", "c"), y = number(-50, 150, 0.1), time = days,
  event = yes, sick = yes, visits = whole(0, 100), status = levels_of("0", "1", "2"))
one <- function(kind, formula, ...) list(list(kind = kind, formula = formula, ...))
every <- function(right) c(one("lm", paste("y ~", right)),
  one("anova", paste("y ~", right)),
  one("glm", paste("sick ~", right), family = "binomial"),
  one("glm", paste("visits ~", right), family = "poisson"),
  one("glm", paste("y ~", right), family = "gaussian"),
  one("glm", paste("y ~", right), family = "Gamma", link = "log"),
  one("roc", paste("sick ~", right)),
  one("cox", paste("Surv(time, event) ~", right)))
curves <- c(one("km", "Surv(time, event) ~ 1"), one("km", "Surv(time, event) ~ sex"),
  one("logrank", "Surv(time, event) ~ sex"),
  one("logrank", "Surv(time, event) ~ stage + strata(sex)"),
  one("cumulative_incidence", "Surv(time, status) ~ 1"),
  one("cumulative_incidence", "Surv(time, status) ~ sex"))
moments <- function(...) list(list(kind = "correlation", variables = c(...)),
  list(kind = "pca", variables = c(...)),
  list(kind = "pca", variables = c(...), scale = TRUE))
tests <- c(one("t_test", "y ~ sex"), one("rank_test", "age ~ sex"),
  one("rank_test", "visits ~ stage"), moments("age", "y", "visits"))
# With strata(center), or center as a term, for the cases about centers.
by_center <- c(one("cox", "Surv(time, event) ~ age + sex + strata(center)"),
  one("logrank", "Surv(time, event) ~ sex + strata(center)"))
mixed <- "y ~ age + sex + (1 | center)"
network <- "stage ~ age + sex + y"

# separation in logistic regression
rows <- base
rows$sick <- as.integer(rows$age > 60)
hard_case("separation", rows, base_variables, list(
  list(kind = "glm", formula = "sick ~ age", family = "binomial",
    says = "separate"),
  list(kind = "glm", formula = "sick ~ age + sex", family = "binomial",
    says = "separate"),
  list(kind = "roc", formula = "sick ~ age + sex", says = "did not converge")))
hard_network("separation", rows, base_variables, "sick ~ age + sex")
rows <- base
rows$sick[rows$stage == "c"] <- 1L
hard_case("separation at a level", rows, base_variables, list(
  list(kind = "glm", formula = "sick ~ stage", family = "binomial",
    says = "separate"),
  list(kind = "glm", formula = "sick ~ stage + age", family = "binomial",
    says = "separate")))
rows <- base
rows$event[rows$sex == "f"] <- 0L
hard_case("no event at a level", rows, base_variables, list(
  list(kind = "cox", formula = "Surv(time, event) ~ sex",
    says = "grows without bound"),
  list(kind = "km", formula = "Surv(time, event) ~ sex"),
  list(kind = "logrank", formula = "Surv(time, event) ~ sex")))

# collinear terms
rows <- base
rows$months <- 12 * rows$age
rows$both <- rows$age + (rows$sex == "m")
collinear <- c(base_variables, list(months = whole(0, 2000),
  both = whole(0, 200)))
hard_case("collinear terms", rows, collinear, c(every("age + months"),
  every("age + sex + both"), every("months + sex + age"),
  moments("age", "months", "y")))
center <- rep_len(1:3, n)
hard_mixed("collinear terms", rows, collinear, "y ~ age + sex + (1 | center)",
  center)
hard_network("collinear terms", rows, collinear, "stage ~ age + months + sex")
rows$constant <- 7
constant <- c(collinear, list(constant = whole(0, 10)))
hard_case("a constant term", rows, constant, c(every("age + constant"),
  moments("age", "constant")[1:2], list(list(kind = "pca",
    variables = c("age", "constant"), scale = TRUE, says = "does not vary"))))
hard_case("a constant outcome", rows, constant, list(
  list(kind = "t_test", formula = "constant ~ sex",
    says = "without two different values"),
  list(kind = "rank_test", formula = "constant ~ sex"),
  list(kind = "roc", formula = "sick ~ constant"),
  list(kind = "lm", formula = "constant ~ age", says = "does not vary"),
  list(kind = "anova", formula = "constant ~ age", says = "does not vary"),
  list(kind = "glm", formula = "constant ~ age", family = "gaussian",
    says = "perfect fit")))

# a level with no patients at one center, or at all
rows <- base
rows$stage[center == 2 & rows$stage == "c"] <- "a"
hard_case("level absent at a center", rows, base_variables,
  c(every("age + stage"), every("stage * sex"), list(
    list(kind = "km", formula = "Surv(time, event) ~ stage"))), center)
rows$sex[center == 3] <- "f"
hard_case("one sex at a center", rows, base_variables, c(every("age + sex"),
  curves, tests), center)
hard_centers("one sex at a center", rows, base_variables, by_center, center)
hard_mixed("one sex at a center", rows, base_variables, mixed, center)
hard_network("one sex at a center", rows, base_variables, network)
rows <- base
rows$stage[rows$stage == "c"] <- "b"
hard_case("level absent everywhere", rows, base_variables, c(every("age + stage"),
  one("km", "Surv(time, event) ~ stage"), one("logrank",
    "Surv(time, event) ~ stage"), one("rank_test", "age ~ stage"),
  one("cumulative_incidence", "Surv(time, status) ~ stage")))
rows$sex <- "f"
hard_case("one group alone", rows, base_variables, list(
  list(kind = "t_test", formula = "y ~ sex",
    says = "without two different values"),
  list(kind = "rank_test", formula = "y ~ sex", says = "fewer than two groups"),
  list(kind = "logrank", formula = "Surv(time, event) ~ sex",
    says = "two groups")))

# a center with no events; no events at all; nothing but events
rows <- base
rows$event[center == 1] <- 0L
rows$sick[center == 1] <- 0L
rows$status[center == 1] <- "0"
hard_case("center with no events", rows, base_variables, c(every("age + sex"),
  curves), center)
hard_centers("center with no events", rows, base_variables, c(by_center,
  one("cox", "Surv(time, event) ~ age * sex + strata(center)", ties = "breslow"),
  list(list(kind = "glm", formula = "sick ~ age + center", family = "binomial",
    says = "separate"))), center)
hard_network("center with no events", rows, base_variables, "sick ~ age + sex")
rows$event <- rows$sick <- 0L
rows$status[] <- "0"
hard_case("no events at all", rows, base_variables, list(
  list(kind = "cox", formula = "Surv(time, event) ~ age", says = "no event"),
  list(kind = "km", formula = "Surv(time, event) ~ 1"),
  list(kind = "logrank", formula = "Surv(time, event) ~ sex", says = "no event"),
  list(kind = "cumulative_incidence", formula = "Surv(time, status) ~ 1"),
  list(kind = "roc", formula = "sick ~ age", says = "the same outcome"),
  list(kind = "roc", formula = "sick ~ age + sex", says = "did not converge"),
  list(kind = "glm", formula = "sick ~ age", family = "binomial",
    says = "separate")))
rows$event <- 1L
rows$status[] <- "1"
hard_case("events alone", rows, base_variables, c(curves[-4], list(
  list(kind = "cox", formula = "Surv(time, event) ~ age + sex"))))

# ties everywhere
rows <- base
rows$time <- 1 + rows$time %% 3
rows$visits <- rows$visits %% 2
tied <- c(curves, tests, one("roc", "sick ~ visits"), list(
  list(kind = "cox", formula = "Surv(time, event) ~ age + sex"),
  list(kind = "cox", formula = "Surv(time, event) ~ age + sex",
    ties = "breslow"),
  list(kind = "cox", formula = "Surv(time, event) ~ age + strata(sex)")))
hard_case("three days, all tied", rows, base_variables, tied)
hard_centers("three days, all tied", rows, base_variables, by_center, center)
rows$time <- 5
hard_case("one day, all tied", rows, base_variables, tied)
hard_centers("one day, all tied", rows, base_variables, by_center, center)

# one center much larger
more <- base[rep(seq_len(n), 20), ]
more$age <- pmin(more$age + rep(0:19, each = n) %% 4, 100)
size <- ifelse(seq_len(nrow(more)) <= 6, 1 + seq_len(nrow(more)) %% 3, 4)
hard_case("one center much larger", more, base_variables, c(every("age * sex"),
  curves, tests), size)
hard_centers("one center much larger", more, base_variables, by_center, size)
hard_mixed("one center much larger", more, base_variables, mixed, size)
hard_network("one center much larger", more[1:1500, ], base_variables, network)

# missing values in every pattern
rows <- base
pattern <- (seq_len(n) - 1) %% 128
for (bit in 0:6) {
  name <- c("age", "sex", "stage", "y", "time", "event", "sick")[bit + 1]
  rows[[name]][bitwAnd(pattern, 2^bit) > 0 & seq_len(n) <= 128] <- NA
}
rows$status[is.na(rows$event)] <- NA
hard_case("every pattern of missing", rows, base_variables,
  c(every("age + sex + stage"), curves, tests))
hard_centers("every pattern of missing", rows, base_variables, by_center, center)
hard_mixed("every pattern of missing", rows, base_variables, mixed, center)
hard_network("every pattern of missing", rows, base_variables, network)
rows$age <- NA_real_
rows$age[1:2] <- c(50, 60)
hard_case("two values known", rows, base_variables, list(
  list(kind = "lm", formula = "y ~ age")))

# covariates of the scale of 1e-6 and 1e6
rows <- base
rows$small <- rows$age * 1e-6
rows$large <- rows$visits * 1e6 + 5e5
scaled <- c(base_variables, list(small = number(0, 2e-4, 1e-8),
  large = number(0, 1e9, 1e5)))
hard_case("covariates of 1e-6, 1e6", rows, scaled, c(every("small"),
  every("small + large"), every("small * sex"),
  every("I(large^2) + I(1 / small)")))
hard_case("covariates of 1e-6, 1e6", rows, scaled, c(moments("small", "large",
  "age"), one("t_test", "small ~ sex"), one("t_test", "large ~ sex"),
  one("rank_test", "large ~ sex"), one("roc", "sick ~ large")))
hard_centers("covariates of 1e-6, 1e6", rows, scaled,
  one("cox", "Surv(time, event) ~ small + large + strata(center)"), center)
hard_mixed("covariates of 1e-6, 1e6", rows, scaled,
  "y ~ small + large + (1 | center)", center)
hard_network("covariates of 1e-6, 1e6", rows, scaled, "stage ~ small + large + sex")
rows$y <- rows$y * 1e6
hard_case("outcome of 1e6", rows, c(scaled[names(scaled) != "y"],
  list(y = number(-5e7, 2e8, 1e5))), list(
    list(kind = "lm", formula = "y ~ small + large"),
    list(kind = "glm", formula = "y ~ small + sex", family = "gaussian"),
    list(kind = "glm", formula = "y ~ small + sex", family = "gaussian",
      link = "log"),
    list(kind = "glm", formula = "y ~ small + sex", family = "Gamma",
      link = "log"),
    list(kind = "anova", formula = "y ~ small * sex"),
    list(kind = "t_test", formula = "y ~ sex"),
    list(kind = "correlation", variables = c("y", "small", "large")),
    list(kind = "pca", variables = c("y", "small", "large"), scale = TRUE)))
hard_mixed("outcome of 1e6", rows, c(scaled[names(scaled) != "y"],
  list(y = number(-5e7, 2e8, 1e5))), "y ~ small + sex + (1 | center)", center)

# no convergence, and outcomes that a family does not have
rows <- base
rows$negative <- -rows$visits
families <- c(base_variables, list(negative = whole(-100, 0)))
rows$falling <- pmax(0, 40 - rows$age)
hard_case("no convergence", rows, c(families, list(falling = whole(0, 50))), list(
  list(kind = "glm", formula = "falling ~ age", family = "poisson",
    link = "identity", says = "left the range"),
  list(kind = "glm", formula = "negative ~ age", family = "poisson",
    says = "does not allow"),
  list(kind = "glm", formula = "visits ~ age", family = "Gamma",
    says = "does not allow")))

# nothing left to estimate from
rows <- base
rows$y <- 2 * rows$age + 1
hard_case("a perfect fit", rows, c(base_variables[names(base_variables) != "y"],
  list(y = whole(0, 500))), list(
    list(kind = "lm", formula = "y ~ sex"),
    list(kind = "lm", formula = "y ~ age", says = "perfect fit"),
    list(kind = "anova", formula = "y ~ sex + age", says = "perfect fit"),
    list(kind = "glm", formula = "y ~ age + sex", family = "gaussian",
      says = "perfect fit")))
hard_case("as many terms as rows", base[1:2, ], base_variables, list(
  list(kind = "lm", formula = "y ~ age", says = "as many terms as rows")))

source(file.path(folder, "hard_scales.R"))

unlink(scratch, recursive = TRUE)
cat(sprintf("%d passed, %d failed\n", passed, failed))
quit(status = if (failed > 0) 1 else 0)
