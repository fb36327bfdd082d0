# What a project's answer must say: the model that the data were made from, within
# four standard errors, and R's own answer on the pooled rows.
#
#   Rscript projects.R N FOLDER    FOLDER/answer.json, FOLDER/data/*.csv

suppressPackageStartupMessages({
  library(jsonlite)
  library(survival)
})
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[2]
read_answer <- function(name) fromJSON(file.path(folder, name),
  simplifyVector = FALSE)$results
answer <- read_answer("answer.json")
rows <- do.call(rbind, lapply(list.files(file.path(folder, "data"), "csv$",
  full.names = TRUE), function(f) cbind(read.csv(f), center = basename(f))))
for (name in c("sex", "aortic_valve_morph")) rows[[name]] <- factor(rows[[name]])
patients <- rows[!duplicated(rows$patient), ]

check <- function(ok, what) {
  if (!isTRUE(ok)) {
    cat("FAILED:", what, "\n")
    quit(status = 1)
  }
}
near <- function(ours, theirs, what) {
  check(abs(ours - theirs) <= 1e-8 * max(1e-3, abs(theirs)),
    paste(what, ours, "is not R's", theirs))
}
entry_of <- function(kind, from = answer) {
  Filter(function(e) e$analysis == kind, from)[[1]]
}
# The entry's terms are R's, and the truth lies where they say.
agrees <- function(entry, estimates, errors, truth) {
  check(length(entry$table) == length(estimates), "the number of terms")
  for (i in seq_along(estimates)) {
    row <- entry$table[[i]]
    near(row$estimate, estimates[[i]], row$term)
    near(row$std_error, errors[[i]], paste(row$term, "std_error"))
    if (row$term %in% names(truth)) {
      check(abs(row$estimate - truth[[row$term]]) < 4 * row$std_error,
        paste(row$term, row$estimate, "is far from", truth[[row$term]]))
    }
  }
  check(all(names(truth) %in% vapply(entry$table, function(r) r$term, "")),
    "a known term is missing")
}
strict <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 60)
ar <- function(d) subset(d, ao_regurg_frac >= 16 & age_at_exam >= 18 &
  hx_valve_intervention == 0)

projects <- list(function() {
  d <- ar(patients)
  model <- lm(lvedvi ~ ao_regurg_frac * sex + age_at_exam, d)
  agrees(entry_of("lm"), coef(model), sqrt(diag(vcov(model))),
    c(ao_regurg_frac = 1.2, sex2 = -6, age_at_exam = -0.15,
      "ao_regurg_frac:sex2" = -0.45))
  test <- t.test(lvedvi ~ sex, d)
  near(entry_of("t_test")$statistic, unname(test$statistic), "t")
  near(entry_of("rank_test")$statistic,
    unname(wilcox.test(lvesvi ~ sex, d, exact = FALSE)$statistic), "W")
}, function() {
  d <- subset(patients, lvef >= 55 & wmsi == 1 &
    dx_primary %in% c("normal", "ischemic", "other"))
  model <- coxph(Surv(followup_days, death) ~ lge_infarct + age_at_exam + sex +
    hx_hypertension + hx_diabetes + smoking + lvef + strata(center), d,
    control = strict)
  agrees(entry_of("cox"), coef(model), sqrt(diag(vcov(model))),
    c(lge_infarcttrue = 0.5, age_at_exam = 0.05, sex2 = -0.2,
      hx_hypertensiontrue = 0.15, hx_diabetestrue = 0.3, smokingtrue = 0.35,
      lvef = -0.02))
  share <- mean(d$lge_infarct, na.rm = TRUE)
  near(entry_of("frequency")$table[[2]]$proportion, share, "share of infarcts")
  check(entry_of("logrank")$p_value < 1e-6, "the curves do not differ")
}, function() {
  model <- coxph(Surv(start_days, followup_days, death) ~ lge_present +
    valve_surgery + age_at_exam + sex + lvef + strata(center), ar(rows),
    control = strict)
  agrees(entry_of("cox"), coef(model), sqrt(diag(vcov(model))),
    c(lge_presenttrue = 0.9, valve_surgerytrue = -0.7, age_at_exam = 0.05,
      sex2 = -0.2, lvef = -0.02))
  medical <- read_answer("answer_2.json")
  check(entry_of("logrank", medical)$p_value < 1e-6, "the curves do not differ")
  d <- ar(patients)
  d <- d[complete.cases(d[c("death", "lvesvi")]), ]
  x <- d$lvesvi[d$death == 1]
  y <- d$lvesvi[d$death == 0]
  near(entry_of("roc", medical)$auc,
    mean(outer(x, y, ">") + outer(x, y, "==") / 2), "auc")
}, function() {
  d <- subset(patients, dx_primary == "tof")
  shapes <- do.call(rbind, lapply(strsplit(d$shape, " "), as.numeric))
  fit <- prcomp(shapes)
  pca <- entry_of("pca")
  for (k in 1:4) near(pca$table[[k]]$eigenvalue, fit$sdev[k]^2, "eigenvalue")
  mode <- cos(pi * ((0:15) + 0.5) / 16) * sqrt(2 / 16)
  first <- vapply(pca$loadings[1:16], function(r) r$loading, 0)
  check(abs(sum(first * mode)) > 0.99, "the first component is another shape")
  d$score <- drop(shapes %*% round(first, 3))
  model <- lm(score ~ pulm_regurg_vol + age_at_exam + sex, d)
  agrees(read_answer("answer_2.json")[[1]], coef(model),
    sqrt(diag(vcov(model))),
    c(pulm_regurg_vol = 0.3 * sign(sum(first * mode)), age_at_exam = 0))
}, function() {
  network <- entry_of("mlp")
  pooled <- entry_of("mlp", read_answer("pooled.json"))
  check(identical(network$network, pooled$network),
    "the weights are not those of the pooled rows")
  check(length(network$table) == 13, "not every center was held out")
  check(network$accuracy > 0.75, "the network tells too little")
  check(network$classes[[3]]$auc > 0.85, "ATTR is not told apart")
})
projects[[as.integer(arguments[1])]]()
cat("project", arguments[1], "holds\n")
