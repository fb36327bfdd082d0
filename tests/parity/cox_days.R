# Cox models and log-rank tests with centers as strata, on days.

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
