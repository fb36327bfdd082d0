# Asking a federation of real processes, for parity.R and hard_cases.R: the
# sandbox, splits of the rows over centers, and what is counted as passed.

suppressPackageStartupMessages({
  library(jsonlite)
  library(splines)
  library(survival)
})

arguments <- commandArgs(trailingOnly = TRUE)
binary <- normalizePath(arguments[1])
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
scratch <- tempfile("parity")
dir.create(scratch)

passed <- 0
failed <- 0
check <- function(ok, what) {
  if (isTRUE(ok)) {
    passed <<- passed + 1
  } else {
    failed <<- failed + 1
    cat("FAILED:", what, "\n")
  }
}

# ---- a federation -------------------------------------------------------------

answer <- function(dictionary_file, query_file, files, limit = 1, more = NULL) {
  json <- system2(binary, shQuote(c("sandbox", "--json", "--min-cell", limit,
    more, "--dictionary", dictionary_file, "--query", query_file, files)),
    stdout = TRUE, stderr = file.path(scratch, "stderr"))
  text <- paste(json, collapse = "\n")
  if (!is.null(attr(json, "status")) || !nzchar(text)) {
    cat(readLines(file.path(scratch, "stderr")), sep = "\n")
    stop("the sandbox failed on ", query_file)
  }
  text
}

# The bytes of the results, without what names the session.
results_bytes <- function(text) {
  sub(",\"signature\":.*$", "", sub("^.*?\"results\":", "", text, perl = TRUE))
}

split_rows <- function(files, centers, seed) {
  set.seed(seed)
  lines <- lapply(files, readLines)
  header <- lines[[1]][1]
  body <- unlist(lapply(lines, function(l) l[-1]))
  columns <- strsplit(header, ",")[[1]]
  person <- if ("patient" %in% columns) {
    vapply(strsplit(body, ","), function(f) f[match("patient", columns)], "")
  } else {
    as.character(seq_along(body))
  }
  people <- unique(person)
  place <- sample(rep_len(seq_len(centers), length(people)))
  names(place) <- people
  vapply(seq_len(centers), function(k) {
    file <- file.path(scratch, sprintf("split%d_%d_%02d.csv", seed, centers, k))
    writeLines(c(header, body[place[person] == k]), file)
    file
  }, "")
}

# How many centers gave a segment is a fact of the split; all else is not.
neutral_bytes <- function(text) {
  gsub("\"centers(_withheld)?\":[0-9]+,?", "", results_bytes(text))
}

# R stops on the deviance, which is flat at its minimum: again from there, until
# the coefficients stand still. (R's tolerance for collinear terms is a thousandth
# of epsilon.)
glm_to_the_end <- function(formula, family, rows) {
  strict <- glm.control(epsilon = 1e-11, maxit = 60)
  model <- suppressWarnings(glm(formula, family, rows, control = strict))
  for (i in 1:60) {
    from <- ifelse(is.na(coef(model)), 0, coef(model))
    model <- suppressWarnings(glm(formula, family, rows, start = from,
      control = strict))
    moved <- abs(coef(model) - from) / pmax(abs(from), 1e-300)
    if (all(is.na(moved) | moved < 1e-14)) break
  }
  model
}
strict_cox <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 60)
