#!/usr/bin/env bash
# Proves: a center whose database lost a part of what the node signed notices:
# without its -wal, with a damaged one, an old copy, an old copy with the old
# audit.head (the office tells) and when the office has lost it too (the other
# centers tell). It answers nothing, writes nothing, and goes on after recover,
# which opts out.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
four_hospitals
restart_with 1000 60000
home=$FED/cleveland

node() {
    "$BIN/cohortium-node" "$@" --home "$home"
}

# ask_age YEARS: into result.json
ask_age() {
    sed "s/>= 50/>= $1/" "$UCI/query.json" >"$FED/query.json"
    ask ada "$FED/query.json" >"$FED/result.json" 2>"$FED/err" ||
        fail "$(cat "$FED/err")"
}

pick() {
    python3 "$root/tests/support/pick.py" "$1" <"$FED/result.json"
}

kill_hard() {
    kill -KILL "${PIDS[cleveland]}"
    wait "${PIDS[cleveland]}" 2>/dev/null || true
    unset "PIDS[cleveland]"
}

# put FOLDER: the home's database, and its audit.head if the folder has one
put() {
    rm -f "$home"/registry.sqlite*
    cp "$1"/registry.sqlite* "$home/"
    [ ! -f "$1/audit.head" ] || cp "$1/audit.head" "$home/"
}

# expect_behind WHY: no command may write
expect_behind() {
    tells "NOTHING IS ANSWERED" node status || fail "$1: not noticed"
    local status=0
    node opt-in exercise-angina 2>"$FED/err" || status=$?
    [ "$status" = 3 ] || fail "$1: opt-in ended with $status"
    grep -q "cohortium-node recover" "$FED/err" || fail "$(cat "$FED/err")"
}

expect_fine() {
    ! tells "NOTHING IS ANSWERED" node status || fail "$1: $(node status)"
}

# wait_carried: until budapest carries cleveland's head of before the loss
wait_carried() {
    local signer length end=$((SECONDS + 30))
    signer=$(sed -n 's/.*"identity": "\(.*\)".*/\1/p' "$FED/new/audit.head")
    length=$(sed -n 's/.*"length": \([0-9]*\).*/\1/p' "$FED/new/audit.head")
    until [ "$(sqlite3 "$FED/budapest/registry.sqlite" "SELECT count(*) FROM
        witnessed WHERE signer = x'$signer' AND length >= $length")" = 1 ]; do
        [ "$SECONDS" -lt "$end" ] || fail "budapest carries no head"
        sleep 0.2
    done
}

# An old copy, as a backup would have it.
federation_stop cleveland
mkdir "$FED/old" "$FED/new"
cp "$home"/registry.sqlite* "$home/audit.head" "$FED/old/"
start_centers cleveland
wait_connected cleveland
ask_age 50
[ "$(pick centers)" = 4 ] || fail "$(cat "$FED/result.json")"
kill_hard
cp "$home"/registry.sqlite* "$home/audit.head" "$FED/new/"
[ -s "$FED/new/registry.sqlite-wal" ] || fail "there is no -wal to lose"
! node recover 2>/dev/null || fail "recovered from nothing"
expect_fine "killed"

# Without its -wal.
put "$FED/new"
rm -f "$home"/registry.sqlite-*
expect_behind "without -wal"
put "$FED/new"
expect_fine "with -wal again"

# With a damaged one: one byte in the middle.
put "$FED/new"
python3 - "$home/registry.sqlite-wal" <<'PYTHON'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(0, 2)
    middle = file.tell() // 2
    file.seek(middle)
    byte = file.read(1)
    file.seek(middle)
    file.write(bytes([byte[0] ^ 1]))
PYTHON
rm -f "$home/registry.sqlite-shm"
expect_behind "damaged -wal"

# Without audit.head, or with one that was changed.
put "$FED/new"
rm "$home/audit.head"
expect_behind "without audit.head"
put "$FED/new"
sed -i 's/"length": [0-9]*/"length": 1/' "$home/audit.head"
expect_behind "changed audit.head"

# The old copy beside the present audit.head: the daemon refuses.
put "$FED/old"
cp "$FED/new/audit.head" "$home/"
expect_behind "old copy"
start_centers cleveland
wait_connected cleveland
before=$(sqlite3 "$home/registry.sqlite" "SELECT count(*) FROM audit")
ask_age 60
[ "$(pick refused)" = cleveland ] || fail "$(cat "$FED/result.json")"
[ "$(sqlite3 "$home/registry.sqlite" "SELECT count(*) FROM audit")" = \
    "$before" ] || fail "something was written"
federation_stop cleveland

# The old copy with its own audit.head: the office knows better.
put "$FED/old"
expect_fine "old copy and old audit.head, before anybody tells"
: >"$home/log"
start_centers cleveland
wait_line "$home/log" 'error past behind'
expect_behind "old copy and old audit.head"
federation_stop cleveland

# The same, and the office has lost what it knew: the other centers carry it.
wait_carried
federation_stop office budapest zurich_basel long_beach
sqlite3 "$FED/office/ledger.sqlite" "DELETE FROM head"
put "$FED/old"
: >"$home/log"
start_office
start_centers cleveland
wait_connected cleveland
! grep -q 'past behind' "$home/log" || fail "who told?"
start_centers budapest
wait_line "$home/log" 'error past behind'
expect_behind "old copy, told by a witness"
start_centers zurich_basel long_beach
for name in $CENTERS; do wait_opted in exercise-angina "$name"; done

# The data manager goes on; the running daemon follows.
quiet "$BIN/cohortium-node" recover --home "$home"
wait_line "$home/log" 'info past recovered'
wait_opted out exercise-angina cleveland
expect_fine "recovered"
opt_in exercise-angina cleveland
ask_age 40
[ "$(pick centers)" = 4 ] || fail "$(cat "$FED/result.json")"
quiet "$BIN/cohortium-node" audit verify --home "$home"
tells "recovered.*era 2" node audit show || fail "$(node audit show)"

# What was kept of the first era says nothing against the second.
federation_stop cleveland
start_centers cleveland
expect_fine "in the second era"
! node recover 2>/dev/null || fail "recovered from nothing"
