#!/usr/bin/env bash
# Proves: a question whose people differ by a few from one that was answered is
# refused, in another study as well and after a restart; one that differs by
# nobody, or by many, is answered.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
four_hospitals
count() {
    echo "{\"cohort\": \"$1\", \"analyses\": [${2:-{\"count\": {\}\}}]}" \
        >"$FED/q.json"
    ask ada "$FED/q.json" >"$FED/out" 2>"$FED/err"
}
count "age >= 50" || fail "$(cat "$FED/err")"
if count "age >= 51"; then fail "those of 50 years were shown"; fi
grep -q TOO_FEW "$FED/err" || grep -q centers "$FED/err" ||
    fail "$(cat "$FED/err")"
tells TOO_CLOSE "$BIN/cohortium-node" audit show --home "$FED/cleveland" ||
    fail "the log does not say why"
federation_stop $CENTERS
start_centers $CENTERS
wait_connected $CENTERS
if count "age >= 51"; then fail "forgotten over a restart"; fi
count "age >= 50" '{"frequency": {"variable": "sex"}}' ||
    fail "the same people, another analysis: $(cat "$FED/err")"
count "age >= 40" || fail "many people more: $(cat "$FED/err")"
# 40..49 = (>= 40) without (>= 50): a union, a difference of two that were told
if count "age >= 40 and age <= 50"; then fail "D14: those of 50 years"; fi
