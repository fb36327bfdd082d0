# Answers by combinations, on rows some of which take a donor's value for one that
# is missing: R's figures for the rows as they were counted.

completed <- file.path(scratch, "completed")
dir.create(completed)
status <- system2(file.path(dirname(binary), "completed_rows"),
  shQuote(completed))
check(status == 0, "completed_rows")
completed_dictionary <- read_json(file.path(completed, "dictionary_0.json"))
completed_files <- list.files(completed, "^rows_")
check(length(completed_files) == 13, "questions on completed rows")
for (name in completed_files) {
  number <- sub("^rows_(.*)[.]csv$", "\\1", name)
  read_of <- function(what)
    read_json(file.path(completed, paste0(what, "_", number, ".json")))
  rows <- read_rows(file.path(completed, name), completed_dictionary)
  analysis <- read_of("analysis")
  entry <- read_of("entry")
  kind <- names(analysis)[1]
  what <- paste("completed rows", kind)
  check(length(entry$completed) > 0, paste(what, "says so"))
  for (variable in unlist(entry$completed))
    check(!anyNA(rows[[variable]]), paste(what, variable, "is complete"))
  expectations[[kind]](rows, entry, analysis[[kind]], completed_dictionary, what)
}
cat(sprintf("%-18s %d results\n", "completed rows", length(completed_files)))
