# What R says of counts, tables, distributions and quality.

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
    check(is.list(entry$table[[i]]$median) ||
      near(entry$table[[i]]$median, median(groups[[i]])),
      paste(what, "median of", i))
  }
}
