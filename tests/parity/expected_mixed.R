# What lme4 says of a random intercept for each center, and REML by itself.

# (1 | center): lmer, and since it stops early, the restricted likelihood itself
# with its slope set to zero.
# Where a column is 1 throughout, the others and the outcome are taken less their
# means, so that nothing is lost far from zero.
reml_fit <- function(model, group) {
  x <- getME(model, "X")
  away <- if (all(x[, 1] == 1)) c(0, colMeans(x)[-1]) else 0 * x[1, ]
  up <- if (all(x[, 1] == 1)) mean(getME(model, "y")) else 0
  x <- sweep(x, 2, away)
  unit <- 2^round(log2(sqrt(colSums(x^2)))) # of any scale, nothing rounded
  x <- sweep(x, 2, unit, "/")
  y <- getME(model, "y") - up
  n <- nrow(x)
  p <- ncol(x)
  at <- function(l) {
    m <- table(group)
    z <- rowsum(cbind(x, y), group)
    w <- as.vector(l / (1 + m * l))
    d <- as.vector(1 / (1 + m * l)^2)
    s <- crossprod(cbind(x, y)) - crossprod(z, w * z)
    t <- -crossprod(z, d * z)
    inverse <- solve(s[1:p, 1:p])
    beta <- inverse %*% s[1:p, p + 1]
    e <- c(-beta, 1)
    rss <- drop(t(e) %*% s %*% e)
    back <- diag(p)
    back[1, -1] <- -away[-1] / unit[-1] * unit[1]
    list(reml = sum(log(1 + m * l)) + 2 * sum(log(unit)) - drop(determinant(
        inverse)$modulus) + (n - p) * (1 + log(2 * pi * rss / (n - p))),
      beta = drop(back %*% beta) / unit + c(up, numeric(p - 1)),
      sigma2 = rss / (n - p),
      se = sqrt(diag(back %*% inverse %*% t(back)) * rss / (n - p)) / unit,
      slope = sum(m / (1 + m * l)) + sum(diag(inverse %*% t[1:p, 1:p])) +
        (n - p) * drop(t(e) %*% t %*% e) / rss)
  }
  l <- (getME(model, "theta"))^2
  if (l > 1e-9) {
    l <- exp(uniroot(function(g) at(exp(g))$slope * exp(g),
      log(l) + c(-1, 1), tol = 1e-15)$root)
  }
  c(at(l), l = unname(l))
}
expect_mixed <- function(text, rows, asked, dictionary_file, dataset) {
  library(lme4, quietly = TRUE)
  what <- paste(dataset, asked)
  dictionary <- read_json(dictionary_file)
  formula <- as.formula(spline_terms(asked, dictionary))
  cover(list(list(mixed = list(formula = asked))), dictionary, dataset)
  entry <- fromJSON(text, simplifyVector = FALSE)$results[[1]]
  kept <- rows[complete.cases(rows[all.vars(formula)]), ]
  model <- suppressMessages(lmer(formula, kept))
  exact <- reml_fit(model, kept$center)
  check(entry$n == nrow(kept), paste(what, "n"))
  check(isTRUE(entry$converged), paste(what, "converged"))
  check(abs(entry$reml - exact$reml) <= 1e-10 * abs(exact$reml),
    paste(what, "reml"))
  check(abs(entry$reml - REMLcrit(model)) <= 1e-7 * abs(REMLcrit(model)),
    paste(what, "lmer's reml"))
  # A term that is left out has no column in R.
  entry$table <- Filter(function(row) !is.null(row$estimate), entry$table)
  check(near_fit(entry$variance_components[[2]]$variance, exact$sigma2),
    paste(what, "residual variance"))
  check(abs(entry$variance_components[[1]]$variance - exact$l * exact$sigma2) <=
    1e-10 * exact$sigma2, paste(what, "variance of centers"))
  check(abs(entry$variance_components[[1]]$sd -
    attr(VarCorr(model)$center, "stddev")) <= 1e-3 * sigma(model),
    paste(what, "lmer's sd of centers"))
  for (i in seq_along(exact$beta)) {
    row <- entry$table[[i]]
    check(close_to(row$estimate, exact$beta[i]), paste(what, row$term))
    check(close_to(row$std_error, exact$se[i]), paste(what, row$term, "se"))
    check(abs(row$estimate - fixef(model)[i]) <= 1e-3 * exact$se[i],
      paste(what, row$term, "lmer"))
  }
}
mixed_query <- function(formula) {
  file <- file.path(scratch, "mixed.json")
  writeLines(sprintf('{"unit": "exam", "analyses": [{"mixed": {"formula": "%s"}}]}',
    formula), file)
  file
}
