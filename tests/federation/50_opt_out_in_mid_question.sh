#!/usr/bin/env bash
# Proves: a center that opts out while its question is open gives nothing more,
# and says so: it is named as one that refused. Others that hang while it decides
# keep the question open, which is masked.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
four_hospitals
kill -STOP "${PIDS[zurich_basel]}"
ask ada "$UCI/query.json" --wait 60 >"$FED/result.json" 2>"$FED/err" &
asking=$!
# Its keys are out; the coordinator waits for the one that hangs.
progress() {
    sqlite3 "$FED/cleveland/registry.sqlite" \
        'PRAGMA busy_timeout = 5000; SELECT count(*) FROM progress' | tail -n 1
}
end=$((SECONDS + 30))
until [ "$(progress)" = 1 ]; do
    [ "$SECONDS" -lt "$end" ] || fail "cleveland was not asked"
    sleep 0.05
done
quiet "$BIN/cohortium-node" opt-out --home "$FED/cleveland" exercise-angina
kill -CONT "${PIDS[zurich_basel]}"
wait_line "$FED/cleveland/log" 'refused reason=NOT_OPTED_IN' 20
wait "$asking" || true
tells 'NOT_OPTED_IN.*decided anew' "$BIN/cohortium-node" audit show \
    --home "$FED/cleveland" || fail "the reason is not in the log"
! tells ' answered ' "$BIN/cohortium-node" audit show --home "$FED/cleveland" ||
    fail "cleveland voted all the same"
# Its own decision counts towards no lock.
! tells refusals "$BIN/cohortium-node" study list --home "$FED/cleveland" ||
    fail "its own decision was counted"
