#!/usr/bin/env bash
# Proves: a second process that would serve a home is told which one does, of a
# center and of the office; commands beside it work; `status` says what keeps a
# node from connecting, and what the roster says of a center that it renamed.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
four_hospitals
if "$BIN/cohortium-node" serve --home "$FED/cleveland" 2>"$FED/err"; then
    fail "two processes serve one home"
fi
grep -q "in use by process ${PIDS[cleveland]}" "$FED/err" ||
    fail "$(cat "$FED/err")"
if "$BIN/cohortium-coordinator" serve --home "$FED/office" 2>"$FED/err"; then
    fail "two processes serve one office"
fi
grep -q "in use by process ${PIDS[office]}" "$FED/err" ||
    fail "$(cat "$FED/err")"
"$BIN/cohortium-node" status --home "$FED/cleveland" >"$FED/status"
grep -q "process     ${PIDS[cleveland]}" "$FED/status" ||
    fail "$(cat "$FED/status")"

# Where nothing listens, and where no such host is, once a resolver says so.
federation_stop cleveland budapest
start_center cleveland --coordinator tcp://127.0.0.1:1
start_center budapest --coordinator tcp://no-such-host.invalid:7100
wait_line "$FED/cleveland/log" \
    'not_connected endpoint=tcp://127.0.0.1:1 reason="cannot be reached'
wait_line "$FED/budapest/log" \
    'endpoint=tcp://no-such-host.invalid:7100 reason="the host' 60
wait_status cleveland 'not connected since .*: cannot be reached'
federation_stop cleveland budapest
wait_status cleveland 'no process serves this home'

# A roster that gives cleveland's keys another name.
sed 's/"name": *"cleveland"/"name": "cleveland-2"/' "$FED/cleveland/card.json" \
    >"$FED/card.json"
cp "$FED/cleveland/card.json" "$FED/own.json"
cp "$FED/card.json" "$FED/cleveland/card.json"
roster 2 "carol dave erin" "$CENTERS" --version 2
cp "$FED/own.json" "$FED/cleveland/card.json"
sign_roster carol dave
quiet "$BIN/cohortium-coordinator" roster --home "$FED/office" \
    "$FED/roster.json"
wait_line "$FED/office/log" 'office roster version=2'
start_center cleveland
wait_line "$FED/cleveland/log" "not_on_roster.*calls this center 'cleveland-2'"
if "$BIN/cohortium-node" opt-in --home "$FED/cleveland" exercise-angina \
    2>"$FED/err"; then
    fail "a renamed center is opted in"
fi
grep -q "calls this center 'cleveland-2'" "$FED/err" || fail "$(cat "$FED/err")"
wait_status cleveland "calls this center 'cleveland-2'"
