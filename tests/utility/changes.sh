#!/usr/bin/env bash
# Earlier cohorts, in other words and analyses, once one patient came, one was
# corrected and one withdrew (new freezes, a move), and while a center is away
# and after it is back. Each question must be answered, by every center that is
# there. What of their results may be withheld: of a cohort of which the absent
# center has few; of one that held who withdrew, new figures of whom are no more.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
. "$(dirname "$0")/../support/projects.sh"
patients=1500
description=$(mktemp)
cat >"$description" <<'END_STUDY'
{"cohortium": "study", "name": "changes", "version": 1, "title": "Questions amid changes",
 "principal_investigator": "A researcher", "lead_institution": "Tests", "roster": "cmr-registry",
 "variables": ["age_at_exam", "sex", "lvef", "lvedvi", "dx_primary", "hx_mi", "hx_diabetes", "lge_present", "death", "followup_days"],
 "analyses": ["count", "summary", "frequency", "crosstab", "t_test", "km", "logrank"],
 "exploration": true, "privacy": "sum", "min_centers": 3,
 "limits": {"queries_per_day": 1000, "queries_total": 1000},
 "valid_from": "2020-01-01", "valid_until": "2099-01-01"}
END_STUDY

size='{"summary": {"variables": ["lvef", "lvedvi"]}}'
# What is asked first, and the same people in other words.
cohorts=('lvef < 50' 'hx_mi' 'dx_primary = dcm' 'age_at_exam >= 65'
    'dx_primary = normal')
words=('lvef <= 49.9' 'not (not hx_mi)' 'dx_primary in (dcm)'
    'not (age_at_exam < 65)' 'not (dx_primary != normal)')
others=('{"frequency": {"variable": "sex"}}'
    '{"crosstab": {"rows": "hx_diabetes", "columns": "sex"}}'
    '{"t_test": {"formula": "lvedvi ~ sex"}}'
    '{"km": {"formula": "Surv(followup_days, death) ~ 1", "grid_days": 180}}'
    '{"logrank": {"formula": "Surv(followup_days, death) ~ sex", "grid_days": 90}}')

asked=0 withheld=0
# ask_for WHEN CENTERS COHORT ANALYSIS [MORE]: counts entries that are withheld
ask_for() {
    local lacks
    printf '{"cohort": "%s", "analyses": [%s]%s}' "$3" "$4" "${5:-}" \
        >"$FED/q.json"
    ask ada "$FED/q.json" >"$FED/out" 2>"$FED/err" ||
        fail "$1: '$3' is not answered: $(tail -n 1 "$FED/err")"
    [ "$(python3 "$root/tests/support/pick.py" centers <"$FED/out")" = "$2" ] ||
        fail "$1: '$3' is not answered by $2 centers"
    lacks=$(python3 -c 'import json, sys
for e in json.load(sys.stdin)["results"]:
    if "suppressed" in e:
        print("    withheld:", sys.argv[1], e["by"], e["analysis"], e.get("rule"))
' "$3" <"$FED/out")
    asked=$((asked + 1))
    [ -z "$lacks" ] || {
        echo "$lacks"
        withheld=$((withheld + $(wc -l <<<"$lacks")))
    }
}

# ask_again WHEN CENTERS MOVE: all cohorts, in these words and in others, with
# analyses that differ with WHEN
ask_again() {
    local i move=
    [ "$3" = 0 ] || move=", \"move\": $3"
    for i in "${!cohorts[@]}"; do
        ask_for "$1" "$2" "${cohorts[$i]}" "${others[$(((i + turn) % 5))]}" "$move"
        ask_for "$1" "$2" "${words[$i]}" "${others[$(((i + turn + 1) % 5))]}" "$move"
    done
    ask_for "$1" "$2" "${words[0]}" "$size" "$move, \"by\": [\"sex\"]"
    turn=$((turn + 1))
    echo "$1: $asked questions answered, $withheld of their results withheld"
    [ $((withheld * 10)) -le $(("${most:-2}" * asked)) ] ||
        fail "$1: too many results are withheld"
    asked=0 withheld=0
}
turn=0

registry --patients $patients
approved_study "$description"
rm -f "$description"
for cohort in "${cohorts[@]}"; do ask_for first 13 "$cohort" "$size"; done
[ $withheld = 0 ] || fail "$withheld of the first results are withheld"

# row CENTER AWK: its header, and its first exam changed by the program
row() {
    awk -F, -v OFS=, "NR == 1 { print } NR == 2 { $2; print }" \
        "$FED/data/$1.csv" >"$FED/row.csv"
    quiet "$BIN/cohortium-node" import --home "$FED/$1" "$FED/row.csv"
}
# change NAME MOVE CENTER COMMAND...
change() {
    local name=$1 move=$2 center=$3
    shift 3
    "$@"
    freezes[$center]=$((${freezes[$center]:-1} + 1))
    make_freeze "$center" "${freezes[$center]}"
    ask_again "$name" 13 "$move"
}
declare -A freezes=()
change "a patient came" 1 center_01 row center_01 '$1 = "new"; $2 = "new-1"'
change "an exam was corrected" 2 center_02 row center_02 '$21 = 31.5'
most=3 change "a patient withdrew" 3 center_03 quiet "$BIN/cohortium-node" patient \
    opt-out --home "$FED/center_03" "$(sed -n '2s/,.*//p' "$FED/data/center_03.csv")"

# A center that says nothing is away after three heartbeats, of 20 s each.
wait_away() {
    local end=$((SECONDS + 150))
    while office_says "\"name\":\"$1\"[^{}]*\"connected\":true"; do
        [ "$SECONDS" -lt "$end" ] || fail "the office takes $1 for there"
        sleep 0.1
    done
}
# away CENTER MOST: of ten results so many may be few
away() {
    federation_stop "$1"
    wait_away "$1"
    most=$2 ask_again "without $1" 12 3
    start_centers "$1"
    wait_connected "$1"
    most=3 ask_again "$1 is back" 13 3
}
away center_01 3  # 19 % of the patients: many of each cohort
away center_13 20 # 2 %: few of each, so that all may be
quiet "$BIN/cohortium-coordinator" register replay --home "$FED/office"
