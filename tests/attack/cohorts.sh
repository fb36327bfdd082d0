#!/usr/bin/env bash
# A researcher (or a coordinator) who asks only what may be asked, and puts the
# answers together. cohorts.sh ATTACK: exit 0 when few people's figures come
# out, 1 when they do not.
set -euo pipefail
. "$(dirname "$0")/asking.sh"

# Of the people of 50 years and more those of 75 and more are few: what is
# between answers that hold them and answers that do not is about these alone.
case $attack in
difference)
    hospitals
    all=$(count "age >= 50") && younger=$(count "age >= 50 and age <= 74") || kept
    [ "$all" != "$younger" ] || kept
    gave "$((all - younger)) patients are 75 years old or more" ;;
mean)
    # The same by sums: what all have less what the younger have.
    hospitals
    : >"$work/both"
    for cohort in "age >= 50" "age >= 50 and age <= 74"; do
        ask_for "$cohort" '{"summary": {"variables": ["age"]}}' || kept
        cat "$work/out" >>"$work/both"
    done
    mv "$work/both" "$work/out"
    read_off <<'E'
import json, sys
sums = []
for line in open(sys.argv[1]):
    row = json.loads(line)["results"][0]["table"][0]
    sums.append((row["n"], row["n"] * row["mean"]))
(n, x), (m, y) = sums
if n != m:
    print("%d patients are %.1f years old on average" % (n - m, (x - y) / (n - m)))
E
    ;;
tracker)
    # All less the women are the men, and those of less than 75 years are fewer.
    hospitals
    all=$(count "age >= 50") && women=$(count "age >= 50 and sex = 0") || kept
    younger=$(count "age >= 50 and age <= 74 and sex = 1") || kept
    [ "$((all - women))" != "$younger" ] || kept
    gave "$((all - women - younger)) men are 75 years old or more" ;;
levels)
    # Levels of `by` of two cohorts: men of each, women of each.
    hospitals
    : >"$work/both"
    for cohort in "age >= 50" "age >= 50 and age <= 74"; do
        printf '{"cohort": "%s", "by": ["sex"], "analyses": [{"count": {}}]}' \
            "$cohort" >"$work/q.json"
        ask ada "$work/q.json" 2>/dev/null >>"$work/both" || kept
    done
    mv "$work/both" "$work/out"
    read_off <<'E'
import json, sys
every, younger = ([row.get("n") for row in json.loads(line)["results"]]
                  for line in open(sys.argv[1]))
if every != younger:
    print("%d men are 75 years old or more" % (every[1] - younger[1]))
E
    ;;
two-at-once)
    # Both come while one center hangs: neither is answered when it is compared.
    hospitals
    kill -STOP "${PIDS[cleveland]}"
    for to in 74 80; do
        echo "{\"cohort\": \"age >= 50 and age <= $to\", \"analyses\": [{\"count\": {}}]}" \
            >"$work/$to.json"
        ask ada "$work/$to.json" >"$work/$to.out" 2>"$work/$to.err" &
        asked[to]=$!
    done
    for to in 74 80; do wait_asked "$work/$to.err"; done
    kill -CONT "${PIDS[cleveland]}"
    wait "${asked[74]}" && wait "${asked[80]}" || kept
    n() { python3 "$root/tests/support/pick.py" n <"$work/$1.out"; }
    few=$(($(n 80) - $(n 74))) # many, where cleveland is in one of them alone
    { [ "$few" -gt 0 ] && [ "$few" -lt 11 ]; } || kept
    gave "$few patients are 75 years old or more" ;;
random-subsets)
    # With counts of random halves of thirty ages, one equation each, they are
    # read off; the first of them is no plain cohort.
    hospitals
    n=$(count "age in (41, 43, 44, 48, 50, 51, 55, 56, 60, 62, 65, 66, 69)") ||
        kept
    gave "$n patients are of thirteen scattered ages" ;;
either)
    # One condition or another, smuggled as what is not neither.
    hospitals
    n=$(count "age >= 50 and not (sex = 1 and cp = 4)") || kept
    gave "$n patients of 50 years and more are women or have no asymptomatic pain" ;;
undeclared)
    # A boundary is found with cohorts that nobody read before.
    hospitals 's/"exploration": true/"exploration": false/'
    answer=$(count "age >= 57") || kept
    gave "$answer patients of 57 years and more, whom the study does not name" ;;
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
    make_freeze cleveland 2
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
table-of-the-rest)
    # The men are many fewer than all, but a cell of theirs is not: what is
    # between the two tables is a small cell of the women's.
    hospitals
    : >"$work/both"
    for cohort in "age >= 50" "age >= 50 and sex = 1"; do
        ask_for "$cohort" '{"frequency": {"variable": "cp"}}' || kept
        cat "$work/out" >>"$work/both"
    done
    mv "$work/both" "$work/out"
    read_off <<'E'
import json, sys
every, men = ({row["level"]: row.get("n") for row in
               json.loads(line)["results"][0]["table"]}
              for line in open(sys.argv[1]))
for level in every:
    if None not in (every[level], men.get(level)) and 0 < every[level] - men[level] < 11:
        print("%d women have pain of kind %s" % (every[level] - men[level], level))
E
    ;;
two-way-cell)
    # A regression on two factors, and the means of one of them: its normal
    # equations leave the people of a cell alone unknown.
    hospitals 's/"quantile"/"quantile", "lm"/'
    {
        echo patient,age,sex,exang,trestbps
        for i in $(seq 55); do
            echo "q$i,82,$((i > 22)),$((i > 20 && i < 41)),$((120 + i % 13))"
        done
    } >"$work/more.csv"
    quiet "$BIN/cohortium-node" import --home "$FED/cleveland" "$work/more.csv"
    make_freeze cleveland 2
    ask_for "age >= 80" '{"lm": {"formula": "trestbps ~ sex + exang"}}' || kept
    cp "$work/out" "$work/lm.out"
    printf '{"cohort": "age >= 80", "by": ["sex"], "analyses": [{"summary": {"variables": ["trestbps"]}}]}' \
        >"$work/q.json"
    ask ada "$work/q.json" 2>/dev/null >>"$work/lm.out" || kept
    mv "$work/lm.out" "$work/out"
    read_off <<'E'
import json, sys
fit, means = (json.loads(line)["results"] for line in open(sys.argv[1]))
if "table" in fit[0]:
    b = {row["term"]: row["estimate"] for row in fit[0]["table"]}
    women = means[0]["table"][0]
    rest = women["n"] * (women["mean"] - b["(Intercept)"])
    effect = next(v for name, v in b.items() if name.startswith("exang"))
    print("%d women of 80 years and more have angina by exercise" %
          round(rest / effect))
E
    ;;
one-center)
    # budapest has few people of 62 years and more, whom an answer without it
    # lacks.
    hospitals
    all=$(count "age >= 62") || kept
    federation_stop budapest
    sleep 1
    rest=$(count "age >= 62" '{"frequency": {"variable": "sex"}}') || kept
    [ "$all" != "$rest" ] || kept
    gave "budapest has $((all - rest)) patients of 62 years and more" ;;
boundaries)
    # Eleven people less are told exactly, ten as if they were there: of two
    # cohorts, one or two people apart, the one is on this side and the other on
    # that. Each tells of them; many such are asked. Edges that are far apart
    # make them rare.
    hospitals 's/"privacy"/"limits": {"near_cohorts": 2}, "privacy"/'
    boundaries="40 >= 78 80
42 <= 181 180
46 <= 179 178
49 <= 178 175
52 >= 80 82
52 <= 175 174
55 <= 173 172
58 <= 170 169"
    crossed=0
    while read -r age sign near far; do
        [ "$sign" = ">=" ] && all="thalach >= 40" || all="thalach <= 250"
        told=
        for rate in "$all" "thalach $sign $near" "thalach $sign $far"; do
            printf '{"cohort": "age >= %s and %s", "analyses": [{"count": {}}]}' \
                "$age" "$rate" >"$work/q.json"
            ask_unless_held ada "$work/q.json" 2>/dev/null </dev/null || kept
            told="$told $(python3 "$root/tests/support/pick.py" n <"$FED/out")"
        done
        read -r first second third <<<"$told"
        if [ "$first" = "$second" ] && [ "$second" != "$third" ]; then
            crossed=$((crossed + 1))
        fi
    done <<<"$boundaries"
    [ "$crossed" -ge 4 ] || kept
    gave "$crossed boundaries with a patient or two on them" ;;
many-questions)
    hospitals 's/"privacy"/"limits": {"queries_per_day": 3}, "privacy"/'
    for p in 0.3 0.4 0.5 0.6; do
        ask_for "age >= 50" \
            "{\"quantile\": {\"variable\": \"age\", \"probs\": [$p]}}" || kept
    done
    gave "a fourth answer where three are allowed" ;;
*) echo "cohorts.sh: what is '$attack'?" >&2; exit 2 ;;
esac
