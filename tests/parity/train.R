# A network of one hidden layer, trained by Adam on all rows at once: what `mlp`
# must agree with, and what tests/bench/fits times beside it.

train_in_r <- function(x, y, weights, hidden, epochs, rate, l2) {
  p <- ncol(x)
  classes <- max(y)
  target <- outer(y, seq_len(classes), "==") * 1
  m <- v <- 0 * weights
  curve <- numeric(epochs)
  for (epoch in seq_len(epochs)) {
    w1 <- matrix(weights[seq_len(hidden * (p + 1))], p + 1)
    w2 <- matrix(weights[-seq_len(hidden * (p + 1))], hidden + 1)
    h <- tanh(cbind(x, 1) %*% w1)
    z <- exp(cbind(h, 1) %*% w2)
    z <- z / rowSums(z)
    curve[epoch] <- -mean(log(z[cbind(seq_along(y), y)]))
    e <- (z - target) / nrow(x)
    b <- (e %*% t(w2[seq_len(hidden), , drop = FALSE])) * (1 - h^2)
    slope <- c(crossprod(cbind(x, 1), b), crossprod(cbind(h, 1), e)) + l2 * weights
    m <- 0.9 * m + 0.1 * slope
    v <- 0.999 * v + 0.001 * slope^2
    weights <- weights - rate * (m / (1 - 0.9^epoch)) /
      (sqrt(v / (1 - 0.999^epoch)) + 1e-8)
  }
  list(weights = weights, curve = curve)
}
