# Centers as a factor of a model, where the study allows it.

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
expect_centers <- function(files, dictionary_file, analyses, what, dataset) {
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
  cover(analyses, read_json(dictionary_file), dataset)
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
  list(list(lm = list(formula = "chol ~ age + center")))), "four hospitals",
  "uci")
for (centers in c(2, 5, 13)) {
  what <- paste(centers, "centers")
  expect_centers(split_rows(uci_files, centers, seed = 100 + centers),
    uci_dictionary, uci_centers, what, "uci")
  at <- rep_len(seq_len(centers), nrow(lung_rows))
  expect_centers(vapply(seq_len(centers), function(k)
    survival_file(sprintf("effect_%d_%02d", centers, k),
      lung_rows[at == k, ]), ""), late_dictionary, lung_centers, what, "lung")
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
alone <- suppressWarnings(system2(binary, shQuote(c("sandbox", "--json",
  "--dictionary", uci_dictionary, "--query", alone_query, uci_files[1])), stdout = TRUE,
  stderr = TRUE))
check(attr(alone, "status") != 0, "center with one center")
check(any(grepl("compares centers; one alone answers", alone, fixed = TRUE)),
  "what is said of one center")
