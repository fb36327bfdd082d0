# The time of a whole question over 13 nodes, for tests/bench/run. Source it
# after federation.sh and federation_begin; needs $FED/center.csv.

CENTERS=$(printf 'c%02d ' $(seq 13))

# bench_study PRIVACY: $FED/PRIVACY.study, submitted and opted in everywhere
bench_study() {
    python3 - "$UCI/study.json" "$1" >"$FED/description.json" <<'END_PYTHON'
import json, sys
study = json.load(open(sys.argv[1]))
study["cohort"] = ""
study["name"] = "bench-" + sys.argv[2]
study["privacy"] = sys.argv[2]
study["analyses"].append("glm")
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

# bench_question PRIVACY TEMPLATE ROUNDS: JSON
bench_question() {
    "$BIN/bench_question" "$FED/roster.json" "$FED/people/ada.key" \
        "$UCI/dictionary.json" "$FED/$1.study" "$FED/$2" "$3"
}
