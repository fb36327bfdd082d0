#!/usr/bin/env bash
# Proves: questions beyond what centers take at once wait in turn. Forty of four
# people, masked and all asked in the same moment, are all answered: nobody is
# refused or locked out for it. `query status` says where they stand. What the
# queue has no place for is not said to be under way.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
PEOPLE="bea cleo dora" EACH=10 # beside ada
four_hospitals
person $PEOPLE
python3 - "$UCI/study.json" >"$FED/description.json" <<'END_PYTHON'
import json, sys
study = json.load(open(sys.argv[1]))
study["name"] = "many"
study["cohort"] = ""
study["limits"] = {"queries_per_day": 1000, "queries_total": 1000}
json.dump(study, sys.stdout)
END_PYTHON
researchers=(--researcher "$FED/people/ada.card.json")
for who in $PEOPLE; do
    researchers+=(--researcher "$FED/people/$who.card.json")
done
quiet "$BIN/cohortium" study create "$FED/description.json" \
    --dictionary "$UCI/dictionary.json" "${researchers[@]}" \
    --key "$FED/people/ada.key" --out "$FED/study.json"
approve carol
approve dave
submit_study carol study.json carol.approval dave.approval
opt_in many $CENTERS

asking=()
for i in $(seq "$EACH"); do
    echo '{"cohort": "age >= 40", "analyses": [{"histogram": {"variable":
"age", "width": '"$((5 * i))"'}}]}' >"$FED/q$i.json"
    for who in ada $PEOPLE; do
        ask "$who" "$FED/q$i.json" --wait 100 --out "$FED/$who.$i" \
            >/dev/null 2>"$FED/$who.$i.err" &
        asking+=($!)
    done
done
for pid in "${asking[@]}"; do
    wait "$pid" || fail "$(grep -hv '^query' "$FED"/*.err | sort | uniq -c)"
done
for center in $CENTERS; do
    ! grep -q " refused reason=" "$FED/$center/log" ||
        fail "$center refused: $(grep -m 1 refused "$FED/$center/log")"
    ! tells " refused " "$BIN/cohortium-node" audit show \
        --home "$FED/$center" || fail "$center has written a refusal"
done
"$BIN/cohortium" query status --roster "$FED/roster.json" \
    --key "$FED/people/dora.key" >"$FED/status"
[ "$(grep -c '^[0-9a-f]\{64\}  answered' "$FED/status")" = "$EACH" ] ||
    fail "$(cat "$FED/status")"

# The sums are those of a question that is asked alone.
ask bea "$FED/q3.json" >"$FED/alone.json" 2>/dev/null
python3 - "$FED/alone.json" "$FED/dora.3" <<'END_PYTHON' || fail "other figures"
import json, sys
alone, among = (json.load(open(name))["results"] for name in sys.argv[1:])
assert alone == among and alone[0]["n"] > 0
END_PYTHON

# Beyond what may wait the client asks again by itself, and says in the end that
# the query was not taken. Those that were are answered.
federation_stop office
sed -i 's/^max_open_sessions.*/max_open_sessions = 1/
s/^max_waiting.*/max_waiting = 1/
s/^deadline_ms.*/deadline_ms = 120000/' "$FED/office/coordinator.conf"
start_office
wait_connected $CENTERS
kill -STOP "${PIDS[cleveland]}"
late() { # WHO WIDTH [options]: a histogram that nobody asked before
    echo '{"cohort": "age >= 40", "analyses": [{"histogram": {"variable":
"age", "width": '"$2"'}}]}' >"$FED/late$2.json"
    ask "$1" "$FED/late$2.json" "${@:3}" >"$FED/late$2.out" 2>"$FED/late$2.err"
}
late ada 55 --wait 60 &
asking=($!)
wait_asked "$FED/late55.err"
late bea 60 --wait 60 &
asking+=($!)
wait_line "$FED/late60.err" 'waits, number 1 of 1'
if late cleo 65 --wait 6; then
    fail "a third where one is open and one may wait"
fi
grep -q "queue is full; asking again" "$FED/late65.err" &&
    grep -q "did not say that it took the query" "$FED/late65.err" ||
    fail "$(cat "$FED/late65.err")"
kill -CONT "${PIDS[cleveland]}"
for pid in "${asking[@]}"; do
    wait "$pid" || fail "$(cat "$FED/late55.err" "$FED/late60.err")"
done
