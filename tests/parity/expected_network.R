# A network trained here, as all centers train it.

# mlp: one hidden layer, Adam on all rows, from the same first weights (which a
# rate of 0 leaves as they are). Every split gives the same bytes.
mlp_answer <- function(files, dictionary_file, formula, more) {
  file <- file.path(scratch, "mlp.json")
  writeLines(sprintf('{"unit": "exam", "analyses": [{"mlp": {"formula": "%s", %s}}]}',
    formula, more), file)
  fromJSON(answer(dictionary_file, file, files),
    simplifyVector = FALSE)$results[[1]]
}
expect_mlp <- function(files, dictionary_file, rows, formula, what,
    splits = c(1, 2, 5, 13)) {
  dictionary <- read_json(dictionary_file)
  cover(list(list(mlp = list(formula = formula))), dictionary, dataset_of(files))
  train <- '"hidden": 3, "epochs": 60, "seed": 7, "l2": 0.01, "rate": 0.05'
  entry <- mlp_answer(files, dictionary_file, formula, train)
  start <- unlist(mlp_answer(files, dictionary_file, formula,
    '"hidden": 3, "epochs": 1, "seed": 7, "rate": 0')$network$weights)
  kept <- rows[complete.cases(rows[all.vars(as.formula(formula))]), ]
  x <- model.matrix(as.formula(spline_terms(formula, dictionary)), kept)[, -1]
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
  for (centers in splits) {
    split <- mlp_answer(split_rows(files, centers, seed = centers),
      dictionary_file, formula, train)
    check(identical(split$network, entry$network),
      paste(what, "same weights at", centers, "centers"))
    check(length(split$table) == if (centers == 1) 0 else centers,
      paste(what, "held-out centers of", centers))
  }
}
