#!/usr/bin/env bash
# Proves: a question goes from signed query to signed answer; the answer can be
# checked, fetched again, and one changed byte of it is found; every center has
# it on record, and a changed record is found.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
four_hospitals
ask ada "$UCI/query.json" --out "$FED/result.json" >"$FED/printed.json"
cmp "$FED/result.json" "$FED/printed.json" || fail "file and output differ"
quiet "$BIN/cohortium" result verify "$FED/result.json" \
    --roster "$FED/roster.json"
for pair in result:result.json envelope:study.json envelope:roster.json \
    card:people/ada.card.json; do
    quiet /usr/bin/python3 "$root/tests/unit/schema_check.py" --file \
        "${pair%%:*}" "$FED/${pair#*:}"
done
sed 's/"n":628/"n":629/' "$FED/result.json" >"$FED/changed.json"
cmp -s "$FED/result.json" "$FED/changed.json" && fail "nothing was changed"
status=0
"$BIN/cohortium" result verify "$FED/changed.json" \
    --roster "$FED/roster.json" >/dev/null 2>&1 || status=$?
[ "$status" = 3 ] || fail "a changed result was believed ($status)"
id=$(grep -o '"query_id":"[0-9a-f]*"' "$FED/result.json" | cut -d'"' -f4)
"$BIN/cohortium" result fetch "$id" --roster "$FED/roster.json" \
    --key "$FED/people/ada.key" --json >"$FED/again.json"
cmp "$FED/result.json" "$FED/again.json" || fail "fetched another result"
for name in $CENTERS; do
    quiet "$BIN/cohortium-node" audit verify --home "$FED/$name"
    tells '"event":"answered"' "$BIN/cohortium-node" audit export \
        --home "$FED/$name" || fail "$name has no record"
done
quiet "$BIN/cohortium-coordinator" register verify --home "$FED/office"
federation_stop cleveland
sqlite3 "$FED/cleveland/registry.sqlite" "DROP TRIGGER audit_update;
UPDATE audit SET detail = 'nothing' WHERE event = 'answered'"
if "$BIN/cohortium-node" audit verify --home "$FED/cleveland" 2>/dev/null; then
    fail "a changed record was not found"
fi
