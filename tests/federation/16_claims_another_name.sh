#!/usr/bin/env bash
# Proves: a node that claims another center's name is known by its key alone.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
federation_begin
person carol dave erin ada
office
center $CENTERS
roster 2 "carol dave erin" "$CENTERS"
sign_roster carol dave
install_roster $CENTERS
start_office
"$BIN/impostor" "$FED/long_beach/node.key" "$FED/roster.json" cleveland \
    >"$FED/impostor.out" &
PIDS[impostor]=$!
wait_line "$FED/impostor.out" '^ready 1'
connected() {
    "$BIN/cohortium-coordinator" status --home "$FED/office" --json |
        python3 "$root/tests/support/pick.py" connected
}
wait_connected long_beach
[ "$(connected)" = long_beach ] || fail "connected: $(connected)"
start_centers cleveland
wait_connected cleveland long_beach
[ "$(connected)" = "cleveland long_beach" ] || fail "connected: $(connected)"
