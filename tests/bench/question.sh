# The time of a whole question over 13 nodes, and of a later round of a fit, for
# tests/bench/run. Source it after federation.sh and federation_begin; needs
# $FED/center.csv, and the functions field, ratio and line.

CENTERS=$(printf 'c%02d ' $(seq 13))
ASKED=80 # questions a median

# bench_study PRIVACY: $FED/PRIVACY.study, submitted and opted in everywhere
bench_study() {
    python3 - "$UCI/study.json" "$1" >"$FED/description.json" <<'END_PYTHON'
import json, sys
study = json.load(open(sys.argv[1]))
study["cohort"] = ""
study["name"] = "bench-" + sys.argv[2]
study["privacy"] = sys.argv[2]
study["analyses"].append("mlp")
study["limits"] = {"queries_per_day": 100000, "queries_total": 100000}
json.dump(study, sys.stdout)
END_PYTHON
    study "$FED/description.json" ada "$1.study"
    approve carol "$1.study"
    approve dave "$1.study"
    submit_study carol "$1.study" carol.approval dave.approval
    opt_in "bench-$1" $CENTERS
}

# bench_federation: 13 nodes with the rows of center.csv, a plain and a masked
# study
bench_federation() {
    local name
    person carol dave ada
    office
    center $CENTERS
    roster 2 "carol dave" "$CENTERS"
    sign_roster carol dave
    install_roster $CENTERS
    for name in $CENTERS; do
        quiet "$BIN/cohortium-node" import --home "$FED/$name" \
            "$FED/center.csv"
    done
    start_office
    start_centers $CENTERS
    bench_study plain
    bench_study sum
    echo '{"cohort": "thalach >= %d", "by": ["sex"], "analyses": [{"summary":
{"variables": ["age", "thalach"]}}, {"crosstab": {"rows": "exang", "columns":
"disease"}}]}' >"$FED/sums.template"
}

# bench_question PRIVACY TEMPLATE TIMES FIRST: JSON
bench_question() {
    "$BIN/bench_question" "$FED/roster.json" "$FED/people/ada.key" \
        "$UCI/dictionary.json" "$FED/$1.study" "$FED/$2.template" "$3" "$4"
}

# broadcast STEP...: microseconds, the median
broadcast() {
    "$BIN/bench_broadcast" 13 200 "$@" | field median_us
}

# question_lines PRIVACY "STEPS": the question against the bare broadcast of its
# bytes, and against the floor that STEPS describe
question_lines() {
    local asked ours bare floor
    asked=$(bench_question "$1" sums "$ASKED" 70)
    ours=$(field median_us <<<"$asked")
    bare=$(broadcast "$(field open_bytes <<<"$asked"):$(field summary_bytes \
        <<<"$asked")")
    floor=$(broadcast $(eval "echo $2"))
    line "a $1 question to 13 nodes / bare CURVE broadcast" "$ours us" \
        "$bare us" "$(ratio "$ours" "$bare")"
    line "  / its signatures, keys, syncs and messages alone" "$ours us" \
        "$floor us" "$(ratio "$ours" "$floor")"
}

# What 13 nodes cannot do without: request:reply:verify:agree:sign:sync:check.
# Plain: header and query are verified, the record is signed and synced. Masked,
# nine votes needed: two key pairs; 12 keys, and two products with each; the
# vote with its record, the reveal with its.
PLAIN_STEPS='$(field open_bytes <<<"$asked"):$(field summary_bytes <<<"$asked"):2:0:1:1'
MASKED_STEPS='$(field open_bytes <<<"$asked"):180:2:2:1:0:1 '\
'1760:1440:12:24:1:0:1 2490:$(field summary_bytes <<<"$asked"):0:0:1:0:1 '\
'1350:110:0:0:2:1:1 930:510:8:0:1:1'

# A round is timed by networks of few and of many epochs over a handful of rows
# at each center: what a round costs, not what is counted in it. In turn with
# them the bare broadcast of the same bytes, and that with the masks that
# each center must compute; of all turns the median.
FEW=20 MANY=120 TURNS=5
TAG_BYTES=16
MASKS=:0:0:0:0:0:12

# bench_epochs COUNT: a template; another seed makes it another question
bench_epochs() {
    echo '{"unit": "exam", "cohort": "age > 75", "analyses": [{"mlp":
{"formula": "disease ~ thalach", "hidden": 1, "seed": %d, "epochs": '"$1"'}}]}' \
        >"$FED/epochs_$1.template"
}

# round_turn TURN: microseconds of a round, of the bare broadcast, with masks
round_turn() {
    local few many bytes
    few=$(bench_question sum "epochs_$FEW" 3 $(($1 * 10)))
    many=$(bench_question sum "epochs_$MANY" 3 $(($1 * 10)))
    bytes=$(field round_bytes <<<"$many"):$(($(field summary_bytes \
        <<<"$many") + TAG_BYTES))
    echo "$((($(field median_us <<<"$many") - $(field median_us <<<"$few")) / \
        (MANY - FEW))) $(broadcast "$bytes") $(broadcast "$bytes$MASKS")"
}

round_line() {
    local turn round bare masked
    bench_epochs "$FEW"
    bench_epochs "$MANY"
    read -r round bare masked < <(for turn in $(seq "$TURNS"); do
        round_turn "$turn"
    done | python3 -c 'import statistics, sys
turns = [map(int, line.split()) for line in sys.stdin]
print(*(round(statistics.median(c)) for c in zip(*turns)))')
    line "a later round of a masked fit / bare CURVE broadcast" "$round us" \
        "$bare us" "$(ratio "$round" "$bare")"
    line "  / its masks and messages alone" "$round us" "$masked us" \
        "$(ratio "$round" "$masked")"
}

question_table() {
    question_lines plain "$PLAIN_STEPS"
    question_lines sum "$MASKED_STEPS"
    round_line
}
