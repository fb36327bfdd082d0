#!/usr/bin/env bash
# Proves: the same question gets the same answer, also when data came in
# between; a patient who opted out of research is in no new answer.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
four_hospitals
echo '{"cohort": "age >= 50", "analyses": [{"count": {}}]}' >"$FED/count.json"
count() {
    ask ada "$FED/$1.json" 2>/dev/null |
        python3 "$root/tests/support/pick.py" n
}
first=$(count count)
{
    echo patient,age,sex
    for i in $(seq 40); do echo "p$i,60,1"; done
} >"$FED/more.csv"
quiet "$BIN/cohortium-node" import --home "$FED/cleveland" "$FED/more.csv"
[ "$(count count)" = "$first" ] || fail "the same question, another answer"
sed 's/50/49/' "$FED/count.json" >"$FED/new.json"
second=$(count new)
quiet "$BIN/cohortium-node" patient opt-out --home "$FED/cleveland" p7
sed 's/50/48/' "$FED/count.json" >"$FED/third.json"
third=$(count third)
expected=$(for name in $CENTERS; do tail -n +2 "$UCI/$name.csv"; done |
    awk -F, '$1 + 0 >= 48' | wc -l)
[ "$third" = $((expected + 39)) ] ||
    fail "$third people of $((expected + 39)); before: $second"
