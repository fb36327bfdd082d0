# The real datasets, and the queries of queries/ about them.

# ---- the datasets --------------------------------------------------------------

data <- file.path(here, "..", "data")
uci <- file.path(data, "uci_heart_disease")
uci_files <- file.path(uci, c("cleveland.csv", "budapest.csv",
  "zurich_basel.csv", "long_beach.csv"))
uci_dictionary <- file.path(uci, "dictionary.json")
with_disease <- function(rows) {
  rows$disease <- factor(ifelse(is.na(rows$num), NA,
    ifelse(as.numeric(as.character(rows$num)) > 0, "true", "false")),
    levels = c("false", "true"))
  rows
}
run_query("uci_all", uci_dictionary, uci_files, with_disease)
run_query("uci_by_sex", uci_dictionary, uci_files, function(rows) {
  # not (cp = 1 or trestbps is missing): unknown where cp is missing
  rows <- with_disease(rows)
  rows[is_true(rows$age >= 40 & rows$age <= 65) &
    is_true(rows$cp != "1") & !is.na(rows$trestbps), ]
})
run_query("uci_by_two", uci_dictionary, uci_files, function(rows) {
  rows <- with_disease(rows)
  rows[is_true(rows$oldpeak > 0) & is_true(rows$chol >= 200), ]
})

run_query("uci_glm", uci_dictionary, uci_files, function(rows) {
  rows <- with_disease(rows)
  rows[is_true(rows$age >= 30), ]
})
run_query("uci_more", uci_dictionary, uci_files, with_disease)
run_query("uci_models", uci_dictionary, uci_files, function(rows) {
  rows <- with_disease(rows)
  rows[is_true(rows$age >= 30), ]
})

# survival::lung and survival::colon (deaths), follow-up in days
survival_file <- function(name, rows) {
  file <- file.path(scratch, paste0(name, ".csv"))
  write.csv(rows, file, row.names = FALSE, quote = FALSE, na = "")
  file
}
as_category <- function(name, codes) list(name = name, type = "category",
  entity = "exam", categories = lapply(codes, function(c) list(code = c, label = c)))
# Where questions of these tests may cut.
edges_of <- function(type, resolution, min, max) {
  all <- if (type == "days") c(1, 4, 5, 7, 10, 14, 30, 60, 90, 180, 365 * 1:100)
  else if (max - min <= 1000 * resolution) seq(min, max, resolution)
  else seq(min, max, length.out = 101)
  as.list(round(all[all >= min & all <= max], 6))
}
as_number <- function(name, type, min, max) list(name = name, type = type,
  entity = "exam", resolution = 1, min = min, max = max,
  edges = edges_of(type, 1, min, max))
survival_dictionary <- file.path(scratch, "survival.json")
long_dictionary <- file.path(scratch, "long.json")
for (longest in c(4000, 15000)) write_json(list(id = "survival", version = 1,
  variables = list(as_number("time", "days", 0, longest), list(name = "event", type = "boolean",
    entity = "exam"), as_category("sex", c("1", "2")),
  as_category("group", c("1", "2", "3")),
  as_category("status", c("0", "1", "2")), as_number("age", "integer", 0, 120))),
  if (longest == 4000) survival_dictionary else long_dictionary, auto_unbox = TRUE, digits = NA)
colon_deaths <- subset(colon, etype == 2)
lung_file <- survival_file("lung", with(lung, data.frame(time,
  event = status - 1, sex, group = 1 + (ph.ecog > 0) + (ph.ecog > 1), age)))
colon_file <- survival_file("colon", with(colon_deaths, data.frame(time,
  event = status, sex = sex + 1, group = as.integer(rx), age)))
run_query("lung", survival_dictionary, lung_file, identity)
run_query("lung_cox", survival_dictionary, lung_file, identity)
run_query("colon", survival_dictionary, colon_file, identity)
run_query("colon_cox", survival_dictionary, colon_file, identity)
# survival::veteran: lung cancer, four types of cell, here three groups
veteran_file <- survival_file("veteran", with(veteran, data.frame(time,
  event = status, sex = trt, group = pmin(as.integer(celltype), 3), age)))
run_query("veteran", survival_dictionary, veteran_file, identity)
# survival::kidney: infections at catheters, two for each of 38 patients
kidney_file <- survival_file("kidney", with(kidney, data.frame(patient = id, time,
  event = status, sex, group = pmin(as.integer(disease), 3), age)))
run_query("veteran", survival_dictionary, kidney_file, identity)
# UCI heart failure, 299 patients
failure_rows <- read.csv(file.path(data, "heart_failure", "heart_failure.csv"))
names(failure_rows)[13] <- "death"
failure_file <- survival_file("heart_failure", failure_rows)
failure_dictionary <- file.path(scratch, "heart_failure.json")
as_real <- function(name, resolution, min, max) {
  v <- as_number(name, "real", min, max)
  v$resolution <- resolution
  v
}
as_boolean <- function(name) list(name = name, type = "boolean", entity = "exam")
write_json(list(id = "heart-failure", version = 1, variables = list(
  as_real("age", 0.001, 0, 120), as_boolean("anaemia"),
  as_number("creatinine_phosphokinase", "integer", 0, 20000),
  as_boolean("diabetes"), as_number("ejection_fraction", "integer", 0, 100),
  as_boolean("high_blood_pressure"), as_real("platelets", 0.01, 0, 1e6),
  as_real("serum_creatinine", 0.01, 0, 20),
  as_number("serum_sodium", "integer", 100, 200), as_boolean("sex"),
  as_boolean("smoking"), as_number("time", "days", 0, 300), as_boolean("death"))),
  failure_dictionary, auto_unbox = TRUE, digits = NA)
run_query("heart_failure", failure_dictionary, failure_file, identity)

# Competing risks: transplant and death (pbc), malignancy and death (mgus2)
pbc_file <- survival_file("pbc", with(pbc, data.frame(time,
  event = as.integer(status == 2), sex = as.integer(sex == "f") + 1,
  group = 1 + (edema > 0) + (edema > 0.5), status, age = floor(age))))
mgus_file <- survival_file("mgus2", with(mgus2, data.frame(
  time = 30 * ifelse(pstat == 1, ptime, futime), event = death,
  sex = as.integer(sex == "F") + 1, group = NA,
  status = ifelse(pstat == 1, 1, 2 * death), age)))
# and what came first: recurrence or death (colon), transplant or death (jasa,
# of which survival::heart is made, and myeloid).
first_file <- function(name, first, first_time, death, death_time, more) {
  status <- ifelse(first, 1, 2 * death)
  survival_file(name, data.frame(time = ifelse(first, first_time, death_time),
    event = as.integer(status > 0), more, status))
}
recurrence <- subset(colon, etype == 1)
recurrence <- recurrence[match(colon_deaths$id, recurrence$id), ]
first_colon_file <- with(colon_deaths, first_file("colon_first",
  recurrence$status == 1, recurrence$time, status == 1, time, data.frame(
    sex = sex + 1, group = as.integer(rx), age)))
jasa_file <- with(jasa, first_file("heart_first", transplant == 1,
  wait.time + 1, fustat == 1, futime + 1, data.frame(sex = surgery + 1,
    group = 1 + (age > 42) + (age > 50), age = floor(age))))
myeloid_file <- with(myeloid, first_file("myeloid", !is.na(txtime), txtime,
  death == 1, futime, data.frame(sex = as.integer(sex),
    group = ifelse(is.na(crtime), 1, ifelse(crtime > 40, 3, 2)), age = 60)))
for (file in c(pbc_file, mgus_file, first_colon_file, jasa_file)) {
  run_query("causes", long_dictionary, file, identity)
}
for (file in c(pbc_file, jasa_file, myeloid_file)) {
  run_query("causes_more", long_dictionary, file, identity)
}
run_query("causes_by", long_dictionary, first_colon_file,
  function(rows) rows[is_true(rows$age >= 40), ])

pbc <- pbcseq
pbc_rows <- data.frame(patient = pbc$id, age = floor(pbc$age), sex = pbc$sex,
  trt = pbc$trt, day = pbc$day, edema = pbc$edema, bili = pbc$bili,
  albumin = pbc$albumin, platelet = pbc$platelet, stage = pbc$stage)
pbc_file <- file.path(scratch, "pbcseq.csv")
set.seed(11)
# Exams in any order: which is first, the day says.
write.csv(pbc_rows[sample(nrow(pbc_rows)), ], pbc_file, row.names = FALSE, quote = FALSE, na = "")
pbc_dictionary <- file.path(scratch, "pbcseq.json")
category <- function(name, codes) list(name = name, type = "category",
  entity = "exam", categories = lapply(codes, function(c) list(code = c, label = c)))
number <- function(name, type, resolution, min, max) list(name = name,
  type = type, entity = "exam", resolution = resolution, min = min, max = max,
  edges = edges_of(type, resolution, min, max))
write_json(list(id = "pbcseq", version = 1, variables = list(
  number("age", "integer", 1, 0, 120), category("sex", c("m", "f")),
  category("trt", c("0", "1")),
  c(number("day", "days", 1, 0, 10000), list(knots = c(365, 1461, 3000))),
  category("edema", c("0", "0.5", "1")), number("bili", "real", 0.1, 0, 100),
  number("albumin", "real", 0.01, 0, 10), number("platelet", "integer", 1, 0, 2000),
  category("stage", c("1", "2", "3", "4")))), pbc_dictionary, auto_unbox = TRUE,
  digits = NA)

run_query("pbcseq_exam", pbc_dictionary, pbc_file,
  function(rows) rows[is_true(rows$age >= 35), ])
run_query("pbcseq_patient", pbc_dictionary, pbc_file,
  function(rows) rows[is_true(rows$bili >= 2) & !is.na(rows$platelet), ])

run_query("pbcseq_models", pbc_dictionary, pbc_file, identity)

# The dictionary with more said of some variables, and with rules.
with_more <- function(name, dictionary_file, more, rules = NULL) {
  dictionary <- read_json(dictionary_file)
  for (i in seq_along(dictionary$variables)) {
    own <- more[[dictionary$variables[[i]]$name]]
    for (key in names(own)) dictionary$variables[[i]][[key]] <- own[[key]]
    within <- dictionary$variables[[i]]
    dictionary$variables[[i]]$edges <-
      Filter(function(e) e >= within$min && e <= within$max, within$edges)
  }
  dictionary$plausible <- rules
  file <- file.path(scratch, paste0(name, ".json"))
  write_json(dictionary, file, auto_unbox = TRUE, digits = NA)
  file
}
# Splines with knots from the dictionary.
with_knots <- function(name, dictionary_file, knots) with_more(name,
  dictionary_file, lapply(knots, function(k) list(knots = as.list(k))))
run_query("splines_uci", with_knots("uci_knots", uci_dictionary, list(
  age = c(37, 42, 45, 49, 53, 56, 58, 61, 64), thalach = c(98, 120, 140, 155, 175))),
  uci_files, with_disease)
run_query("splines_failure", with_knots("failure_knots", failure_dictionary,
  list(ejection_fraction = c(25, 38, 60), age = c(45.5, 60, 71.25, 80),
    serum_sodium = c(132, 135, 138, 141))),
  failure_file, identity)
run_query("splines_pbcseq", with_knots("pbcseq_knots", pbc_dictionary,
  list(bili = c(0.5, 0.7, 1.1, 2.3, 5.5, 12), albumin = c(2.75, 3.25, 3.5, 3.9))),
  pbc_file, identity)

# Quality: narrow ranges that refuse what is far out, and rules.
run_query("quality_uci", with_more("uci_rules", uci_dictionary, list(
  age = list(min = 35, max = 70), trestbps = list(min = 95, max = 170),
  oldpeak = list(min = -0.5, max = 4)), list("thalach <= 220 - age",
  "trestbps - age > 60", "abs(oldpeak) != 1", "exang <= disease")), uci_files,
  with_disease)
run_query("quality_failure", with_more("failure_rules", failure_dictionary, list(
  serum_creatinine = list(max = 3), platelets = list(min = 1e5, max = 4.5e5)),
  list("age >= ejection_fraction", "serum_sodium / ejection_fraction < 7",
  "log10(platelets) <= 5 + serum_creatinine / 2")), failure_file, identity)
run_query("quality_pbcseq", with_more("pbcseq_rules", pbc_dictionary, list(
  bili = list(max = 20), albumin = list(min = 2, max = 5)),
  list("bili + 2 * albumin <= 12", "day == day", "albumin > bili")), pbc_file,
  function(rows) rows[is_true(rows$age >= 40), ])
quality_dictionary <- with_more("lung_rules", survival_dictionary, list(
  age = list(min = 45, max = 75)), list("time >= 5 * age", "event <= time"))
run_query("quality_lung", quality_dictionary, lung_file, identity)
