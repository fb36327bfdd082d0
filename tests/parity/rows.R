# The dictionary and the rows, read without Cohortium.

near <- function(ours, theirs) {
  if (is.null(ours) || is.null(theirs)) return(is.null(ours) && is.null(theirs))
  if (is.na(theirs)) return(is.na(ours))
  abs(ours - theirs) <= 1e-12 * max(1, abs(theirs))
}

is_true <- function(x) !is.na(x) & x

# ---- the dictionary and the rows, read without Cohortium -------------------

variable_of <- function(dictionary, name) {
  Filter(function(v) v$name == name, dictionary$variables)[[1]]
}

read_column <- function(text, variable) {
  text <- trimws(text)
  absent <- c("", "NA", unlist(variable$missing))
  text[text %in% absent] <- NA
  if (variable$type == "category") {
    codes <- vapply(variable$categories, function(c) c$code, "")
    labels <- vapply(variable$categories, function(c) c$label, "")
    numbers <- suppressWarnings(as.numeric(text))
    text <- ifelse(!is.na(numbers), as.character(numbers), text)
    at <- match(text, codes)
    at[is.na(at)] <- match(text[is.na(at)], labels)
    factor(codes[at], levels = codes)
  } else if (variable$type == "boolean") {
    number <- as.numeric(text)
    factor(ifelse(is.na(number), NA, ifelse(number > 0, "true", "false")),
      levels = c("false", "true"))
  } else if (variable$type == "vector") {
    numbers <- lapply(strsplit(text, "[ ;]+"), as.numeric)
    I(do.call(rbind, lapply(numbers, function(v)
      if (anyNA(v)) rep(NA_real_, variable$length) else v)))
  } else {
    as.numeric(text)
  }
}

read_rows <- function(files, dictionary) {
  raw <- do.call(rbind, lapply(files, function(f) {
    table <- read.csv(f, colClasses = "character", check.names = FALSE)
    table$.center <- basename(f)
    table
  }))
  rows <- list()
  for (variable in dictionary$variables) {
    if (variable$name %in% names(raw)) {
      x <- read_column(raw[[variable$name]], variable)
      if (is.numeric(x) && !is.null(variable$max)) {
        refused <- !is.na(x) & (x < variable$min | x > variable$max)
        rows[[paste0("refused.", variable$name)]] <-
          if (is.matrix(x)) rowSums(refused) > 0 else refused
        x[refused] <- NA
      }
      rows[[variable$name]] <- x
    }
  }
  rows <- as.data.frame(rows)
  rows$patient <- if ("patient" %in% names(raw)) raw$patient else
    as.character(seq_len(nrow(raw)))
  rows
}

# ---- what R says ------------------------------------------------------------
