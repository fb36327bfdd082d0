#!/usr/bin/env bash
# Proves: cohorts within two people of an earlier one that was answered otherwise
# are counted; at as many as the study's limits say its questions wait for the
# committee, who see both questions of each pair and sign that it goes on; whoever
# asks is told no more than that they wait; it holds over a restart, and can be
# worked out again.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
STUDY=/tmp/near-$$.json
DICTIONARY=/tmp/near-$$-dictionary.json
cut_everywhere age thalach
sed 's/"privacy"/"limits": {"near_cohorts": 2}, "privacy"/' \
    "$UCI/study.json" >"$STUDY"
four_hospitals
rm -f "$STUDY" "$DICTIONARY"

put() {
    echo "{\"cohort\": \"$1\", \"analyses\": [{\"count\": {}}]}" >"$FED/q.json"
}
question() { # COHORT
    put "$1"
    ask ada "$FED/q.json" >"$FED/out" 2>"$FED/err" || fail "$1: $(cat "$FED/err")"
}
people() {
    for name in $CENTERS; do tail -n +2 "$UCI/$name.csv"; done |
        awk -F, "$1" | wc -l
}
begins() { # COHORT: answered, or it waits
    put "$1"
    ask_unless_held ada "$FED/q.json"
}
as() { # PERSON COMMAND... of studies and queries
    local who=$1
    shift
    "$BIN/cohortium" "$@" --roster "$FED/roster.json" \
        --key "$FED/people/$who.key"
}
near() { # how many the office lists
    "$BIN/cohortium-coordinator" register near --home "$FED/office" --json |
        wc -l
}

# Ten people less make no difference, eleven do: the two differ by one.
[ "$(people '$1 >= 40 && $8 != "?" && $8 < 78')" = 10 ] || fail "other data"
[ "$(people '$1 >= 40 && $8 != "?" && $8 < 80')" = 11 ] || fail "other data"
question "age >= 40 and thalach >= 40"
question "age >= 40 and thalach >= 78"
[ "$(near)" = 0 ] || fail "one that is answered as the earlier one counts"
question "age >= 40 and thalach >= 80"
[ "$(near)" = 1 ] || fail "$(near) pairs, one expected"
question "age >= 40 and thalach >= 80" # the same again
question "sex = 1"
[ "$(near)" = 1 ] || fail "the same set counts twice"
question "age >= 55 and thalach >= 40"
question "age >= 55 and thalach <= 173"
question "age >= 55 and thalach <= 172"
[ "$(near)" = 2 ] || fail "$(near) pairs, two expected"

# One of the next questions waits.
waits=
for from in 52 54 56 58 60; do
    if ! begins "age >= $from"; then waits=$from; break; fi
done
[ -n "$waits" ] || fail "five more questions, and none waits"
found=$(near)
as ada query status >"$FED/said"
grep -q 'waiting.*waits for the committee' "$FED/said" || fail "$(cat "$FED/said")"
as ada study list --json >"$FED/said"
! grep -q 'near' "$FED/said" || fail "who asks is told of near cohorts"
! as ada study continue "$FED/study.json" >"$FED/said" 2>&1 ||
    fail "a researcher lets his study go on"

# The office forgets nothing over a restart; whoever waits asks again.
federation_stop office
start_office
wait_connected $CENTERS
kill "$ASKING" 2>/dev/null || true
wait "$ASKING" 2>/dev/null || true
! begins "age >= 62" || fail "a restart lets it go on"

as carol study continue "$FED/study.json" >"$FED/said"
grep -q '(age >= 40 and thalach >= 80), query' "$FED/said" &&
    grep -q 'beside (age >= 40 and thalach >= 78), query' "$FED/said" ||
    fail "the committee does not see both: $(cat "$FED/said")"
! as carol study continue "$FED/study.json" --seen 1 >"$FED/said" 2>&1 ||
    fail "a member signs for what he has not seen"
as carol study continue "$FED/study.json" --seen "$found" >"$FED/said" 2>&1 ||
    fail "$(cat "$FED/said")"
wait "$ASKING" || fail "it does not go on: $(cat "$FED/err")"
question "age >= 64"
tells 'study_continued' "$BIN/cohortium-coordinator" register export \
    --home "$FED/office" || fail "the register does not have it"

quiet "$BIN/cohortium-coordinator" register replay --home "$FED/office"
federation_stop office
sqlite3 "$FED/office/ledger.sqlite" 'DELETE FROM near WHERE number = 1'
if "$BIN/cohortium-coordinator" register replay --home "$FED/office" \
    >"$FED/said" 2>&1; then
    fail "a pair that is gone is not missed"
fi
grep -q 'near cohorts' "$FED/said" || fail "$(cat "$FED/said")"
