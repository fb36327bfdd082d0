#!/usr/bin/env bash
# Proves: an office and a center, or a person's program, of versions that do not
# fit say so on both sides, in the log and in the status, with who must upgrade;
# the center is not taken for connected, and after its upgrade it is.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
lying_federation
install_roster
now=$(sed -n 's/^#define PROTOCOL_VERSION \([0-9]*\)$/\1/p' \
    "$root/protocol/wire/message.h")

# ---- a center of another version at this office ----
start_office
# meet PROTOCOL WHO: says it speaks PROTOCOL; WHO must upgrade
meet() {
    "$BIN/impostor" "$FED/cleveland/node.key" "$FED/roster.json" cleveland \
        "$1" >"$FED/impostor.out" 2>&1 &
    PIDS[impostor]=$!
    wait_line "$FED/impostor.out" '^ready 1'
    wait_line "$FED/office/log" \
        "other_protocol user=center:cleveland .* must_upgrade=$2"
    local end=$((SECONDS + 30))
    until tells "cleveland .*away.*$3 must be upgraded" \
        "$BIN/cohortium-coordinator" status --home "$FED/office"; do
        [ "$SECONDS" -lt "$end" ] || fail "the office's status does not tell"
        sleep 0.1
    done
    federation_stop impostor
    : >"$FED/office/log"
}
meet 1 it "speaks protocol 1, this office $now: its cohortium-node"
meet $((65536 * (now + 1) + now + 3)) coordinator \
    "speaks protocol $((now + 1)) to $((now + 3)), this office $now: cohortium-coordinator"
# Its range reaches down to what this office speaks: it fits.
"$BIN/impostor" "$FED/cleveland/node.key" "$FED/roster.json" cleveland \
    $((65536 * now + now + 3)) >"$FED/impostor.out" 2>&1 &
PIDS[impostor]=$!
wait_connected cleveland
federation_stop impostor
start_center cleveland
wait_connected cleveland
! tells "cleveland.*protocol" "$BIN/cohortium-coordinator" status \
    --home "$FED/office" || fail "a word of versions that fit"
tells "protocol $now$" "$BIN/cohortium-node" status --home "$FED/cleveland" ||
    fail "$("$BIN/cohortium-node" status --home "$FED/cleveland")"
federation_stop cleveland office

# ---- an office of another version, for a center ----
# other_office PROTOCOL WHO WORDS
other_office() {
    : >"$FED/cleveland/log"
    : >"$FED/liar.out"
    LIAR_PROTOCOL=$1 LIAR_WAIT_MS=30000 "$BIN/liar" \
        "$FED/office/coordinator.key" "$FED/roster.json" \
        "$UCI/dictionary.json" none "$FED/study.json" "$QUESTION" \
        "$FED/people/ada.key" "$FED/carol.approval" "$FED/dave.approval" \
        >"$FED/liar.out" 2>&1 &
    PIDS[liar]=$!
    wait_line "$FED/liar.out" '^ready'
    start_center cleveland --coordinator \
        "$(sed -n 's/^ready //p' "$FED/liar.out")"
    wait_line "$FED/cleveland/log" "other_protocol .*must_upgrade=$2"
    tells "\(the coordinator speaks $1: $3 must be upgraded\)" \
        "$BIN/cohortium-node" status --home "$FED/cleveland" ||
        fail "$("$BIN/cohortium-node" status --home "$FED/cleveland")"
    ! grep -q '^ready' "$FED/cleveland/out" || fail "it took that for a welcome"
    federation_stop cleveland liar
}
other_office 1 coordinator "the coordinator"
other_office $((now + 1)) cohortium-node cohortium-node
echo "versions that do not fit are told on both sides"
