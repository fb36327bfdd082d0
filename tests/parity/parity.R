# Parity: what a federation answers is what R says of the pooled rows, and the
# same bytes however the rows are split over centers.
#
#   Rscript tests/parity/parity.R COHORTIUM_BINARY
#
# Real datasets, each analysis with all that its formula may have on three or
# more (coverage.R): the four centers of the UCI heart disease data, the UCI heart
# failure data, and those of R's survival: lung with its institutions, colon,
# veteran, kidney, heart, cgd, bladder, mgus2, myeloid, pbc and pbcseq (312
# patients of the Mayo Clinic with 1,945 visits), where a patient has many rows.
# Each query runs in `cohortium sandbox`: one real node process a center, real
# sockets. R reads the same CSV files on its own.

folder <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
for (part in c("asking", "rows", "expected_tables", "expected_survival",
  "expected_models", "expected_mixed", "train", "expected_network", "questions",
  "coverage", "datasets", "exact", "vectors", "cox_days", "mixed", "center_effects",
  "network", "released_models", "completed", "features")) {
  source(file.path(folder, paste0(part, ".R")))
}

unlink(scratch, recursive = TRUE)
cat(sprintf("%d passed, %d failed\n", passed, failed))
quit(status = if (failed > 0) 1 else 0)
