# fits.R FILE FIT...: the time of each fit on the pooled rows of FILE, in seconds;
# the best of three, of a network that of one.
suppressPackageStartupMessages(library(survival))
folder <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(folder, "..", "parity", "train.R"))
arguments <- commandArgs(trailingOnly = TRUE)
wanted <- arguments[-1]
if ("cox" %in% wanted)
  wanted <- c(wanted, "cox_zph") # our result of cox has both
rows <- read.csv(arguments[1])
covariates <- c("age_at_exam", "sex", "hx_hypertension", "hx_diabetes", "lvef")

# As mlp does: all rows, then all but those of each center.
networks <- function(epochs) {
  used <- rows[complete.cases(rows[c("death", covariates)]), ]
  x <- scale(data.matrix(used[covariates]))
  y <- used$death + 1
  weights <- runif(8 * 6 + 2 * 9, -0.5, 0.5)
  for (held_out in c(-1, unique(used$center))) {
    kept <- used$center != held_out
    train_in_r(x[kept, ], y[kept], weights, 8, epochs, 0.02, 0.001)
  }
}

cox <- function() coxph(Surv(followup_days, death) ~ age_at_exam + sex +
  hx_hypertension + hx_diabetes + lvef + strata(center), rows)

fits <- list(
  cox = cox,
  cox_zph = function() cox.zph(cox(), transform = "identity"),
  glm = function() glm(death ~ age_at_exam + sex + hx_hypertension +
    hx_diabetes + lvef, binomial, rows),
  lm = function() lm(lvedvi ~ age_at_exam + sex + hx_hypertension +
    hx_diabetes + lvef, rows),
  km = function() survfit(Surv(followup_days, death) ~ sex, rows),
  logrank = function() survdiff(Surv(followup_days, death) ~ sex, rows),
  mlp = function() networks(200),
  pca = function() prcomp(shapes))

if ("pca" %in% wanted) {
  shapes <- do.call(rbind, lapply(strsplit(rows$shape, " "), as.numeric))
} else {
  rows$sex <- factor(rows$sex)
}
for (name in wanted) {
  times <- if (name == "mlp") 1 else 3
  seconds <- min(vapply(seq_len(times),
    function(i) system.time(fits[[name]]())[["elapsed"]], 0))
  cat(paste0(name, " ", max(seconds, 0.001), "\n"))
}
