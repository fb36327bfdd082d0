#!/usr/bin/env bash
# Proves: a masked question survives a node that dies in the middle, ends
# cleanly when the coordinator does, and gets its answer when it is asked again.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
four_hospitals
restart_with 3000 60000
field() { python3 "$root/tests/support/pick.py" "$1"; }

kill -STOP "${PIDS[budapest]}"
ask ada "$UCI/query.json" --wait 60 >"$FED/out" 2>"$FED/err" &
asking=$!
wait_asked "$FED/err"
wait_computed cleveland zurich_basel long_beach
kill -KILL "${PIDS[budapest]}"
wait "$asking" || fail "$(cat "$FED/err")"
[ "$(field absent <"$FED/out")" = budapest ] || fail "$(cat "$FED/out")"
[ "$(field privacy <"$FED/out")" = sum ] || fail "$(cat "$FED/out")"

start_centers budapest
wait_connected $CENTERS
echo '{"cohort": "age >= 40", "analyses": [{"count": {}}]}' >"$FED/count.json"
kill_office_amid "$FED/count.json"
wait_connected $CENTERS
if "$BIN/cohortium" result fetch "$query" --roster "$FED/roster.json" \
    --key "$FED/people/ada.key" --json >"$FED/out" 2>&1; then
    fail "a masked session came back from the dead"
fi
ask ada "$FED/count.json" >"$FED/out" 2>"$FED/err" || fail "$(cat "$FED/err")"
expected=$(for name in $CENTERS; do tail -n +2 "$UCI/$name.csv"; done |
    awk -F, '$1 + 0 >= 40' | wc -l)
[ "$(field n <"$FED/out")" = "$expected" ] || fail "$(cat "$FED/out")"
