#!/usr/bin/env bash
# Proves: nothing is refused because it is close to what was answered before,
# and fewer people than the limit never make a difference: a cohort that differs
# by a few is told as the earlier one, in another analysis, by levels, and after
# a restart; one that differs by more is told exactly; the result says whose
# figures it has, and the office's decisions can be worked out again.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
four_hospitals
ask_for() { # COHORT [ANALYSIS [BY]]
    echo "{\"cohort\": \"$1\", \"by\": [${3:-}], \"analyses\": [${2:-{\"count\": {\}\}}]}" \
        >"$FED/q.json"
    ask ada "$FED/q.json" >"$FED/out" 2>"$FED/err" || fail "$1: $(cat "$FED/err")"
}
told() { python3 "$root/tests/support/pick.py" n <"$FED/out"; }
people() { # AWK CONDITION: rows of all centers for which it holds
    for name in $CENTERS; do tail -n +2 "$UCI/$name.csv"; done |
        awk -F, "$1" | wc -l
}
all=$(people '$1 >= 50')
few=$((all - $(people '$1 >= 50 && $1 <= 74')))
{ [ "$few" -gt 0 ] && [ "$few" -lt 11 ]; } || fail "$few people make no story"

ask_for "age >= 50"
[ "$(told)" = "$all" ] || fail "$(told) people of $all"
ask_for "age >= 50 and age <= 74"
[ "$(told)" = "$all" ] || fail "$few people made a difference"
grep -q '(age >= 50 and age <= 74) is answered as (age >= 50)' "$FED/out" ||
    fail "the result does not say whose figures it has: $(cat "$FED/out")"
ask_for "age >= 50 and age <= 74" '{"frequency": {"variable": "sex"}}'
[ "$(told)" = "$all" ] || fail "$few people made a difference in another analysis"
ask_for "age >= 51"
[ "$(told)" = "$(people '$1 >= 51')" ] || fail "many people more: $(told)"

federation_stop $CENTERS
start_centers $CENTERS
wait_connected $CENTERS
ask_for "age >= 50 and age <= 75" '{"summary": {"variables": ["age"]}}'
[ "$(told)" = "$all" ] ||
    fail "forgotten over a restart: $(told)"
ask_for "age >= 50 and age <= 74" '{"count": {}}'
[ "$(told)" = "$all" ] || fail "another answer after a restart: $(told)"

quiet "$BIN/cohortium-coordinator" register replay --home "$FED/office"
for name in $CENTERS; do
    if tells REFUSED "$BIN/cohortium-node" audit show --home "$FED/$name"; then
        fail "$name refused"
    fi
done
