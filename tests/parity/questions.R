# A query of queries/ asked of a federation, and held against R entry by entry.

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

dataset_of <- function(files) {
  name <- sub("_(vector|first)?(_?[0-9]+)*\\.csv$|\\.csv$", "", basename(files[1]))
  switch(name, cleveland = "uci", center = "synthetic", failure = "heart_failure",
    inst = "lung", mixed = "heart", pbc = "pbc", name)
}
# What is told at the default limit is R's as well, or nothing.
hold_limited <- function(text, query, rows, dictionary, name) {
  if (length(query$by) > 0) return(invisible())
  results <- fromJSON(sub("\\}?$", "", text), simplifyVector = FALSE)
  for (entry in results) {
    what <- paste(name, entry$analysis, "at the default limit")
    told <- is.null(entry$suppressed)
    if (told && entry$analysis == "km")
      expect_km_limited(rows, entry, entry$parameters, what)
    if (told && entry$analysis == "rank_test")
      expect_rank_test(rows, entry, entry$parameters, dictionary, what)
    if (told && entry$analysis == "roc" && !is.null(entry$auc))
      expect_roc(rows, entry, entry$parameters, dictionary, what)
    if (told && entry$analysis == "logrank")
      check(close_to(entry$statistic, survdiff(on_grid(rows, entry$parameters)$formula,
        on_grid(rows, entry$parameters)$rows)$chisq), what)
  }
}

run_query <- function(name, dictionary_file, files, in_cohort)
  run_question(file.path(here, "queries", paste0(name, ".json")), name,
    dictionary_file, files, in_cohort)

# limited: at the default limit as well.
run_question <- function(query_file, name, dictionary_file, files, in_cohort,
    limited = TRUE) {
  query <- read_json(query_file)
  dictionary <- read_json(dictionary_file)
  rows <- read_rows(files, dictionary)
  if (all(c("patient", "day") %in% names(rows)))
    rows <- rows[order(as.character(rows$patient), rows$day), ]
  rows <- in_cohort(rows)
  if (is.null(query$unit) || query$unit == "patient") {
    rows <- rows[!duplicated(rows$patient), ]
  }
  text <- answer(dictionary_file, query_file, files)
  at_limit <- function(files)
    results_bytes(answer(dictionary_file, query_file, files, limit = 11))
  kept_back <- if (limited) at_limit(files)
  if (limited) hold_limited(kept_back, query, rows, dictionary, name)
  for (centers in c(1, 2, 5, 13)) {
    parts <- split_rows(files, centers, seed = 7 * centers)
    split <- answer(dictionary_file, query_file, parts)
    # At the default limit the rules act on the sum: no split changes it.
    if (limited) check(identical(at_limit(parts), kept_back),
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
  cover(query$analyses, dictionary, dataset_of(files))
  cat(sprintf("%-18s %d results, 4 splits, %s\n", name, at, dataset_of(files)))
}
