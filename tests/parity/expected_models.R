# What R says of models and of what is compared between groups.

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
  # With an offset it is the deviance of the model of the intercept alone.
  check(close_to(entry$null_deviance, if (is.null(model$offset))
    model$null.deviance else NA), paste(what, "null deviance"))
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

# ---- models -------------------------------------------------------------------

# Coefficients carry what the solution of a linear system costs.
near_fit <- function(ours, theirs) {
  if (is.null(ours) || is.na(theirs)) return(is.null(ours) && is.na(theirs))
  abs(ours - theirs) <= 1e-10 * max(1e-3, abs(theirs))
}

# Inner knots of the dictionary, as formula.h says.
splines_in <- function(text)
  regmatches(text, gregexpr("ns\\([a-z_]+, [0-9]+\\)", text))[[1]]
inner_knots <- function(v, df) {
  unlist(v$knots)[floor(seq_len(df - 1) * (length(v$knots) + 1) / df + 0.5)]
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
  table <- anova(lm(as.formula(spline_terms(p$formula, dictionary)), kept))
  names <- plain_terms(rownames(table), p$formula)
  check(length(entry$table) == nrow(table), paste(what, "number of terms"))
  for (i in seq_len(nrow(table))) {
    row <- entry$table[[i]]
    where <- paste(what, row$term)
    check(row$term == names[i], where)
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
  score <- if (is.name(formula[[3]]) && is.numeric(kept[[all.vars(formula)[2]]])) {
    kept[[all.vars(formula)[2]]]
  } else {
    # Scores that only rounding tells apart are one.
    round(predict(glm(as.formula(spline_terms(p$formula, dictionary)), binomial,
      kept, control = glm.control(epsilon = 1e-14))), 9)
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
  if (is.list(entry$youden)) return(invisible())
  best <- sort(unique(score))[which.max(round(index, 12))]
  check(close_to(entry$youden, max(index)), paste(what, "youden"))
  check(close_to(entry$sensitivity, mean(x >= best)), paste(what, "sensitivity"))
  check(close_to(entry$specificity, mean(y < best)), paste(what, "specificity"))
  threshold <- if (entry$score == "probability") qlogis(entry$threshold) else entry$threshold
  below <- score[score < best]
  check(threshold <= best + 1e-6 && (length(below) == 0 || threshold > max(below) - 1e-6),
    paste(what, "threshold"))
  above <- vapply(sort(unique(score)), function(t) mean(x >= t), 0)
  below <- vapply(sort(unique(score)), function(t) mean(y < t), 0)
  far <- vapply(entry$table, function(row)
    min(abs(above - row$sensitivity) + abs(below - row$specificity)), 0)
  check(all(far < 1e-12), paste(what, "points"))
}
