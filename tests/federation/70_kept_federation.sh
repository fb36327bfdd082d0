#!/usr/bin/env bash
# Proves: a federation that older programs left opens with today's: homes and
# ledger are migrated with a copy left beside, logs and register verify, what a
# center had decided still stands, results are fetched as they were, studies are
# asked about their whole; a home that a newer program wrote is refused by name.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
CENTERS="cleveland budapest long_beach"
federation_begin
tar -xzf "$root/tests/data/kept/2026-11-26.tar.gz" -C "$FED"
chmod 600 "$FED"/people/*.key
# It listened elsewhere: the roster's endpoint is overruled on all sides.
sed -i "s|^endpoint.*|endpoint = $ENDPOINT|" "$FED/office/coordinator.conf"
for name in $CENTERS; do
    sed -i "s|^coordinator.*|coordinator = $ENDPOINT|" "$FED/$name/node.conf"
done

# version FILE: of a store
version() { sqlite3 "$1" "PRAGMA user_version"; }
center fresh
office_home=$FED/fresh-office
quiet "$BIN/cohortium-coordinator" init --home "$office_home" --name office \
    --dictionary "$UCI/dictionary.json" --endpoint "$ENDPOINT"

# migrated FILE BEFORE NEW: FILE has NEW's version, and where that is another
# than BEFORE a copy beside it has BEFORE's
migrated() {
    local now
    now=$(version "$3")
    [ "$(version "$1")" = "$now" ] || fail "$1 was not migrated"
    [ ! -e "$1.before-v$now.part" ] || fail "half a copy beside $1"
    [ "$2" != "$now" ] || return 0
    [ "$(version "$1.before-v$now")" = "$2" ] || fail "no copy beside $1"
    [ "$(stat -c %a "$1.before-v$now")" = 600 ] || fail "the copy can be read"
    [ "$(sqlite3 "$1.before-v$now" "PRAGMA integrity_check")" = ok ] ||
        fail "the copy beside $1 is damaged"
}

quiet "$BIN/cohortium-coordinator" register verify --home "$FED/office"
migrated "$FED/office/ledger.sqlite" 1 "$office_home/ledger.sqlite"
for name in $CENTERS; do
    "$BIN/cohortium-node" status --home "$FED/$name" --json >"$FED/status"
    for fact in '"exams": 80' '"roster_versions": 2' '"studies": 4'; do
        grep -q "$fact" "$FED/status" || fail "$name: $(cat "$FED/status")"
    done
    quiet "$BIN/cohortium-node" audit verify --home "$FED/$name"
    quiet "$BIN/cohortium-node" quality --home "$FED/$name"
    migrated "$FED/$name/registry.sqlite" 6 "$FED/fresh/registry.sqlite"
done

# One that a newer program wrote is refused by name, and left as it is.
expect_newer() { # FILE PROGRAM COMMAND...
    local file=$1 program=$2 known
    shift 2
    known=$(version "$file")
    sqlite3 "$file" "PRAGMA user_version = 99" >/dev/null
    if "$@" >"$FED/out" 2>&1; then fail "a newer $file was opened"; fi
    grep -q "written by a newer $program (store version 99, this program knows $known)" \
        "$FED/out" || fail "$(cat "$FED/out")"
    [ "$(version "$file")" = 99 ] || fail "a newer $file was changed"
}
expect_newer "$FED/fresh/registry.sqlite" cohortium-node \
    "$BIN/cohortium-node" status --home "$FED/fresh"
expect_newer "$office_home/ledger.sqlite" cohortium-coordinator \
    "$BIN/cohortium-coordinator" status --home "$office_home"
tells '"patients_opted_out": 1' "$BIN/cohortium-node" status \
    --home "$FED/cleveland" --json || fail "an opt-out was forgotten"
tells '"studies_opted_in": 3' "$BIN/cohortium-node" status \
    --home "$FED/budapest" --json || fail "budapest's opt-out was forgotten"

start_office
start_centers $CENTERS
wait_connected $CENTERS
with=(--roster "$FED/roster.json" --key "$FED/people/ada.key"
    --coordinator "$ENDPOINT")

# still QUESTION STUDY [whole]: its result is fetched as it was. It brings a cohort of
# its own, and the study neither names it nor explores: asked again it is told
# what to ask. With "whole" the study's whole is asked about.
still() {
    local kept=$FED/$1.result.json id
    id=$(sed 's/.*"query_id":"\([0-9a-f]*\)".*/\1/' "$kept")
    quiet "$BIN/cohortium" result verify "$kept" --roster "$FED/roster.json"
    "$BIN/cohortium" result fetch "$id" "${with[@]}" --json >"$FED/fetched"
    cmp "$kept" "$FED/fetched" || fail "$1: fetched another result"
    if "$BIN/cohortium" query submit "$FED/$1.query.json" --json \
        --study "$FED/$2.json" "${with[@]}" >"$FED/again" 2>"$FED/err"; then
        fail "$1: a cohort that the study does not name was answered"
    fi
    grep -q 'declares no cohorts: leave "cohort" out to ask about its whole' \
        "$FED/err" || fail "$1: $(cat "$FED/err")"
    [ "${3:-}" = whole ] || return 0
    sed 's/"cohort": "[^"]*", //' "$FED/$1.query.json" >"$FED/whole.json"
    "$BIN/cohortium" query submit "$FED/whole.json" --json \
        --study "$FED/$2.json" "${with[@]}" >"$FED/whole" 2>"$FED/err" ||
        fail "$1: $(cat "$FED/err")"
    grep -q '"cohort": *"age >= 40"' "$FED/whole" || fail "$1: of another cohort"
    grep -q '"centers": *3' "$FED/whole" || fail "$1: a center did not answer"
}
still once angina-sum
still rounds angina-sum
still plain angina-plain
still noise angina-noise whole # noise is compared with nobody
for name in $CENTERS; do
    quiet "$BIN/cohortium-node" audit verify --home "$FED/$name"
done
quiet "$BIN/cohortium-coordinator" register verify --home "$FED/office"
