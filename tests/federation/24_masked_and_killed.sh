#!/usr/bin/env bash
# Proves: a masked question survives a node that dies in the middle, ends
# cleanly when the coordinator does, and gets its answer when it is asked again.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
four_hospitals
federation_stop office $CENTERS
sed -i 's/^heartbeat_ms.*/heartbeat_ms = 500/
s/^deadline_ms.*/deadline_ms = 15000/' "$FED/office/coordinator.conf"
start_office
start_centers $CENTERS
for name in $CENTERS; do wait_opted in exercise-angina "$name"; done
field() { python3 "$root/tests/support/pick.py" "$1"; }

kill -STOP "${PIDS[budapest]}"
ask ada "$UCI/query.json" --wait 60 >"$FED/out" 2>"$FED/err" &
asking=$!
sleep 0.7
kill -KILL "${PIDS[budapest]}"
wait "$asking" || fail "$(cat "$FED/err")"
[ "$(field absent <"$FED/out")" = budapest ] || fail "$(cat "$FED/out")"
[ "$(field privacy <"$FED/out")" = sum ] || fail "$(cat "$FED/out")"

start_centers budapest
wait_connected $CENTERS
echo '{"cohort": "age >= 40", "analyses": [{"count": {}}]}' >"$FED/count.json"
kill -STOP "${PIDS[cleveland]}"
ask ada "$FED/count.json" --wait 60 >"$FED/out" 2>"$FED/err" &
asking=$!
wait_line "$FED/err" '^query'
query=$(sed -n 's/^query //p' "$FED/err")
sleep 0.7
kill -KILL "${PIDS[office]}"
wait "${PIDS[office]}" 2>/dev/null || true
kill "$asking" 2>/dev/null || true
wait "$asking" 2>/dev/null || true
kill -CONT "${PIDS[cleveland]}"
start_office
wait_connected $CENTERS
if "$BIN/cohortium" result fetch "$query" --roster "$FED/roster.json" \
    --key "$FED/people/ada.key" --json >"$FED/out" 2>&1; then
    fail "a masked session came back from the dead"
fi
ask ada "$FED/count.json" >"$FED/out" 2>"$FED/err" || fail "$(cat "$FED/err")"
expected=$(for name in $CENTERS; do tail -n +2 "$UCI/$name.csv"; done |
    awk -F, '$1 + 0 >= 40' | wc -l)
[ "$(field n <"$FED/out")" = "$expected" ] || fail "$(cat "$FED/out")"
