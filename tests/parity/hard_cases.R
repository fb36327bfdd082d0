# Hard cases: data on which a model has no answer, or only just one. Each must
# be answered as R answers it or with a clear error, and with the same bytes
# however the rows are split over centers.
#
#   Rscript tests/parity/hard_cases.R COHORTIUM_BINARY [CASE...]
#
# Prints a row for each analysis: the case, what R says of the pooled rows, what
# the federation says, and whether the two agree. A case stands in one table of
# rows; its centers are given where the case is about them.

source(file.path(dirname(sub("--file=", "",
  grep("--file=", commandArgs(), value = TRUE))), "asking.R"))
only <- arguments[-1]
tolerance <- 1e-8 # the largest that is allowed; most are near 1e-14

# ---- dictionaries ---------------------------------------------------------------

number <- function(min, max, resolution = 1) list(type = "real", min = min,
  max = max, resolution = resolution)
whole <- function(min, max) list(type = "integer", min = min, max = max)
days <- list(type = "days", min = 0, max = 400)
yes <- list(type = "boolean")
levels_of <- function(...) list(type = "category", categories =
  lapply(c(...), function(code) list(code = code, label = code)))

write_dictionary <- function(variables) {
  file <- file.path(scratch, "hard.json")
  write_json(list(id = "hard", version = 1, variables = lapply(names(variables),
    function(name) c(list(name = name, entity = "exam"), variables[[name]]))),
    file, auto_unbox = TRUE, digits = NA)
  file
}

write_rows <- function(rows, name) {
  file <- file.path(scratch, paste0(name, ".csv"))
  text <- lapply(rows, function(x) {
    if (is.numeric(x)) ifelse(is.na(x), NA, format(x, digits = 15,
      scientific = FALSE, trim = TRUE)) else as.character(x)
  })
  write.csv(as.data.frame(text), file, row.names = FALSE, quote = FALSE, na = "")
  file
}

# ---- what R says ------------------------------------------------------------------

# Its value, or "error: ..."; the warnings that were given.
listen <- function(expression) {
  warnings <- character()
  value <- tryCatch(withCallingHandlers(expression, warning = function(w) {
    warnings <<- c(warnings, conditionMessage(w))
    invokeRestart("muffleWarning")
  }), error = function(e) paste("error:", conditionMessage(e)))
  list(value = value, warnings = unique(warnings))
}

# R takes a collinear term for one of its own where toler.chol is too small, and
# wants it below eps.
cox_to_the_end <- function(formula, rows, ties) {
  plain <- coxph(formula, rows, ties = ties)
  if (!anyNA(coef(plain))) {
    return(coxph(formula, rows, ties = ties, control = strict_cox))
  }
  coxph(formula, rows, ties = ties, control = coxph.control(eps = 1e-11,
    toler.chol = 1e-12, iter.max = 60))
}

in_r <- function(kind, p, rows) {
  formula <- as.formula(p$formula)
  switch(kind,
    lm = lm(formula, rows),
    glm = {
      family <- get(p$family)
      family <- if (is.null(p$link)) family() else family(link = p$link)
      plain <- glm(formula, family, rows)
      if (plain$converged) glm_to_the_end(formula, family, rows) else plain
    },
    cox = cox_to_the_end(formula, rows,
      if (is.null(p$ties)) "efron" else p$ties),
    km = survfit(formula, rows, conf.type = "log"))
}

# Estimates with their errors, NA where a term is left out; then what is told of
# the whole.
facts_of_r <- function(kind, model) {
  if (kind == "km") {
    fit <- summary(model, censored = TRUE)
    return(list(terms = NULL, whole = c(steps = length(fit$time),
      events = sum(fit$n.event), last = tail(fit$surv, 1),
      error = max(c(0, fit$std.err[is.finite(fit$std.err)])))))
  }
  b <- coef(model)
  terms <- cbind(b, NA)
  if (kind == "cox") {
    terms[, 2] <- ifelse(is.na(b), NA, sqrt(diag(as.matrix(vcov(model)))))
    whole <- c(n = model$n, events = model$nevent, loglik = model$loglik[2])
  } else {
    found <- suppressWarnings(coef(summary(model)))
    terms[rownames(found), 2] <- found[, 2]
    whole <- c(n = nobs(model))
    whole <- c(whole, if (kind == "lm") c(sigma = suppressWarnings(
      summary(model)$sigma)) else c(deviance = deviance(model)))
  }
  list(terms = terms, whole = whole)
}

# ---- what we say --------------------------------------------------------------------

or_na <- function(x) if (is.null(x)) NA else x
facts_of_ours <- function(kind, entry) {
  if (kind == "km") {
    rows <- entry$table
    pick <- function(key) vapply(rows, function(r) as.numeric(or_na(r[[key]])), 0)
    return(list(terms = NULL, whole = c(steps = length(rows),
      events = sum(pick("n_event")), last = tail(pick("estimate"), 1),
      error = max(c(0, pick("std_error")), na.rm = TRUE))))
  }
  terms <- t(vapply(entry$table, function(r)
    c(or_na(r$estimate), or_na(r$std_error)), c(0, 0)))
  rownames(terms) <- vapply(entry$table, function(r) r$term, "")
  keys <- c(list(lm = c("n", "sigma"), glm = c("n", "deviance"),
    cox = c("n", "events", "loglik"))[[kind]])
  whole <- vapply(keys, function(k) as.numeric(or_na(entry[[k]])), 0)
  list(terms = terms, whole = whole)
}

# The largest difference, in units of what is compared; an estimate may be as
# small as its error allows.
difference <- function(ours, theirs) {
  off <- function(a, b, unit) {
    if (!identical(is.na(a), is.na(b))) return(Inf)
    max(c(0, abs(a - b) / pmax(abs(b), unit, 1e-300)), na.rm = TRUE)
  }
  worst <- off(unname(ours$whole), unname(theirs$whole), 1e-9)
  if (is.null(theirs$terms)) return(worst)
  if (!identical(rownames(ours$terms), rownames(theirs$terms))) return(Inf)
  max(worst, off(unname(ours$terms[, 1]), unname(theirs$terms[, 1]),
    ifelse(is.na(theirs$terms[, 2]), 0, 1e-3 * theirs$terms[, 2])),
    off(unname(ours$terms[, 2]), unname(theirs$terms[, 2]), 0))
}

tell <- function(facts) {
  some <- facts$terms[, 1]
  if (length(some) > 0) some <- tail(some, 1)
  paste(c(if (length(some) > 0) paste0(names(some), " ",
    format(unname(some), digits = 6)),
    paste(names(facts$whole)[-1], format(facts$whole[-1], digits = 6,
      trim = TRUE))), collapse = ", ")
}

# ---- one case --------------------------------------------------------------------

cut_text <- function(text, width) {
  text <- gsub("\n", " ", text)
  ifelse(nchar(text) > width, paste0(substr(text, 1, width - 2), ".."), text)
}
print_row <- function(name, analysis, r, ours, agree) {
  cat(sprintf("%-24s %-8s %-48s %-48s %s\n", cut_text(name, 24), analysis,
    cut_text(r, 48), cut_text(ours, 48), agree))
}

ask_hard <- function(query_file, dictionary_file, rows, parts, name) {
  whole <- write_rows(rows, "hard_all")
  text <- answer(dictionary_file, query_file, whole)
  if (!is.null(parts)) {
    files <- vapply(unique(parts), function(k) write_rows(rows[parts == k, ],
      paste0("hard_", k)), "")
    check(identical(neutral_bytes(answer(dictionary_file, query_file, files)),
      neutral_bytes(text)), paste(name, "same bytes at its own centers"))
  }
  for (centers in c(2, 5, 13)) {
    split <- answer(dictionary_file, query_file,
      split_rows(whole, centers, seed = centers))
    check(identical(neutral_bytes(split), neutral_bytes(text)),
      paste(name, "same bytes at", centers, "centers"))
  }
  fromJSON(text, simplifyVector = FALSE)$results
}

write_query <- function(analyses) {
  file <- file.path(scratch, "hard_query.json")
  write_json(list(unit = "exam", analyses = lapply(analyses, function(a) {
    p <- a[setdiff(names(a), c("kind", "says", "only"))]
    if (a$kind %in% c("cox", "km")) p$grid_days <- 1
    setNames(list(p), a$kind)
  })), file, auto_unbox = TRUE)
  file
}

# analyses: list(kind = , formula = , ...); `says` is a pattern of the message
# with which an analysis must end where R has no answer either; `only` names
# what can be compared where a coefficient grows without bound.
hard_case <- function(name, rows, variables, analyses, parts = NULL) {
  if (length(only) > 0 && !name %in% only) return(invisible())
  dictionary_file <- write_dictionary(variables)
  # A vector has room for one Cox model on days.
  is_cox <- vapply(analyses, function(a) a$kind == "cox", NA)
  for (some in split(analyses, pmax(cumsum(is_cox), 1))) {
    query_file <- write_query(some)
    results <- ask_hard(query_file, dictionary_file, rows, parts, name)
    for (i in seq_along(some)) judge(name, some[[i]], results[[i]], rows)
  }
}

judge <- function(name, a, entry, rows) {
  r <- listen(in_r(a$kind, a, rows))
  failed_in_r <- is.character(r$value)
  r_text <- if (failed_in_r) r$value else tell(facts_of_r(a$kind, r$value))
  if (length(r$warnings) > 0) r_text <- paste("warning:", r$warnings[1])
  if (!is.null(a$says)) {
    ours <- paste("message:", or_na(entry$message))
    agree <- grepl(a$says, ours)
  } else if (failed_in_r) {
    ours <- "an answer"
    agree <- FALSE
  } else {
    found <- facts_of_ours(a$kind, entry)
    expected <- facts_of_r(a$kind, r$value)
    if (!is.null(a$only)) {
      found <- list(whole = found$whole[a$only])
      expected <- list(whole = expected$whole[a$only])
    }
    off <- difference(found, expected)
    ours <- tell(facts_of_ours(a$kind, entry))
    agree <- off <= if (is.null(a$only)) tolerance else 1e-6
  }
  check(agree, paste(name, a$kind, a$formula, "-", r_text, "-", ours))
  print_row(name, a$kind, r_text, ours, if (isTRUE(agree) && is.null(a$says))
    sprintf("to %.0e", off) else if (isTRUE(agree)) "yes" else "NO")
}

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
base_variables <- list(age = whole(0, 120), sex = levels_of("f", "m"),
  stage = levels_of("a", "b", "c"), y = number(-50, 150, 0.1), time = days,
  event = yes, sick = yes, visits = whole(0, 100))
every <- function(right, says = NULL) list(
  list(kind = "lm", formula = paste("y ~", right)),
  list(kind = "glm", formula = paste("sick ~", right), family = "binomial"),
  list(kind = "glm", formula = paste("visits ~", right), family = "poisson"),
  list(kind = "cox", formula = paste("Surv(time, event) ~", right)))
curves <- list(list(kind = "km", formula = "Surv(time, event) ~ 1"),
  list(kind = "km", formula = "Surv(time, event) ~ sex"))

# separation in logistic regression
rows <- base
rows$sick <- as.integer(rows$age > 60)
hard_case("separation", rows, base_variables, list(
  list(kind = "glm", formula = "sick ~ age", family = "binomial",
    says = "separate"),
  list(kind = "glm", formula = "sick ~ age + sex", family = "binomial",
    says = "separate")))
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
  list(kind = "cox", formula = "Surv(time, event) ~ sex", only = c("n",
    "events", "loglik")),
  list(kind = "km", formula = "Surv(time, event) ~ sex")))

# collinear terms
rows <- base
rows$months <- 12 * rows$age
rows$both <- rows$age + (rows$sex == "m")
collinear <- c(base_variables, list(months = whole(0, 2000),
  both = whole(0, 200)))
hard_case("collinear terms", rows, collinear, c(every("age + months"),
  every("age + sex + both"), every("months + sex + age")))
rows$constant <- 7
hard_case("a constant term", rows, c(collinear, list(constant = whole(0, 10))),
  every("age + constant"))

# a level with no patients at one center, or at all
rows <- base
center <- rep_len(1:3, n)
rows$stage[center == 2 & rows$stage == "c"] <- "a"
hard_case("level absent at a center", rows, base_variables,
  c(every("age + stage"), every("stage * sex"), list(
    list(kind = "km", formula = "Surv(time, event) ~ stage"))), center)
rows$sex[center == 3] <- "f"
hard_case("one sex at a center", rows, base_variables, c(every("age + sex"),
  curves), center)
rows <- base
rows$stage[rows$stage == "c"] <- "b"
hard_case("level absent everywhere", rows, base_variables, list(
  list(kind = "km", formula = "Surv(time, event) ~ stage")))

# a center with no events; no events at all; nothing but events
rows <- base
rows$event[center == 1] <- 0L
rows$sick[center == 1] <- 0L
hard_case("center with no events", rows, base_variables, c(every("age + sex"),
  curves), center)
rows$event <- 0L
hard_case("no events at all", rows, base_variables, list(
  list(kind = "cox", formula = "Surv(time, event) ~ age", says = "no event"),
  list(kind = "km", formula = "Surv(time, event) ~ 1")))
rows$event <- 1L
hard_case("events alone", rows, base_variables, c(curves, list(
  list(kind = "cox", formula = "Surv(time, event) ~ age + sex"))))

# ties everywhere
rows <- base
rows$time <- 1 + rows$time %% 3
tied <- c(curves, list(
  list(kind = "cox", formula = "Surv(time, event) ~ age + sex"),
  list(kind = "cox", formula = "Surv(time, event) ~ age + sex",
    ties = "breslow"),
  list(kind = "cox", formula = "Surv(time, event) ~ age + strata(sex)")))
hard_case("three days, all tied", rows, base_variables, tied)
rows$time <- 5
hard_case("one day, all tied", rows, base_variables, tied)

# one center much larger
more <- base[rep(seq_len(n), 20), ]
more$age <- pmin(more$age + rep(0:19, each = n) %% 4, 100)
size <- ifelse(seq_len(nrow(more)) <= 6, 1 + seq_len(nrow(more)) %% 3, 4)
hard_case("one center much larger", more, base_variables, c(every("age * sex"),
  curves), size)

# missing values in every pattern
rows <- base
pattern <- (seq_len(n) - 1) %% 128
for (bit in 0:6) {
  name <- c("age", "sex", "stage", "y", "time", "event", "sick")[bit + 1]
  rows[[name]][bitwAnd(pattern, 2^bit) > 0 & seq_len(n) <= 128] <- NA
}
hard_case("every pattern of missing", rows, base_variables,
  c(every("age + sex + stage"), curves))
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
  every("small + large"), every("small * sex"), every("I(large^2) + I(1 / small)")))
rows$y <- rows$y * 1e6
hard_case("outcome of 1e6", rows, c(scaled[names(scaled) != "y"],
  list(y = number(-5e7, 2e8, 1e5))), list(
    list(kind = "lm", formula = "y ~ small + large"),
    list(kind = "glm", formula = "y ~ small + sex", family = "gaussian")))

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
    list(kind = "glm", formula = "y ~ age + sex", family = "gaussian",
      only = "n")))
hard_case("as many terms as rows", base[1:2, ], base_variables, list(
  list(kind = "lm", formula = "y ~ age", says = "as many terms as rows")))

unlink(scratch, recursive = TRUE)
cat(sprintf("%d passed, %d failed\n", passed, failed))
quit(status = if (failed > 0) 1 else 0)
