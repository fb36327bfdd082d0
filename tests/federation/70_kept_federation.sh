#!/usr/bin/env bash
# Proves: a federation that older programs left opens with today's: homes and
# ledger are migrated with a copy left beside, logs and register verify, what a
# center had decided still stands, and the same questions get the same bytes (a
# fit the same numbers); a home that a newer program wrote is refused by name.
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

# results FILE: the figures of a result
results() { sed 's/.*"results"://; s/"signature".*//' "$1"; }

# same QUESTION STUDY: fetched, and asked again
same() {
    local kept=$FED/$1.result.json id
    id=$(sed 's/.*"query_id":"\([0-9a-f]*\)".*/\1/' "$kept")
    quiet "$BIN/cohortium" result verify "$kept" --roster "$FED/roster.json"
    "$BIN/cohortium" result fetch "$id" "${with[@]}" --json >"$FED/fetched"
    cmp "$kept" "$FED/fetched" || fail "$1: fetched another result"
    "$BIN/cohortium" query submit "$FED/$1.query.json" --json \
        --study "$FED/$2.json" "${with[@]}" >"$FED/again" 2>"$FED/err" ||
        fail "$1: $(cat "$FED/err")"
    [ "$(results "$kept")" = "$(results "$FED/again")" ] && return
    # The last digits of a fit are those of the program that iterates.
    [ "${3:-}" = fit ] && /usr/bin/python3 - "$kept" "$FED/again" <<'PY' ||
import json, math, sys

def near(a, b):
    if isinstance(a, dict):
        return all(k in b and near(a[k], b[k]) for k in a if k != "iterations")
    if isinstance(a, list):
        return len(a) == len(b) and all(map(near, a, b))
    if isinstance(a, float):
        return math.isclose(a, b, rel_tol=1e-7, abs_tol=1e-9)
    return a == b

sys.exit(not near(*(json.load(open(f))["results"] for f in sys.argv[1:3])))
PY
        fail "$1: asked again, another answer: $(cat "$FED/again")"
}
same once angina-sum
same rounds angina-sum fit
same plain angina-plain
same noise angina-noise
for name in $CENTERS; do
    quiet "$BIN/cohortium-node" audit verify --home "$FED/$name"
done
quiet "$BIN/cohortium-coordinator" register verify --home "$FED/office"
