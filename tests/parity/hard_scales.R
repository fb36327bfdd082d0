# The same rows at other scales of their numbers: far from zero, small, hardly
# varying; levels that nobody has; many rows. Part of hard_cases.R, whose rows
# these are.

# x, 1e6 + x and x / 1000.
at_scales <- list("as it is" = list(from = 0, by = 1),
  "1e6 away" = list(from = 1e6, by = 1), "a thousandth" = list(from = 0, by = 1e-3))
scaled_number <- function(at, min, max, resolution)
  number(at$from + min * at$by, at$from + max * at$by, resolution * at$by)

for (name in names(at_scales)) {
  at <- at_scales[[name]]
  rows <- base
  rows$x <- at$from + at$by * base$age
  rows$v <- at$from + at$by * round(base$y + base$time %% 7, 1)
  far <- c(base_variables, list(x = scaled_number(at, 0, 120, 1),
    v = scaled_number(at, -50, 150, 0.1)))
  what <- paste("numbers", name)
  hard_case(what, rows, far, every("x + sex"))
  # coxph itself does not converge with v * sex far away.
  hard_case(what, rows, far, c(Filter(function(a) a$kind != "cox",
    every("v * sex")), every("v + stage"), moments("x", "v", "visits"),
    one("lm", "v ~ x + stage"), one("anova", "v ~ x * stage"),
    one("glm", "v ~ x + stage", family = "gaussian"), one("t_test", "v ~ sex"),
    one("rank_test", "v ~ sex"), one("roc", "sick ~ x")))
  hard_centers(what, rows, far,
    one("cox", "Surv(time, event) ~ x + v + sex + strata(center)"), center)
  hard_mixed(what, rows, far, "y ~ x + sex + (1 | center)", center)
  hard_limit(what, rows, far, c(one("lm", "y ~ x + sex"),
    one("anova", "v ~ x + sex"),
    one("glm", "sick ~ x + sex", family = "binomial"),
    one("glm", "visits ~ x + sex", family = "poisson"),
    one("cox", "Surv(time, event) ~ x + v + strata(center)"),
    one("t_test", "v ~ sex")), center)
}

# Powers of a number far from zero.
powers <- function(kind, left, ...) list(list(kind = kind,
  formula = paste(left, "~ x + I(x^2)"), power_from = 1e6, ...))
rows <- base
rows$x <- 1e6 + 30 * (base$age - 60)
far <- c(base_variables, list(x = number(0, 2e6)))
hard_case("x^2, a million away", rows, far, c(powers("lm", "y"),
  powers("glm", "sick", family = "binomial"),
  powers("glm", "visits", family = "poisson"),
  powers("glm", "y", family = "gaussian"),
  powers("glm", "y", family = "Gamma", link = "log"),
  powers("cox", "Surv(time, event)")), center)

# hardly any variance
rows <- base
rows$ph <- 7.4 + 1e-4 * (base$age - 60)
rows$sodium <- 1000 + round(base$y) * 1e-3
still <- c(base_variables, list(ph = number(0, 14, 1e-4),
  sodium = number(0, 2000, 1e-3)))
hard_case("hardly any variance", rows, still, c(every("ph + sex"),
  one("lm", "sodium ~ ph + sex"), one("anova", "sodium ~ ph * sex"),
  one("glm", "sodium ~ ph", family = "gaussian"), one("t_test", "sodium ~ sex"),
  one("t_test", "ph ~ sex"), moments("ph", "sodium", "age")))
hard_mixed("hardly any variance", rows, still, "sodium ~ ph + sex + (1 | center)",
  center)

# A level that nobody has, be it the first: R drops it.
rows <- base
rows$stage[rows$stage == "a"] <- "c"
first <- c(every("age + stage"), every("age * stage"), every("stage:sex + age"),
  one("lm", "y ~ stage * sex - 1"), one("lm", "y ~ age + age:stage"))
hard_case("nobody has the first", rows, base_variables, first)
hard_mixed("nobody has the first", rows, base_variables,
  "y ~ age + stage + (1 | center)", center)
hard_centers("nobody has the first", rows, base_variables,
  one("cox", "Surv(time, event) ~ age + stage + strata(center)"), center)
hard_limit("nobody has the first", rows, base_variables, c(
  one("lm", "y ~ age + stage"), one("glm", "sick ~ stage + sex",
    family = "binomial")), center)
rows$visits <- 2 + rows$visits %% 4
few <- c(base_variables[names(base_variables) != "visits"],
  list(visits = whole(0, 6)))
hard_case("nobody has the first", rows, few, c(
  every("factor(visits) + sex"), one("lm", "y ~ factor(visits) * stage")))

# near separation, of one level in a fit that is otherwise fine
rows <- base
rows$visits <- rows$visits %% 4
rows$sick[rows$visits == 3] <- 0L
rows$died <- rows$sick * rows$event
few <- c(few, list(died = yes))
hard_case("one level separates", rows, few, list(
  list(kind = "glm", formula = "sick ~ factor(visits) + age + sex",
    family = "binomial", says = "factor\\(visits\\)3"),
  list(kind = "glm", formula = "died ~ factor(visits)", family = "poisson",
    says = "grows without bound"),
  list(kind = "glm", formula = "sick ~ factor(visits)", family = "binomial",
    link = "cloglog", says = "separate|no convergence")))

# rates: a boolean is counted, with the time at risk as an offset
hard_case("rates", base, base_variables, c(
  one("glm", "event ~ age + sex + offset(log(time))", family = "poisson"),
  one("glm", "event ~ stage", family = "poisson"),
  one("glm", "sick ~ age + sex", family = "gaussian")))

# a hundred thousand rows, and a calendar year
n_many <- 1e5
many <- base[rep(seq_len(n), length.out = n_many), ]
many$year <- 2015 + (seq_len(n_many) %/% 7) %% 9
many$y <- round(many$y + sin(seq_len(n_many)), 1)
many$time <- 1 + (many$time + seq_len(n_many)) %% 400
many_variables <- c(base_variables, list(year = whole(1900, 2100)))
dealt <- seq_len(n_many) %% 5
hard_centers("a hundred thousand rows", many, many_variables, c(
  one("lm", "y ~ year + age * sex"), one("anova", "y ~ year + stage"),
  one("glm", "sick ~ year + age + sex", family = "binomial"),
  one("glm", "visits ~ year + stage", family = "poisson"),
  one("cox", "Surv(time, event) ~ year + age + strata(center)"),
  one("t_test", "y ~ sex"), moments("year", "age", "y")), dealt)
