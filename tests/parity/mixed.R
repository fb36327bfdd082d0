# Models with a random intercept for each center, on real datasets.

uci_rows <- do.call(rbind, lapply(uci_files, function(f) {
  rows <- with_disease(read_rows(f, read_json(uci_dictionary)))
  rows$center <- basename(f)
  rows
}))
for (text in c("chol ~ age + sex + (1 | center)",
    "thalach ~ age * exang + cp + (1 | center)",
    "oldpeak ~ I(age^2) + thalach + (1 | center)")) {
  expect_mixed(answer(uci_dictionary, mixed_query(text), uci_files), uci_rows,
    text, uci_dictionary, "uci")
}
lung_inst <- subset(with(lung, data.frame(center = inst, time, event = status - 1,
  sex = factor(sex), age)), !is.na(center))
lung_parts <- vapply(unique(lung_inst$center), function(k)
  survival_file(sprintf("inst_%d", k), subset(lung_inst, center == k)[-1]), "")
expect_mixed(answer(late_dictionary, mixed_query("age ~ sex + (1 | center)"),
  lung_parts), lung_inst, "age ~ sex + (1 | center)", late_dictionary, "lung")
for (centers in c(2, 5, 13)) {
  at <- heart_rows
  at$center <- at$patient %% centers
  at$sex <- factor(at$sex)
  parts <- vapply(seq_len(centers) - 1, function(k)
    survival_file(sprintf("mixed_%d_%d", centers, k),
      subset(at, center == k)), "")
  text <- "age ~ sex + time + (1 | center)"
  expect_mixed(answer(late_dictionary, mixed_query(text), parts), at, text,
    late_dictionary, "heart")
}
