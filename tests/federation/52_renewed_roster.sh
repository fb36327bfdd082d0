#!/usr/bin/env bash
# Proves: a roster that is renewed while all serve is followed without a
# restart and stops no study that its members approved before; one that says
# since when approvals count does.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
four_hospitals
# Of the same people each time, and another question.
question() {
    echo "{\"cohort\": \"age >= 45\",
        \"analyses\": [{\"summary\": {\"variables\": [\"$1\"]}}]}" \
        >"$FED/q.json"
    ask ada "$FED/q.json" >"$FED/result.json" 2>"$FED/err"
}
# The office has it installed, and tells the nodes.
renew() {
    local version=$1 name
    shift
    roster 2 "carol dave erin" "$CENTERS" --version "$version" "$@"
    sign_roster carol dave
    quiet "$BIN/cohortium-coordinator" roster --home "$FED/office" \
        "$FED/roster.json"
    for name in $CENTERS; do
        wait_line "$FED/$name/log" "session roster version=$version"
    done
    wait_connected $CENTERS
}
question age || fail "$(cat "$FED/err")"
renew 2 --valid-from 2020-01-01
question thalach || fail "renewed: $(cat "$FED/err")"
renew 3 --approvals-from 2090-01-01
! question trestbps || fail "approvals of before count under a roster that forbids it"
