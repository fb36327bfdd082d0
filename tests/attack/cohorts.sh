#!/usr/bin/env bash
# A researcher (or a coordinator) who asks only what may be asked, and puts the
# answers together. cohorts.sh ATTACK: exit 0 when few people's figures come
# out, 1 when they do not.
set -euo pipefail
. "$(dirname "$0")/asking.sh"

# The second is asked without budapest.
without_budapest() { # COHORT ANOTHER
    local all rest
    hospitals
    all=$(count "$1") || kept
    federation_stop budapest
    sleep 1
    rest=$(count "$2" '{"frequency": {"variable": "sex"}}') || kept
    gave "budapest has $((all - rest)) patients of 50 years and more"
}

case $attack in
difference)
    hospitals
    all=$(count "age >= 50") && older=$(count "age >= 51") || kept
    gave "$((all - older)) patients are 50 years old" ;;
tracker)
    hospitals
    low=$(count "age >= 40") && high=$(count "age >= 50") || kept
    both=$(count "age >= 40 and age <= 50") || kept
    gave "$((both - low + high)) patients are 50 years old" ;;
two-at-once)
    # Both come while one center hangs: neither is answered when it is compared.
    hospitals
    kill -STOP "${PIDS[cleveland]}"
    for from in 50 51; do
        echo "{\"cohort\": \"age >= $from\", \"analyses\": [{\"count\": {}}]}" \
            >"$work/$from.json"
        ask ada "$work/$from.json" >"$work/$from.out" 2>"$work/$from.err" &
        asked[from]=$!
    done
    for from in 50 51; do wait_asked "$work/$from.err"; done
    kill -CONT "${PIDS[cleveland]}"
    wait "${asked[50]}" && wait "${asked[51]}" || kept
    n() { python3 "$root/tests/support/pick.py" n <"$work/$1.out"; }
    gave "$(($(n 50) - $(n 51))) patients are 50 years old" ;;
reconstruction)
    # Thirty ages, counts of random halves of them, one equation each. What a
    # center refuses is left; with this seed D13 refuses little.
    hospitals
    : >"$work/told"
    failed=0
    python3 - >"$work/halves" <<'E'
import random
random.seed(1172)
for i in range(64):
    print(*sorted(random.sample(range(40, 70), 15)), sep=", ")
E
    while [ "$(wc -l <"$work/told")" -lt 31 ] && read -r ages; do
        n=$(count "age in ($ages)") &&
            [ "$(python3 "$root/tests/support/pick.py" centers <"$work/out")" = 4 ] ||
            { [ $((failed += 1)) -lt 12 ] && continue || kept; }
        echo "$n; $ages" >>"$work/told"
    done <"$work/halves"
    mv "$work/told" "$work/out"
    read_off <<'E'
import sys
from fractions import Fraction
rows = []
for line in open(sys.argv[1]):
    n, ages = line.split(";")
    ages = {int(age) for age in ages.split(",")}
    rows.append([Fraction(age in ages) for age in range(40, 70)] + [Fraction(n)])
if len(rows) < 30:
    sys.exit(1)
for c in range(30):
    pivot = next(r for r in range(c, len(rows)) if rows[r][c])
    rows[c], rows[pivot] = rows[pivot], rows[c]
    rows[c] = [x / rows[c][c] for x in rows[c]]
    for r in range(len(rows)):
        if r != c and rows[r][c]:
            rows[r] = [x - rows[r][c] * y for x, y in zip(rows[r], rows[c])]
if any(row[30] for row in rows[30:]):
    sys.exit(1)
print("how many are of each age:", *(row[30] for row in rows[:5]), "...")
E
    ;;
many-questions)
    hospitals 's/"privacy"/"limits": {"queries_per_day": 3}, "privacy"/'
    for p in 0.3 0.4 0.5 0.6; do
        ask_for "age >= 50" \
            "{\"quantile\": {\"variable\": \"age\", \"probs\": [$p]}}" || kept
    done
    gave "a fourth answer where three are allowed" ;;
guessing)
    # What is refused says something; one who may try for ever learns it.
    hospitals
    configure refusals_to_lock 2
    count "age >= 50" >/dev/null || kept
    for variable in sex disease; do
        ask_for "age >= 51" "{\"frequency\": {\"variable\": \"$variable\"}}" ||
            true
    done
    count "age >= 41" >/dev/null || kept
    gave "an answer after any number of refusals" ;;
second-exam)
    # The same people twice, by patient and by exam: what is between them is the
    # second exam of one.
    hospitals
    {
        echo patient,age,sex,trestbps
        for i in $(seq 40); do echo "p$i,70,1,$((120 + i % 7))"; done
        echo p1,70,1,180
    } >"$work/more.csv"
    quiet "$BIN/cohortium-node" import --home "$FED/cleveland" "$work/more.csv"
    quiet "$BIN/cohortium-node" freeze --home "$FED/cleveland"
    for unit in patient exam; do
        printf '{"cohort": "age >= 50", "unit": "%s", "analyses": [{"summary": {"variables": ["trestbps"]}}]}' \
            $unit >"$work/$unit.json"
        ask ada "$work/$unit.json" 2>/dev/null >"$work/$unit.out" || kept
    done
    cat "$work/patient.out" "$work/exam.out" >"$work/out"
    read_off <<'E'
import json, sys
sums = []
for line in open(sys.argv[1]):
    row = json.loads(line)["results"][0]["table"][0]
    sums.append((row["n"], row["n"] * row["mean"]))
(n, x), (m, y) = sums
if m - n == 1:
    print("the second exam of one patient says %.0f" % (y - x))
E
    ;;
one-center) without_budapest "age >= 50" "age >= 50" ;;
one-center-reworded) without_budapest "age >= 50" "age >= 50 and age >= 45" ;;
*) echo "cohorts.sh: what is '$attack'?" >&2; exit 2 ;;
esac
