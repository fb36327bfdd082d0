# Variables of many numbers, and their principal components.

# Vectors: laboratory values of two registries as one variable, the shapes of the
# synthetic one, and 600 numbers at once.
vector_dictionary <- file.path(scratch, "vector.json")
as_vector <- function(length, resolution, min, max) c(list(length = length),
  number("shape", "vector", resolution, min, max))
write_json(list(id = "vector", version = 1, variables = list(
  as_vector(5, 0.01, 0, 4000), number("age", "integer", 1, 0, 120))),
  vector_dictionary, auto_unbox = TRUE, digits = NA)
joined <- function(rows) {
  text <- do.call(paste, lapply(rows, function(x)
    format(x, trim = TRUE, scientific = FALSE)))
  ifelse(complete.cases(rows), text, NA)
}
run_query("vector", vector_dictionary, survival_file("failure_vector",
  with(failure_rows, data.frame(age = floor(age), shape = joined(data.frame(
    ejection_fraction, serum_sodium, serum_creatinine, time,
    round(platelets / 1000)))))), identity)
run_query("vector", vector_dictionary, survival_file("pbcseq_vector",
  with(pbcseq, data.frame(patient = id, age = floor(age), shape = joined(
    data.frame(bili, albumin, ast, chol, protime))))), identity)
system2(file.path(dirname(binary), "synthesize"),
  c("--patients", 4000, shQuote(scratch)), stdout = FALSE)
run_query("vector_tetralogy", file.path(data, "synthesize", "dictionary.json"),
  file.path(scratch, sprintf("center_%02d.csv", 1:13)),
  function(rows) rows[is_true(rows$dx_primary == "tof"), ])

# Masked, over the wire: a vector of sums of 180,925 elements.
set.seed(600)
mesh <- matrix(round(rnorm(90 * 8), 3), 90) %*%
  outer(1:8, 1:600, function(k, j) cos(pi * k * j / 600) / k) +
  rnorm(90 * 600, 0, 0.1)
mesh <- round(mesh, 2)
mesh_dictionary <- file.path(scratch, "mesh.json")
write_json(list(id = "mesh", version = 1, variables = list(
  as_vector(600, 0.01, -60, 60))), mesh_dictionary, auto_unbox = TRUE,
  digits = NA)
mesh_query <- file.path(scratch, "mesh_query.json")
writeLines('{"analyses": [{"pca": {"vector": "shape", "components": 3}}]}',
  mesh_query)
mesh_answer <- function(centers) {
  at <- rep_len(seq_len(centers), 90)
  parts <- vapply(seq_len(centers), function(k) survival_file(
    sprintf("mesh_%d_%d", centers, k), data.frame(shape = apply(
      mesh[at == k, , drop = FALSE], 1, paste, collapse = " "))), "")
  answer(mesh_dictionary, mesh_query, parts)
}
mesh_five <- mesh_answer(5)
expect_pca(list(shape = mesh), fromJSON(mesh_five, simplifyVector = FALSE)$
  results[[1]], list(vector = "shape", components = 3), NULL, "mesh of 600")
check(identical(results_bytes(mesh_answer(1)), results_bytes(mesh_five)),
  "mesh of 600 same bytes")
