#!/usr/bin/env bash
# Proves: a study is amended by named cohorts that a member approves, without a
# new opt-in and with the study's memory and counts; not by more than ten, by
# anything else, or without an approval; a rejection takes an amendment back; and
# each data manager sees it.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
STUDY=/tmp/amended-$$.json
sed 's/"exploration": true/"exploration": false, "limits": {"queries_total": 4}/' \
    "$UCI/study.json" >"$STUDY"
four_hospitals
rm -f "$STUDY"

# amend COHORTS OUT [options]
amend() {
    local out=$2
    echo "$1" >"$FED/more.json"
    shift 2
    "$BIN/cohortium" study amend "$FED/more.json" --study "$FED/study.json" \
        --dictionary "$UCI/dictionary.json" --key "$FED/people/ada.key" \
        --out "$FED/$out" "$@" >"$FED/said" 2>&1
}
# vote MEMBER AMENDMENT OUT [--reject]
vote() {
    quiet "$BIN/cohortium" study approve "$FED/$2" --study "$FED/study.json" \
        --key "$FED/people/$1.key" --out "$FED/$3" "${@:4}" \
        --scores mission=8,merit=7,feasibility=9,team=8
}
hand_in() { # FILE...
    "$BIN/cohortium" study submit "$FED/study.json" "${@/#/$FED/}" \
        --roster "$FED/roster.json" --key "$FED/people/carol.key" \
        >"$FED/said" 2>&1
}
question() { # COHORT [options]
    echo "{\"cohort\": \"$1\", \"analyses\": [{\"count\": {}}]}" >"$FED/q.json"
    ask ada "$FED/q.json" "${@:2}" >"$FED/out" 2>"$FED/err"
}
told() { python3 "$root/tests/support/pick.py" n <"$FED/out"; }
people() {
    for name in $CENTERS; do tail -n +2 "$UCI/$name.csv"; done |
        awk -F, "$1" | wc -l
}
# lists CENTER PATTERN: until its data manager sees it
lists() {
    local end=$((SECONDS + 30))
    until tells "$2" "$BIN/cohortium-node" study list --home "$FED/$1"; do
        [ "$SECONDS" -lt "$end" ] || fail "$1 does not list '$2'"
        sleep 0.1
    done
}
says() { grep -q "$1" "$FED/said" || fail "no '$1': $(cat "$FED/said")"; }
denied() { grep -q "$1" "$FED/err" || fail "no '$1': $(cat "$FED/err")"; }

question over-50 || fail "$(cat "$FED/err")"
! question over-60 || fail "a cohort that nobody named is answered"
denied 'study amend'

more='{"cohorts": [{"name": "over-60", "where": "age >= 60"}'
! amend "$more], \"limits\": {\"min_cell\": 1}}" a.json || fail "other limits"
says 'changes nothing else'
many=$more
for i in $(seq 10); do
    many+=", {\"name\": \"over-4$i\", \"where\": \"age >= $((40 + i))\"}"
done
! amend "$many]}" a.json || fail "eleven cohorts"
says 'at most 10'
amend "$more, {\"name\": \"over-50-less-few\", \"where\": \"age >= 50 and age <= 74\"}]}" \
    a.json || fail "$(cat "$FED/said")"

! hand_in a.json || fail "an amendment that nobody approved"
says '0 of the 1 approvals'
vote carol a.json carol.a
hand_in a.json carol.a || fail "$(cat "$FED/said")"
says '2 more cohorts'
for name in $CENTERS; do
    lists "$name" 'amended by over-60, over-50-less-few'
    tells '"where": ?"age >= 60"' "$BIN/cohortium-node" study show \
        --home "$FED/$name" exercise-angina || fail "$name does not show it"
done
tells 'amended by over-60' "$BIN/cohortium" study list \
    --roster "$FED/roster.json" --key "$FED/people/ada.key" ||
    fail "the office does not list it"

question over-60 --amendment "$FED/a.json" || fail "$(cat "$FED/err")"
[ "$(told)" = "$(people '$1 >= 60')" ] || fail "$(told) people"
# The study's memory: a few people make no difference.
question over-50-less-few --amendment "$FED/a.json" || fail "$(cat "$FED/err")"
[ "$(told)" = "$(people '$1 >= 50')" ] || fail "the memory is another's"

# The next follows the last; another that follows the same is not taken.
amend '{"cohorts": [{"name": "men", "where": "sex = 1"}]}' b.json ||
    fail "$(cat "$FED/said")"
vote dave b.json dave.b
! hand_in b.json dave.b || fail "two that follow the study"
says 'does not follow'
amend '{"cohorts": [{"name": "men", "where": "sex = 1"}]}' b.json \
    --amendment "$FED/a.json" || fail "$(cat "$FED/said")"
vote dave b.json dave.b
hand_in b.json dave.b || fail "$(cat "$FED/said")"
# After a restart the office knows both, and the study's count goes on.
federation_stop office
start_office
wait_connected $CENTERS
both=(--amendment "$FED/b.json" --amendment "$FED/a.json")
question men "${both[@]}" || fail "$(cat "$FED/err")"
question women || true
tells LIMIT_REACHED "$BIN/cohortium-node" audit show --home "$FED/cleveland" ||
    fail "an amended study has counts of its own"

# A rejection takes it back, and what follows it.
vote carol a.json carol.no --reject
hand_in carol.no || fail "$(cat "$FED/said")"
! question over-60 --amendment "$FED/a.json" || fail "a rejected amendment"
denied 'not approved any more'
! question men "${both[@]}" || fail "one that follows a rejected one"
lists cleveland 'which a member took back'
