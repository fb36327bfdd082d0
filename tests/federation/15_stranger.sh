#!/usr/bin/env bash
# Proves: a stranger is not served by the coordinator, and a node gives nothing to a
# coordinator with another key than the roster pins.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
lying_federation
export LIAR_WAIT_MS=2500
export NO_OPT_IN=1
LIAR_KEY=$FED/people/mallory.key lie none ada carol.approval dave.approval
expect "no center came"
federation_stop cleveland
install_roster
start_office
status=0
ask mallory "$UCI/query.json" --unchecked >"$FED/out" 2>&1 || status=$?
[ "$status" = 3 ] || fail "a stranger got exit code $status"
grep -q "does not know this key" "$FED/out" || fail "$(cat "$FED/out")"
