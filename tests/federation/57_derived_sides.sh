#!/usr/bin/env bash
# Proves: a variable that the study derives, with fewer people than the limit on
# one side, lets nobody tell these few: their own side is few, and the other is
# told as what it was cut out of, in whatever order both are asked.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
STUDY=/tmp/sides-$$.json
sed 's/"derived": \[/&{"name": "aged", "label": "Aged", "where": "age >= 75 or age >= 80"},/' \
    "$UCI/study.json" >"$STUDY"
four_hospitals
rm -f "$STUDY"
question() { # COHORT
    echo "{\"cohort\": \"$1\", \"analyses\": [{\"count\": {}}]}" >"$FED/q.json"
    ask ada "$FED/q.json" >"$FED/out" 2>"$FED/err" || fail "$1: $(cat "$FED/err")"
}
told() { python3 "$root/tests/support/pick.py" n <"$FED/out"; }
is_few() { grep -qE '"rule": ?"few"' "$FED/out" || fail "$1: $(cat "$FED/out")"; }
people() {
    for name in $CENTERS; do tail -n +2 "$UCI/$name.csv"; done |
        awk -F, "$1" | wc -l
}
aged=$(people '$1 >= 75')
{ [ "$aged" -gt 0 ] && [ "$aged" -lt 11 ]; } || fail "$aged people make no story"

question "aged"
is_few aged
# The whole first, then what is left of it without them.
all=$(people '$1 >= 40')
question "age >= 40"
[ "$(told)" = "$all" ] || fail "$(told) people of $all"
question "not aged"
[ "$(told)" = "$all" ] || fail "$(told) people: $aged of $all made a difference"
question "not aged and age >= 75"
is_few "nobody"
# What is left first, then the whole that it was cut out of.
left=$(people '$1 >= 50 && $2 == 1 && $1 < 75')
question "age >= 50 and sex = 1 and not aged"
[ "$(told)" = "$left" ] || fail "$(told) people of $left"
question "age >= 50 and sex = 1"
[ "$(told)" = "$left" ] || fail "$(told) people: few made a difference"
question "age >= 50 and sex = 1 and aged"
is_few "men"
