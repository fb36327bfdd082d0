#!/usr/bin/env bash
# Proves: imports disturb no question. While each center takes in a file a second,
# some as the whole registry, and freezes it now and then, cohorts and fits are
# asked all the time: none is refused, and each says what it said before, to the
# last byte.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
ROUNDS=${ROUNDS:-5}
STUDY=$(mktemp)
python3 - "$UCI/study.json" >"$STUDY" <<'END_PYTHON'
import json, sys
study = json.load(open(sys.argv[1]))
study["analyses"] += ["glm"]
study["limits"] = {"queries_per_day": 1000, "queries_total": 1000}
json.dump(study, sys.stdout)
END_PYTHON
four_hospitals
rm -f "$STUDY"
for age in 40 50 60; do
    echo '{"cohort": "age >= '$age'", "analyses": [{"count": {}}]}' \
        >"$FED/count.$age.json"
done
echo '{"cohort": "age >= 50", "analyses": [{"glm":
{"formula": "exang ~ age + sex", "family": "binomial"}}]}' >"$FED/fit.json"
results() { # QUESTION: the figures alone
    ask ada "$FED/$1.json" 2>"$FED/err" |
        sed 's/.*"results"://; s/"signature".*//' || fail "$1: $(cat "$FED/err")"
}
for question in count.40 count.50 count.60 fit; do
    results "$question" >"$FED/$question.before"
done
grep -q '"converged":true' "$FED/fit.before" || fail "$(cat "$FED/fit.before")"

# Until it is told to stop; what an import has to say is kept.
importing() {
    local turn=0 name
    while [ ! -e "$FED/stop" ]; do
        turn=$((turn + 1))
        for name in $CENTERS; do
            {
                echo exam,age,sex,exang
                for i in $(seq 30); do
                    echo "x$turn.$i,$((40 + (turn + i) % 30)),$((i % 2)),$((i % 3 % 2))"
                done
            } >"$FED/$name.$turn.csv"
            how=()
            [ $((turn % 3)) != 0 ] || how=(--replace)
            "$BIN/cohortium-node" import --home "$FED/$name" "${how[@]}" \
                "$FED/$name.$turn.csv" >/dev/null 2>>"$FED/import.err" ||
                echo "$name $turn" >>"$FED/import.failed"
            [ $((turn % 2)) != 0 ] || "$BIN/cohortium-node" freeze \
                --home "$FED/$name" >/dev/null || echo "$name" >>"$FED/import.failed"
        done
        echo "$turn" >"$FED/turns"
        sleep 1
    done
}
importing &
importer=$!
for round in $(seq "$ROUNDS"); do
    for question in count.40 fit count.50 count.60; do
        results "$question" >"$FED/$question.after"
        cmp "$FED/$question.before" "$FED/$question.after" ||
            fail "$question in round $round: another answer"
    done
done
touch "$FED/stop"
wait "$importer"
[ ! -e "$FED/import.failed" ] || fail "$(cat "$FED/import.failed" "$FED/import.err")"
[ "$(cat "$FED/turns")" -ge 2 ] || fail "nothing was imported meanwhile"
for center in $CENTERS; do
    ! grep -q " refused reason=" "$FED/$center/log" ||
        fail "$center refused: $(grep -m 1 refused "$FED/$center/log")"
    tells 'reads freeze 1$' "$BIN/cohortium-node" study list \
        --home "$FED/$center" || fail "$center: the study left its freeze"
    quiet "$BIN/cohortium-node" audit verify --home "$FED/$center"
done
