#!/usr/bin/env bash
# Proves: a member's rejection is kept by every node that heard of it: an office
# that forgets it, or leaves it out, brings no study back; and 'study submit' of
# a rejection says what it did.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
four_hospitals
question() {
    echo "{\"cohort\": \"age >= $1\", \"analyses\": [{\"count\": {}}]}" \
        >"$FED/q.json"
    ask ada "$FED/q.json" >"$FED/result.json" 2>"$FED/err"
}
question 45 || fail "$(cat "$FED/err")"
quiet "$BIN/cohortium" study approve "$FED/study.json" \
    --key "$FED/people/dave.key" --reject \
    --scores mission=1,merit=1,feasibility=1,team=1 --out "$FED/dave.rejection"
"$BIN/cohortium" study submit "$FED/study.json" "$FED/dave.rejection" \
    --roster "$FED/roster.json" --key "$FED/people/dave.key" \
    >"$FED/said" 2>&1 || fail "$(cat "$FED/said")"
grep -q 'rejected by dave.*no longer' "$FED/said" || fail "$(cat "$FED/said")"
for name in $CENTERS; do
    wait_line "$FED/$name/log" 'study_rejected by="dave"'
done
! question 50 || fail "a rejected study is answered"
# An office that lost it.
federation_stop office
sqlite3 "$FED/office/ledger.sqlite" \
    'DELETE FROM approval WHERE rowid = (SELECT max(rowid) FROM approval)'
start_office
wait_connected $CENTERS
! question 60 || fail "nodes forgot the rejection"
for name in $CENTERS; do
    tells TOO_FEW_SIGNATURES "$BIN/cohortium-node" audit show \
        --home "$FED/$name" || fail "$name did not refuse"
done
