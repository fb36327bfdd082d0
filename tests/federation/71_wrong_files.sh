#!/usr/bin/env bash
# Proves: a card given for a key, a key for a card, a key of the wrong person and
# the roster of another federation are each called what they are, in one
# sentence; nothing that somebody signed is written over; the next version of a
# roster is made from the one before it.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
. "$root/tests/support/expect.sh"
CENTERS="cleveland budapest long_beach"
C=$BIN/cohortium
federation_begin
P=$FED/people
house "$CENTERS"
study "$UCI/study.json" ada
approve carol
SCORES=mission=8,merit=7,feasibility=9,team=8
R=$FED/roster.json

# ---- the wrong file ----
expect 1 "" "carol.card.json is the card \(public keys\) of 'carol'; a person's key is expected, see .*carol.key" \
    "$C" roster sign "$R" --key "$P/carol.card.json"
! grep -q chmod "$FED/stderr" || fail "advice that harms"
# A name with an end of line in it cannot look like another message.
expect 1 "" "a.x0Acohortium: all is well" \
    "$C" study show "$FED/a"$'\n'"cohortium: all is well"
[ "$(wc -l <"$FED/stderr")" = 1 ] || fail "$(cat "$FED/stderr")"
expect 1 "" "carol.key is the secret key of 'carol'; a card is expected, see .*carol.card.json" \
    "$C" roster create --federation f --member "$P/carol.key" \
    --coordinator "$FED/office/card.json" --endpoint tcp://127.0.0.1:7 \
    --out "$FED/x"
expect 1 "" "study.json is the study 'exercise-angina'; a signed roster is" \
    "$C" roster sign "$FED/study.json" --key "$P/carol.key"
expect 1 "" "roster.json is the roster of federation 'uci-heart'; a signed study is" \
    "$C" study show "$R"
expect 1 "" "carol.approval is an approval of a study; a signed study is" \
    "$C" study check "$FED/carol.approval" --dictionary "$UCI/dictionary.json"
expect 1 "" "dictionary.json is the dictionary .*; a signed roster is" \
    "$BIN/cohortium-node" roster --home "$FED/cleveland" "$UCI/dictionary.json"
expect 1 "" "query.json is a query; a signed roster is" \
    "$BIN/cohortium-coordinator" roster --home "$FED/office" "$UCI/query.json"
expect 1 "" "study.json is a study's description, which 'cohortium study create' checks and signs; a signed study is" \
    "$C" study show "$UCI/study.json"
expect 1 "" "study.json is the study 'exercise-angina'; a result" \
    "$C" result show "$FED/study.json"
printf '\xff\xfe{\0}\0' >"$FED/wide.json"
expect 1 "" "wide.json is a file with the form UTF-16" \
    "$C" result show "$FED/wide.json"
expect 1 "" "wide.json is a file with the form UTF-16" \
    "$C" roster sign "$FED/wide.json" --key "$P/carol.key"
# The mark of Windows' programs is read past in what people write.
for file in dictionary query; do
    { printf '\xef\xbb\xbf'; cat "$UCI/$file.json"; } >"$FED/$file.json"
done
quiet "$C" query check "$FED/query.json" --dictionary "$FED/dictionary.json"

# ---- the wrong person ----
cp "$R" "$FED/before.json"
expect 3 "" "ada is no member of the committee of .*roster.json" \
    "$C" roster sign "$R" --key "$P/ada.key"
cmp "$R" "$FED/before.json" || fail "a stranger's signature was added"
expect 3 "" "ada is no member of the committee of .*roster.json" \
    "$C" study approve "$FED/study.json" --key "$P/ada.key" --roster "$R" \
    --scores "$SCORES" --out "$FED/ada.approval"
[ ! -e "$FED/ada.approval" ] || fail "a stranger approved"
expect 0 "carol approves" "not checked whether carol is on the committee" \
    "$C" study approve "$FED/study.json" --key "$P/carol.key" \
    --scores "$SCORES" --out "$FED/x"
expect 0 "carol approves" "" \
    "$C" study approve "$FED/study.json" --key "$P/carol.key" --roster "$R" \
    --scores "$SCORES" --out "$FED/x"
expect 3 "" "ada is no member of the committee" \
    "$C" study submit "$FED/study.json" "$FED/carol.approval" --roster "$R" \
    --key "$P/ada.key"
expect 3 "" "the key of carol is none of the researchers of .*study.json \(ada" \
    "$C" query submit "$UCI/query.json" --study "$FED/study.json" \
    --roster "$R" --key "$P/carol.key"
mkdir "$FED/other"
quiet "$C" keys new --name carol --no-passphrase --out "$FED/other/carol.key"
expect 3 "" "carol has another key than the carol of .*roster.json's committee" \
    "$C" roster sign "$R" --key "$FED/other/carol.key"

# ---- another federation's roster ----
O=$FED/other/roster.json
quiet "$C" roster create --federation elsewhere --threshold 1 \
    --member "$P/carol.card.json" --center "$FED/cleveland/card.json" \
    --coordinator "$FED/office/card.json" --endpoint "$ENDPOINT" --out "$O"
quiet "$C" roster sign "$O" --key "$P/carol.key"
expect 3 "" "roster.json is the roster of federation 'elsewhere'; the study .*study.json is of 'uci-heart'" \
    "$C" query submit "$UCI/query.json" --study "$FED/study.json" \
    --roster "$O" --key "$P/ada.key"
expect 3 "" "is the roster of federation 'elsewhere'" \
    "$C" study verify "$FED/study.json" "$FED/carol.approval" --roster "$O"
expect 3 "" "is the roster of federation 'elsewhere'" \
    "$C" study approve "$FED/study.json" --key "$P/carol.key" --roster "$O" \
    --scores "$SCORES" --out "$FED/y"
expect 3 "" "this is the roster of federation 'elsewhere', not of 'uci-heart'" \
    "$BIN/cohortium-node" roster --home "$FED/cleveland" "$O"
expect 3 "" "elsewhere" \
    "$BIN/cohortium-coordinator" roster --home "$FED/office" "$O"

# ---- the next version ----
expect 1 "" "roster.json is a roster that 2 signed; .*--from .*makes its next version" \
    "$C" roster create --from "$R" --out "$R"
expect 1 "" "study.json is the study" "$C" roster create --from "$R" \
    --out "$FED/study.json"
person frank
center zurich_basel
N=$FED/roster-2.json
expect 0 "roster uci-heart version 2, to be signed by 2 of 3 members" "" \
    "$C" roster create --from "$R" --remove erin \
    --member "$P/frank.card.json" --center "$FED/zurich_basel/card.json" \
    --out "$N"
expect 2 "" "no member and no center of that name" \
    "$C" roster create --from "$R" --remove nobody --out "$FED/y"
expect 2 "" "a next version stays one of 'uci-heart'" \
    "$C" roster create --from "$R" --federation other --out "$FED/y"
expect 3 "" "erin is no member" "$C" roster sign "$N" --key "$P/erin.key"
expect 0 "signed by erin" "" \
    "$C" roster sign "$N" --key "$P/erin.key" --previous "$R"
expect 0 "signed by carol" "" "$C" roster sign "$N" --key "$P/carol.key"
expect 0 "signed by frank" "" "$C" roster sign "$N" --key "$P/frank.key"
/usr/bin/python3 - "$R" "$N" <<'PY' || fail "the next version lost something"
import base64, json, sys
old, new = (json.loads(base64.b64decode(json.load(open(f))["payload"]))
            for f in sys.argv[1:3])
names = lambda r, k: [x["name"] for x in r[k]]
assert names(new, "committee") == ["carol", "dave", "frank"], new["committee"]
assert names(new, "centers") == names(old, "centers") + ["zurich_basel"]
assert new["coordinator"] == old["coordinator"]
assert new["threshold"] == old["threshold"] and new["version"] == 2
assert new["valid_from"] == old["valid_from"]
PY
for name in $CENTERS; do
    quiet "$BIN/cohortium-node" roster --home "$FED/$name" "$N"
done
quiet "$BIN/cohortium-coordinator" roster --home "$FED/office" "$N"

# ---- a study's mistakes, all at once ----
cat >"$FED/many.json" <<'JSON'
{
  "cohortium": "study",
  "name": "Exercise Angina",
  "version": 0,
  "titel": "Exercise angina",
  "principal_investigator": "Ada Lovelace",
  "lead_institution": "Demonstration",
  "roster": "uci-heart",
  "variables": ["age", "Sex", "bnp", "thalac"],
  "analyses": ["count", "logistic", "summry"],
  "cohort": "age >= 40 && sex = 1",
  "valid_from": "2020-01-01",
  "valid_until": "1.1.2099"
}
JSON
expect 1 "" "many.json: 12 things are wrong" \
    "$C" study create "$FED/many.json" --dictionary "$UCI/dictionary.json" \
    --researcher "$P/ada.card.json" --key "$P/ada.key" --out "$FED/y"
while read -r line; do
    grep -qF "many.json:$line" "$FED/stderr" ||
        fail "not told: $line: $(cat "$FED/stderr")"
done <<'TOLD'
1:1: 'title' is missing
1:1: a study names the cohorts that it asks about
3:11: 'Exercise Angina' is no study's name
4:14: expected a number from 1
5:3: 'titel' does not belong here; did you mean 'title'?
9:24: the dictionary has no variable 'Sex'; did you mean 'sex'?
9:31: the dictionary has no variable 'bnp'
9:38: the dictionary has no variable 'thalac'; did you mean 'thalach'?
10:25: there is no analysis 'logistic'; did you mean 'glm'?
10:37: there is no analysis 'summry'; did you mean 'summary'?
11:24: write 'and' for '&&'
13:18: expected a date such as
TOLD
[ ! -e "$FED/y" ] || fail "a study with mistakes was signed"
echo "$EXPECTED commands said what they should"
