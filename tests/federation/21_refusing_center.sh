#!/usr/bin/env bash
# Proves: a center that refuses is named and does not stop the others; why is in
# its own log alone; its data manager unlocks it.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
four_hospitals
echo 'refusals_to_lock = 1' >"$FED/budapest/node.conf"
federation_stop budapest
start_centers budapest
wait_connected budapest
sqlite3 "$FED/budapest/registry.sqlite" "PRAGMA busy_timeout = 5000;
INSERT INTO refusal (study, time) SELECT id, strftime('%s', 'now', '-3 days') + 0 FROM study" >/dev/null
ask ada "$UCI/query.json" >"$FED/result.json" 2>"$FED/err" ||
    fail "$(cat "$FED/err")"
[ "$(python3 "$root/tests/support/pick.py" refused <"$FED/result.json")" = \
    budapest ] || fail "$(cat "$FED/result.json")"
locked="budapest has locked it"
tells "$locked" "$BIN/cohortium-coordinator" status --home "$FED/office" ||
    fail "the office's status shows no lock"
tells "$locked" "$BIN/cohortium" study list --roster "$FED/roster.json" \
    --key "$FED/people/ada.key" || fail "the researcher's list shows no lock"
! grep -q LOCKED "$FED/result.json" || fail "the reason is in the result"
tells LOCKED "$BIN/cohortium-node" audit show --home "$FED/budapest" ||
    fail "the reason is not in the log"
quiet "$BIN/cohortium-node" study unlock --home "$FED/budapest" exercise-angina
sed 's/>= 50/>= 60/' "$UCI/query.json" >"$FED/other.json"
ask ada "$FED/other.json" >"$FED/result.json" 2>/dev/null
[ "$(python3 "$root/tests/support/pick.py" centers <"$FED/result.json")" = 4 ] ||
    fail "budapest is still locked"
! tells "$locked" "$BIN/cohortium-coordinator" status --home "$FED/office" ||
    fail "the lock is still shown"
