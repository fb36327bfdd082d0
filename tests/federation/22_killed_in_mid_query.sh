#!/usr/bin/env bash
# Proves: a coordinator killed in mid-query goes on with the same session when
# it is back, and a node killed in mid-query costs its own answer only.
set -euo pipefail
PRIVACY=plain # what is masked dies with the session: story 24
. "$(dirname "$0")/../support/federation.sh"
four_hospitals
restart_with 3000 60000

kill_office_amid "$UCI/query.json"
end=$((SECONDS + 40))
until "$BIN/cohortium" result fetch "$query" --roster "$FED/roster.json" \
    --key "$FED/people/ada.key" --json >"$FED/result.json" 2>/dev/null; do
    [ "$SECONDS" -lt "$end" ] || fail "no result after the restart"
    sleep 0.3
done
[ "$(python3 "$root/tests/support/pick.py" centers <"$FED/result.json")" = 4 ] ||
    fail "$(cat "$FED/result.json")"

wait_connected $CENTERS # opted in they are all the time
kill -STOP "${PIDS[budapest]}"
sed 's/>= 50/>= 55/' "$UCI/query.json" >"$FED/other.json"
ask ada "$FED/other.json" --wait 60 >"$FED/out" 2>"$FED/err" &
asking=$!
wait_asked "$FED/err"
wait_computed cleveland zurich_basel long_beach
kill -KILL "${PIDS[budapest]}"
wait "$asking" || fail "$(cat "$FED/err")"
[ "$(python3 "$root/tests/support/pick.py" absent <"$FED/out")" = budapest ] ||
    fail "$(cat "$FED/out")"
