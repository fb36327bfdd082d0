#!/usr/bin/env bash
# Proves: with the rules at each center, a center that keeps its part of a model
# back does so in every round: the fit is that of the others.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
STUDY=$(mktemp "${TMPDIR:-/tmp}/cohortium-study-XXXXXX")
sed 's/"count"/"count", "glm"/; /"cohort"/d' "$UCI/study.json" >"$STUDY"
PRIVACY=site
four_hospitals
rm -f "$STUDY"
# In Zurich and in Long Beach are few women.
echo '{"analyses": [{"glm": {"formula":
    "disease ~ sex + age", "family": "binomial"}}]}' >"$FED/q.json"
ask ada "$FED/q.json" >"$FED/out" 2>"$FED/err" || fail "$(cat "$FED/err")"
table() { sed 's/.*"table"://; s/\].*//'; }
grep -q '"withheld":{"few":2}' "$FED/out" || fail "$(cat "$FED/out")"
expected=$("$BIN/cohortium" sandbox --json --dictionary "$UCI/dictionary.json" \
    --query "$FED/q.json" "$UCI"/{cleveland,budapest}.csv | table)
[ "$(table <"$FED/out")" = "$expected" ] ||
    fail "$(table <"$FED/out")
    $expected"
