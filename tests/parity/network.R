# Networks trained by all centers, on real datasets.

expect_mlp(uci_files, uci_dictionary, uci_rows,
  "cp ~ age + sex + thalach + oldpeak", "mlp of chest pain")
expect_mlp(colon_file, survival_dictionary, with(colon_deaths, data.frame(
  group = rx, sex = factor(sex), age, time)), "group ~ age + sex + time",
  "mlp of treatment")
expect_mlp(veteran_file, survival_dictionary,
  read_rows(veteran_file, read_json(survival_dictionary)),
  "group ~ age + time * sex", "mlp of cells")
