#!/usr/bin/env bash
# Proves: nodes that serve follow the coordinator to another address that a
# roster names, before it is there and after, and `status` says where they are;
# a node that is given the roster by hand follows too.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
four_hospitals
SERVING="cleveland budapest zurich_basel"
# wait_served ENDPOINT: until those who serve say that they are connected to it
wait_served() {
    local name
    for name in $SERVING; do
        wait_line "$FED/$name/log" "text=\"connected since .* to $1\"" 60
    done
}
wait_status cleveland "^connection  connected since .* to $ENDPOINT"
federation_stop long_beach
old=$ENDPOINT
free_port
ENDPOINT=tcp://127.0.0.1:$PORT
roster 2 "carol dave erin" "$CENTERS" --version 2
sign_roster carol dave
for name in $SERVING; do : >"$FED/$name/log"; done
quiet "$BIN/cohortium-coordinator" roster --home "$FED/office" \
    "$FED/roster.json"
for name in $SERVING; do
    wait_line "$FED/$name/log" 'session roster version=2'
done
# Nobody is at the new address yet: they find the old one again.
wait_served "$old"
wait_status cleveland "^connection  connected since .* to $old"
federation_stop office
sed -i "s|^endpoint.*|endpoint = $ENDPOINT|" "$FED/office/coordinator.conf"
start_office
wait_served "$ENDPOINT"
wait_status cleveland "^connection  connected since .* to $ENDPOINT"
# One that was away looks at the old address until its data manager has the new
# roster, which it takes without a restart.
start_center long_beach
wait_status long_beach "^connection  not connected since .* to $old: .*cannot be reached"
quiet "$BIN/cohortium-node" roster --home "$FED/long_beach" "$FED/roster.json"
wait_status long_beach "^connection  connected since .* to $ENDPOINT"
ask ada "$UCI/query.json" >"$FED/result.json" 2>"$FED/err" ||
    fail "$(cat "$FED/err")"
[ "$(python3 "$root/tests/support/pick.py" centers <"$FED/result.json")" = 4 ] ||
    fail "$(cat "$FED/result.json")"
