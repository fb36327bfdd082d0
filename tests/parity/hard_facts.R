# One hard case: what R says of the pooled rows, what a federation says, and
# whether the two agree.

tolerance <- 1e-8 # the largest that is allowed; most are near 1e-14

# ---- dictionaries ---------------------------------------------------------------

number <- function(min, max, resolution = 1) list(type = "real", min = min,
  max = max, resolution = resolution)
whole <- function(min, max) list(type = "integer", min = min, max = max)
days <- list(type = "days", min = 0, max = 400)
yes <- list(type = "boolean")
levels_of <- function(...) list(type = "category", categories =
  lapply(c(...), function(code) list(code = code, label = code)))

write_dictionary <- function(variables) {
  file <- file.path(scratch, "hard.json")
  write_json(list(id = "hard", version = 1, variables = lapply(names(variables),
    function(name) c(list(name = name, entity = "exam"), variables[[name]]))),
    file, auto_unbox = TRUE, digits = NA)
  file
}

write_rows <- function(rows, name) {
  file <- file.path(scratch, paste0(name, ".csv"))
  text <- lapply(rows, function(x) {
    if (is.numeric(x)) ifelse(is.na(x), NA, format(x, digits = 15,
      scientific = FALSE, trim = TRUE)) else as.character(x)
  })
  write.csv(as.data.frame(text), file, row.names = FALSE, quote = FALSE, na = "")
  file
}

# ---- what R says ------------------------------------------------------------------

# Its value, or "error: ..."; the warnings that were given.
listen <- function(expression) {
  warnings <- character()
  value <- tryCatch(withCallingHandlers(expression, warning = function(w) {
    warnings <<- c(warnings, conditionMessage(w))
    invokeRestart("muffleWarning")
  }), error = function(e) paste("error:", conditionMessage(e)))
  list(value = value, warnings = unique(warnings))
}

# R takes a collinear term for one of its own where toler.chol is too small, and
# wants it below eps. Where the likelihood has no such digits it goes astray, and
# says so.
cox_to_the_end <- function(formula, rows, ties) {
  # coxph alone keeps levels that nobody has.
  rows[] <- lapply(rows, function(x) if (is.factor(x)) droplevels(x) else x)
  plain <- coxph(formula, rows, ties = ties)
  if (!anyNA(coef(plain))) {
    return(tryCatch(coxph(formula, rows, ties = ties, control = strict_cox),
      warning = function(w) coxph(formula, rows, ties = ties)))
  }
  coxph(formula, rows, ties = ties, control = coxph.control(eps = 1e-11,
    toler.chol = 1e-12, iter.max = 60))
}

# The area under the curve of a score: a number, or a logistic regression's
# probabilities, equal where the covariates are.
roc_in_r <- function(formula, rows) {
  kept <- rows[complete.cases(rows[all.vars(formula)]), ]
  outcome <- kept[[all.vars(formula)[1]]] == 1
  score <- if (is.name(formula[[3]]) && is.numeric(kept[[all.vars(formula)[2]]]))
    kept[[all.vars(formula)[2]]] else
    signif(fitted(glm_to_the_end(formula, binomial(), kept)), 12)
  if (length(unique(outcome)) < 2) stop("one outcome alone")
  list(n = nrow(kept), events = sum(outcome), auc = mean(vapply(score[outcome],
    function(x) mean(x > score[!outcome]) + mean(x == score[!outcome]) / 2, 0)))
}
# By how many levels there are, not by how many are seen.
rank_test_in_r <- function(formula, rows) {
  groups <- na.omit(rows[all.vars(formula)])
  if (nlevels(groups[[2]]) == 2) wilcox.test(formula, groups,
    exact = FALSE) else kruskal.test(formula, groups)
}

in_r <- function(kind, p, rows) {
  formula <- if (!is.null(p$formula)) as.formula(p$formula)
  chosen <- if (!is.null(p$variables)) na.omit(rows[p$variables])
  switch(kind,
    lm = lm(formula, rows),
    anova = anova(lm(formula, rows)),
    glm = {
      family <- get(p$family)
      family <- if (is.null(p$link)) family() else family(link = p$link)
      plain <- glm(formula, family, rows)
      if (plain$converged) glm_to_the_end(formula, family, rows) else plain
    },
    cox = cox_to_the_end(formula, rows,
      if (is.null(p$ties)) "efron" else p$ties),
    km = survfit(formula, rows, conf.type = "log"),
    cumulative_incidence = survfit(formula, transform(rows,
      id_ = seq_len(nrow(rows))), id = id_),
    logrank = survdiff(formula, rows),
    roc = roc_in_r(formula, rows),
    t_test = t.test(formula, rows),
    rank_test = rank_test_in_r(formula, rows),
    correlation = list(n = nrow(chosen), r = cor(chosen)),
    pca = list(n = nrow(chosen), variances = prcomp(chosen,
      scale. = isTRUE(p$scale))$sdev^2))
}

# Estimates with their errors, NA where a term is left out; then what is told of
# the whole.
whole_of_r <- function(kind, model) {
  test <- function() c(statistic = unname(model$statistic), p = model$p.value)
  switch(kind,
    km = {
      fit <- summary(model, censored = TRUE)
      c(steps = length(fit$time), events = sum(fit$n.event),
        last = tail(fit$surv, 1),
        error = max(c(0, fit$std.err[is.finite(fit$std.err)])))
    },
    cumulative_incidence = {
      fit <- summary(model, censored = TRUE)
      used <- rowSums(fit$n.event) > 0
      c(steps = sum(used) * (ncol(fit$pstate) - 1),
        last = fit$pstate[tail(which(used), 1), -1])
    },
    logrank = c(n = sum(model$n), statistic = model$chisq),
    roc = unlist(model),
    t_test = c(estimate = unname(model$estimate[1] - model$estimate[2]), test()),
    rank_test = test(),
    correlation = c(n = model$n, r = model$r[lower.tri(model$r)]),
    pca = c(n = model$n, variance = model$variances))
}
facts_of_r <- function(kind, model) {
  whole <- whole_of_r(kind, model)
  if (!is.null(whole)) return(list(terms = NULL, whole = whole))
  if (kind == "anova") {
    terms <- cbind(model[["Sum Sq"]], NA)
    rownames(terms) <- rownames(model)
    return(list(terms = terms, whole = c(df = sum(model$Df))))
  }
  b <- coef(model)
  terms <- cbind(b, NA)
  if (kind == "cox") {
    terms[, 2] <- ifelse(is.na(b), NA, sqrt(diag(as.matrix(vcov(model)))))
    whole <- c(n = model$n, events = model$nevent, loglik = model$loglik[2])
  } else {
    found <- suppressWarnings(coef(summary(model)))
    terms[rownames(found), 2] <- found[, 2]
    whole <- c(n = nobs(model))
    whole <- c(whole, if (kind == "lm") c(sigma = suppressWarnings(
      summary(model)$sigma)) else c(deviance = deviance(model)))
  }
  list(terms = terms, whole = whole)
}

# A model of z = x - from and z^2 as that of x and x^2.
powers_of_r <- function(model, from) {
  one <- names(coef(model))[1] == "(Intercept)"
  back <- matrix(c(1, 0, 0, -from, 1, 0, from^2, -2 * from, 1), 3)
  if (!one) back <- back[-1, -1]
  terms <- cbind(drop(back %*% coef(model)),
    sqrt(diag(back %*% vcov(model) %*% t(back))))
  rownames(terms) <- names(coef(model))
  terms
}

# ---- what we say --------------------------------------------------------------------

or_na <- function(x) if (is.null(x)) NA else x
whole_of_ours <- function(kind, entry) {
  pick <- function(key, from = entry$table) vapply(from, function(r)
    as.numeric(or_na(r[[key]])), 0)
  of_entry <- function(...) vapply(c(...), function(k)
    as.numeric(or_na(entry[[k]])), 0)
  switch(kind,
    km = c(length(entry$table), sum(pick("n_event")), tail(pick("estimate"), 1),
      max(c(0, pick("std_error")), na.rm = TRUE)),
    cumulative_incidence = {
      causes <- unique(vapply(entry$table, function(r) r$cause, ""))
      strata <- vapply(entry$table, function(r) r$strata, "")
      last <- Filter(function(r) r$strata == tail(strata, 1), entry$table)
      c(length(entry$table), vapply(causes, function(cause) tail(pick("estimate",
        Filter(function(r) r$cause == cause, last)), 1), 0))
    },
    logrank = c(sum(pick("n")), of_entry("statistic")),
    roc = of_entry("n", "events", "auc"),
    t_test = of_entry("estimate", "statistic", "p_value"),
    rank_test = of_entry("statistic", "p_value"),
    correlation = c(of_entry("n"), pick("estimate")),
    pca = c(of_entry("n"), pick("eigenvalue")),
    anova = sum(pick("df")), # a term without any has no row in R
    lm = of_entry("n", "sigma"), glm = of_entry("n", "deviance"),
    cox = of_entry("n", "events", "loglik"))
}
facts_of_ours <- function(kind, entry) {
  whole <- whole_of_ours(kind, entry)
  if (!kind %in% c("lm", "anova", "glm", "cox")) return(list(whole = whole))
  keys <- if (kind == "anova") c("sum_sq", "none") else c("estimate", "std_error")
  terms <- t(vapply(entry$table, function(r)
    c(or_na(r[[keys[1]]]), or_na(r[[keys[2]]])), c(0, 0)))
  rownames(terms) <- vapply(entry$table, function(r) r$term, "")
  list(terms = terms, whole = whole)
}

# The largest difference, in units of what is compared; an estimate may be as
# small as its error allows.
difference <- function(ours, theirs) {
  off <- function(a, b, unit) {
    if (!identical(is.na(a), is.na(b))) return(Inf)
    max(c(0, abs(a - b) / pmax(abs(b), unit, 1e-300)), na.rm = TRUE)
  }
  worst <- off(unname(ours$whole), unname(theirs$whole), 1e-9)
  if (is.null(theirs$terms)) return(worst)
  # A level that nobody has is no column in R, and one of nulls here.
  ours$terms <- ours$terms[rownames(ours$terms) %in% rownames(theirs$terms) |
    !is.na(ours$terms[, 1]), , drop = FALSE]
  if (!identical(rownames(ours$terms), rownames(theirs$terms))) return(Inf)
  max(worst, off(unname(ours$terms[, 1]), unname(theirs$terms[, 1]),
    ifelse(is.na(theirs$terms[, 2]), 0, 1e-3 * theirs$terms[, 2])),
    off(unname(ours$terms[, 2]), unname(theirs$terms[, 2]), 0))
}

tell <- function(facts) {
  some <- facts$terms[, 1]
  if (length(some) > 0) some <- tail(some, 1)
  paste(c(if (length(some) > 0) paste0(names(some), " ",
    format(unname(some), digits = 6)),
    paste(names(facts$whole)[-1], format(facts$whole[-1], digits = 6,
      trim = TRUE))), collapse = ", ")
}

# ---- one case --------------------------------------------------------------------

cut_text <- function(text, width) {
  text <- gsub("\n", " ", text)
  ifelse(nchar(text) > width, paste0(substr(text, 1, width - 2), ".."), text)
}
print_row <- function(name, analysis, r, ours, agree) {
  cat(sprintf("%-24s %-8s %-48s %-48s %s\n", cut_text(name, 24), analysis,
    cut_text(r, 48), cut_text(ours, 48), agree))
}

ask_hard <- function(query_file, dictionary_file, rows, parts, name) {
  whole <- write_rows(rows, "hard_all")
  text <- answer(dictionary_file, query_file, whole)
  if (!is.null(parts)) {
    files <- vapply(unique(parts), function(k) write_rows(rows[parts == k, ],
      paste0("hard_", k)), "")
    check(identical(neutral_bytes(answer(dictionary_file, query_file, files)),
      neutral_bytes(text)), paste(name, "same bytes at its own centers"))
  }
  for (centers in c(2, 5, 13)) {
    split <- answer(dictionary_file, query_file,
      split_rows(whole, centers, seed = centers))
    check(identical(neutral_bytes(split), neutral_bytes(text)),
      paste(name, "same bytes at", centers, "centers"))
  }
  fromJSON(text, simplifyVector = FALSE)$results
}

write_query <- function(analyses) {
  file <- file.path(scratch, "hard_query.json")
  write_json(list(unit = "exam", analyses = lapply(analyses, function(a) {
    p <- a[setdiff(names(a), c("kind", "says", "only", "power_from"))]
    if (a$kind %in% c("cox", "km", "logrank", "cumulative_incidence"))
      p$grid_days <- 1
    setNames(list(p), a$kind)
  })), file, auto_unbox = TRUE)
  file
}

# analyses: list(kind = , formula = , ...); `says` is a pattern of the message
# with which an analysis must end where R has no answer either; `only` names
# what can be compared where a coefficient grows without bound.
hard_case <- function(name, rows, variables, analyses, parts = NULL) {
  if (length(only) > 0 && !name %in% only) return(invisible())
  dictionary_file <- write_dictionary(variables)
  # A vector has room for one Cox model on days.
  is_cox <- vapply(analyses, function(a) a$kind == "cox", NA)
  for (some in split(analyses, pmax(cumsum(is_cox), 1))) {
    query_file <- write_query(some)
    results <- ask_hard(query_file, dictionary_file, rows, parts, name)
    for (i in seq_along(some)) judge(name, some[[i]], results[[i]], rows)
  }
}

judge <- function(name, a, entry, rows) {
  if (!is.null(a$power_from)) rows$x <- rows$x - a$power_from
  r <- listen(in_r(a$kind, a, rows))
  failed_in_r <- is.character(r$value)
  r_text <- if (failed_in_r) r$value else tell(facts_of_r(a$kind, r$value))
  if (length(r$warnings) > 0) r_text <- paste("warning:", r$warnings[1])
  if (!is.null(a$says)) {
    ours <- paste("message:", or_na(entry$message))
    agree <- grepl(a$says, ours)
  } else if (failed_in_r) {
    ours <- "an answer"
    agree <- FALSE
  } else {
    found <- facts_of_ours(a$kind, entry)
    expected <- facts_of_r(a$kind, r$value)
    if (!is.null(a$power_from))
      expected$terms <- powers_of_r(r$value, a$power_from)
    if (!is.null(a$only)) {
      found <- list(whole = found$whole[a$only])
      expected <- list(whole = expected$whole[a$only])
    }
    off <- difference(found, expected)
    ours <- tell(facts_of_ours(a$kind, entry))
    agree <- off <= if (is.null(a$only)) tolerance else 1e-6
  }
  check(agree, paste(name, a$kind, a$formula, "-", r_text, "-", ours))
  print_row(name, a$kind, r_text, ours, if (isTRUE(agree) && is.null(a$says))
    sprintf("to %.0e", off) else if (isTRUE(agree)) "yes" else "NO")
}

# ---- where the centers are part of the model ------------------------------------------

files_of <- function(rows, parts) vapply(unique(parts), function(k)
  write_rows(rows[parts == k, ], paste0("hard_", k)), "")

# analyses as in hard_case; asked of these centers alone.
hard_centers <- function(name, rows, variables, analyses, parts, limit = 1) {
  if (length(only) > 0 && !name %in% only) return(invisible())
  results <- fromJSON(answer(write_dictionary(variables), write_query(analyses),
    files_of(rows, parts), limit), simplifyVector = FALSE)$results
  rows$center <- factor(paste0("hard_", parts))
  for (i in seq_along(analyses)) judge(name, analyses[[i]], results[[i]], rows)
}

# The same at the default limit: there too what is told is R's.
hard_limit <- function(...) hard_centers(..., limit = 11)

tell_checks <- function(name, kind, formula, before) print_row(name, kind, formula,
  paste(passed + failed - before[1], "comparisons"),
  if (failed > before[2]) "NO" else "yes")

hard_mixed <- function(name, rows, variables, formula, parts) {
  if (length(only) > 0 && !name %in% only) return(invisible())
  before <- c(passed + failed, failed)
  dictionary_file <- write_dictionary(variables)
  text <- answer(dictionary_file, mixed_query(formula), files_of(rows, parts))
  rows$center <- parts
  expect_mixed(text, rows, formula, dictionary_file, name)
  tell_checks(name, "mixed", formula, before)
}

hard_network <- function(name, rows, variables, formula) {
  if (length(only) > 0 && !name %in% only) return(invisible())
  before <- c(passed + failed, failed)
  dictionary_file <- write_dictionary(variables)
  file <- write_rows(rows, "hard_all")
  expect_mlp(file, dictionary_file, read_rows(file, read_json(dictionary_file)),
    formula, name, splits = 5)
  tell_checks(name, "mlp", formula, before)
}
