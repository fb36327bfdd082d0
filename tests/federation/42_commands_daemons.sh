#!/usr/bin/env bash
# Proves: what `cohortium-node` and `cohortium-coordinator` say of a home that
# is none, of another's keys or roster, a configuration that is wrong, a file
# that does not fit, a port that is taken; and what they show of themselves.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
. "$root/tests/support/expect.sh"
four_hospitals
N=$BIN/cohortium-node
O=$BIN/cohortium-coordinator
D=$UCI/dictionary.json
H="--home $FED/cleveland"

# ---- init ----
expect 2 "" "init needs --name" "$N" init --home "$FED/new" --dictionary "$D"
expect 2 "" "init needs --name" "$N" init --home "$FED/new" --name new
expect 2 "" "name|a-z" "$N" init --home "$FED/new" --name "New Center" \
    --dictionary "$D"
expect 1 "" "no-such" "$N" init --home "$FED/new" --name new \
    --dictionary "$FED/no-such"
echo '{"id": "d", "variables": [{"name": "age", "type": "intger"}]}' \
    >"$FED/bad.json"
expect 1 "" "bad.json:1:[0-9]+: .*'intger' is none of: integer" \
    "$N" init --home "$FED/new" --name new --dictionary "$FED/bad.json"
expect 1 "" "bad.json:1:[0-9]+: " "$O" init --home "$FED/new" --name o \
    --dictionary "$FED/bad.json" --endpoint tcp://127.0.0.1:1
[ ! -e "$FED/new/node.key" ] || fail "a key was made for nothing"
expect 2 "" "'127.0.0.1:7100' is no endpoint such as tcp" \
    "$O" init --home "$FED/new" --name o --dictionary "$D" \
    --endpoint 127.0.0.1:7100
expect 1 "" "already there" "$N" init $H --name cleveland \
    --dictionary "$D"
expect 1 "" "already there" "$O" init --home "$FED/office" --name o \
    --dictionary "$D" --endpoint tcp://127.0.0.1:1
expect 0 "*" "*" "$N" init --home "$FED/new" --name new --dictionary "$D"
mv "$FED/new/node.key" "$FED/lost.key"
expect 1 "" "new/node.key is lost: put it back from a copy" \
    "$N" status --home "$FED/new"
mv "$FED/lost.key" "$FED/new/node.key"
expect 0 "*" "*" "$O" init --home "$FED/new-office" --name office2 \
    --dictionary "$D" --endpoint "$ENDPOINT"

# ---- a home that is none ----
for command in "import $UCI/cleveland.csv" variables quality "study list" \
    "study show x" "study unlock x" "opt-in x" "opt-out x" status \
    "patient opt-out x" "patient opt-in x" "patient erase x" freeze \
    "audit show" "audit verify" \
    "audit export" serve "roster $FED/roster.json"; do
    expect 1 "" "no-such" "$N" $command --home "$FED/no-such"
done
for command in status "register verify" "register export" serve \
    "roster $FED/roster.json"; do
    expect 1 "" "no-such" "$O" $command --home "$FED/no-such"
done

# ---- keys ----
chmod 640 "$FED/new/node.key"
expect 3 "" "others" "$N" status --home "$FED/new"
chmod 600 "$FED/new/node.key"
echo '{}' >"$FED/new/node.key.bad"
cp "$FED/new/node.key" "$FED/key"
cp "$FED/new/node.key.bad" "$FED/new/node.key"
expect 1 "" "node.key" "$N" status --home "$FED/new"
cp "$FED/key" "$FED/new/node.key"
expect 0 "*" "*" "$N" status --home "$FED/new"

# ---- roster ----
expect 1 "" "no roster is installed" "$N" serve --home "$FED/new"
expect 1 "" "no roster is installed" "$O" serve --home "$FED/new-office" \
    --endpoint 'tcp://127.0.0.1:*'
expect 3 "" "roster" "$N" roster --home "$FED/new" "$FED/roster.json"
expect 3 "" "has other keys" "$O" roster --home "$FED/new-office" "$FED/roster.json"
quiet "$BIN/cohortium" roster create --federation uci-heart --threshold 2 \
    --member "$FED/people/carol.card.json" \
    --member "$FED/people/dave.card.json" --center "$FED/new/card.json" \
    --coordinator "$FED/office/card.json" --endpoint "$ENDPOINT" \
    --out "$FED/unsigned.json"
expect 3 "" "0, needed: 2" "$N" roster --home "$FED/new" \
    "$FED/unsigned.json"
expect 1 "" "*" "$N" roster --home "$FED/new" "$FED/study.json"
expect 1 "" "no-such" "$N" roster --home "$FED/new" "$FED/no-such"
# the installed one is version 1: another version 1 does not follow it
cp "$FED/roster.json" "$FED/roster.kept"
cp "$FED/unsigned.json" "$FED/roster.json"
sign_roster carol dave
expect 3 "" "does not follow|roster" "$N" roster $H "$FED/roster.json"
expect 3 "" "does not follow|roster" "$O" roster --home "$FED/office" \
    "$FED/roster.json"
cp "$FED/roster.kept" "$FED/roster.json"

# ---- import ----
printf 'age,sex\n60,male\n61\n' >"$FED/short.csv"
expect 1 "" "short.csv:3: |short.csv:3:[0-9]+: " "$N" import $H "$FED/short.csv"
printf 'age,sex\n60,"male\n' >"$FED/quote.csv"
expect 1 "" "quote.csv" "$N" import $H "$FED/quote.csv"
printf 'shoe,size\n1,2\n' >"$FED/none.csv"
expect 1 "" "none.csv" "$N" import $H "$FED/none.csv"
printf 'age,sex\n600,male\n' >"$FED/range.csv"
expect 1 "" "range.csv:2:1" "$N" import $H "$FED/range.csv" --strict
expect 0 "*" "*" "$N" import $H "$FED/range.csv" --dry-run --json
expect_json rows added replaced problems
printf 'age,sex\n50,male\n' >"$FED/"$'a\xff\n.csv'
expect 0 "*" "*" "$N" import $H "$FED/"$'a\xff\n.csv' --dry-run --json
expect_json rows added replaced problems
expect 0 "a dry run: nothing of .* was imported" "*" \
    "$N" import $H "$FED/range.csv" --dry-run
printf 'age,sex,exang\n60,man,1\n"6,5",male,perhaps\n' >"$FED/words.csv"
expect 0 "'perhaps' is neither yes nor no; refused" "*" \
    "$N" import $H "$FED/words.csv" --dry-run
expect 0 "'man' is none of the categories: 0 female, 1 male; refused" "*" \
    "$N" import $H "$FED/words.csv" --dry-run
expect 0 "'6,5' is not a number .a decimal point is a point.; refused" "*" \
    "$N" import $H "$FED/words.csv" --dry-run
expect 1 "" "imported before" "$N" import $H "$UCI/cleveland.csv"
expect 1 "" "no-such" "$N" import $H "$FED/no-such.csv"

# ---- what a node shows ----
expect 0 "*" "" "$N" status $H --json
expect_json center exams audit_records
expect 0 "age" "" "$N" variables $H
expect 0 "*" "" "$N" variables $H --json
expect 0 "*" "*" "$N" quality $H age
expect 1 "" "did you mean 'age'" "$N" quality $H agee
expect 0 "exercise-angina" "" "$N" study list $H
expect 0 "*" "" "$N" study list $H --json
expect 0 '"name"' "" "$N" study show $H exercise-angina
expect 1 "" "nothing|no study|not" "$N" study show $H nothing
expect 1 "" "nothing|no study|not" "$N" opt-in $H nothing
echo '{"min_cell": 0}' >"$FED/limits.json"
expect 1 "" "limits.json:1:14: expected a number from 1" "$N" opt-in $H \
    exercise-angina --limits "$FED/limits.json"
echo '{"min_cells": 20}' >"$FED/limits.json"
expect 1 "" "limits.json:1:2: 'min_cells' does not belong here; did you mean" \
    "$N" opt-in $H exercise-angina --limits "$FED/limits.json"
expect 0 "*" "*" "$N" opt-out $H exercise-angina
echo '{"min_cell": 20}' >"$FED/limits.json"
expect 0 "*" "*" "$N" opt-in $H exercise-angina --limits "$FED/limits.json"
expect 1 "" "*" "$N" patient opt-out $H nobody
expect 1 "" "*" "$N" patient erase $H nobody
expect 0 "nothing changed since freeze 1" "" "$N" freeze $H
expect 0 "opted_in|opt" "" "$N" audit show $H --last 5
expect 2 "" "*" "$N" audit show $H --last none
expect 0 "*" "*" "$N" audit verify $H
expect 0 '^\{"sequence":1,' "" "$N" audit export $H

# ---- what the office shows ----
W="--home $FED/office"
expect 0 "cleveland" "" "$O" status $W
expect 0 "*" "" "$O" status $W --json
expect_json studies centers
expect 0 "*" "*" "$O" register verify $W
expect 0 "*" "" "$O" register verify $W --json
expect 0 '^\{' "" "$O" register export $W

# ---- serving ----
expect 1 "" "running|in use|another" "$O" serve $W
rm "$FED/roster.json"
quiet "$BIN/cohortium" roster create --federation other --threshold 1 \
    --member "$FED/people/carol.card.json" --center "$FED/new/card.json" \
    --coordinator "$FED/new-office/card.json" --endpoint "$ENDPOINT" \
    --out "$FED/roster.json"
sign_roster carol
quiet "$O" roster --home "$FED/new-office" "$FED/roster.json"
expect 1 "" "cannot be bound" "$O" serve --home "$FED/new-office"
expect 1 "" "'nowhere' is no endpoint such as tcp" \
    "$O" serve --home "$FED/new-office" --endpoint nowhere
cp "$FED/roster.kept" "$FED/roster.json"
for home in new new-office; do
    program=$N conf=$FED/$home/node.conf
    [ "$home" = new ] || { program=$O conf=$FED/$home/coordinator.conf; }
    expect 0 "*" "" "$program" serve --home "$FED/$home" --check-config
    expect 0 "^[a-z_]+ = " "" "$program" serve --home "$FED/$home" \
        --print-config
    cp "$FED/stdout" "$FED/printed"
    cp "$FED/printed" "$conf" # what is printed is a configuration
    expect 0 "^[a-z_]+ = " "" "$program" serve --home "$FED/$home" \
        --print-config
    cmp -s "$FED/stdout" "$FED/printed" || fail "another configuration"
    for line in 'frobnicate = 1' 'log_level = loud' 'log_level' \
        'log_level = info'; do
        { cat "$FED/printed"; echo "$line"; } >"$conf"
        number=$(wc -l <"$conf")
        expect 1 "" "\.conf:$number:[0-9]+: " "$program" serve \
            --home "$FED/$home" --check-config
        expect 1 "" "\.conf:$number:[0-9]+: " "$program" serve \
            --home "$FED/$home"
    done
    cp "$FED/printed" "$conf"
done
echo "$EXPECTED commands, as expected"
