#!/usr/bin/env bash
# Proves: the same question gets the same answer, a fit as well, also when data
# came in between; a patient who opted out of research is in no new answer.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
STUDY=$(mktemp)
sed 's/"quantile"\]/"quantile", "glm"]/' "$UCI/study.json" >"$STUDY"
four_hospitals
rm -f "$STUDY"
cat >"$FED/fit.json" <<'END'
{"cohort": "age >= 50",
 "analyses": [{"glm": {"formula": "exang ~ age + sex", "family": "binomial"}}]}
END
fit() {
    ask ada "$FED/fit.json" 2>"$FED/err" |
        sed 's/.*"results"://; s/"signature".*//' || fail "$(cat "$FED/err")"
}
fitted=$(fit)
[[ $fitted == *'"converged":true'* ]] || fail "$fitted"
[ "$(fit)" = "$fitted" ] || fail "the same fit, another answer: $(cat "$FED/err")"
echo '{"cohort": "age >= 60", "analyses": [{"count": {}}]}' >"$FED/count.json"
count() {
    ask ada "$FED/$1.json" 2>/dev/null |
        python3 "$root/tests/support/pick.py" n
}
first=$(count count)
{
    echo patient,age,sex
    for i in $(seq 40); do echo "p$i,70,1"; done
} >"$FED/more.csv"
quiet "$BIN/cohortium-node" import --home "$FED/cleveland" "$FED/more.csv"
[ "$(count count)" = "$first" ] || fail "the same question, another answer"
sed 's/60/50/' "$FED/count.json" >"$FED/new.json"
second=$(count new)
# Fewer than the limit would show by what is missing: D13 would refuse.
for i in $(seq 12); do
    quiet "$BIN/cohortium-node" patient opt-out --home "$FED/cleveland" "p$i"
done
sed 's/60/40/' "$FED/count.json" >"$FED/third.json"
third=$(count third)
expected=$(for name in $CENTERS; do tail -n +2 "$UCI/$name.csv"; done |
    awk -F, '$1 + 0 >= 40' | wc -l)
[ "$third" = $((expected + 28)) ] ||
    fail "$third people of $((expected + 28)); before: $second"
