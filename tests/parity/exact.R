# What has many values, or few: integers as levels, variables of more steps than
# are counted at once, scores of many rows, exams in order of their dates. Each
# at 1, 2, 5 and 13 centers, the same bytes.

exact_question <- function(name, dictionary, rows, query, expect) {
  file <- survival_file(name, rows)
  dictionary_file <- file.path(scratch, paste0(name, ".json"))
  query_file <- file.path(scratch, paste0(name, "-query.json"))
  write_json(dictionary, dictionary_file, auto_unbox = TRUE, digits = NA)
  write_json(query, query_file, auto_unbox = TRUE, digits = NA)
  text <- answer(dictionary_file, query_file, file)
  for (centers in c(2, 5, 13)) {
    parts <- split_rows(file, centers, seed = 3 * centers)
    check(identical(neutral_bytes(answer(dictionary_file, query_file, parts)),
      neutral_bytes(text)), paste(name, "same bytes at", centers, "centers"))
  }
  expect(fromJSON(text, simplifyVector = FALSE)$results)
  cat(sprintf("%-18s %d analyses, 4 splits\n", name, length(query$analyses)))
}

counts_of <- function(table) vapply(table, function(row) row$n, 0)

# datasets::mtcars
exact_question("mtcars_integers", list(id = "cars", variables = list(
  as_number("cyl", "integer", 1, 12), as_number("gear", "integer", 0, 9),
  as_number("carb", "integer", -3, 100))), mtcars[c("cyl", "gear", "carb")],
  list(unit = "exam", analyses = list(
    list(frequency = list(variable = "carb")),
    list(crosstab = list(rows = "gear", columns = "cyl")))), function(results) {
  known <- table(mtcars$carb)
  rows <- results[[1]]$table
  check(identical(vapply(rows, function(row) row$level, ""), names(known)) &&
    all(counts_of(rows) == known), "integer frequency")
  for (i in seq_along(known)) {
    wilson <- suppressWarnings(prop.test(known[[i]], nrow(mtcars), correct = FALSE))$conf.int
    check(near(rows[[i]]$conf_low, wilson[1]) && near(rows[[i]]$conf_high, wilson[2]),
      "integer frequency's interval")
  }
  known <- with(mtcars, table(gear, cyl))
  check(all(counts_of(results[[2]]$table) == as.vector(t(known))), "integer crosstab")
  check(near(results[[2]]$statistic, suppressWarnings(
    chisq.test(known, correct = FALSE))$statistic[[1]]), "integer crosstab's test")
})
exact_question("mtcars_by", list(id = "cars", variables = list(
  as_number("gear", "integer", 0, 9), as_real("mpg", 0.1, 0, 100))),
  mtcars[c("gear", "mpg")], list(unit = "exam", by = I("gear"), analyses = list(
    list(summary = list(variables = I("mpg"))))), function(results) {
  known <- tapply(mtcars$mpg, mtcars$gear, mean)
  check(identical(vapply(results, function(r) r$by$gear, ""), names(known)),
    "by an integer: levels")
  for (i in seq_along(known))
    check(near(results[[i]]$table[[1]]$mean, known[[i]]), "by an integer: mean")
})

# A rare outcome of 4,000 people, and a variable of ten million steps.
set.seed(20)
many <- data.frame(x = round(rnorm(4000), 2), z = round(rnorm(4000), 2))
many$y <- as.integer(runif(4000) < plogis(-5 + many$x))
many$v <- round(40000 + 900 * many$x + rnorm(4000, 0, 300), 2)
many$g <- sample(1:3, 4000, replace = TRUE)
exact_question("many_scores", list(id = "many", variables = list(
  as_real("x", 0.01, -9, 9), as_real("z", 0.01, -9, 9), as_boolean("y"),
  as_real("v", 0.01, 0, 1e5), as_category("g", c("1", "2", "3")))), many,
  list(unit = "exam", analyses = list(list(roc = list(formula = "y ~ x + z")),
    list(roc = list(formula = "y ~ v")),
    list(rank_test = list(formula = "v ~ y")),
    list(rank_test = list(formula = "v ~ g")),
    list(quantile = list(variable = "v", probs = c(0, 0.01, 0.5, 0.77, 1))))),
  function(results) {
  rows <- transform(many, y = factor(y, 0:1), g = factor(g))
  expect_roc(rows, results[[1]], list(formula = "y ~ x + z"), NULL, "many scores")
  expect_roc(rows, results[[2]], list(formula = "y ~ v"), NULL, "many steps")
  expect_rank_test(rows, results[[3]], list(formula = "v ~ y"), NULL, "many steps")
  expect_rank_test(rows, results[[4]], list(formula = "v ~ g"), NULL, "many steps")
  for (row in results[[5]]$table)
    check(row$estimate == quantile(many$v, row$prob, type = 1), "many steps: quantile")
})

# pbcseq again, its visits on dates and in any order.
visits <- data.frame(patient = pbcseq$id, exam = paste0("e", sample(nrow(pbcseq))),
  done = as.Date("1974-03-01") + 37 * pbcseq$id + pbcseq$day, bili = pbcseq$bili)
visits <- visits[order(pbcseq$id, pbcseq$day), ]
first <- visits[!duplicated(visits$patient), ]
again <- visits[duplicated(visits$patient), ]
again <- again[!duplicated(again$patient), ]
dated <- list(id = "dated", variables = list(
  list(name = "done", type = "date_offset", entity = "exam", min = 0, max = 18263),
  list(name = "year", type = "integer", entity = "exam", min = 1970, max = 2030,
    year_of = "done"), as_real("bili", 0.1, 0, 100)))
shuffled <- visits[sample(nrow(visits)), ]
exact_question("dated", dated, shuffled, list(unit = "patient", analyses = list(
  list(summary = list(variables = c("bili", "done", "year"))))), function(results) {
  means <- vapply(results[[1]]$table, function(row) row$mean, 0)
  check(near(means[1], mean(first$bili)), "the first exam by date")
  check(means[2] == 0, "the first exam is day 0")
  check(near(means[3], mean(as.numeric(format(first$done, "%Y")))), "its year")
})
exact_question("dated_pairs", dated, shuffled, list(unit = "exam", analyses = list(
  list(t_test = list(paired = TRUE, variables = I("bili"))),
  list(summary = list(variables = I("done"))))), function(results) {
  two <- first$bili[match(again$patient, first$patient)] - again$bili
  check(near(results[[1]]$statistic, t.test(two)$statistic[[1]]),
    "first and next exam by date")
  check(near(results[[2]]$table[[1]]$mean, mean(as.numeric(visits$done -
    first$done[match(visits$patient, first$patient)]))), "days since the first exam")
})
