#!/usr/bin/env bash
# Proves: a study with noise says its price before, gives noisy figures with the
# promise they keep, on slots of time, gives the same ones again for nothing,
# refuses nothing for what it sees in exact figures, and ends when its budget is
# used up.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
sed 's/"privacy": "sum"/"privacy": "noise", "noise": {"rho": 0.2, "query_rho": 0.1}/' \
    "$UCI/study.json" >"/tmp/noise-$$.json"
STUDY=/tmp/noise-$$.json
four_hospitals
rm -f "$STUDY"
question() { # COHORT
    echo "{\"cohort\": \"$1\", \"analyses\": [{\"count\": {}}]}" >"$FED/q.json"
    ask ada "$FED/q.json" >"$FED/out" 2>"$FED/err"
}
results() { sed 's/.*"results"://; s/"signature".*//' "$FED/out"; }
echo '{"cohort": "age >= 50", "analyses": [{"count": {}}]}' >"$FED/q.json"
"$BIN/cohortium" query cost "$FED/q.json" --study "$FED/study.json" \
    --dictionary "$UCI/dictionary.json" | grep -q "2 such queries" ||
    fail "the price is not told"
began=$(date +%s%N)
question "age >= 50" || fail "$(cat "$FED/err")"
took=$((($(date +%s%N) - began) / 1000000))
[ "$took" -ge 1250 ] || fail "answers that do not wait for their slots: $took ms"
first=$(results)
grep -q '"epsilon"' "$FED/out" || fail "no promise: $(cat "$FED/out")"
question "age >= 50" || fail "$(cat "$FED/err")"
[ "$(results)" = "$first" ] || fail "other noise for the same question"
echo '{"cohort": "age >= 51", "analyses": [{"crosstab": {"rows": "exang", "columns": "disease"}}]}' >"$FED/q.json"
ask ada "$FED/q.json" >"$FED/out" 2>"$FED/err" ||
    fail "the second: $(cat "$FED/err")"
grep -q '"row":' "$FED/out" || fail "no crosstab: $(cat "$FED/out")"
! grep -q '"p_value"' "$FED/out" || fail "a test on noisy counts"
if question "age >= 60"; then fail "the budget has no end"; fi
tells "limit was reached|LIMIT_REACHED" "$BIN/cohortium-node" audit show \
    --home "$FED/cleveland" || fail "the log does not say why"
