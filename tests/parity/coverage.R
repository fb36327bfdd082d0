# What is held against R on which datasets: a table of analyses by what their
# formulas may have in them. It must name three real datasets for each, and
# what an analysis does not take must be refused.

of_rows <- c("number", "category", "factor()", "a:b", "a*b", "I()", "log()",
  "ns()")
of_groups <- c("category", "factor()")
# No analysis takes weights.
takes <- list(lm = c(of_rows, "center"), anova = c(of_rows, "center"),
  "glm binomial" = c(of_rows, "offset()", "center"),
  "glm poisson" = c(of_rows, "offset()", "center"),
  "glm gaussian" = c(of_rows, "offset()", "center"),
  "glm Gamma" = c(of_rows, "offset()", "center"),
  cox = c(of_rows, "strata()", "strata(center)", "center", "start"),
  mixed = of_rows, roc = of_rows, mlp = of_rows, t_test = of_groups,
  rank_test = of_groups, km = of_groups, cumulative_incidence = of_groups,
  logrank = c(of_groups, "strata()", "strata(center)"))
features <- unique(unlist(takes))

# What stands on the right of '~', and whether rows begin late.
features_of <- function(text, dictionary) {
  formula <- as.formula(text)
  left <- all.vars(formula[[2]])
  late <- is.call(formula[[2]]) && identical(formula[[2]][[1]], quote(Surv)) &&
    length(left) == 3
  kind_of_name <- function(name) {
    if (name == "center") return("center")
    type <- variable_of(dictionary, sub("\\[.*", "", name))$type
    if (type %in% c("category", "boolean")) "category" else "number"
  }
  walk <- function(x) {
    if (is.name(x)) return(kind_of_name(as.character(x)))
    if (!is.call(x)) return(NULL)
    name <- as.character(x[[1]])
    inside <- unlist(lapply(as.list(x)[-1], all.vars))
    switch(name, ":" = c("a:b", unlist(lapply(as.list(x)[-1], walk))),
      "*" = c("a*b", unlist(lapply(as.list(x)[-1], walk))),
      "+" = , "-" = , "(" = unlist(lapply(as.list(x)[-1], walk)),
      strata = if (identical(inside, "center")) "strata(center)" else "strata()",
      "[" = "number", "|" = NULL, paste0(name, "()"))
  }
  unique(c(walk(formula[[3]]), if (late) "start"))
}

# covered[[analysis]][[feature]]: datasets. Every analysis is a feature of itself.
covered <- list()
cover <- function(analyses, dictionary, dataset) {
  for (analysis in analyses) {
    kind <- names(analysis)[1]
    p <- analysis[[kind]]
    found <- if (is.character(p$formula)) features_of(p$formula, dictionary)
    row <- if (kind == "glm") paste(kind, p$family) else kind
    for (feature in c("any", found)) {
      covered[[row]][[feature]] <<- unique(c(covered[[row]][[feature]], dataset))
    }
  }
}

# A formula with the feature beside what the analysis takes.
sample_of <- function(feature, group) {
  base <- if (group) "g" else "x"
  switch(feature, number = "x", "factor()" = "factor(k)", "a:b" = "g:h",
    "a*b" = "g * h", "I()" = "I(z^2)", "log()" = "log(z)", "ns()" = "ns(x, 3)",
    "offset()" = paste(base, "+ offset(z)"), center = "center",
    "strata()" = paste(base, "+ strata(h)"), category = "g",
    "strata(center)" = paste(base, "+ strata(center)"), start = base)
}
refused_query <- function(row, feature) {
  kind <- sub(" .*", "", row)
  left <- switch(row, "glm binomial" = , roc = , mlp = "o", "glm poisson" = "c",
    cox = , km = , logrank = "Surv(time, event)",
    cumulative_incidence = "Surv(time, status)", "y")
  if (feature == "start") left <- "Surv(start, time, event)"
  p <- list(formula = paste(left, "~", sample_of(feature,
    identical(setdiff(takes[[row]], c("strata()", "strata(center)")), of_groups)),
    if (kind == "mixed") "+ (1 | center)" else ""))
  if (kind == "glm") p$family <- sub(".* ", "", row)
  setNames(list(p), kind)
}

expect_refused <- function(row, feature, dictionary_file) {
  file <- file.path(scratch, "refused.json")
  write_json(list(analyses = list(refused_query(row, feature))), file,
    auto_unbox = TRUE)
  said <- suppressWarnings(system2(binary, shQuote(c("query", "check",
    file, "--dictionary", dictionary_file)), stdout = TRUE, stderr = TRUE))
  check(identical(attr(said, "status"), 1L) &&
    any(grepl("refused.json:[0-9]+:[0-9]+", said)),
    paste(row, "does not take", feature, "-", said[1]))
}

# Prints how many datasets each cell has; refused: "-".
check_coverage <- function(dictionary_file) {
  cat(sprintf("%-21s%s\n", "", paste(sprintf("%-9s", sub("strata", "str",
    features)), collapse = "")))
  for (row in names(takes)) {
    cells <- vapply(features, function(feature) {
      datasets <- covered[[row]][[feature]]
      if (!feature %in% takes[[row]]) {
        expect_refused(row, feature, dictionary_file)
        return("-")
      }
      check(length(datasets) >= 3, paste(row, "with", feature,
        "on three datasets, not", length(datasets), toString(datasets)))
      as.character(length(datasets))
    }, "")
    cat(sprintf("%-21s%s\n", row, paste(sprintf("%-9s", cells), collapse = "")))
  }
  for (kind in c(names(expectations), "mixed", "mlp")) {
    rows <- covered[names(covered) == kind | startsWith(names(covered),
      paste0(kind, " "))]
    check(length(rows) > 0, paste(kind, "is asked"))
    for (row in names(rows)) {
      check(length(rows[[row]]$any) >= 3, paste(row, "is asked of three datasets"))
      cat(sprintf("%-21s%s\n", row, toString(rows[[row]]$any)))
    }
  }
}
