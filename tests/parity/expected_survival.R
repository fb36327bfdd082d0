# What R says of times to events: curves on the grid, and Cox models.

# Surv(time, event) or Surv(start, time, event) on the grid; with strata(center)
# that is one of days, and `rows` name their center.
on_grid <- function(rows, p) {
  formula <- as.formula(p$formula)
  by_center <- grepl("strata(center)", p$formula, fixed = TRUE)
  grid <- if (!is.null(p$grid_days)) p$grid_days else if (by_center) 1 else 30
  left <- all.vars(formula[[2]])
  late <- length(left) == 3
  up <- function(days) ceiling(days / grid) * grid
  rows$start_ <- if (late) up(rows[[left[1]]]) else 0
  rows$time_ <- up(rows[[left[1 + late]]])
  event <- rows[[left[2 + late]]]
  rows$event_ <- if (is.factor(event)) as.numeric(event == "true") else event
  formula[[2]] <- if (late) quote(Surv(start_, time_, event_)) else
    quote(Surv(time_, event_))
  if (late) rows <- rows[is_true(rows$start_ < rows$time_), ]
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

# At the default limit steps are left out, and what is shown is R's.
expect_km_limited <- function(rows, entry, p, what) {
  g <- on_grid(rows, p)
  fit <- survfit(g$formula, g$rows, conf.type = "log")
  names_ <- if (is.null(fit$strata)) "all" else names(fit$strata)
  hidden <- vapply(entry$strata, function(s) isTRUE(s$suppressed), NA)
  check(entry$n == sum(fit$n[!hidden]), paste(what, "n"))
  for (k in which(!hidden)) {
    one <- if (is.null(fit$strata)) fit else fit[k]
    shown <- Filter(function(row) row$strata == names_[k], entry$table)
    before <- -1
    for (row in shown) {
      at <- paste(what, names_[k], row$time)
      s <- summary(one, times = row$time)
      here <- one$time > before & one$time <= row$time
      check(close_to(row$estimate, s$surv) && row$n_risk == s$n.risk, at)
      check(row$n_event == sum(one$n.event[here]) && row$n_event >= 5,
        paste(at, "events"))
      check(close_to(row$std_error, s$std.err), paste(at, "std_error"))
      before <- row$time
    }
    for (stratum in entry$strata) if (stratum$strata == names_[k]) {
      median <- summary(one)$table[["median"]]
      if (!is.list(stratum$median))
        check(identical(is.null(stratum$median), is.na(median)) &&
          (is.na(median) || stratum$median == median), paste(what, "median"))
      if (!is.list(stratum$events) && is.null(stratum$suppressed))
        check(stratum$events == sum(one$n.event), paste(what, "events"))
      if (!is.null(stratum$rmst))
        check(close_to(stratum$rmst, summary(one,
          rmean = stratum$followed_to)$table[["rmean"]]), paste(what, "rmst"))
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
  if (any(grepl("strata\\((at|center)\\)", names(model$xlevels))))
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
