"""span_values.py PROGRAM: how sets are answered, worked out again in fractions.

Sets of people are drawn from a fixed seed; among them are sets planted a few
people away from a whole-number combination of earlier ones (differences,
unions, cycles of four), sets whose coefficients are halves, and people with
several exams. For each the nearest plane, the distance to it and the real
distance are computed without rounding, and the program must have said the same.
"""
import random
import subprocess
import sys
from fractions import Fraction
from math import ceil

K = 11
HALF = Fraction(1, 2)
MARGIN = Fraction(1, 10 ** 6)


class Memory:
    """Anchors as sets of rows, and the exact Gram-Schmidt process over them."""

    def __init__(self, weights):
        self.weights = weights
        self.anchors, self.gram, self.factor, self.norms = [], [], [], []

    def weight(self, rows):
        return sum(self.weights[r] for r in rows)

    def coordinates(self, shared):
        out = []
        for i, row in enumerate(self.factor):
            rest = shared[i] - sum(row[j] * out[j] * self.norms[j]
                                   for j in range(i))
            out.append(Fraction(rest) / self.norms[i])
        return out

    def nearest(self, coordinates):
        left, out = list(coordinates), [0] * len(coordinates)
        for i in reversed(range(len(left))):
            out[i] = ceil(left[i] - HALF)
            assert not HALF < left[i] % 1 <= HALF + MARGIN, "a doubtful tie"
            for j in range(i):
                left[j] -= out[i] * self.factor[i][j]
        return out

    def decide(self, rows, unit):
        shared = [self.weight(rows & a) for a in self.anchors]
        own = self.weight(rows)
        if own < K * unit:
            return shared, own, ("few",)
        y = self.coordinates(shared)
        c = self.nearest(y)
        total = {}
        for count, anchor in zip(c, self.anchors):
            for r in anchor:
                total[r] = total.get(r, 0) + count
        differs = sum(self.weights[r] * ((r in rows) - total.get(r, 0)) ** 2
                      for r in rows | total.keys())
        if differs < K * unit:
            terms = [f"{i}:{n}" for i, n in enumerate(c) if n]
            if not terms or len(terms) > 128 or max(map(abs, c)) > 4:
                return shared, own, ("few",)
            is_set = set(total.values()) <= {0, 1}
            return shared, own, ("combine", is_set, differs, terms)
        real = own - sum(v * v * n for v, n in zip(y, self.norms))
        assert abs(real - 3 * unit) > 1e-5 * unit or real == 3 * unit
        if real < 3 * unit:
            return shared, own, ("few",)
        self.anchors.append(rows)
        self.factor.append(y)
        self.norms.append(real)
        return shared, own, ("exact",)


def few_of(rng, rows, most):
    return set(rng.sample(sorted(rows), min(len(rows), rng.randint(0, most))))


def planted(rng, memory, people):
    """A set a few people away from what earlier answers give."""
    known = memory.anchors
    a, b, c = (rng.choice(known) for _ in range(3))
    base = rng.choice([a, a - b, a | b, a & b, a ^ b, (a | b) - c, a ^ b ^ c,
                       people - a, people - a - b])
    return base ^ few_of(rng, people, 9)


def free(rng, people):
    share = rng.choice([0.01, 0.1, 0.3, 0.5, 0.9])
    return {p for p in people if rng.random() < share}


def halves(people):
    """Six sets of four blocks: half their sum less one block is another."""
    block = [{p for p in people if p % 4 == q} for q in range(4)]
    return [block[0] | block[1], block[0] | block[2], block[1] | block[2],
            block[0], block[3] | block[0], block[3] | block[1], block[2]]


def questions(rng, memory, people, count):
    yield set(people)
    for rows in halves(people) if rng.random() < 0.3 else []:
        yield rows
    for _ in range(count):
        if len(memory.anchors) > 1 and rng.random() < 0.6:
            yield planted(rng, memory, people)
        else:
            yield free(rng, people)


def main(program):
    rng = random.Random(20261201)
    lines, expected, seen = [], [], {}
    for case in range(60):
        unit = rng.choice([1, 1, 2520])
        people = set(range(rng.choice([40, 120, 400])))
        memory = Memory([unit if unit == 1 else unit // rng.choice([1, 1, 2, 3])
                         for _ in people])
        lines.append(f"new {unit} {K}")
        for rows in questions(rng, memory, people, 24):
            shared, own, answer = memory.decide(rows, unit)
            lines.append("ask " + " ".join(map(str, [own, *shared])))
            expected.append(answer)
            kind = "withheld" if answer[0] == "few" and own >= K * unit \
                else answer[0]
            seen[kind] = seen.get(kind, 0) + 1
    said = subprocess.run([program], input="\n".join(lines) + "\n", text=True,
                          check=True, capture_output=True).stdout.splitlines()
    assert len(said) == len(expected), (len(said), len(expected))
    for line, answer in zip(said, expected):
        word, is_set, differs, *terms = line.split()
        assert word == answer[0], (line, answer)
        if word == "combine":
            assert (is_set == "1", int(differs), terms) == answer[1:], (
                line, answer)
    assert len(seen) == 4 and min(seen.values()) > 10, seen
    print(seen, "agree")


main(sys.argv[1])
