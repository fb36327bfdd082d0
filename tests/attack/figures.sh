#!/usr/bin/env bash
# A researcher who asks one question of three centers, with the default limits,
# and reads one patient's figures off the answer. figures.sh ATTACK: exit 0 when
# they come out, 1 when they do not.
set -euo pipefail
. "$(dirname "$0")/asking.sh"

number() { # NAME MAX [EDGES]: every value, so that other defences stand alone
    printf '{"name":"%s","type":"integer","entity":"exam","min":0,"max":%s,' \
        "$1" "$2"
    printf '"edges":[%s]}' "${3:-$(seq -s , 0 "$2")}"
}

# made "NAME..." "VARIABLE,..." ANALYSES [COHORT] < rows: the answer in $work/out
made() {
    cat >"$work/all"
    for i in 0 1 2; do
        {
            tr ' ' , <<<"$1"
            awk -v i=$i 'NR % 3 == i' "$work/all"
        } >"$work/c$i.csv"
    done
    printf '{"id":"made","version":1,"variables":[%s]}' "$2" >"$work/d.json"
    printf '{"cohort": "%s", "analyses": [%s]}' "${4:-}" "$3" >"$work/q.json"
    "$BIN/cohortium" sandbox --json --dictionary "$work/d.json" \
        --query "$work/q.json" "$work"/c?.csv 2>/dev/null >"$work/out" || kept
}

# 120 patients of 30 to 69 years and one of 80, who costs 777
model() { # FORMULA
    {
        for i in $(seq 120); do
            echo "$((30 + i % 40)),$((i % 3)),$((90 + i * 7 % 21))"
        done
        echo 80,3,777
    } | made "age kind cost" \
        "$(number age 120),$(number kind 3),$(number cost 1000)" \
        "{\"lm\": {\"formula\": \"$1\"}}"
    read_off <<'E'
import json, sys
table = json.load(open(sys.argv[1]))["results"][0]["table"]
print("one patient costs %.0f" % (table[0]["estimate"] + table[-1]["estimate"]))
E
}

# The cost of the one patient of 60: two fits whose covariate is a step, at 60
# and at 61, and how many are beyond each.
step_regressors() {
    local analyses= k step
    for k in 60 61; do
        step="I((abs(age - $((k - 1))) - abs(age - $k) + 1)/2)"
        analyses+="{\"lm\": {\"formula\": \"cost ~ $step\"}},"
        analyses+="{\"lm\": {\"formula\": \"$step ~ 1\"}},"
    done
    {
        for i in $(seq 120); do
            age=$((30 + i % 40))
            [ $age != 60 ] || age=59
            echo "$age,$((90 + i * 7 % 21))"
        done
        echo 60,777
    } | made "age cost" "$(number age 120),$(number cost 1000)" "${analyses%,}"
    read_off <<'E'
import json, sys
fits = json.load(open(sys.argv[1]))["results"]
mean = [fits[i]["table"][0]["estimate"] for i in (0, 2)]
younger = [fits[i]["n"] * (1 - fits[i]["table"][0]["estimate"]) for i in (1, 3)]
print("the patient of 60 costs %.0f" % (mean[1] * younger[1] -
                                        mean[0] * younger[0]))
E
}

KINDS='{"name":"kind","type":"category","entity":"exam","categories":[{"code":"a"},{"code":"b"},{"code":"c"}]}'
kinds() { # of kind a, b, c and of none
    local kind
    for kind in a b c ""; do
        yes "$kind,1" | head -n "$1" || true
        shift
    done
}

# One of three centers has 15 patients, of whom one died.
center_effect() {
    for i in 0 1; do
        { echo death; for k in $(seq 120); do echo $((k % 3 == 0)); done; } \
            >"$work/c$i.csv"
    done
    { echo death; echo 1; for k in $(seq 14); do echo 0; done; } >"$work/c2.csv"
    printf '{"id":"made","version":1,"variables":[%s]}' \
        '{"name":"death","type":"boolean","entity":"exam"}' >"$work/d.json"
    printf '{"analyses": [{"glm": {"formula": "death ~ center", %s}}]}' \
        '"family": "binomial"' >"$work/q.json"
    "$BIN/cohortium" sandbox --json --dictionary "$work/d.json" \
        --query "$work/q.json" "$work"/c?.csv 2>/dev/null >"$work/out" || kept
    read_off <<'E'
import json, math, sys
table = json.load(open(sys.argv[1]))["results"][0]["table"]
if table[2].get("estimate") is not None:
    share = 1 / (1 + math.exp(-table[0]["estimate"] - table[2]["estimate"]))
    print("one center lost %.0f of 15 patients" % (15 * share))
E
}

case $attack in
center-effect) center_effect ;;
anybody)
    # 120 patients and one of 80, who costs 777: halving, by whether nobody is
    # told apart from a few.
    {
        for i in $(seq 120); do echo "$((30 + i % 40)),$((90 + i * 7 % 21))"; done
        echo 80,777
    } >"$work/rows"
    low=0 high=1023
    while [ $low -lt $high ]; do
        middle=$(((low + high) / 2))
        made "age cost" "$(number age 120),$(number cost 1023)" \
            '{"count": {}}' "age == 80 and cost <= $middle" <"$work/rows"
        if python3 "$root/tests/support/pick.py" n <"$work/out" >/dev/null 2>&1
        then low=$((middle + 1)); else high=$middle; fi
    done
    [ $low = 777 ] || kept
    gave "one patient costs $low" ;;
small-cell)
    kinds 60 40 5 0 | made "kind one" "$KINDS,$(number one 1)" \
        '{"frequency": {"variable": "kind"}}'
    read_off <<'E'
import json, sys
for row in json.load(open(sys.argv[1]))["results"][0]["table"]:
    if 0 < row.get("n", 0) < 11:
        print(row["n"], "patients are of kind", row["level"])
E
    ;;
hidden-cell)
    kinds 60 40 5 15 | made "kind one" "$KINDS,$(number one 1)" \
        '{"frequency": {"variable": "kind"}}'
    read_off <<'E'
import json, sys
result = json.load(open(sys.argv[1]))["results"][0]
rows = result["table"]
if sum("n" not in row for row in rows) == 1:
    shown = sum(row.get("n", 0) for row in rows)
    print(result["n"] - shown, "patients are of the kind that is hidden")
E
    ;;
histogram-edges)
    for i in $(seq 120); do echo "$((30 + i % 40)),$((90 + i * 7 % 21))"; done |
        made "age cost" "$(number age 120 20,40,60,80,100),$(number cost 1000)" \
            '{"histogram": {"variable": "age", "width": 50}},
             {"histogram": {"variable": "age", "width": 51}}'
    read_off <<'E'
import json, sys
first = [r["table"][0]["n"] for r in json.load(open(sys.argv[1]))["results"]]
print(first[1] - first[0], "patients are 50 years old")
E
    ;;
missing-by-formula)
    # The same cohort; the formula leaves out who is not older than a number.
    for older in 59 60; do
        {
            for i in $(seq 120); do
                echo "$((30 + i % 40)),$((90 + i * 7 % 21))"
            done
        } | made "age cost" "$(number age 120),$(number cost 1000)" \
            "{\"lm\": {\"formula\": \"cost ~ log(age - $older)\"}}"
        n[older]=$(python3 "$root/tests/support/pick.py" n <"$work/out") || kept
    done
    gave "$((n[59] - n[60])) patients are 60 years old" ;;
dominance)
    { for i in $(seq 60); do echo "$i,0"; done; echo "61,777"; } |
        made "who cost" "$(number who 1000),$(number cost 1000)" \
            '{"summary": {"variables": ["cost"]}}'
    read_off <<'E'
import json, sys
row = json.load(open(sys.argv[1]))["results"][0]["table"][0]
if "mean" in row:
    print("one patient costs", round(row["mean"] * row["n"]))
E
    ;;
dominance-of-model)
    # The cost beside a number of everybody's, which alone is no secret.
    { for i in $(seq 60); do echo "$((i % 9)),0"; done; echo "4,777"; } |
        made "age cost" "$(number age 120),$(number cost 1000)" \
            '{"lm": {"formula": "I(cost + age) ~ 1"}}, {"lm": {"formula": "age ~ 1"}}'
    read_off <<'E'
import json, sys
fits = json.load(open(sys.argv[1]))["results"]
both, age = (fit["table"][0]["estimate"] for fit in fits)
print("one patient costs %.0f" % ((both - age) * fits[0]["n"]))
E
    ;;
extreme-quantile | quantile-of-few)
    # Sixty values; or twelve, of twelve patients among 120.
    probs=0,1 missing=0
    [ "$attack" = extreme-quantile ] || { probs=0.1,0.9 missing=108; }
    {
        for i in $(seq 12); do echo "$i,$((i * 30))"; done
        if [ $missing = 0 ]; then
            for i in $(seq 13 60); do echo "$i,$((i * 3))"; done
        fi
        for i in $(seq $missing); do echo "$((i + 60)),"; done
    } | made "who cost" "$(number who 1000),$(number cost 1000)" \
        "{\"quantile\": {\"variable\": \"cost\", \"probs\": [$probs]}}"
    read_off <<'E'
import json, sys
table = json.load(open(sys.argv[1]))["results"][0]["table"]
if "estimate" in table[1]:
    print("one patient's value is", table[1]["estimate"])
E
    ;;
made-vector) model 'cost ~ I(kind*(kind - 1)*(kind - 2)/6)' ;;
step-regressors) step_regressors ;;
saturated) model 'cost ~ factor(kind)' ;;
curve)
    { for i in $(seq 60); do echo "$((i * 29)),1"; done; } |
        made "time death" '{"name":"time","type":"days","entity":"exam","min":0,"max":3650},{"name":"death","type":"boolean","entity":"exam"}' \
            '{"km": {"formula": "Surv(time, death) ~ 1", "grid_days": 1}}'
    read_off <<'E'
import json, sys
for row in json.load(open(sys.argv[1]))["results"][0].get("table", []):
    if row.get("n_event") == 1:
        print("one patient died on day", row["time"])
        break
E
    ;;
*) echo "figures.sh: what is '$attack'?" >&2; exit 2 ;;
esac
