#!/usr/bin/env bash
# Proves: what `cohortium` says of keys, rosters, studies, queries, results and
# the sandbox, with exit codes 0, 1, 2 and 3: where in a file something is wrong,
# whose passphrase, which signatures; and JSON that keeps its members.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
. "$root/tests/support/expect.sh"
four_hospitals
C=$BIN/cohortium
D=$UCI/dictionary.json
P=$FED/people

# ---- keys ----
echo 'correct horse' >"$FED/pass"
echo 'wrong horse' >"$FED/wrong"
K=$FED/sealed.key
expect 2 "" "--name is needed" "$C" keys new --out "$K"
expect 2 "" "--out is needed" "$C" keys new --name Ada
expect 0 "^fingerprint " "" \
    "$C" keys new --name Ada --out "$K" --passphrase-file "$FED/pass"
expect 1 "" "already; it is not overwritten" \
    "$C" keys new --name Ada --out "$K" --passphrase-file "$FED/pass"
expect 1 "" "no-such" "$C" keys new --name A --out "$FED/no-such/a.key" \
    --no-passphrase
expect 1 "" "no-such" "$C" keys new --name A --out "$FED/a.key" \
    --passphrase-file "$FED/no-such"
[ "$(stat -c %a "$K")" = 600 ] || fail "others can read the key"
expect 0 "^name +Ada$" "" "$C" keys show "$FED/sealed.card.json"
expect 1 "" "no-such: not found; a card is" "$C" keys show "$FED/no-such"
echo '{"name": "x"}' >"$FED/bad.json"
expect 1 "" "bad.json: not in the expected form" "$C" keys show "$FED/bad.json"

# ---- roster ----
R=$FED/new-roster.json
make_roster() {
    "$C" roster create --federation f --threshold "${1:-2}" \
        --member "$P/carol.card.json" --member "$P/dave.card.json" \
        --center "$FED/cleveland/card.json" \
        --coordinator "$FED/office/card.json" --endpoint tcp://127.0.0.1:7 \
        --out "${OUT:-$R}" "${@:2}"
}
expect 0 "to be signed by 2 of 2 members" "" make_roster
expect 3 "signed by 0 members in good standing, 2 must sign" "" \
    "$C" roster show "$R"
expect 0 "*" "*" "$C" roster sign "$R" --key "$P/carol.key"
expect 3 "signed by 1 members" "" "$C" roster show "$R"
expect 0 "*" "*" "$C" roster sign "$R" --key "$P/dave.key"
expect 0 "signed by 2 members" "" "$C" roster show "$R"
cp "$R" "$FED/signed.json"
expect 3 "" "Ada is no member of the committee|ada is no member of the committee" \
    "$C" roster sign "$FED/signed.json" --key "$P/ada.key"
cmp "$R" "$FED/signed.json" || fail "a stranger's signature was added"
expect 1 "" "is a roster that 2 signed" make_roster
OUT=$FED/other-roster.json
expect 1 "" "a threshold of 3, but only 2 members" make_roster 3
expect 1 "" "valid_until lies after valid_from" make_roster 2 \
    --valid-until 2020-01-01
expect 1 "" "on the roster already" make_roster 2 \
    --member "$P/carol.card.json"
expect 2 "" "*" make_roster none
expect 1 "" "*" "$C" roster show "$FED/study.json"
expect 1 "" "*" "$C" roster show "$FED/no-such"

# ---- keys that must not be used ----
cp "$P/carol.key" "$FED/open.key"
chmod 644 "$FED/open.key"
expect 3 "" "can be read by others; take it back with" "$C" roster sign "$R" --key "$FED/open.key"
expect 3 "" "does not open the key" \
    "$C" study approve "$FED/study.json" --key "$K" --out "$FED/x" \
    --scores mission=8,merit=7,feasibility=9,team=8 \
    --passphrase-file "$FED/wrong"
expect 0 "*" "*" \
    "$C" study approve "$FED/study.json" --key "$K" --out "$FED/x" \
    --scores mission=8,merit=7,feasibility=9,team=8 \
    --passphrase-file "$FED/pass"

# ---- study ----
expect 0 "*" "" "$C" study check "$FED/study.json" --dictionary "$D"
expect 0 "exercise-angina" "*" "$C" study show "$FED/study.json"
expect 0 "over-50 +50 years and older: age >= 50" "*" \
    "$C" study show "$FED/study.json"
expect 0 "over-50 +50 years and older: Age \\(years\\) >= 50" "*" \
    "$C" study show "$FED/study.json" --dictionary "$D"
sed 's/"age"/"agee"/' "$FED/as_described.json" >"$FED/typo.json"
expect 1 "" "typo.json:[0-9]+:[0-9]+: .*did you mean 'age'" \
    "$C" study create "$FED/typo.json" --dictionary "$D" \
    --researcher "$P/ada.card.json" --key "$P/ada.key" --out "$FED/typo.signed"
id=$("$C" study show "$FED/study.json" |
    sed -n 's/.*"dictionary": "\([0-9a-f]*\)".*/\1/p')
sed -i "1s/{/{\"dictionary\": \"$id\",/" "$FED/typo.json"
expect 0 "*" "not checked against a dictionary" \
    "$C" study create "$FED/typo.json" --researcher "$P/ada.card.json" \
    --key "$P/ada.key" --out "$FED/typo.signed"
expect 1 "" "did you mean 'age'" "$C" study check "$FED/typo.signed" \
    --dictionary "$D"
sed 's/"title"/"titel"/' "$FED/as_described.json" >"$FED/typo.json"
expect 1 "" "typo.json:[0-9]+:[0-9]+: 'titel' does not belong here; did you" \
    "$C" study create "$FED/typo.json" --dictionary "$D" \
    --researcher "$P/ada.card.json" --key "$P/ada.key" --out "$FED/x"
head -c 100 "$FED/as_described.json" >"$FED/typo.json"
expect 1 "" "typo.json:[0-9]+:[0-9]+: not JSON" \
    "$C" study create "$FED/typo.json" --dictionary "$D" \
    --key "$P/ada.key" --out "$FED/x"
expect 1 "" "no-such" "$C" study create "$FED/no-such" --key "$P/ada.key" \
    --out "$FED/x"
for scores in mission=8 mission=8,merit=7,feasibility=9,team=10 \
    mission=8,merit=7,feasibility=9,charm=8 junk; do
    expect 2 "" "scores" "$C" study approve "$FED/study.json" \
        --key "$P/carol.key" --scores "$scores" --out "$FED/x"
done
A=(--roster "$FED/roster.json")
expect 0 "*" "*" "$C" study verify "$FED/study.json" "$FED/carol.approval" \
    "$FED/dave.approval" "${A[@]}"
expect 3 "" "1 of the 2 approvals" "$C" study verify "$FED/study.json" \
    "$FED/carol.approval" "${A[@]}"
expect 3 "" "*" "$C" study verify "$FED/study.json" "$FED/carol.approval" \
    "$FED/carol.approval" "${A[@]}"
sed 's/"exercise-angina"/"second"/' "$FED/as_described.json" >"$FED/second.json"
expect 0 "study second, id" "" "$C" study create "$FED/second.json" \
    --dictionary "$D" --researcher "$P/ada.card.json" --key "$P/ada.key" \
    --out "$FED/second.study"
expect 0 "*" "*" "$C" study approve "$FED/second.study" --key "$P/carol.key" \
    --scores team=8,mission=8,merit=7,feasibility=9 --out "$FED/second.approval"
expect 3 "" "1 of the 2 approvals" "$C" study submit "$FED/second.study" \
    "$FED/second.approval" "${A[@]}" --key "$P/carol.key"
expect 3 "" "another study|fewer" "$C" study submit "$FED/second.study" \
    "$FED/carol.approval" "$FED/dave.approval" "${A[@]}" --key "$P/carol.key"
expect 0 "exercise-angina +4 centers opted in" "" "$C" study list "${A[@]}" \
    --key "$P/ada.key"
expect 3 "" "*" "$C" study list "${A[@]}" --key "$K" --passphrase-file "$FED/pass"

# ---- query ----
Q=$UCI/query.json
expect 0 "*" "" "$C" query check "$Q" --dictionary "$D"
expect 0 "*" "" "$C" query check "$Q" --dictionary "$D" \
    --study "$FED/study.json"
sed 's/"count"/"coutn"/' "$Q" >"$FED/typo.json"
expect 1 "" "typo.json:[0-9]+:[0-9]+: .*'coutn'.*did you mean 'count'" \
    "$C" query check "$FED/typo.json" --dictionary "$D"
echo '{"cohort": "age >= 18 and sexx = male", "analyses": [{"count": {}}]}' \
    >"$FED/typo.json"
expect 1 "" "typo.json:1:[0-9]+: .*sexx" \
    "$C" query check "$FED/typo.json" --dictionary "$D"
echo '{"study": "exercise-angina", "cohort": "womem", "analyses": [{"count": {}}]}' \
    >"$FED/wide.json"
sed 's/womem/women/' "$FED/wide.json" >"$FED/women.json"
expect 0 "*" "" "$C" query check "$FED/women.json" --dictionary "$D" \
    --study "$FED/study.json"
sed 's/womem/symptomatic/' "$FED/wide.json" >"$FED/derived.json"
expect 0 "*" "" "$C" query check "$FED/derived.json" --dictionary "$D" \
    --study "$FED/study.json"
sed 's/"analyses"/"by": ["angina"], "analyses"/' "$FED/derived.json" \
    >"$FED/by.json"
expect 1 "" "'angina' is derived in the study, for its cohorts alone" \
    "$C" query check "$FED/by.json" --dictionary "$D" --study "$FED/study.json"
echo '{"cohort": "over-50", "analyses": [{"count": {}}]}' >"$FED/named.json"
expect 1 "" "named.json:1:13: no cohort expression; if a study names a cohort 'over-50'.*--study" \
    "$C" query check "$FED/named.json" --dictionary "$D"
echo '{"cohort": "age >= 60 or sex = 1", "analyses": [{"count": {}}]}' \
    >"$FED/either.json"
expect 0 "*" "" "$C" query check "$FED/either.json" --dictionary "$D"
expect 3 "" "either.json:1:23: a cohort joins conditions of several variables by 'and'" \
    "$C" query check "$FED/either.json" --dictionary "$D" \
    --study "$FED/study.json"
expect 3 "" "wide.json:1:[0-9]+: 'womem' is no cohort of the study, which declares over-50, women, symptomatic; did you mean 'women'" \
    "$C" query check "$FED/wide.json" --dictionary "$D" \
    --study "$FED/study.json"
expect 0 "the query costs nothing of a budget" "" "$C" query cost "$Q" --dictionary "$D" --study "$FED/study.json"
S=(--study "$FED/study.json" "${A[@]}" --key "$P/ada.key")
expect 3 "" "did you mean .women." "$C" query submit "$FED/wide.json" "${S[@]}"
expect 3 "" "by .and. alone" "$C" query submit "$FED/either.json" "${S[@]}"
expect 2 "" "*" "$C" query submit "$Q" "${S[@]}" --wait soon
expect 2 "" "64 hexadecimal digits" "$C" query status 12x4 "${A[@]}" --key "$P/ada.key"
expect 1 "" "no query whose id begins" "$C" query status 1234 "${A[@]}" \
    --key "$P/ada.key"
expect 1 "" "no-such" "$C" query submit "$FED/no-such" "${S[@]}"
expect 0 "*" "*" "$C" query submit "$Q" "${S[@]}" --out "$FED/result.json" --json
expect_json cohortium version query_id study_id study roster_id dictionary_id \
    session_id question created software privacy unit cohort by variables \
    limits withheld centers center_report results signature
id=$(grep -o '"query_id":"[0-9a-f]*"' "$FED/result.json" | cut -d'"' -f4)
expect 0 "$id" "" "$C" query status "${A[@]}" --key "$P/ada.key"
expect 0 "$id" "" "$C" query status "${id:0:12}" "${A[@]}" --key "$P/ada.key"
expect 0 "*" "" "$C" query status "$id" "${A[@]}" --key "$P/ada.key" --json
expect_json queries studies

# ---- result ----
F=$FED/result.json
expect 0 "count|exercise" "" "$C" result show "$F"
expect 0 "Frequencies: Chest pain type|signature  not checked" "" \
    "$C" result show "$F"
expect 0 "signature  holds: signed by office of federation" "" \
    "$C" result show "$F" --roster "$FED/roster.json"
expect 1 "" "the folder $FED/no-such is not there" \
    "$C" query submit "$Q" "${S[@]}" --out "$FED/no-such/result.json"
expect 1 "" "is a folder" "$C" query submit "$Q" "${S[@]}" --out "$FED"
expect 0 "*" "*" "$C" result verify "$F" "${A[@]}"
sed 's/"n":[0-9]*/"n":1/' "$F" >"$FED/changed.json"
expect 3 "" "*" "$C" result verify "$FED/changed.json" "${A[@]}"
expect 3 "" "changed.json" "$C" result show "$FED/changed.json" \
    --roster "$FED/roster.json"
expect 0 "to be signed" "" make_roster
expect 3 "" "*" "$C" result verify "$F" --roster "$OUT"
expect 1 "" "; a result of cohortium, unchanged, is expected" "$C" result show "$FED/study.json"
expect 1 "" "no-such" "$C" result show "$FED/no-such"
expect 0 "*" "*" "$C" result export "$F" --out "$FED/tables"
[ -s "$FED/tables/methods.txt" ] || fail "no methods"
ls "$FED/tables"/*.csv >/dev/null || fail "no tables"
grep -q "^level,level_label,n," "$FED"/tables/*frequency.csv ||
    fail "no labels beside the codes"
expect 1 "" "is a file, not a folder" \
    "$C" result export "$F" --out "$F/below-a-file"
expect 1 "" "the folder $FED/no is not there" \
    "$C" result export "$F" --out "$FED/no/tables"
expect 1 "" "is a file, not a folder" "$C" result export "$F" --out "$F"
[ -z "$(find "$FED" -name '*.??????' -newer "$F" -path '*tables.*')" ] ||
    fail "a half export is left"
expect 2 "" "--analysis is a number" "$C" result show "$F" --plot "$FED/p.svg" \
    --analysis 99
expect 1 "" "*" "$C" result fetch "${id//[0-9]/0}" "${A[@]}" \
    --key "$P/ada.key"
expect 0 "*" "" "$C" result fetch "$id" "${A[@]}" --key "$P/ada.key" --json
expect 0 "*" "" "$C" result fetch "${id:0:10}" "${A[@]}" --key "$P/ada.key" --json
cmp -s "$FED/stdout" "$F" || fail "fetched another result"
expect 2 "" "64 hexadecimal digits" "$C" result fetch "no id" "${A[@]}" \
    --key "$P/ada.key"
expect 2 "" "--analysis is a number" "$C" result show "$F" --analysis 99

# ---- sandbox ----
SB=(--dictionary "$D" "$UCI/cleveland.csv" "$UCI/budapest.csv" "$UCI/long_beach.csv")
echo '{"analyses": [{"histogram": {"variable": "age", "width": 10}}]}' \
    >"$FED/histogram.json"
expect 0 "*" "*" "$C" sandbox --query "$FED/histogram.json" "${SB[@]}" --json
expect_json cohortium query_id results signature
cp "$FED/stdout" "$FED/histogram-result.json"
expect 0 "*" "*" "$C" result show "$FED/histogram-result.json" \
    --plot "$FED/p.svg"
/usr/bin/python3 -c "import sys, xml.dom.minidom as m; m.parse(sys.argv[1])" \
    "$FED/p.svg" || fail "the picture is no XML"
expect 0 "*" "*" "$C" result show "$FED/histogram-result.json" \
    --plot "$FED/p.png"
head -c 4 "$FED/p.png" | grep -q PNG || fail "p.png is no PNG"
expect 0 "*" "*" "$C" result show "$FED/histogram-result.json" \
    --plot "$FED/p.pdf"
head -c 5 "$FED/p.pdf" | grep -q %PDF- || fail "p.pdf is no PDF"
expect 2 "" "must end in .svg, .png or .pdf" \
    "$C" result show "$FED/histogram-result.json" --plot "$FED/p.gif"
[ ! -e "$FED/p.gif" ] || fail "a picture of no format"
expect 1 "" "the folder $FED/no-such is not there" \
    "$C" result show "$FED/histogram-result.json" --plot "$FED/no-such/p.svg"
expect 1 "" "typo.json:1:[0-9]+: " "$C" sandbox --query "$FED/typo.json" "${SB[@]}"
expect 2 "" "*" "$C" sandbox --query "$FED/histogram.json" "${SB[@]}" --min-cell 0
expect 2 "" "*" "$C" sandbox --query "$FED/histogram.json" "${SB[@]}" --privacy none
expect 1 "" "no-such" "$C" sandbox --query "$FED/histogram.json" \
    --dictionary "$D" "$FED/no-such.csv"
echo "$EXPECTED commands, as expected"
