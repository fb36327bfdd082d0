"""fits.py FILE FIT: scikit-learn's glm or mlp on the pooled rows, in seconds.

glm is logistic regression, best of three; mlp the same networks as ours, all
rows and all but those of each center, once.
"""
import csv
import sys
import time
import warnings

import numpy
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

names = ["age_at_exam", "sex", "hx_hypertension", "hx_diabetes", "lvef"]
rows = [row for row in csv.DictReader(open(sys.argv[1]))
        if all(row[n] != "" for n in names)]
x = numpy.array([[float(row[n]) for n in names] for row in rows])
y = numpy.array([int(row["death"]) for row in rows])
center = numpy.array([int(row["center"]) for row in rows])


def solver_of():
    solver = {"solver": "newton-cholesky"}
    try:
        LogisticRegression(penalty=None, **solver).fit(x[:100], y[:100])
    except ValueError:  # older than 1.2
        solver = {"solver": "newton-cg"}
    return solver


def glm(solver):
    LogisticRegression(penalty=None, max_iter=50, **solver).fit(x, y)


def mlp(epochs):
    z = (x - x.mean(0)) / x.std(0)
    for held_out in [-1, *numpy.unique(center)]:
        kept = center != held_out
        MLPClassifier(
            hidden_layer_sizes=(8,), activation="tanh", solver="adam",
            batch_size=int(kept.sum()), learning_rate_init=0.02, alpha=0.001,
            max_iter=epochs, n_iter_no_change=epochs, tol=0.0,
            random_state=1).fit(z[kept], y[kept])


def timed(fit, argument, times):
    best = 1e9
    for _ in range(times):
        start = time.perf_counter()
        fit(argument)
        best = min(best, time.perf_counter() - start)
    return best


warnings.simplefilter("ignore")
print("%.3f s" % (timed(glm, solver_of(), 3) if sys.argv[2] == "glm"
                  else timed(mlp, 200, 1)))
