#!/usr/bin/env bash
# A researcher (or a coordinator) who asks only what may be asked, and puts the
# answers together. questions.sh ATTACK: exit 0 when few people's figures come
# out, 1 when they do not. Run by tests/attack/run.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
attack=$1
work=$(mktemp -d)
trap 'rm -rf "$work"; [ -z "${FED:-}" ] || federation_stop office $CENTERS 2>/dev/null; rm -rf "${FED:-}"' EXIT
gave() { echo "$1"; exit 0; }
kept() { exit 1; }

count() { # COHORT [ANALYSIS]
    printf '{"cohort": "%s", "analyses": [%s]}' "$1" "${2:-{\"count\": {\}\}}" \
        >"$work/q.json"
    ask ada "$work/q.json" 2>/dev/null >"$work/out" || return 1
    python3 "$root/tests/support/pick.py" n <"$work/out"
}

# made NAME COLUMN ANALYSES < rows: a sandbox of three centers, default limits
made() {
    cat >"$work/all"
    for i in 0 1 2; do
        { echo "$1,$2"; awk -v i=$i 'NR % 3 == i' "$work/all"; } >"$work/c$i.csv"
    done
    printf '{"id":"made","version":1,"variables":[{"name":"%s","type":"integer","entity":"exam","resolution":1,"min":0,"max":1000},{"name":"%s","type":"integer","entity":"exam","resolution":1,"min":0,"max":1000}]}' \
        "$1" "$2" >"$work/d.json"
    printf '{"analyses": [%s]}' "$3" >"$work/q.json"
    "$BIN/cohortium" sandbox --json --dictionary "$work/d.json" \
        --query "$work/q.json" "$work"/c?.csv 2>/dev/null >"$work/out"
}

case $attack in
difference)
    four_hospitals >/dev/null
    all=$(count "age >= 50") || kept
    older=$(count "age >= 51") || kept
    gave "$((all - older)) patients are 50 years old" ;;
tracker)
    four_hospitals >/dev/null
    low=$(count "age >= 40") && high=$(count "age >= 50") || kept
    both=$(count "age >= 40 and age <= 50") || kept
    gave "$((both - low + high)) patients are 50 years old" ;;
small-cell)
    four_hospitals >/dev/null
    count "age >= 70" '{"frequency": {"variable": "sex"}}' >/dev/null || kept
    python3 - "$work/out" <<'E2' || kept
import json, sys
for row in json.load(open(sys.argv[1]))["results"][0].get("table", []):
    if 0 < row.get("n", 0) < 11:
        print(row["n"], "patients with sex", row["level"])
        sys.exit(0)
sys.exit(1)
E2
    exit 0 ;;
one-center)
    four_hospitals >/dev/null
    all=$(count "age >= 50") || kept
    federation_stop budapest
    sleep 1
    rest=$(count "age >= 50" '{"frequency": {"variable": "sex"}}') || kept
    gave "budapest has $((all - rest)) patients of 50 years and more" ;;
dominance)
    { for i in $(seq 60); do echo "$i,0"; done; echo "61,777"; } |
        made who cost '{"summary": {"variables": ["cost"]}}' || kept
    python3 - "$work/out" <<'E2' || kept
import json, sys
row = json.load(open(sys.argv[1]))["results"][0]["table"][0]
if "mean" not in row:
    sys.exit(1)
print("one patient has", round(row["mean"] * row["n"]))
E2
    exit 0 ;;
extreme-quantile)
    { for i in $(seq 60); do echo "$i,$((i * 3))"; done; } |
        made who cost '{"quantile": {"variable": "cost", "probs": [0, 1]}}' ||
        kept
    python3 - "$work/out" <<'E2' || kept
import json, sys
table = json.load(open(sys.argv[1]))["results"][0]["table"]
if "estimate" not in table[1]:
    sys.exit(1)
print("the highest value is", table[1]["estimate"])
E2
    exit 0 ;;
*) echo "questions.sh: what is '$attack'?" >&2; exit 2 ;;
esac
