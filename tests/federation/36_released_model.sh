#!/usr/bin/env bash
# Proves: a model that one question released is scored by a later one, over other
# people and for another outcome, and the result says whose model it is; one of
# another study or query, one that was altered, and coefficients that fit no
# formula are refused.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
. "$root/tests/support/expect.sh"
STUDY=$(mktemp)
sed 's/"quantile"\]/"quantile", "glm", "roc"]/' "$UCI/study.json" >"$STUDY"
four_hospitals
sed 's/exercise-angina/other-angina/' "$STUDY" >"$FED/other_described.json"
rm -f "$STUDY"
get() { python3 -c "import json, sys
r = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))" "$FED/$1" "$2"; }
same() { [ "$1" = "$2" ] || fail "$3: $1, not $2"; }

# The model: entry 2 of its result, beside the same curve made in one question.
cat >"$FED/fit.json" <<'END'
{"cohort": "age >= 50",
 "analyses": [{"count": {}},
  {"glm": {"formula": "exang ~ age + sex", "family": "binomial"}},
  {"roc": {"formula": "exang ~ age + sex"}}]}
END
quiet ask ada "$FED/fit.json" --out "$FED/fitted.json"
id=$(get fitted.json "r['query_id']")

# score FILE COHORT ENTRY [QUERY_ID]
score() {
    cat >"$FED/$1" <<END
{"cohort": "$2", "analyses": [{"roc": {"outcome": "exang",
 "model": {"query_id": "${4:-$id}", "entry": $3}}}]}
END
}
with_model() {
    ask ada "$FED/$1" --model "$FED/${2:-fitted.json}" "${@:3}"
}

score again.json "age >= 50" 2
quiet with_model again.json fitted.json --out "$FED/again.out"
same "$(get again.out "r['results'][0]['auc']")" \
    "$(get fitted.json "r['results'][2]['auc']")" "area of the same people"
same "$(get again.out "r['results'][0]['parameters']['of']['query_id']")" \
    "$id" "whose model it is"
quiet "$BIN/cohortium" result verify "$FED/again.out" --roster "$FED/roster.json"
cat >"$FED/women.json" <<END
{"cohort": "age >= 50 and sex = 0", "analyses": [
 {"roc": {"outcome": "exang", "model": {"query_id": "$id", "entry": 2}}}]}
END
quiet with_model women.json fitted.json --out "$FED/women.out"
sed 's/exang/disease/; s/50 and sex = 0/60/' \
    "$FED/women.json" >"$FED/older.json"
quiet with_model older.json fitted.json --out "$FED/older.out"
areas=$(get women.out "len({r['results'][0]['auc'],
    $(get again.out "r['results'][0]['auc']"),
    $(get older.out "r['results'][0]['auc']")})")
same "$areas" 3 "different areas"

# Refused before anything is sent.
expect 2 "" "--model FILE gives its result" ask ada "$FED/again.json"
score counted.json "age >= 50" 1
expect 1 "" "entry 1 of the result is no fitted glm or cox" \
    with_model counted.json
score beyond.json "age >= 50" 4
expect 1 "" "entry 4 of the result is no fitted" with_model beyond.json
score stray.json "age >= 50" 2 "$(printf '%064d' 7)"
expect 3 "" "the model is of query '0+7', the result of query" \
    with_model stray.json
echo '{"cohort": "age >= 50", "analyses": [{"roc": {"formula":
    "exang ~ age + sex", "score": "probability",
    "coefficients": {"(Intercept)": 0, "age": 1}}}]}' >"$FED/few.json"
expect 1 "" "few.json:3:.*no coefficient of 'sex" ask ada "$FED/few.json"
# A digit of a coefficient, and a signature by the researcher herself.
python3 - "$FED/fitted.json" "$FED/altered.json" <<'END'
import re
import sys
text = open(sys.argv[1]).read()
changed = re.sub(r'("estimate":-?\d+\.\d*)(\d)',
                 lambda m: m[1] + str((int(m[2]) + 1) % 10), text, count=1)
assert changed != text
open(sys.argv[2], "w").write(changed)
END
expect 3 "" "altered.json is no result of this federation" \
    with_model again.json altered.json
# Another study of the same researcher, in the same federation: the query file
# names no study, so it is the study it is asked under that counts.
mv "$FED/study.json" "$FED/first_study.json"
study "$FED/other_described.json" ada
approve carol study.json carol.other
approve dave study.json dave.other
submit_study carol study.json carol.other dave.other
opt_in other-angina $CENTERS
expect 3 "" "the model is of study 'exercise-angina', the query of study" \
    with_model again.json
