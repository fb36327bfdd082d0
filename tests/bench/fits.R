# The best of three of each fit on the pooled rows, in seconds.
suppressPackageStartupMessages(library(survival))
rows <- read.csv(commandArgs(trailingOnly = TRUE)[1])
rows$sex <- factor(rows$sex)
timed <- function(name, fit) {
  seconds <- min(vapply(1:3, function(i) system.time(fit())[["elapsed"]], 0))
  cat(paste0(name, " ", max(seconds, 0.001), "\n"))
}
timed("cox", function() coxph(Surv(followup_days, death) ~ age_at_exam + sex +
  hx_hypertension + hx_diabetes + lvef + strata(center), rows))
timed("glm", function() glm(death ~ age_at_exam + sex + hx_hypertension +
  hx_diabetes + lvef, binomial, rows))
timed("lm", function() lm(lvedvi ~ age_at_exam + sex + hx_hypertension +
  hx_diabetes + lvef, rows))
timed("km", function() survfit(Surv(followup_days, death) ~ sex, rows))
timed("logrank", function() survdiff(Surv(followup_days, death) ~ sex, rows))
