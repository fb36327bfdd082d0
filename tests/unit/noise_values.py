"""noise_values.py PROGRAM: what the program writes, worked out again.

Samples are those of algorithms 1 to 3 of Canonne, Kamath and Steinke (arXiv
2004.00010), with fractions, from the same tape. Epsilons are the minimum over
alpha of their proposition 12, to 40 digits: the program's may be larger by
1e-9, never smaller.
"""
import hashlib
import struct
import subprocess
import sys
from decimal import Decimal, getcontext
from fractions import Fraction
from math import floor, isqrt

getcontext().prec = 40
POOL = 2048  # bytes that are asked for at once, and used from the end


class Tape:
    def __init__(self):
        self.block, self.pool = 0, b""

    def word(self):
        if len(self.pool) < 16:
            for _ in range(POOL // 32):
                self.pool += hashlib.sha256(
                    struct.pack("<Q", self.block)).digest()
                self.block += 1
        word, self.pool = self.pool[-16:], self.pool[:-16]
        return int.from_bytes(word, "little")

    def uniform(self, limit):
        while True:
            word = self.word()
            if word >= 2 ** 128 % limit:
                return word % limit

    def bernoulli_ratio(self, top, bottom):
        return self.uniform(bottom) < top

    def exp_small(self, top, bottom):
        k = 1
        while self.bernoulli_ratio(top, bottom * k):
            k += 1
        return k % 2 == 1

    def exp(self, top, bottom):
        while top > bottom:
            if not self.exp_small(1, 1):
                return False
            top -= bottom
        return self.exp_small(top, bottom)

    def laplace(self, t):
        while True:
            u = self.uniform(t)
            if not self.exp(u, t):
                continue
            v = 0
            while self.exp_small(1, 1):
                v += 1
            size = u + t * v
            negative = self.bernoulli_ratio(1, 2)
            if not (negative and size == 0):
                return -size if negative else size

    def gaussian(self, sigma2):
        t = isqrt(floor(sigma2)) + 1
        while True:
            y = self.laplace(t)
            # exp(-gamma), gamma = (|y| - sigma2 / t)^2 / (2 sigma2); the same
            # fraction as the program's, not in lowest terms
            off = abs(y) * t * sigma2.denominator - sigma2.numerator
            bottom = 2 * sigma2.numerator * sigma2.denominator * t * t
            assert (Fraction(off * off, bottom)
                    == (abs(y) - sigma2 / t) ** 2 / (2 * sigma2))
            if self.exp(off * off, bottom):
                return y


def epsilon(rho, delta):
    def at(power):
        alpha = 1 + Decimal(2) ** power
        return (rho * alpha + ((alpha - 1) / alpha).ln()
                - (delta.ln() + alpha.ln()) / (alpha - 1))
    low = min((Decimal(p) / 4 for p in range(-80, 240)), key=at)
    low, high = low - 1, low + 1
    while high - low > Decimal("1e-18"):
        third = (high - low) / 3
        if at(low + third) < at(high - third):
            high -= third
        else:
            low += third
    return max(at(low), Decimal(0))


tape, draws, epsilons = Tape(), 0, 0
for line in subprocess.run([sys.argv[1]], check=True, text=True,
                           capture_output=True).stdout.splitlines():
    kind, first, second, value = line.split()
    if kind == "draw":
        expected = tape.gaussian(Fraction(int(first), int(second)))
        assert int(value) == expected, (line, expected)
        draws += 1
    else:
        expected = epsilon(Decimal(float(first)), Decimal(float(second)))
        more = Decimal(float(value)) - expected
        assert 0 <= more <= Decimal("1e-9") * max(1, expected), (line, expected)
        epsilons += 1
assert draws == 320 and epsilons == 44
print(draws, "draws and", epsilons, "epsilons agree")
