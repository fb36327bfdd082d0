#!/usr/bin/env bash
# Proves: the same question gets the same answer, a fit as well; what is imported
# after a study's first question is in none of its answers until its researcher
# moves it, and then in none of the others; a patient who opted
# out of research is in no new answer from the next freeze on, and of one who was
# erased nothing is left; status, list and log name the freezes.
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
people() { # LETTER: forty of them
    echo patient,age,sex
    for i in $(seq 40); do echo "$1$i,70,1"; done
}
people p >"$FED/more.csv"
quiet "$BIN/cohortium-node" import --home "$FED/cleveland" "$FED/more.csv"
tells 'freeze 2 was made' "$BIN/cohortium-node" freeze --home "$FED/cleveland" ||
    fail "no freeze of what was imported"
wait_line "$FED/office/log" "office freezes center=cleveland latest=2"
tells 'nothing changed since freeze 2' \
    "$BIN/cohortium-node" freeze --home "$FED/cleveland" || fail "one too many"
fitted=$(fit)
[[ $fitted == *'"converged":true'* ]] || fail "$fitted"
[ "$(fit)" = "$fitted" ] || fail "the same fit, another answer: $(cat "$FED/err")"
echo '{"cohort": "age >= 60", "analyses": [{"count": {}}]}' >"$FED/count.json"
count() {
    ask ada "$FED/$1.json" 2>"$FED/err" |
        python3 "$root/tests/support/pick.py" n || fail "$1: $(cat "$FED/err")"
}
first=$(count count)
of_age() { # AGE: people of at least that age in the files and freeze 2
    echo $(($(for name in $CENTERS; do tail -n +2 "$UCI/$name.csv"; done |
        awk -F, -v age="$1" '$1 + 0 >= age' | wc -l) + 40))
}
[ "$first" = "$(of_age 60)" ] || fail "$first people of $(of_age 60)"
people q >"$FED/later.csv"
quiet "$BIN/cohortium-node" import --home "$FED/cleveland" "$FED/later.csv"
[ "$(count count)" = "$first" ] || fail "the same question, another answer"
# As many as the limit: what lacks fewer is few until they are back.
for i in $(seq 12); do
    quiet "$BIN/cohortium-node" patient opt-out --home "$FED/cleveland" "p$i"
done
sed 's/60/50/' "$FED/count.json" >"$FED/second.json"
second=$(count second)
[ "$second" = "$(of_age 50)" ] || fail "$second people of $(of_age 50)"
make_freeze cleveland 3
sed 's/60/40/' "$FED/count.json" >"$FED/third.json"
third=$(count third)
[ "$third" = $(($(of_age 40) - 12)) ] ||
    fail "$third people of $(($(of_age 40) - 12)) after the next freeze"
[ "$(count count)" = $((first - 12)) ] || fail "after it, who left is there"
[ "$(fit)" = "$fitted" ] || [[ $(fit) == *'"converged":true'* ]] ||
    fail "after it, the fit is not answered: $(cat "$FED/err")"
# Moved to the latest freezes: what came meanwhile is there, for the same words.
sed 's/{/{"move": 1, /' "$FED/count.json" >"$FED/moved.json"
moved=$(count moved)
[ "$moved" = $((first + 40 - 12)) ] ||
    fail "$moved people of $((first + 40 - 12)) after a move"
[ "$(count count)" = $((first - 12)) ] || fail "after a move, another answer"
ask ada "$FED/moved.json" --out "$FED/moved.result" >/dev/null 2>&1
grep -q '"freezes":{"budapest":1,"cleveland":3,' "$FED/moved.result" ||
    fail "the result names no freezes"
tells 'freezes +budapest 1, cleveland 3' "$BIN/cohortium" result show \
    "$FED/moved.result" || fail "what is shown names no freezes"
for i in $(seq 13 40); do
    quiet "$BIN/cohortium-node" patient erase --home "$FED/cleveland" "p$i"
done
left=$(sqlite3 "$FED/cleveland/registry.sqlite" "SELECT (SELECT count(*) FROM
    patient), (SELECT count(*) FROM exam), (SELECT count(*) FROM erased)")
[ "$left" = "52|$((40 + 12 + $(tail -n +2 "$UCI/cleveland.csv" | wc -l)))|28" ] ||
    fail "after erasures there are $left"
[ "$(count count)" = $((first - 12 - 28)) ] || fail "after erasures, another answer"
tells '"freeze": 3' "$BIN/cohortium-node" status --home "$FED/cleveland" --json ||
    fail "the status names no freeze"
tells 'reads freeze 3' "$BIN/cohortium-node" study list \
    --home "$FED/cleveland" || fail "the list names no freeze"
tells 'freeze_made.*number 3' "$BIN/cohortium-node" audit export \
    --home "$FED/cleveland" || fail "the log names no freeze"
quiet "$BIN/cohortium-node" audit verify --home "$FED/cleveland"
