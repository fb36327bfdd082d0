# ROC curves of models that an earlier result released.

# roc of a model that an earlier result released: predict() of R's fit, on every
# score. Rows of equal covariates have one score, whatever its last digits are.
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
  scores <- signif(eta, 12)
  x <- scores[rows[[outcome]]]
  y <- scores[!rows[[outcome]]]
  mine <- vapply(x, function(v) mean(v > y) + mean(v == y) / 2, 0)
  theirs <- vapply(y, function(v) mean(x > v) + mean(x == v) / 2, 0)
  half <- qnorm(0.975) * sqrt(var(mine) / length(x) + var(theirs) / length(y))
  check(entry$score == if (probability) "probability" else "linear",
    paste(what, "score"))
  check(entry$n == length(scores), paste(what, "n"))
  check(near_fit(entry$auc, mean(mine)), paste(what, "auc"))
  check(near_fit(entry$conf_low, mean(mine) - half), paste(what, "conf_low"))
  check(near_fit(entry$conf_high, min(1, mean(mine) + half)),
    paste(what, "conf_high"))
  index <- vapply(sort(unique(scores)), function(t)
    mean(x >= t) + mean(y < t) - 1, 0)
  check(near_fit(entry$youden, max(index)), paste(what, "youden"))
  if (probability) {
    check(sum(vapply(entry$calibration, function(t) t$n, 0)) == length(scores),
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
