# The synthetic registry of 13 centers and the five projects that ask it. Source
# it after federation.sh.

PROJECTS=$root/tests/data/projects
DICTIONARY=$root/tests/data/synthesize/dictionary.json
FEDERATION=cmr-registry
CENTERS=$(printf 'center_%02d ' $(seq 1 13))

# registry [options of synthesize]: centers with their data, committee of three,
# one researcher, all connected
registry() {
    local name
    federation_begin
    quiet "$BIN/synthesize" "$@" "$FED/data"
    house "$CENTERS"
    for name in $CENTERS; do
        quiet "$BIN/cohortium-node" import --home "$FED/$name" \
            "$FED/data/$name.csv"
    done
    start_office
    start_centers $CENTERS
}

# approved_study DESCRIPTION: signed, approved, and every center opted in
approved_study() {
    study "$1" ada
    approve carol
    approve dave
    submit_study carol study.json carol.approval dave.approval
    opt_in "$(sed -n 's/.*"name": "\([^"]*\)".*/\1/p' "$1")" $CENTERS
}

# The scores of project 4: the first component's loadings as a question.
scores_query() { # RESULT
    quiet "$BIN/cohortium" result export "$1" --out "$FED/tables"
    # The loading is the last column: a label before it may hold a comma.
    LC_ALL=C awk -F , '$1 == "1" { printf "%+.3f*%s", $NF, $2 }' \
        "$FED/tables/01_pca_loadings.csv" | sed 's/^+//
s/.*/{"study": "tetralogy-atlas", "cohort": "dx_primary = tof",\
    "analyses": [{"lm": {"formula":\
    "I(&) ~ pulm_regurg_vol + age_at_exam + sex"}}]}/'
}

# answer_project N OUT: asks what the project asks; OUT_2.json is the answer to
# its second query, where it has one
answer_project() {
    local second=
    rm -f "$2.json" "$2_2.json"
    ask ada "$PROJECTS/$1/query.json" --out "$2.json" >/dev/null 2>"$FED/err" ||
        fail "$(cat "$FED/err")"
    case $1 in
    3) second=$PROJECTS/3/query_medical.json ;;
    4) second=$FED/scores.json
       scores_query "$2.json" >"$second" ;;
    esac
    [ -z "$second" ] ||
        ask ada "$second" --out "$2_2.json" >/dev/null 2>"$FED/err" ||
        fail "$(cat "$FED/err")"
}

# project_story N: asked with masked sums; the answers are $FED/answer*.json
project_story() {
    registry
    approved_study "$PROJECTS/$1/study.json"
    answer_project "$1" "$FED/answer"
    grep -q '"privacy":"sum"' "$FED/answer.json" || fail "the sums were not masked"
}
