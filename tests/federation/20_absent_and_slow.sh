#!/usr/bin/env bash
# Proves: a center that does not answer in time is reported and does not stop
# the others; below the study's minimum there is no answer.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
four_hospitals
restart_with 60000 15000 # 3 s a step
kill -STOP "${PIDS[long_beach]}"
ask ada "$UCI/query.json" >"$FED/result.json" 2>"$FED/err" ||
    fail "$(cat "$FED/err")"
[ "$(python3 "$root/tests/support/pick.py" centers <"$FED/result.json")" = 3 ]
[ "$(python3 "$root/tests/support/pick.py" absent <"$FED/result.json")" = \
    long_beach ] || fail "$(cat "$FED/result.json")"
kill -STOP "${PIDS[cleveland]}"
sed 's/>= 50/>= 60/' "$UCI/query.json" >"$FED/other.json"
if ask ada "$FED/other.json" >"$FED/out" 2>&1; then
    fail "two centers answered a study of three"
fi
