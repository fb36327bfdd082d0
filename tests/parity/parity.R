# Parity: what a federation answers is what R says of the pooled rows, and the
# same bytes however the rows are split over centers.
#
#   Rscript tests/parity/parity.R COHORTIUM_BINARY
#
# Real datasets, each analysis on three or more: the four centers of the UCI heart
# disease data, the UCI heart failure data, and those of R's survival: lung, colon,
# veteran, kidney, heart, mgus2, pbc and pbcseq (312 patients of the Mayo Clinic
# with 1,945 visits), where a patient has many rows. Each query runs in `cohortium
# sandbox`: one real node process a center, real sockets. R reads the same CSV files
# on its own.

source(file.path(dirname(sub("--file=", "",
  grep("--file=", commandArgs(), value = TRUE))), "asking.R"))

near <- function(ours, theirs) {
  if (is.null(ours) || is.null(theirs)) return(is.null(ours) && is.null(theirs))
  if (is.na(theirs)) return(is.na(ours))
  abs(ours - theirs) <= 1e-12 * max(1, abs(theirs))
}

# ---- the dictionary and the rows, read without Cohortium -------------------

variable_of <- function(dictionary, name) {
  Filter(function(v) v$name == name, dictionary$variables)[[1]]
}

read_column <- function(text, variable) {
  text <- trimws(text)
  absent <- c("", "NA", unlist(variable$missing))
  text[text %in% absent] <- NA
  if (variable$type == "category") {
    codes <- vapply(variable$categories, function(c) c$code, "")
    labels <- vapply(variable$categories, function(c) c$label, "")
    numbers <- suppressWarnings(as.numeric(text))
    text <- ifelse(!is.na(numbers), as.character(numbers), text)
    at <- match(text, codes)
    at[is.na(at)] <- match(text[is.na(at)], labels)
    factor(codes[at], levels = codes)
  } else if (variable$type == "boolean") {
    number <- as.numeric(text)
    factor(ifelse(is.na(number), NA, ifelse(number > 0, "true", "false")),
      levels = c("false", "true"))
  } else if (variable$type == "vector") {
    numbers <- lapply(strsplit(text, "[ ;]+"), as.numeric)
    I(do.call(rbind, lapply(numbers, function(v)
      if (anyNA(v)) rep(NA_real_, variable$length) else v)))
  } else {
    as.numeric(text)
  }
}

read_rows <- function(files, dictionary) {
  raw <- do.call(rbind, lapply(files, function(f) {
    table <- read.csv(f, colClasses = "character", check.names = FALSE)
    table$.center <- basename(f)
    table
  }))
  rows <- list()
  for (variable in dictionary$variables) {
    if (variable$name %in% names(raw)) {
      x <- read_column(raw[[variable$name]], variable)
      if (is.numeric(x) && !is.null(variable$max)) {
        refused <- !is.na(x) & (x < variable$min | x > variable$max)
        rows[[paste0("refused.", variable$name)]] <-
          if (is.matrix(x)) rowSums(refused) > 0 else refused
        x[refused] <- NA
      }
      rows[[variable$name]] <- x
    }
  }
  rows <- as.data.frame(rows)
  rows$patient <- if ("patient" %in% names(raw)) raw$patient else
    as.character(seq_len(nrow(raw)))
  rows
}

# ---- what R says ------------------------------------------------------------

numeric_value <- function(x) if (is.factor(x)) as.integer(x) - 1L else x

# A variable, or an element of a vector by "shape[3]".
column <- function(rows, name) {
  parts <- strsplit(name, "[][]")[[1]]
  if (length(parts) == 1) rows[[name]] else
    unclass(rows[[parts[1]]])[, as.integer(parts[2])]
}

expect_count <- function(rows, entry, p, dictionary, what) {
  row <- entry$table[[1]]
  check(row$n == nrow(rows), paste(what, "n"))
  check(row$patients == length(unique(rows$patient)), paste(what, "patients"))
}

expect_summary <- function(rows, entry, p, dictionary, what) {
  for (i in seq_along(p$variables)) {
    name <- p$variables[[i]]
    row <- entry$table[[i]]
    x <- numeric_value(column(rows, name))
    here <- x[!is.na(x)]
    check(row$variable == name, paste(what, name))
    check(row$n == length(here), paste(what, name, "n"))
    check(row$missing == sum(is.na(x)), paste(what, name, "missing"))
    if (length(here) > 0) {
      check(near(row$mean, mean(here)), paste(what, name, "mean"))
    }
    if (length(here) > 1) {
      check(near(row$sd, sd(here)), paste(what, name, "sd"))
      check(near(row$se, sd(here) / sqrt(length(here))), paste(what, name, "se"))
    }
  }
}

expect_frequency <- function(rows, entry, p, dictionary, what) {
  counts <- table(rows[[p$variable]])
  check(entry$missing == sum(is.na(rows[[p$variable]])), paste(what, "missing"))
  check(length(entry$table) == length(counts), paste(what, "levels"))
  for (i in seq_along(counts)) {
    row <- entry$table[[i]]
    check(row$level == names(counts)[i], paste(what, "level", i))
    check(row$n == counts[[i]], paste(what, "n of", names(counts)[i]))
    if (sum(counts) > 0) {
      interval <- suppressWarnings(
        prop.test(counts[[i]], sum(counts), correct = FALSE))$conf.int
      check(near(row$proportion, counts[[i]] / sum(counts)),
        paste(what, "proportion", i))
      check(near(row$conf_low, interval[1]), paste(what, "conf_low", i))
      check(near(row$conf_high, interval[2]), paste(what, "conf_high", i))
    }
  }
}

expect_crosstab <- function(rows, entry, p, dictionary, what) {
  both <- table(rows[[p$rows]], rows[[p$columns]])
  for (cell in entry$table) {
    ours <- cell$n
    theirs <- both[cell$row, cell$column]
    where <- paste(what, cell$row, cell$column)
    check(ours == theirs, where)
    if (sum(both[cell$row, ]) > 0) {
      check(near(cell$row_proportion, theirs / sum(both[cell$row, ])),
        paste(where, "row_proportion"))
    }
  }
  check(length(entry$table) == length(both), paste(what, "cells"))
  seen <- both[rowSums(both) > 0, colSums(both) > 0, drop = FALSE]
  if (nrow(seen) > 1 && ncol(seen) > 1) {
    test <- suppressWarnings(chisq.test(seen, correct = FALSE))
    check(near(entry$statistic, unname(test$statistic)), paste(what, "statistic"))
    check(entry$df == unname(test$parameter), paste(what, "df"))
    check(near(entry$p_value, test$p.value), paste(what, "p_value"))
    if (all(dim(seen) == 2)) {
      fisher <- fisher.test(seen)$p.value
      check(abs(entry$fisher_p_value - fisher) <= 1e-10 * fisher,
        paste(what, "fisher_p_value"))
    }
  }
}

expect_histogram <- function(rows, entry, p, dictionary, what) {
  x <- rows[[p$variable]]
  x <- x[!is.na(x)]
  width <- p$width
  low <- floor(min(x) / width + 1e-9) * width
  high <- (floor(max(x) / width + 1e-9) + 1) * width
  breaks <- low + width * seq(0, round((high - low) / width))
  # Values stand on a decimal grid: half a ten-thousandth decides no bin.
  bins <- hist(x + 1e-7, breaks = breaks + 5e-8, right = FALSE,
    include.lowest = FALSE, plot = FALSE)$counts
  check(length(entry$table) == length(bins), paste(what, "number of bins"))
  for (i in seq_along(bins)) {
    row <- entry$table[[i]]
    check(near(row$low, breaks[i]), paste(what, "low", i))
    check(near(row$high, breaks[i + 1]), paste(what, "high", i))
    check(row$n == bins[i], paste(what, "n", i))
  }
}

expect_quantile <- function(rows, entry, p, dictionary, what) {
  x <- rows[[p$variable]]
  x <- x[!is.na(x)]
  for (i in seq_along(p$probs)) {
    row <- entry$table[[i]]
    check(row$prob == p$probs[[i]], paste(what, "prob", i))
    check(near(row$estimate, unname(quantile(x, p$probs[[i]], type = 1))),
      paste(what, "estimate at", p$probs[[i]]))
  }
}

# Standard errors of cumulative incidences, and the intervals made of them, agree
# to 1e-9 alone; all else to 1e-10.
close_to <- function(ours, theirs, tolerance = 1e-10) {
  if (is.null(ours) || is.na(theirs)) return(is.null(ours) && is.na(theirs))
  abs(ours - theirs) <= tolerance * max(1e-3, abs(theirs))
}

expect_glm <- function(rows, entry, p, dictionary, what) {
  family <- get(p$family)
  family <- if (is.null(p$link)) family() else family(link = p$link)
  for (name in names(rows)) { # a boolean is 0 and 1
    if (is.factor(rows[[name]]) &&
        identical(levels(rows[[name]]), c("false", "true"))) {
      rows[[name]] <- as.numeric(rows[[name]] == "true")
    }
  }
  model <- glm_to_the_end(as.formula(spline_terms(p$formula, dictionary)),
    family, rows)
  terms <- summary(model)$coefficients
  rownames(terms) <- plain_terms(rownames(terms), p$formula)
  check(entry$n == nobs(model), paste(what, "n"))
  check(isTRUE(entry$converged), paste(what, "converged"))
  check(close_to(entry$deviance, deviance(model)), paste(what, "deviance"))
  check(close_to(entry$null_deviance, model$null.deviance),
    paste(what, "null deviance"))
  check(close_to(entry$aic, AIC(model)), paste(what, "aic"))
  check(length(entry$table) == length(coef(model)), paste(what, "terms"))
  for (row in entry$table) {
    if (!row$term %in% rownames(terms)) {
      check(is.null(row$estimate) && is.na(coef(model)[row$term]),
        paste(what, "aliased", row$term))
      next
    }
    theirs <- terms[row$term, ]
    check(close_to(row$estimate, theirs[[1]]), paste(what, row$term))
    check(close_to(row$std_error, theirs[[2]]), paste(what, row$term, "se"))
    check(close_to(row$statistic, theirs[[3]]),
      paste(what, row$term, "statistic"))
    check(abs(row$p_value - theirs[[4]]) <= 1e-9 * theirs[[4]] + 1e-300,
      paste(what, row$term, "p"))
  }
}

on_grid <- function(rows, p) {
  grid <- if (is.null(p$grid_days)) 30 else p$grid_days
  formula <- as.formula(p$formula)
  left <- all.vars(formula[[2]])
  rows$time_ <- ceiling(rows[[left[1]]] / grid) * grid
  event <- rows[[left[2]]]
  rows$event_ <- if (is.factor(event)) as.numeric(event == "true") else event
  formula[[2]] <- quote(Surv(time_, event_))
  list(rows = rows, formula = formula)
}

expect_km <- function(rows, entry, p, dictionary, what) {
  g <- on_grid(rows, p)
  fit <- summary(survfit(g$formula, g$rows, conf.type = "log"),
    censored = TRUE)
  strata <- if (is.null(fit$strata)) rep("all", length(fit$time)) else
    as.character(fit$strata)
  seen <- list()
  for (row in entry$table) seen[[paste(row$strata, row$time)]] <- row
  check(length(seen) == length(fit$time), paste(what, "number of steps"))
  for (i in seq_along(fit$time)) {
    row <- seen[[paste(strata[i], fit$time[i])]]
    at <- paste(what, strata[i], fit$time[i])
    check(!is.null(row), at)
    check(row$n_risk == fit$n.risk[i] && row$n_event == fit$n.event[i] &&
      row$n_censor == fit$n.censor[i], paste(at, "counts"))
    check(close_to(row$estimate, fit$surv[i]), paste(at, "estimate"))
    if (fit$surv[i] > 0) {
      check(abs(row$std_error - fit$std.err[i]) <= 1e-10,
        paste(at, "std_error"))
      check(close_to(row$conf_low, fit$lower[i]), paste(at, "conf_low"))
      check(close_to(row$conf_high, fit$upper[i]), paste(at, "conf_high"))
    }
  }
}

expect_cumulative_incidence <- function(rows, entry, p, dictionary, what) {
  g <- on_grid(rows, p)
  status <- all.vars(as.formula(p$formula)[[2]])[2]
  g$rows$event_ <- rows[[status]]
  causes <- levels(rows[[status]])[-1]
  g$rows$id_ <- seq_len(nrow(g$rows))
  fit <- summary(survfit(g$formula, g$rows, id = id_,
    conf.type = "log"), censored = TRUE)
  strata <- if (is.null(fit$strata)) rep("all", length(fit$time)) else
    as.character(fit$strata)
  used <- rowSums(fit$n.event) > 0
  seen <- list()
  for (row in entry$table) seen[[paste(row$strata, row$cause, row$time)]] <- row
  check(length(seen) == sum(used) * length(causes), paste(what, "steps"))
  for (i in which(used)) for (k in seq_along(causes)) {
    row <- seen[[paste(strata[i], causes[k], fit$time[i])]]
    at <- paste(what, strata[i], causes[k], fit$time[i])
    check(close_to(row$estimate, fit$pstate[i, k + 1]), paste(at, "estimate"))
    check(abs(row$std_error - fit$std.err[i, k + 1]) <= 1e-9,
      paste(at, "std_error"))
    if (fit$pstate[i, k + 1] > 0) {
      check(close_to(row$conf_low, fit$lower[i, k + 1], 1e-9), paste(at, "conf_low"))
      check(close_to(row$conf_high, fit$upper[i, k + 1], 1e-9), paste(at, "conf_high"))
    }
  }
}

expect_logrank <- function(rows, entry, p, dictionary, what) {
  g <- on_grid(rows, p)
  test <- survdiff(g$formula, g$rows)
  check(close_to(entry$statistic, test$chisq), paste(what, "statistic"))
  check(entry$df == length(test$n) - 1, paste(what, "df"))
  for (i in seq_along(test$n)) {
    # With strata R has a column a stratum.
    observed <- if (is.matrix(test$obs)) sum(test$obs[i, ]) else test$obs[i]
    expected <- if (is.matrix(test$exp)) sum(test$exp[i, ]) else test$exp[i]
    check(entry$table[[i]]$observed == observed, paste(what, "observed"))
    check(close_to(entry$table[[i]]$expected, expected),
      paste(what, "expected"))
  }
}

# ---- models -------------------------------------------------------------------

# Coefficients carry what the solution of a linear system costs.
near_fit <- function(ours, theirs) {
  if (is.null(ours) || is.na(theirs)) return(is.null(ours) && is.na(theirs))
  abs(ours - theirs) <= 1e-10 * max(1e-3, abs(theirs))
}

# Inner knots of the dictionary, or equally spaced between its bounds, as
# formula.h says.
splines_in <- function(text)
  regmatches(text, gregexpr("ns\\([a-z_]+, [0-9]+\\)", text))[[1]]
inner_knots <- function(v, df) {
  i <- seq_len(df - 1)
  if (is.null(v$knots)) v$min + (v$max - v$min) * i / df else
    unlist(v$knots)[floor(i * (length(v$knots) + 1) / df + 0.5)]
}
spline_terms <- function(text, dictionary) {
  for (term in splines_in(text)) {
    parts <- strsplit(gsub("ns\\(|\\)", "", term), ", ")[[1]]
    v <- variable_of(dictionary, parts[1])
    df <- as.integer(parts[2])
    knots <- inner_knots(v, df)
    text <- sub(term, sprintf("ns(%s, knots = c(%s), Boundary.knots = c(%s, %s))",
      parts[1], paste(sprintf("%.17g", knots), collapse = ", "), v$min, v$max),
      text, fixed = TRUE)
  }
  text
}

# R's names of the terms of spline_terms(text) as those of text.
plain_terms <- function(names, text) {
  for (term in splines_in(text)) {
    variable <- sub("ns\\((.*),.*", "\\1", term)
    names <- gsub(sprintf("ns\\(%s, knots = .*?, Boundary.knots = c\\([^)]*\\)\\)",
      variable), term, names, perl = TRUE)
  }
  names
}

# An element of a vector is a column of a matrix.
elements <- function(text) gsub("\\[([0-9]+)\\]", "[, \\1]", text)

model_rows <- function(rows, text) {
  used <- rows[all.vars(as.formula(text))]
  keep <- complete.cases(used)
  for (v in names(used)) {
    response <- v == all.vars(as.formula(text))[1]
    if (response && is.factor(rows[[v]])) rows[[v]] <- numeric_value(rows[[v]])
  }
  rows[keep, ]
}

expect_model <- function(rows, entry, p, what) {
  kept <- model_rows(rows, p$formula)
  check(entry$n == nrow(kept), paste(what, "n"))
  check(entry$missing == nrow(rows) - nrow(kept), paste(what, "missing"))
  kept
}

# A level that nobody has is no column in R, and a column of nulls here.
expect_lm <- function(rows, entry, p, dictionary, what) {
  kept <- expect_model(rows, entry, p, what)
  text <- spline_terms(elements(p$formula), dictionary)
  model <- lm(as.formula(text), kept)
  fit <- summary(model)
  theirs <- coef(fit)
  names <- plain_terms(rownames(theirs), p$formula)
  names <- gsub("[, ", "[", names, fixed = TRUE)
  limits <- confint(model)[rownames(theirs), , drop = FALSE]
  ours <- Filter(function(row) !is.null(row$estimate), entry$table)
  check(length(ours) == nrow(theirs), paste(what, "number of terms"))
  for (i in seq_along(ours)) {
    row <- ours[[i]]
    where <- paste(what, row$term)
    check(row$term == names[i], paste(where, "is", names[i]))
    check(near_fit(row$estimate, theirs[i, 1]), paste(where, "estimate"))
    check(near_fit(row$std_error, theirs[i, 2]), paste(where, "std_error"))
    check(near_fit(row$statistic, theirs[i, 3]), paste(where, "statistic"))
    check(near_fit(row$p_value, theirs[i, 4]), paste(where, "p_value"))
    check(near_fit(row$conf_low, limits[i, 1]), paste(where, "conf_low"))
    check(near_fit(row$conf_high, limits[i, 2]), paste(where, "conf_high"))
  }
  check(near_fit(entry$r_squared, fit$r.squared), paste(what, "r_squared"))
  check(near_fit(entry$adj_r_squared, fit$adj.r.squared),
    paste(what, "adj_r_squared"))
  check(near_fit(entry$sigma, fit$sigma), paste(what, "sigma"))
  check(entry$df == fit$df[2], paste(what, "df"))
}

expect_anova <- function(rows, entry, p, dictionary, what) {
  kept <- expect_model(rows, entry, p, what)
  table <- anova(lm(as.formula(p$formula), kept))
  check(length(entry$table) == nrow(table), paste(what, "number of terms"))
  for (i in seq_len(nrow(table))) {
    row <- entry$table[[i]]
    where <- paste(what, row$term)
    check(row$term == rownames(table)[i], where)
    check(row$df == table[i, 1], paste(where, "df"))
    check(near_fit(row$sum_sq, table[i, 2]), paste(where, "sum_sq"))
    check(near_fit(row$mean_sq, table[i, 3]), paste(where, "mean_sq"))
    check(near_fit(row$statistic, table[i, 4]), paste(where, "statistic"))
    check(near_fit(row$p_value, table[i, 5]), paste(where, "p_value"))
  }
}

# Two variables of a row, or the first two rows of a patient that have one.
pairs_of <- function(rows, variables) {
  if (length(variables) == 2) {
    return(data.frame(x = rows[[variables[1]]], y = rows[[variables[2]]]))
  }
  rows <- rows[!is.na(rows[[variables]]), ]
  values <- split(rows[[variables]], factor(rows$patient, unique(rows$patient)))
  values <- values[lengths(values) > 1]
  data.frame(x = vapply(values, function(v) v[1], 0),
    y = vapply(values, function(v) v[2], 0))
}

expect_t_test <- function(rows, entry, p, dictionary, what) {
  if (isTRUE(p$paired)) {
    pairs <- pairs_of(rows, unlist(p$variables))
    test <- t.test(pairs$x, pairs$y, paired = TRUE)
    estimate <- unname(test$estimate)
    check(entry$n == sum(complete.cases(pairs)), paste(what, "n"))
    check(near(entry$table[[1]]$sd, sd(pairs$x - pairs$y, na.rm = TRUE)),
      paste(what, "sd"))
  } else {
    kept <- expect_model(rows, entry, p, what)
    test <- t.test(as.formula(p$formula), kept)
    estimate <- unname(test$estimate[1] - test$estimate[2])
  }
  check(near(entry$estimate, estimate), paste(what, "estimate"))
  check(near(entry$statistic, unname(test$statistic)), paste(what, "statistic"))
  check(near(entry$df, unname(test$parameter)), paste(what, "df"))
  check(near(entry$p_value, test$p.value), paste(what, "p_value"))
  check(near(entry$conf_low, test$conf.int[1]), paste(what, "conf_low"))
  check(near(entry$conf_high, test$conf.int[2]), paste(what, "conf_high"))
}

expect_correlation <- function(rows, entry, p, dictionary, what) {
  kept <- rows[complete.cases(rows[unlist(p$variables)]), ]
  check(entry$n == nrow(kept), paste(what, "n"))
  for (row in entry$table) {
    test <- cor.test(kept[[row$row]], kept[[row$column]])
    where <- paste(what, row$row, row$column)
    check(near(row$estimate, unname(test$estimate)), paste(where, "estimate"))
    check(near(row$statistic, unname(test$statistic)), paste(where, "statistic"))
    check(near(row$p_value, test$p.value), paste(where, "p_value"))
    check(near(row$conf_low, test$conf.int[1]), paste(where, "conf_low"))
  }
}

no_knots <- function(term) gsub("ns\\(([^,]*),[^()]*(\\([^()]*\\)[^()]*)*\\)", "ns(\\1)", term)

# The score test of proportional hazards, and pairs of people where they are
# counted: with strata(center) alone.
expect_cox_tests <- function(entry, model, what) {
  zph <- cox.zph(model, transform = "identity")$table
  check(length(entry$zph) == nrow(zph), paste(what, "zph terms"))
  for (i in seq_len(nrow(zph))) {
    row <- entry$zph[[i]]
    check(no_knots(row$term) == no_knots(rownames(zph)[i]),
      paste(what, "zph", row$term, rownames(zph)[i]))
    check(abs(row$statistic - zph[i, "chisq"]) <= 1e-10 * max(1, zph[i, "chisq"]),
      paste(what, "zph", row$term, "statistic"))
    check(row$df == zph[i, "df"], paste(what, "zph", row$term, "df"))
    check(abs(row$p_value - zph[i, "p"]) <= 1e-10, paste(what, "zph", row$term, "p"))
  }
  if (any(grepl("strata(at)", names(model$xlevels), fixed = TRUE)))
    check(near(entry$concordance, concordance(model)$concordance[[1]]),
      paste(what, "concordance"))
  else
    check(is.null(entry$concordance), paste(what, "no concordance"))
}

expect_cox <- function(rows, entry, p, dictionary, what) {
  g <- on_grid(rows, p)
  g$formula <- as.formula(spline_terms(
    paste(deparse(g$formula), collapse = ""), dictionary))
  model <- coxph(g$formula, g$rows, control = strict_cox,
    ties = if (is.null(p$ties)) "efron" else p$ties)
  terms <- summary(model)$coefficients
  rownames(terms) <- plain_terms(rownames(terms), p$formula)
  check(entry$n == model$n, paste(what, "n"))
  check(entry$events == model$nevent, paste(what, "events"))
  check(isTRUE(entry$converged), paste(what, "converged"))
  check(close_to(entry$loglik_null, model$loglik[1]), paste(what, "loglik 0"))
  check(close_to(entry$loglik, model$loglik[2]), paste(what, "loglik"))
  check(close_to(entry$score, model$score), paste(what, "score"))
  check(close_to(entry$wald, model$wald.test), paste(what, "wald"))
  check(length(entry$table) == nrow(terms), paste(what, "terms"))
  expect_cox_tests(entry, model, what)
  for (row in entry$table) {
    theirs <- terms[row$term, ]
    check(close_to(row$estimate, theirs[[1]]), paste(what, row$term))
    check(close_to(row$hazard_ratio, theirs[[2]]), paste(what, row$term, "hr"))
    check(close_to(row$std_error, theirs[[3]]), paste(what, row$term, "se"))
    check(abs(row$p_value - theirs[[5]]) <= 1e-9 * theirs[[5]] + 1e-300,
      paste(what, row$term, "p"))
  }
}

# Rows that break a rule of the dictionary; a boolean in it is 0 or 1.
broken_rows <- function(rows, rule) {
  text <- parse(text = rule)[[1]]
  values <- lapply(rows[all.vars(text)], numeric_value)
  a <- rep_len(eval(text[[2]], values), nrow(rows))
  b <- rep_len(eval(text[[3]], values), nrow(rows))
  equal <- abs(a - b) <= 1e-9 * pmax(abs(a), abs(b))
  a[is_true(equal)] <- b[is_true(equal)]
  is_true(!do.call(as.character(text[[1]]), list(a, b)))
}

expect_quality <- function(rows, entry, p, dictionary, what) {
  asked <- vapply(entry$table, function(row) row$variable, "")
  rules <- Filter(function(r) all(all.vars(parse(text = r)) %in% asked),
    unlist(dictionary$plausible))
  for (row in entry$table) {
    refused <- rows[[paste0("refused.", row$variable)]]
    check(row$out_of_range == sum(refused),
      paste(what, row$variable, "out_of_range"))
    about <- Filter(function(r) row$variable %in% all.vars(parse(text = r)), rules)
    broken <- Reduce(`|`, lapply(about, function(r) broken_rows(rows, r)))
    check(identical(row$implausible_pairs,
      if (is.null(broken)) NULL else sum(broken)),
      paste(what, row$variable, "implausible_pairs"))
    variable <- variable_of(dictionary, row$variable)
    x <- rows[[row$variable]]
    if (is.null(x)) x <- rep(NA, nrow(rows)) # no file has the column
    if (is.matrix(x)) x <- ifelse(is.na(x[, 1]), NA, "there")
    check(row$n == sum(!is.na(x)), paste(what, row$variable, "n"))
    check(near(row$completeness, mean(!is.na(x))),
      paste(what, row$variable, "completeness"))
    step <- if (is.null(variable$resolution)) 1 else variable$resolution
    if (is.numeric(x) && (variable$max - variable$min) / step >= 20) {
      last <- abs(round(x[!is.na(x)] / step)) %% 10
      check(near(row$digit_preference, (mean(last %in% c(0, 5)) - 0.2) / 0.8),
        paste(what, row$variable, "digit_preference"))
    } else {
      check(is.null(row$digit_preference), paste(what, row$variable, "no digits"))
    }
  }
}

expect_rank_test <- function(rows, entry, p, dictionary, what) {
  sides <- all.vars(as.formula(p$formula))
  kept <- rows[complete.cases(rows[sides]), ]
  check(entry$n == nrow(kept), paste(what, "n"))
  groups <- split(kept[[sides[1]]], kept[[sides[2]]])
  test <- if (length(groups) == 2) {
    wilcox.test(groups[[1]], groups[[2]], exact = FALSE)
  } else {
    kruskal.test(groups)
  }
  check(near(entry$statistic, unname(test$statistic)), paste(what, "statistic"))
  check(close_to(entry$p_value, test$p.value), paste(what, "p_value"))
  for (i in seq_along(groups)) {
    check(entry$table[[i]]$n == length(groups[[i]]), paste(what, "n of", i))
    check(near(entry$table[[i]]$median, median(groups[[i]])),
      paste(what, "median of", i))
  }
}

expect_pca <- function(rows, entry, p, dictionary, what) {
  chosen <- if (is.null(p$vector)) rows[unlist(p$variables)] else
    setNames(as.data.frame(unclass(rows[[p$vector]])),
      sprintf("%s[%d]", p$vector, seq_len(ncol(rows[[p$vector]]))))
  kept <- chosen[complete.cases(chosen), ]
  check(entry$n == nrow(kept), paste(what, "n"))
  fit <- prcomp(kept, scale. = isTRUE(p$scale))
  shown <- if (is.null(p$components)) ncol(kept) else p$components
  check(length(entry$table) == shown, paste(what, "components"))
  variances <- fit$sdev^2
  for (i in seq_len(shown)) {
    row <- entry$table[[i]]
    check(near_fit(row$eigenvalue, variances[i]), paste(what, "eigenvalue", i))
    check(near_fit(row$cumulative, sum(variances[1:i]) / sum(variances)),
      paste(what, "cumulative", i))
  }
  for (row in entry$loadings) {
    vector <- fit$rotation[, row$component]
    vector <- vector * sign(vector[which.max(abs(vector))])
    check(abs(row$loading - vector[[row$variable]]) <= 1e-10,
      paste(what, "loading", row$component, row$variable))
  }
}

# pROC's definitions: the area with DeLong's variance, Youden's threshold.
expect_roc <- function(rows, entry, p, dictionary, what) {
  formula <- as.formula(p$formula)
  kept <- rows[complete.cases(rows[all.vars(formula)]), ]
  outcome <- as.integer(kept[[all.vars(formula)[1]]]) == 2
  score <- if (length(all.vars(formula)) == 2 &&
      is.numeric(kept[[all.vars(formula)[2]]])) {
    kept[[all.vars(formula)[2]]]
  } else {
    floor(fitted(glm(formula, binomial, kept,
      control = glm.control(epsilon = 1e-14))) * 512) / 512
  }
  x <- score[outcome]
  y <- score[!outcome]
  mine <- vapply(x, function(v) mean(v > y) + mean(v == y) / 2, 0)
  theirs <- vapply(y, function(v) mean(x > v) + mean(x == v) / 2, 0)
  half <- qnorm(0.975) * sqrt(var(mine) / length(x) + var(theirs) / length(y))
  check(entry$n == length(score), paste(what, "n"))
  check(entry$events == length(x), paste(what, "events"))
  check(close_to(entry$auc, mean(mine)), paste(what, "auc"))
  check(close_to(entry$conf_low, mean(mine) - half), paste(what, "conf_low"))
  index <- vapply(sort(unique(score)), function(t)
    mean(x >= t) + mean(y < t) - 1, 0)
  check(close_to(entry$youden, max(index)), paste(what, "youden"))
  check(close_to(entry$sensitivity, mean(x >= entry$threshold)),
    paste(what, "sensitivity"))
}

expectations <- list(quality = expect_quality,
  cumulative_incidence = expect_cumulative_incidence,
  rank_test = expect_rank_test, pca = expect_pca,
  roc = expect_roc, cox = expect_cox, km = expect_km, logrank = expect_logrank,
  glm = expect_glm, lm = expect_lm, anova = expect_anova,
  t_test = expect_t_test, correlation = expect_correlation,
  count = expect_count, summary = expect_summary,
  frequency = expect_frequency, crosstab = expect_crosstab,
  histogram = expect_histogram, quantile = expect_quantile)

# ---- one query ---------------------------------------------------------------

# Which datasets an analysis was asked of: at least three in the end.
covered <- list()
dataset_of <- function(files) {
  name <- sub("_(vector|first)?(_?[0-9]+)*\\.csv$|\\.csv$", "", basename(files[1]))
  switch(name, cleveland = "uci", center = "synthetic", failure = "heart_failure",
    inst = "lung", mixed = "heart", pbc = "pbc", name)
}
cover <- function(kind, files)
  covered[[kind]] <<- unique(c(covered[[kind]], dataset_of(files)))

run_query <- function(name, dictionary_file, files, in_cohort) {
  query_file <- file.path(here, "queries", paste0(name, ".json"))
  query <- read_json(query_file)
  dictionary <- read_json(dictionary_file)
  rows <- in_cohort(read_rows(files, dictionary))
  if (is.null(query$unit) || query$unit == "patient") {
    rows <- rows[!duplicated(rows$patient), ]
  }
  text <- answer(dictionary_file, query_file, files)
  limited <- answer(dictionary_file, query_file, files, limit = 11)
  for (centers in c(1, 2, 5, 13)) {
    parts <- split_rows(files, centers, seed = 7 * centers)
    split <- answer(dictionary_file, query_file, parts)
    # At the default limit the rules act on the sum: no split changes it.
    check(identical(results_bytes(answer(dictionary_file, query_file, parts,
      limit = 11)), results_bytes(limited)),
      paste(name, "same bytes at the default limit,", centers, "centers"))
    check(identical(neutral_bytes(split), neutral_bytes(text)),
      paste(name, "same bytes at", centers, "centers"))
  }
  result <- fromJSON(text, simplifyVector = FALSE)
  by <- unlist(query$by)
  levels_of <- lapply(by, function(v) levels(rows[[v]]))
  names(levels_of) <- by
  grid <- if (length(by) > 0) rev(expand.grid(rev(levels_of),
    stringsAsFactors = FALSE)) else data.frame(none = 1)
  at <- 0
  for (analysis in query$analyses) {
    for (level in seq_len(nrow(grid))) {
      at <- at + 1
      entry <- result$results[[at]]
      chosen <- rep(TRUE, nrow(rows))
      for (v in by) {
        chosen <- chosen & !is.na(rows[[v]]) & rows[[v]] == grid[level, v]
        check(entry$by[[v]] == grid[level, v], paste(name, "by", v))
      }
      kind <- names(analysis)[1]
      check(entry$analysis == kind, paste(name, "analysis", at))
      expectations[[kind]](rows[chosen, ], entry, analysis[[kind]], dictionary,
        paste(name, kind, "entry", at))
    }
  }
  check(length(result$results) == at, paste(name, "number of results"))
  for (analysis in query$analyses) cover(names(analysis)[1], files)
  cat(sprintf("%-18s %d results, 4 splits, %s\n", name, at, dataset_of(files)))
}

# ---- the datasets --------------------------------------------------------------

data <- file.path(here, "..", "data")
uci <- file.path(data, "uci_heart_disease")
uci_files <- file.path(uci, c("cleveland.csv", "budapest.csv",
  "zurich_basel.csv", "long_beach.csv"))
uci_dictionary <- file.path(uci, "dictionary.json")
with_disease <- function(rows) {
  rows$disease <- factor(ifelse(is.na(rows$num), NA,
    ifelse(as.numeric(as.character(rows$num)) > 0, "true", "false")),
    levels = c("false", "true"))
  rows
}
is_true <- function(x) !is.na(x) & x

run_query("uci_all", uci_dictionary, uci_files, with_disease)
run_query("uci_by_sex", uci_dictionary, uci_files, function(rows) {
  # not (cp = 1 or trestbps is missing): unknown where cp is missing
  rows <- with_disease(rows)
  rows[is_true(rows$age >= 40 & rows$age <= 65) &
    is_true(rows$cp != "1") & !is.na(rows$trestbps), ]
})
run_query("uci_by_two", uci_dictionary, uci_files, function(rows) {
  rows <- with_disease(rows)
  exang <- as.character(rows$exang) %in% c("1", "true")
  rows[is_true(rows$oldpeak > 0) | (is_true(rows$chol >= 240) & exang), ]
})

run_query("uci_glm", uci_dictionary, uci_files, function(rows) {
  rows <- with_disease(rows)
  rows[is_true(rows$age >= 30), ]
})
run_query("uci_more", uci_dictionary, uci_files, with_disease)
run_query("uci_models", uci_dictionary, uci_files, function(rows) {
  rows <- with_disease(rows)
  rows[is_true(rows$age >= 30), ]
})

# survival::lung and survival::colon (deaths), follow-up in days
survival_file <- function(name, rows) {
  file <- file.path(scratch, paste0(name, ".csv"))
  write.csv(rows, file, row.names = FALSE, quote = FALSE, na = "")
  file
}
as_category <- function(name, codes) list(name = name, type = "category",
  entity = "exam", categories = lapply(codes, function(c) list(code = c, label = c)))
as_number <- function(name, type, min, max) list(name = name, type = type,
  entity = "exam", resolution = 1, min = min, max = max)
survival_dictionary <- file.path(scratch, "survival.json")
long_dictionary <- file.path(scratch, "long.json")
for (longest in c(4000, 15000)) write_json(list(id = "survival", version = 1,
  variables = list(as_number("time", "days", 0, longest), list(name = "event", type = "boolean",
    entity = "exam"), as_category("sex", c("1", "2")),
  as_category("group", c("1", "2", "3")),
  as_category("status", c("0", "1", "2")), as_number("age", "integer", 0, 120))),
  if (longest == 4000) survival_dictionary else long_dictionary, auto_unbox = TRUE, digits = NA)
colon_deaths <- subset(colon, etype == 2)
lung_file <- survival_file("lung", with(lung, data.frame(time,
  event = status - 1, sex, group = 1 + (ph.ecog > 0) + (ph.ecog > 1), age)))
colon_file <- survival_file("colon", with(colon_deaths, data.frame(time,
  event = status, sex = sex + 1, group = as.integer(rx), age)))
run_query("lung", survival_dictionary, lung_file, identity)
run_query("lung_cox", survival_dictionary, lung_file, identity)
run_query("colon", survival_dictionary, colon_file, identity)
run_query("colon_cox", survival_dictionary, colon_file, identity)
# survival::veteran: lung cancer, four types of cell, here three groups
veteran_file <- survival_file("veteran", with(veteran, data.frame(time,
  event = status, sex = trt, group = pmin(as.integer(celltype), 3), age)))
run_query("veteran", survival_dictionary, veteran_file, identity)
# survival::kidney: infections at catheters, two for each of 38 patients
kidney_file <- survival_file("kidney", with(kidney, data.frame(patient = id, time,
  event = status, sex, group = pmin(as.integer(disease), 3), age)))
run_query("veteran", survival_dictionary, kidney_file, identity)
# UCI heart failure, 299 patients
failure_rows <- read.csv(file.path(data, "heart_failure", "heart_failure.csv"))
names(failure_rows)[13] <- "death"
failure_file <- survival_file("heart_failure", failure_rows)
failure_dictionary <- file.path(scratch, "heart_failure.json")
as_real <- function(name, resolution, min, max) {
  v <- as_number(name, "real", min, max)
  v$resolution <- resolution
  v
}
as_boolean <- function(name) list(name = name, type = "boolean", entity = "exam")
write_json(list(id = "heart-failure", version = 1, variables = list(
  as_real("age", 0.001, 0, 120), as_boolean("anaemia"),
  as_number("creatinine_phosphokinase", "integer", 0, 20000),
  as_boolean("diabetes"), as_number("ejection_fraction", "integer", 0, 100),
  as_boolean("high_blood_pressure"), as_real("platelets", 0.01, 0, 1e6),
  as_real("serum_creatinine", 0.01, 0, 20),
  as_number("serum_sodium", "integer", 100, 200), as_boolean("sex"),
  as_boolean("smoking"), as_number("time", "days", 0, 300), as_boolean("death"))),
  failure_dictionary, auto_unbox = TRUE, digits = NA)
run_query("heart_failure", failure_dictionary, failure_file, identity)

# Competing risks: transplant and death (pbc), malignancy and death (mgus2)
pbc_file <- survival_file("pbc", with(pbc, data.frame(time,
  event = as.integer(status == 2), sex = as.integer(sex == "f") + 1,
  group = 1 + (edema > 0) + (edema > 0.5), status, age = floor(age))))
mgus_file <- survival_file("mgus2", with(mgus2, data.frame(
  time = 30 * ifelse(pstat == 1, ptime, futime), event = death,
  sex = as.integer(sex == "F") + 1, group = NA,
  status = ifelse(pstat == 1, 1, 2 * death), age)))
# and what came first: recurrence or death (colon), transplant or death (jasa,
# of which survival::heart is made, and myeloid).
first_file <- function(name, first, first_time, death, death_time, more) {
  status <- ifelse(first, 1, 2 * death)
  survival_file(name, data.frame(time = ifelse(first, first_time, death_time),
    event = as.integer(status > 0), more, status))
}
recurrence <- subset(colon, etype == 1)
recurrence <- recurrence[match(colon_deaths$id, recurrence$id), ]
first_colon_file <- with(colon_deaths, first_file("colon_first",
  recurrence$status == 1, recurrence$time, status == 1, time, data.frame(
    sex = sex + 1, group = as.integer(rx), age)))
jasa_file <- with(jasa, first_file("heart_first", transplant == 1,
  wait.time + 1, fustat == 1, futime + 1, data.frame(sex = surgery + 1,
    group = 1 + (age > 42) + (age > 50), age = floor(age))))
myeloid_file <- with(myeloid, first_file("myeloid", !is.na(txtime), txtime,
  death == 1, futime, data.frame(sex = as.integer(sex),
    group = ifelse(is.na(crtime), 1, ifelse(crtime > 40, 3, 2)), age = 60)))
for (file in c(pbc_file, mgus_file, first_colon_file, jasa_file)) {
  run_query("causes", long_dictionary, file, identity)
}
for (file in c(pbc_file, jasa_file, myeloid_file)) {
  run_query("causes_more", long_dictionary, file, identity)
}
run_query("causes_by", long_dictionary, first_colon_file,
  function(rows) rows[is_true(rows$age >= 40), ])

pbc <- pbcseq
pbc_rows <- data.frame(patient = pbc$id, age = floor(pbc$age), sex = pbc$sex,
  trt = pbc$trt, day = pbc$day, edema = pbc$edema, bili = pbc$bili,
  albumin = pbc$albumin, platelet = pbc$platelet, stage = pbc$stage)
pbc_file <- file.path(scratch, "pbcseq.csv")
write.csv(pbc_rows, pbc_file, row.names = FALSE, quote = FALSE, na = "")
pbc_dictionary <- file.path(scratch, "pbcseq.json")
category <- function(name, codes) list(name = name, type = "category",
  entity = "exam", categories = lapply(codes, function(c) list(code = c, label = c)))
number <- function(name, type, resolution, min, max) list(name = name,
  type = type, entity = "exam", resolution = resolution, min = min, max = max)
write_json(list(id = "pbcseq", version = 1, variables = list(
  number("age", "integer", 1, 0, 120), category("sex", c("m", "f")),
  category("trt", c("0", "1")), number("day", "days", 1, 0, 10000),
  category("edema", c("0", "0.5", "1")), number("bili", "real", 0.1, 0, 100),
  number("albumin", "real", 0.01, 0, 10), number("platelet", "integer", 1, 0, 2000),
  category("stage", c("1", "2", "3", "4")))), pbc_dictionary, auto_unbox = TRUE,
  digits = NA)

run_query("pbcseq_exam", pbc_dictionary, pbc_file,
  function(rows) rows[is_true(rows$age >= 35), ])
run_query("pbcseq_patient", pbc_dictionary, pbc_file,
  function(rows) rows[is_true(rows$bili >= 2) & !is.na(rows$platelet), ])

run_query("pbcseq_models", pbc_dictionary, pbc_file, identity)

# The dictionary with more said of some variables, and with rules.
with_more <- function(name, dictionary_file, more, rules = NULL) {
  dictionary <- read_json(dictionary_file)
  for (i in seq_along(dictionary$variables)) {
    own <- more[[dictionary$variables[[i]]$name]]
    for (key in names(own)) dictionary$variables[[i]][[key]] <- own[[key]]
  }
  dictionary$plausible <- rules
  file <- file.path(scratch, paste0(name, ".json"))
  write_json(dictionary, file, auto_unbox = TRUE, digits = NA)
  file
}
# Splines with knots from the dictionary.
with_knots <- function(name, dictionary_file, knots) with_more(name,
  dictionary_file, lapply(knots, function(k) list(knots = as.list(k))))
run_query("splines_uci", with_knots("uci_knots", uci_dictionary, list(
  age = c(37, 42, 45, 49, 53, 56, 58, 61, 64), thalach = c(98, 120, 140, 155, 175))),
  uci_files, with_disease)
run_query("splines_failure", with_knots("failure_knots", failure_dictionary,
  list(ejection_fraction = c(25, 38, 60), age = c(45.5, 60, 71.25, 80))),
  failure_file, identity)
run_query("splines_pbcseq", with_knots("pbcseq_knots", pbc_dictionary,
  list(bili = c(0.5, 0.7, 1.1, 2.3, 5.5, 12), albumin = c(2.75, 3.25, 3.5, 3.9))),
  pbc_file, identity)

# Quality: narrow ranges that refuse what is far out, and rules.
run_query("quality_uci", with_more("uci_rules", uci_dictionary, list(
  age = list(min = 35, max = 70), trestbps = list(min = 95, max = 170),
  oldpeak = list(min = -0.5, max = 4)), list("thalach <= 220 - age",
  "trestbps - age > 60", "abs(oldpeak) != 1", "exang <= disease")), uci_files,
  with_disease)
run_query("quality_failure", with_more("failure_rules", failure_dictionary, list(
  serum_creatinine = list(max = 3), platelets = list(min = 1e5, max = 4.5e5)),
  list("age >= ejection_fraction", "serum_sodium / ejection_fraction < 7",
  "log10(platelets) <= 5 + serum_creatinine / 2")), failure_file, identity)
run_query("quality_pbcseq", with_more("pbcseq_rules", pbc_dictionary, list(
  bili = list(max = 20), albumin = list(min = 2, max = 5)),
  list("bili + 2 * albumin <= 12", "day == day", "albumin > bili")), pbc_file,
  function(rows) rows[is_true(rows$age >= 40), ])
quality_dictionary <- with_more("lung_rules", survival_dictionary, list(
  age = list(min = 45, max = 75)), list("time >= 5 * age", "event <= time"))
run_query("quality_lung", quality_dictionary, lung_file, identity)

# Vectors: laboratory values of two registries as one variable, the shapes of the
# synthetic one, and 600 numbers at once.
vector_dictionary <- file.path(scratch, "vector.json")
as_vector <- function(length, resolution, min, max) c(list(length = length),
  number("shape", "vector", resolution, min, max))
write_json(list(id = "vector", version = 1, variables = list(
  as_vector(5, 0.01, 0, 4000), number("age", "integer", 1, 0, 120))),
  vector_dictionary, auto_unbox = TRUE, digits = NA)
joined <- function(rows) {
  text <- do.call(paste, lapply(rows, function(x)
    format(x, trim = TRUE, scientific = FALSE)))
  ifelse(complete.cases(rows), text, NA)
}
run_query("vector", vector_dictionary, survival_file("failure_vector",
  with(failure_rows, data.frame(age = floor(age), shape = joined(data.frame(
    ejection_fraction, serum_sodium, serum_creatinine, time,
    round(platelets / 1000)))))), identity)
run_query("vector", vector_dictionary, survival_file("pbcseq_vector",
  with(pbcseq, data.frame(patient = id, age = floor(age), shape = joined(
    data.frame(bili, albumin, ast, chol, protime))))), identity)
system2(file.path(dirname(binary), "synthesize"),
  c("--patients", 4000, file.path(scratch)), stdout = FALSE)
run_query("vector_tetralogy", file.path(data, "synthesize", "dictionary.json"),
  file.path(scratch, sprintf("center_%02d.csv", 1:13)),
  function(rows) rows[is_true(rows$dx_primary == "tof"), ])

# Masked, over the wire: a vector of sums of 180,925 elements.
set.seed(600)
mesh <- matrix(round(rnorm(90 * 8), 3), 90) %*%
  outer(1:8, 1:600, function(k, j) cos(pi * k * j / 600) / k) +
  rnorm(90 * 600, 0, 0.1)
mesh <- round(mesh, 2)
mesh_dictionary <- file.path(scratch, "mesh.json")
write_json(list(id = "mesh", version = 1, variables = list(
  as_vector(600, 0.01, -60, 60))), mesh_dictionary, auto_unbox = TRUE,
  digits = NA)
mesh_query <- file.path(scratch, "mesh_query.json")
writeLines('{"analyses": [{"pca": {"vector": "shape", "components": 3}}]}',
  mesh_query)
mesh_answer <- function(centers) {
  at <- rep_len(seq_len(centers), 90)
  parts <- vapply(seq_len(centers), function(k) survival_file(
    sprintf("mesh_%d_%d", centers, k), data.frame(shape = apply(
      mesh[at == k, , drop = FALSE], 1, paste, collapse = " "))), "")
  answer(mesh_dictionary, mesh_query, parts)
}
mesh_five <- mesh_answer(5)
expect_pca(list(shape = mesh), fromJSON(mesh_five, simplifyVector = FALSE)$
  results[[1]], list(vector = "shape", components = 3), NULL, "mesh of 600")
check(identical(results_bytes(mesh_answer(1)), results_bytes(mesh_five)),
  "mesh of 600 same bytes")

# strata(center): the centers are part of the model, so each split has its own
# twin. And rows that begin late: a covariate that changes in time.
expect_terms <- function(text, model, what) {
  entry <- fromJSON(text, simplifyVector = FALSE)$results[[1]]
  terms <- summary(model)$coefficients
  check(isTRUE(entry$converged), paste(what, "converged"))
  check(close_to(entry$loglik, model$loglik[2]), paste(what, "loglik"))
  for (i in seq_len(nrow(terms))) {
    row <- entry$table[[i]]
    check(close_to(row$estimate, terms[i, 1]), paste(what, row$term))
    check(close_to(row$std_error, terms[i, 3]), paste(what, row$term, "se"))
  }
  expect_cox_tests(entry, model, what)
}
late_dictionary <- file.path(scratch, "late.json")
write_json(list(id = "late", version = 1, variables = list(
  as_number("start", "days", 0, 2000), as_number("time", "days", 0, 2000),
  list(name = "event", type = "boolean", entity = "exam"),
  as_category("sex", c("1", "2")), as_number("age", "integer", 0, 130))),
  late_dictionary, auto_unbox = TRUE, digits = NA)
cox_query <- function(formula, more = "") {
  file <- file.path(scratch, "cox.json")
  writeLines(sprintf(
    '{"unit": "exam", "analyses": [{"cox": {"formula": "%s"%s}}]}', formula,
    more), file)
  file
}
logrank_query <- file.path(scratch, "logrank.json")
writeLines(paste('{"unit": "exam", "analyses": [{"logrank":',
  '{"formula": "Surv(time, event) ~ sex + strata(center)"}}]}'), logrank_query)
lung_rows <- with(lung, data.frame(start = 0, time, event = status - 1,
  sex = factor(sex), age))
heart_rows <- with(heart, data.frame(patient = id, start = ceiling(start),
  time = ceiling(stop), event, sex = factor(as.integer(transplant)),
  age = round(age + 60)))
heart_rows <- subset(heart_rows, time > start)
for (centers in c(1, 2, 5, 13)) {
  at <- rep_len(seq_len(centers), nrow(lung_rows))
  parts <- vapply(seq_len(centers), function(k)
    survival_file(sprintf("lung_%d_%d", centers, k), lung_rows[at == k, ]), "")
  expect_terms(answer(late_dictionary,
    cox_query("Surv(time, event) ~ age + sex + strata(center)"), parts),
    coxph(Surv(time, event) ~ age + sex + strata(at), lung_rows,
      control = strict_cox), paste("strata(center)", centers))
  test <- fromJSON(answer(late_dictionary, logrank_query, parts),
    simplifyVector = FALSE)$results[[1]]
  theirs <- survdiff(Surv(time, event) ~ sex + strata(at), lung_rows)
  check(close_to(test$statistic, theirs$chisq),
    paste("logrank strata(center)", centers))
  check(close_to(test$table[[1]]$expected, sum(as.matrix(theirs$exp)[1, ])),
    paste("logrank strata(center) expected", centers))
  expect_terms(answer(late_dictionary,
    cox_query("Surv(time, event) ~ age * sex + strata(center)",
      ', "ties": "breslow"'), parts),
    coxph(Surv(time, event) ~ age * sex + strata(at), lung_rows,
      control = strict_cox, ties = "breslow"), paste("strata(center) breslow", centers))
  at <- heart_rows$patient %% centers
  parts <- vapply(seq_len(centers) - 1, function(k)
    survival_file(sprintf("heart_%d_%d", centers, k), heart_rows[at == k, ]), "")
  expect_terms(answer(late_dictionary,
    cox_query("Surv(start, time, event) ~ age + sex", ', "grid_days": 1'), parts),
    coxph(Surv(start, time, event) ~ age + sex, heart_rows,
      control = strict_cox), paste("late entry", centers))
  expect_terms(answer(late_dictionary,
    cox_query("Surv(start, time, event) ~ age + sex + strata(center)"), parts),
    coxph(Surv(start, time, event) ~ age + sex + strata(at),
      transform(heart_rows, at = at), control = strict_cox),
    paste("late entry, strata(center)", centers))
}

# (1 | center): lmer, and since it stops early, the restricted likelihood itself
# with its slope set to zero.
reml_fit <- function(model, group) {
  x <- getME(model, "X")
  y <- getME(model, "y")
  n <- nrow(x)
  p <- ncol(x)
  at <- function(l) {
    m <- table(group)
    z <- rowsum(cbind(x, y), group)
    w <- as.vector(l / (1 + m * l))
    d <- as.vector(1 / (1 + m * l)^2)
    s <- crossprod(cbind(x, y)) - crossprod(z, w * z)
    t <- -crossprod(z, d * z)
    inverse <- solve(s[1:p, 1:p])
    beta <- inverse %*% s[1:p, p + 1]
    e <- c(-beta, 1)
    rss <- drop(t(e) %*% s %*% e)
    list(beta = drop(beta), sigma2 = rss / (n - p),
      se = sqrt(diag(inverse) * rss / (n - p)),
      slope = sum(m / (1 + m * l)) + sum(diag(inverse %*% t[1:p, 1:p])) +
        (n - p) * drop(t(e) %*% t %*% e) / rss)
  }
  l <- (getME(model, "theta"))^2
  if (l > 1e-9) {
    l <- exp(uniroot(function(g) at(exp(g))$slope * exp(g),
      log(l) + c(-1, 1), tol = 1e-15)$root)
  }
  c(at(l), l = unname(l))
}
expect_mixed <- function(text, rows, formula, what) {
  library(lme4, quietly = TRUE)
  entry <- fromJSON(text, simplifyVector = FALSE)$results[[1]]
  kept <- rows[complete.cases(rows[all.vars(formula)]), ]
  model <- suppressMessages(lmer(formula, kept))
  exact <- reml_fit(model, kept$center)
  check(entry$n == nrow(kept), paste(what, "n"))
  check(isTRUE(entry$converged), paste(what, "converged"))
  check(abs(entry$reml - REMLcrit(model)) <= 1e-10 * abs(REMLcrit(model)),
    paste(what, "reml"))
  check(near_fit(entry$variance_components[[2]]$variance, exact$sigma2),
    paste(what, "residual variance"))
  check(abs(entry$variance_components[[1]]$variance - exact$l * exact$sigma2) <=
    1e-10 * exact$sigma2, paste(what, "variance of centers"))
  check(abs(entry$variance_components[[1]]$sd -
    attr(VarCorr(model)$center, "stddev")) <= 1e-3 * sigma(model),
    paste(what, "lmer's sd of centers"))
  for (i in seq_along(exact$beta)) {
    row <- entry$table[[i]]
    check(close_to(row$estimate, exact$beta[i]), paste(what, row$term))
    check(close_to(row$std_error, exact$se[i]), paste(what, row$term, "se"))
    check(abs(row$estimate - fixef(model)[i]) <= 1e-3 * exact$se[i],
      paste(what, row$term, "lmer"))
  }
}
mixed_query <- function(formula) {
  file <- file.path(scratch, "mixed.json")
  writeLines(sprintf('{"unit": "exam", "analyses": [{"mixed": {"formula": "%s"}}]}',
    formula), file)
  file
}
uci_rows <- do.call(rbind, lapply(uci_files, function(f) {
  rows <- with_disease(read_rows(f, read_json(uci_dictionary)))
  rows$center <- basename(f)
  rows
}))
for (text in c("chol ~ age + sex + (1 | center)",
    "thalach ~ age * exang + cp + (1 | center)",
    "oldpeak ~ I(age^2) + thalach + (1 | center)")) {
  expect_mixed(answer(uci_dictionary, mixed_query(text), uci_files), uci_rows,
    as.formula(text), text)
  cover("mixed", uci_files)
}
lung_inst <- subset(with(lung, data.frame(center = inst, time, event = status - 1,
  sex = factor(sex), age)), !is.na(center))
lung_parts <- vapply(unique(lung_inst$center), function(k)
  survival_file(sprintf("inst_%d", k), subset(lung_inst, center == k)[-1]), "")
expect_mixed(answer(late_dictionary, mixed_query("age ~ sex + (1 | center)"),
  lung_parts), lung_inst, age ~ sex + (1 | center), "lung by institution")
cover("mixed", lung_parts)
for (centers in c(2, 5, 13)) {
  at <- heart_rows
  at$center <- at$patient %% centers
  at$sex <- factor(at$sex)
  parts <- vapply(seq_len(centers) - 1, function(k)
    survival_file(sprintf("mixed_%d_%d", centers, k),
      subset(at, center == k)), "")
  expect_mixed(answer(late_dictionary,
    mixed_query("age ~ sex + time + (1 | center)"), parts), at,
    age ~ sex + time + (1 | center), paste("heart", centers))
  cover("mixed", parts)
}

# center as a term: a factor of the centers, by name; another split is another
# model. In Basel and Zurich nobody's cholesterol is known: that level is unused.
center_rows <- function(files, dictionary_file) {
  parts <- lapply(files, function(f) {
    rows <- read_rows(f, read_json(dictionary_file))
    if ("num" %in% names(rows)) rows <- with_disease(rows)
    rows$center <- rep(sub("[.]csv$", "", basename(f)), nrow(rows))
    rows
  })
  rows <- do.call(rbind, parts)
  names <- sub("[.]csv$", "", basename(files))
  rows$center <- factor(rows$center, levels = sort(names, method = "radix"))
  rows
}
expect_centers <- function(files, dictionary_file, analyses, what) {
  file <- file.path(scratch, "centers.json")
  write_json(list(unit = "exam", analyses = analyses), file, auto_unbox = TRUE)
  rows <- center_rows(files, dictionary_file)
  results <- fromJSON(answer(dictionary_file, file, files),
    simplifyVector = FALSE)$results
  for (i in seq_along(analyses)) {
    name <- names(analyses[[i]])
    expectations[[name]](rows, results[[i]], analyses[[i]][[1]],
      read_json(dictionary_file), paste(what, name, analyses[[i]][[1]]$formula))
  }
}
uci_centers <- list(list(lm = list(formula = "trestbps ~ age + sex + center")),
  list(lm = list(formula = "thalach ~ age * center + exang")),
  list(lm = list(formula = "thalach ~ 0 + center + age:center")),
  list(anova = list(formula = "thalach ~ center * age + center:sex")),
  list(glm = list(formula = "disease ~ age + sex + center",
    family = "binomial")),
  list(glm = list(formula = "num ~ age * center", family = "poisson")))
lung_centers <- list(
  list(cox = list(formula = "Surv(time, event) ~ age + sex + center")),
  list(cox = list(formula = "Surv(time, event) ~ age * center", grid_days = 1,
    ties = "breslow")))
expect_centers(uci_files, uci_dictionary, c(uci_centers,
  list(list(lm = list(formula = "chol ~ age + center")))), "four hospitals")
for (centers in c(2, 5, 13)) {
  what <- paste(centers, "centers")
  expect_centers(split_rows(uci_files, centers, seed = 100 + centers),
    uci_dictionary, uci_centers, what)
  at <- rep_len(seq_len(centers), nrow(lung_rows))
  expect_centers(vapply(seq_len(centers), function(k)
    survival_file(sprintf("effect_%d_%02d", centers, k),
      lung_rows[at == k, ]), ""), late_dictionary, lung_centers, what)
}
# Nearly everybody in Basel and Zurich has the disease: that center keeps its
# figures back, in whatever sum, and its effect is a level that nobody has.
uci_effects <- center_rows(uci_files, uci_dictionary)
effects_query <- file.path(scratch, "effects.json")
effects <- list(formula = "disease ~ age + center", family = "binomial")
write_json(list(unit = "exam", analyses = list(list(glm = effects),
  list(count = setNames(list(), character(0))))), effects_query,
  auto_unbox = TRUE)
# Seven people are in no sum that could be compared with others' effects.
seven <- file.path(scratch, "seven.csv")
writeLines(readLines(uci_files[1])[1:8], seven)
for (privacy in c("sum", "site", "plain")) {
  results <- fromJSON(answer(uci_dictionary, effects_query, c(uci_files, seven),
    limit = 11, more = c("--privacy", privacy)), simplifyVector = FALSE)$results
  entry <- results[[1]]
  what <- paste("a center that keeps its effect,", privacy)
  check(entry$centers_withheld >= 1, what)
  check(results[[2]]$table[[1]]$n == nrow(uci_effects), paste(what, "count"))
  lost <- vapply(entry$table, function(row) is.null(row$estimate), TRUE)
  check(identical(vapply(entry$table, function(row) row$term, "")[lost],
    c("centerseven", "centerzurich_basel")), paste(what, "is a term of nulls"))
  entry$table <- entry$table[!lost]
  expect_glm(droplevels(subset(uci_effects, center != "zurich_basel")), entry,
    effects, NULL, what)
}
# One alone: R's "contrasts can be applied only to factors with 2 or more levels".
alone_query <- file.path(scratch, "alone.json")
write_json(list(analyses = uci_centers[1]), alone_query, auto_unbox = TRUE)
alone <- suppressWarnings(system2(binary, c("sandbox", "--json", "--dictionary",
  uci_dictionary, "--query", alone_query, uci_files[1]), stdout = TRUE,
  stderr = TRUE))
check(attr(alone, "status") != 0, "center with one center")
check(any(grepl("compares centers; one alone answers", alone, fixed = TRUE)),
  "what is said of one center")

# mlp: one hidden layer, Adam on all rows, from the same first weights (which a
# rate of 0 leaves as they are). Every split gives the same bytes.
mlp_answer <- function(files, dictionary_file, formula, more) {
  file <- file.path(scratch, "mlp.json")
  writeLines(sprintf('{"unit": "exam", "analyses": [{"mlp": {"formula": "%s", %s}}]}',
    formula, more), file)
  fromJSON(answer(dictionary_file, file, files),
    simplifyVector = FALSE)$results[[1]]
}
train_in_r <- function(x, y, weights, hidden, epochs, rate, l2) {
  p <- ncol(x)
  classes <- max(y)
  target <- outer(y, seq_len(classes), "==") * 1
  m <- v <- 0 * weights
  curve <- numeric(epochs)
  for (epoch in seq_len(epochs)) {
    w1 <- matrix(weights[seq_len(hidden * (p + 1))], p + 1)
    w2 <- matrix(weights[-seq_len(hidden * (p + 1))], hidden + 1)
    h <- tanh(cbind(x, 1) %*% w1)
    z <- exp(cbind(h, 1) %*% w2)
    z <- z / rowSums(z)
    curve[epoch] <- -mean(log(z[cbind(seq_along(y), y)]))
    e <- (z - target) / nrow(x)
    b <- (e %*% t(w2[seq_len(hidden), , drop = FALSE])) * (1 - h^2)
    slope <- c(crossprod(cbind(x, 1), b), crossprod(cbind(h, 1), e)) + l2 * weights
    m <- 0.9 * m + 0.1 * slope
    v <- 0.999 * v + 0.001 * slope^2
    weights <- weights - rate * (m / (1 - 0.9^epoch)) /
      (sqrt(v / (1 - 0.999^epoch)) + 1e-8)
  }
  list(weights = weights, curve = curve)
}
expect_mlp <- function(files, dictionary_file, rows, formula, what) {
  cover("mlp", files)
  train <- '"hidden": 3, "epochs": 60, "seed": 7, "l2": 0.01, "rate": 0.05'
  entry <- mlp_answer(files, dictionary_file, formula, train)
  start <- unlist(mlp_answer(files, dictionary_file, formula,
    '"hidden": 3, "epochs": 1, "seed": 7, "rate": 0')$network$weights)
  kept <- rows[complete.cases(rows[all.vars(as.formula(formula))]), ]
  x <- model.matrix(as.formula(formula), kept)[, -1]
  x <- apply(x, 2, function(v) (v - mean(v)) / sqrt(mean((v - mean(v))^2)))
  y <- as.integer(kept[[all.vars(as.formula(formula))[1]]])
  trained <- train_in_r(x, y, start, 3, 60, 0.05, 0.01)
  check(entry$n == nrow(kept), paste(what, "n"))
  check(max(abs(unlist(entry$network$weights) - trained$weights)) < 1e-10,
    paste(what, "weights"))
  check(max(abs(unlist(entry$training_curve) - trained$curve)) < 1e-10,
    paste(what, "training curve"))
  for (class in entry$classes) {
    tenths <- class$calibration
    check(sum(vapply(tenths, function(t) t$n, 0)) == nrow(kept) ||
      length(entry$table) == 0, paste(what, "calibration counts all"))
    # Shares of a class agree with what was expected, over all tenths.
    n <- vapply(tenths, function(t) t$n, 0)
    expected <- sum(n * vapply(tenths, function(t) t$expected, 0))
    observed <- sum(n * vapply(tenths, function(t) t$observed, 0))
    check(abs(expected - observed) < 0.15 * nrow(kept),
      paste(what, "calibration"))
  }
  for (centers in c(1, 2, 5, 13)) {
    split <- mlp_answer(split_rows(files, centers, seed = centers),
      dictionary_file, formula, train)
    check(identical(split$network, entry$network),
      paste(what, "same weights at", centers, "centers"))
    check(length(split$table) == if (centers == 1) 0 else centers,
      paste(what, "held-out centers of", centers))
  }
}
expect_mlp(uci_files, uci_dictionary, uci_rows,
  "cp ~ age + sex + thalach + oldpeak", "mlp of chest pain")
expect_mlp(uci_files, uci_dictionary, uci_rows, "disease ~ age + exang + chol",
  "mlp of disease")
expect_mlp(colon_file, survival_dictionary, with(colon_deaths, data.frame(
  group = rx, sex = factor(sex), age, time)), "group ~ age + sex + time",
  "mlp of treatment")
expect_mlp(failure_file, failure_dictionary,
  read_rows(failure_file, read_json(failure_dictionary)),
  "death ~ age + ejection_fraction + log(serum_creatinine) + anaemia",
  "mlp of death")
expect_mlp(veteran_file, survival_dictionary,
  read_rows(veteran_file, read_json(survival_dictionary)),
  "group ~ age + time * sex", "mlp of cells")
expect_mlp(pbc_file, pbc_dictionary, read_rows(pbc_file,
  read_json(pbc_dictionary)), "edema ~ bili + albumin + platelet + age",
  "mlp of edema")

# roc of a model that an earlier result released: predict() of R's fit, counted
# in the same bins; for a linear predictor these are equal on its own scale.
bin_scores <- function(eta, probability) {
  if (!probability) {
    eta <- (eta - mean(eta)) / sqrt(mean(eta^2) - mean(eta)^2)
  }
  pmin(floor(plogis(eta) * 512), 511)
}
expect_model_roc <- function(fit_query, entry, dictionary_file, files, rows,
    outcome, model, what) {
  fit_file <- file.path(scratch, "fit.json")
  result_file <- file.path(scratch, "fit_result.json")
  roc_file <- file.path(scratch, "model_roc.json")
  writeLines(fit_query, fit_file)
  fitted <- answer(dictionary_file, fit_file, files)
  writeLines(fitted, result_file)
  writeLines(sprintf(paste('{"analyses": [{"roc": {"outcome": "%s", "model":',
    '{"query_id": "%s", "entry": %d}}}]}'), outcome,
    fromJSON(fitted, simplifyVector = FALSE)$query_id, entry), roc_file)
  ask <- function(parts, limit = 1) answer(dictionary_file, roc_file, parts,
    limit = limit, more = c("--model", result_file))
  text <- ask(files)
  limited <- results_bytes(ask(files, 11))
  for (centers in c(1, 2, 5, 13)) {
    parts <- split_rows(files, centers, seed = centers)
    check(identical(neutral_bytes(ask(parts)), neutral_bytes(text)),
      paste(what, "same bytes at", centers, "centers"))
    check(identical(results_bytes(ask(parts, 11)), limited),
      paste(what, "same bytes at the default limit,", centers, "centers"))
  }
  entry <- fromJSON(text, simplifyVector = FALSE)$results[[1]]
  probability <- inherits(model, "glm")
  eta <- if (probability) predict(model, rows) else
    drop(model.matrix(model) %*% coef(model))
  bins <- bin_scores(eta, probability)
  x <- bins[rows[[outcome]]]
  y <- bins[!rows[[outcome]]]
  mine <- vapply(x, function(v) mean(v > y) + mean(v == y) / 2, 0)
  theirs <- vapply(y, function(v) mean(x > v) + mean(x == v) / 2, 0)
  half <- qnorm(0.975) * sqrt(var(mine) / length(x) + var(theirs) / length(y))
  check(entry$score == if (probability) "probability" else "linear",
    paste(what, "score"))
  check(entry$n == length(bins), paste(what, "n"))
  check(near_fit(entry$auc, mean(mine)), paste(what, "auc"))
  check(near_fit(entry$conf_low, mean(mine) - half), paste(what, "conf_low"))
  check(near_fit(entry$conf_high, min(1, mean(mine) + half)),
    paste(what, "conf_high"))
  index <- vapply(sort(unique(bins)), function(t)
    mean(x >= t) + mean(y < t) - 1, 0)
  check(near_fit(entry$youden, max(index)), paste(what, "youden"))
  if (probability) {
    check(sum(vapply(entry$calibration, function(t) t$n, 0)) == length(bins),
      paste(what, "calibration counts all"))
  }
}
scored <- uci_rows[complete.cases(uci_rows[c("disease", "age", "sex",
  "thalach")]), ]
scored$disease <- scored$disease == "true"
expect_model_roc(paste('{"analyses": [{"count": {}}, {"glm": {"formula":',
  '"disease ~ age + sex + thalach", "family": "binomial"}}]}'), 2,
  uci_dictionary, uci_files, scored, "disease", glm_to_the_end(
    disease ~ age + sex + thalach, binomial(), scored), "roc of a glm")
colon_rows <- with(colon_deaths, data.frame(time, event = status == 1,
  sex = factor(sex), group = rx, age))
expect_model_roc(paste('{"analyses": [{"cox": {"formula":',
  '"Surv(time, event) ~ age + group + strata(sex)", "grid_days": 30}}]}'), 1,
  survival_dictionary, colon_file, colon_rows, "event",
  coxph(Surv(ceiling(time / 30) * 30, event) ~ age + group + strata(sex),
    colon_rows, control = strict_cox), "roc of a cox")

for (kind in c(names(expectations), "mixed", "mlp")) {
  cat(sprintf("%-20s %s\n", kind, paste(covered[[kind]], collapse = " ")))
  check(length(covered[[kind]]) >= 3, paste(kind, "is asked of three datasets"))
}
unlink(scratch, recursive = TRUE)
cat(sprintf("%d passed, %d failed\n", passed, failed))
quit(status = if (failed > 0) 1 else 0)
