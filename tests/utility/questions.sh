#!/usr/bin/env bash
# The sets of questions over one registry: tests/utility/run has the words.
#
#   questions.sh PATIENTS KEEP DECLARED SET...     KEEP: a folder, or "";
#                                                  DECLARED: "1 2", of the sets
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
. "$(dirname "$0")/../support/projects.sh"
here=$root/tests/utility
size=$1
[ -z "$2" ] || { FED=$2 KEEP=1; rm -rf "$FED"; }
declared=$3
shift 3

# modes SET
modes() {
    echo trusted exploration
    [[ " $declared " != *" $1 "* ]] || echo declared
}

# begin_study SET MODE: asked/SET-MODE has the queries; its researcher has no
# other study, so that it has a memory of its own
begin_study() {
    local name=set-$1-$2
    python3 "$here/prepare.py" "$here/sets/$1"_*.json "$2" "$name" \
        "$FED/asked/$name"
    person "$name"
    study "$FED/asked/$name/study.json" "$name" "$name.study"
    approve carol "$name.study"
    approve dave "$name.study"
    submit_study carol "$name.study" carol.approval dave.approval
    opt_in "$name" $CENTERS
}

# ask_set SET MODE: one after another, as people do; NN.code is 0 where there is
# an answer, NN.out
ask_set() {
    local name=set-$1-$2 query code
    for query in "$FED/asked/$name"/[0-9][0-9].json; do
        code=0
        "$BIN/cohortium" query submit "$query" --study "$FED/$name.study" \
            --roster "$FED/roster.json" --key "$FED/people/$name.key" --json \
            >"${query%json}out" 2>"${query%json}err" || code=$?
        echo "$code" >"${query%json}code"
    done
}

registry --patients "$size"
for set; do
    for mode in $(modes "$set"); do begin_study "$set" "$mode"; done
done
# Studies without a common researcher wait for each other only at centers.
asking=()
for set; do
    for mode in $(modes "$set"); do ask_set "$set" "$mode"; done &
    asking+=($!)
done
wait "${asking[@]}"
quiet "$BIN/cohortium-coordinator" register replay --home "$FED/office"
echo "$size patients"
# What is wrong stands there; nobody needs the logs.
python3 "$here/count.py" "$FED/asked" "$size" || { rm -f "$FED"/*/log; exit 1; }
