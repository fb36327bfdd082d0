#!/usr/bin/env bash
# Proves: a fit that loses a center between two rounds ends in words; it does not
# go on without that center, which would show its share; and the next question
# is answered, by that center too once it is back.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
STUDY=$(mktemp "${TMPDIR:-/tmp}/cohortium-study-XXXXXX")
sed 's/"count"/"count", "mlp"/' "$UCI/study.json" >"$STUDY"
four_hospitals
rm -f "$STUDY"
restart_with 1000 15000
# A network takes a round an epoch: long enough to be met in the middle.
echo '{"cohort": "age >= 40", "analyses": [{"mlp": {"formula":
    "disease ~ age + sex + thalach", "hidden": 3, "epochs": 1000,
    "seed": 1}}]}' >"$FED/fit.json"
echo '{"cohort": "age >= 40", "analyses": [{"count": {}}]}' >"$FED/count.json"

ask ada "$FED/fit.json" --wait 60 >"$FED/out" 2>"$FED/err" &
asking=$!
end=$((SECONDS + 20))
# All that it says of the first round, five steps, has left.
stage() {
    sqlite3 "$FED/budapest/registry.sqlite" \
        'PRAGMA busy_timeout = 5000; SELECT max(stage) FROM progress' | tail -n 1
}
until [ "$(stage)" = 5 ]; do
    [ "$SECONDS" -lt "$end" ] || fail "no first round"
    sleep 0.05
done
kill -0 "$asking" || fail "over before a center was lost: $(cat "$FED/out")"
kill -KILL "${PIDS[budapest]}"
wait "${PIDS[budapest]}" 2>/dev/null || true
began=$SECONDS
if wait "$asking"; then fail "a fit without a center: $(cat "$FED/out")"; fi
grep -q "lost in the middle of a fit" "$FED/err" || fail "$(cat "$FED/err")"
[ $((SECONDS - began)) -le 10 ] || fail "it took $((SECONDS - began)) s"

start_centers budapest
wait_connected $CENTERS
ask ada "$FED/count.json" >"$FED/out" 2>"$FED/err" || fail "$(cat "$FED/err")"
[ "$(python3 "$root/tests/support/pick.py" centers <"$FED/out")" = 4 ] ||
    fail "$(cat "$FED/out")"
