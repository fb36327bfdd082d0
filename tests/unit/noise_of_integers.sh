#!/usr/bin/env bash
# The rule: no floating point before noise is added (Mironov 2012). The sampler
# and the masks know none; in budget.c, where variances are worked
# out from what the study says, none touches what a center adds to its figures.
set -euo pipefail
cd "$(dirname "$0")/../.."
if grep -nwE 'double|float|math\.h' protocol/masking/*.[ch]; then
    echo "floating point in the noise path" >&2
    exit 1
fi
if grep -n 'elements\[element\]' policy/budget.c |
    grep -vE '\+= gaussian_draw\(\(uint64_t\)part\);|bound = \(uint64_t\)'; then
    echo "budget.c adds something else than whole noise" >&2
    exit 1
fi
[ "$(grep -c 'elements\[element\] += gaussian_draw((uint64_t)part);' policy/budget.c)" = 1 ]
