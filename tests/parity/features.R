# Every analysis of a formula with all that its formula may have in it, on real
# datasets whose variables play the same parts: x, z and y positive numbers, k
# one of 0, 1, 2, c a count, g and h categories, o an outcome; and time to event.

part_types <- c(x = "real", z = "real", y = "real", k = "integer", c = "integer",
  g = "category", h = "category", o = "boolean", time = "days", event = "boolean",
  start = "days", status = "category")
parts_dictionary <- function(name, rows) {
  variables <- lapply(intersect(names(part_types), names(rows)), function(v) {
    known <- sort(unique(rows[[v]][!is.na(rows[[v]])]))
    type <- part_types[[v]]
    variable <- list(name = v, entity = "exam", type = type)
    if (type == "category") {
      variable$categories <- lapply(known, function(code)
        list(code = as.character(code), label = as.character(code)))
    } else if (type != "boolean") {
      variable$resolution <- if (type == "real") 0.01 else 1
      variable$min <- if (v == "k" || type == "days") 0 else floor(min(known))
      variable$max <- ceiling(max(known))
      if (type == "days")
        variable$edges <- edges_of(type, 1, variable$min, variable$max)
      if (v == "x") {
        quarters <- unique(round(
          quantile(rows$x, 1:3 / 4, na.rm = TRUE, names = FALSE), 2))
        inner <- quarters[quarters > variable$min & quarters < variable$max]
        if (length(inner) > 0) variable$knots <- as.list(inner)
      }
    }
    variable
  })
  file <- file.path(scratch, paste0(name, "_parts.json"))
  write_json(list(id = name, version = 1, variables = variables), file,
    auto_unbox = TRUE, digits = NA)
  file
}

thirds <- function(x) 1L * (x > quantile(x, 1 / 3, na.rm = TRUE)) +
  1L * (x > quantile(x, 2 / 3, na.rm = TRUE))
uci_parts <- with(uci_rows, data.frame(x = age, z = trestbps, y = thalach,
  k = as.integer(restecg) - 1L, c = num, g = cp, h = as.integer(sex), o =
    as.integer(disease) - 1L, center = sub("[.]csv$", "", center)))
failure_parts <- with(failure_rows, data.frame(x = floor(age),
  z = serum_creatinine, y = serum_sodium, k = thirds(ejection_fraction),
  c = round(creatinine_phosphokinase / 100), g = anaemia + 2 * diabetes, h = sex,
  o = smoking, time, event = death, center = seq_along(age) %% 5))
pbc_parts <- with(survival::pbc, data.frame(x = floor(age), z = bili, y = albumin,
  k = spiders + ascites, c = round(platelet / 50), g = stage, h = sex, o = trt - 1,
  time, event = as.integer(status == 2), status, center = id %% 5))
veteran_parts <- with(veteran, data.frame(x = age, z = diagtime, y = karno,
  k = thirds(diagtime), c = diagtime, g = as.integer(celltype), h = trt,
  o = as.integer(prior > 0), time, event = status, status =
    status * (1 + (karno > 50)), center = seq_along(age) %% 4))
colon_parts <- with(colon_deaths, data.frame(x = age, z = nodes + 1, y = extent,
  k = differ - 1, c = nodes, g = as.integer(rx), h = sex, o = obstruct, time,
  event = status, status = status * (1 + (nodes > 4)), center = id %% 5))
lung_parts_of <- with(lung, data.frame(x = age, z = pat.karno, y = ph.karno,
  k = pmin(ph.ecog, 2), c = ph.ecog, g = thirds(wt.loss), h = sex,
  o = as.integer(meal.cal > 900), time, event = status - 1, center = inst))
# Institutions of a few patients have no effect of their own to compare.
lung_parts_of <- subset(lung_parts_of,
  center %in% names(which(table(center) >= 12)))

parts_query <- function(name, analyses) {
  file <- file.path(scratch, paste0(name, "_query.json"))
  write_json(list(unit = "exam", analyses = analyses), file, auto_unbox = TRUE)
  file
}
with_right <- function(kind, left, rights, ...) lapply(rights, function(right)
  setNames(list(list(formula = paste(left, "~", right), ...)), kind))
rights <- c("x + h + I(z^2) + log(z)", "g * x + h:z + factor(k)", "ns(x, 3) + z")
with_offset <- c(rights, "x + h + offset(log(z))", "1 + offset(log(z))")
group_rights <- c("h", "factor(k)")
of_people <- c(with_right("lm", "y", rights), with_right("anova", "y", rights),
  with_right("glm", "o", with_offset, family = "binomial"),
  with_right("glm", "c", with_offset, family = "poisson"),
  with_right("glm", "y", with_offset, family = "gaussian"),
  with_right("glm", "y", with_offset, family = "Gamma", link = "log"),
  with_right("roc", "o", rights), with_right("t_test", "y", c("h", "factor(o)")),
  with_right("rank_test", "x", group_rights))
of_times <- c(with_right("cox", "Surv(time, event)", c(rights[1:2],
  "ns(x, 3) + z + strata(h)"), grid_days = 60),
  with_right("km", "Surv(time, event)", group_rights),
  with_right("logrank", "Surv(time, event)", c(group_rights, "g + strata(h)")),
  with_right("cumulative_incidence", "Surv(time, status)", group_rights))

run_parts <- function(name, rows, analyses) {
  run_question(parts_query(name, analyses), paste(name, "parts"),
    parts_dictionary(name, rows), survival_file(name, rows), identity,
    limited = FALSE)
}
run_parts("uci", uci_parts, of_people)
run_parts("heart_failure", failure_parts, of_people)
run_parts("pbc", pbc_parts, of_people)
run_parts("pbc", pbc_parts, of_times)
run_parts("veteran", veteran_parts, of_times)
run_parts("colon", colon_parts, of_times)

# Rows that begin late: a covariate that changes in time, infections and tumours
# that come again.
late_parts <- list(
  heart = with(heart_rows, data.frame(patient, start, time, event, x = age,
    h = sex)),
  cgd = with(cgd, data.frame(patient = id, start = tstart, time = tstop,
    event = status, x = age, h = treat)),
  bladder = with(bladder2, data.frame(patient = id, start, time = stop, event,
    x = number, h = rx)))
for (name in names(late_parts)) {
  run_parts(name, subset(late_parts[[name]], time > start), with_right("cox",
    "Surv(start, time, event)", "x * h", grid_days = 1))
}

# Where the centers are part of the model: institutions of lung, hospitals of
# uci, and patients dealt out.
of_centers <- c(with_right("lm", "y", "x * h + center"),
  with_right("anova", "y", "center * h + x"),
  with_right("glm", "o", "x + center", family = "binomial"),
  with_right("glm", "c", "x + h + center", family = "poisson"),
  with_right("glm", "y", "x + center", family = "gaussian"),
  with_right("glm", "y", "x + h + center", family = "Gamma", link = "log"))
times_of_centers <- c(with_right("cox", "Surv(time, event)",
  "x + h + center", grid_days = 60), with_right("cox", "Surv(time, event)",
  c("x * h + log(z) + strata(center)", "g + strata(center)")),
  with_right("logrank", "Surv(time, event)", "g + strata(center)"))
center_files <- function(name, rows) {
  at <- sort(unique(rows$center))
  vapply(at, function(k) survival_file(sprintf("%s_%s", name, k),
    rows[rows$center == k, names(rows) != "center"]), "")
}
mixed_rights <- paste(c("x * h + z:h + factor(k) + I(z^2)", "g + ns(x, 3) + log(z)"),
  "+ (1 | center)")
run_centers <- function(name, rows, analyses) {
  dictionary_file <- parts_dictionary(name, rows)
  files <- center_files(name, rows)
  expect_centers(files, dictionary_file, analyses, paste(name, "centers"), name)
  pooled <- center_rows(files, dictionary_file)
  for (right in mixed_rights) {
    text <- paste("y ~", right)
    expect_mixed(answer(dictionary_file, mixed_query(text), files), pooled, text,
      dictionary_file, name)
  }
  cat(sprintf("%-18s %d centers as part of %d models\n", name, length(files),
    length(analyses) + 2))
}
run_centers("uci", uci_parts, of_centers)
run_centers("lung", lung_parts_of, c(of_centers, times_of_centers))
run_centers("heart_failure", failure_parts, c(of_centers, times_of_centers))
run_centers("veteran", veteran_parts, times_of_centers)

# Networks with all kinds of inputs.
inputs <- "o ~ g * x + h:z + factor(k) + ns(x, 2) + I(z^2) + log(z)"
for (name in c("uci", "heart_failure", "pbc")) {
  rows <- list(uci = uci_parts, heart_failure = failure_parts, pbc = pbc_parts)[[name]]
  dictionary_file <- parts_dictionary(name, rows)
  file <- survival_file(name, rows)
  expect_mlp(file, dictionary_file, read_rows(file, read_json(dictionary_file)),
    inputs, paste("mlp of", name))
}
check_coverage(parts_dictionary("veteran", transform(veteran_parts, start = 0)))
