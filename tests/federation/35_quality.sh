#!/usr/bin/env bash
# Proves: a center sees its own values that were refused as out of range and those that break a rule of the dictionary, each of
# them; of all centers together it sees them by the cell rule. An exam that is brought in anew counts anew.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
scratch=$(mktemp -d)
DICTIONARY=$scratch/dictionary.json
STUDY=$scratch/study.json
python3 - "$UCI" "$scratch" <<'PY'
import json, sys
uci, scratch = sys.argv[1:]
dictionary = json.load(open(uci + "/dictionary.json"))
dictionary["plausible"] = ["thalach <= 220 - age", "oldpeak >= -0.5"]
json.dump(dictionary, open(scratch + "/dictionary.json", "w"))
study = json.load(open(uci + "/study.json"))
study["analyses"].append("quality")
json.dump(study, open(scratch + "/study.json", "w"))
names = ["age", "trestbps", "thalach", "oldpeak", "sex"]
json.dump({"study": "exercise-angina", "cohort": "age >= 40",
    "analyses": [{"quality": {"variables": names}}]},
    open(scratch + "/query.json", "w"))
lines = open(uci + "/cleveland.csv").read().splitlines()
at = lines[0].split(",").index("trestbps")
for i in range(1, len(lines)):  # exams by name, the first 20 pressures absurd
    fields = lines[i].split(",")
    fields[at] = "999" if i <= 20 else fields[at]
    lines[i] = ",".join(fields) + ",e%d" % i
text = "\n".join([lines[0] + ",exam"] + lines[1:]) + "\n"
open(scratch + "/absurd.csv", "w").write(text)
again = [lines[0] + ",exam"] + [line.replace("999", "140") for line in lines[1:4]]
open(scratch + "/again.csv", "w").write("\n".join(again) + "\n")
PY
four_hospitals
own() { # CENTER VARIABLE FIELD [options]
    "$BIN/cohortium-node" quality --home "$FED/$1" --json "${@:4}" |
        python3 -c 'import json, sys
rows = json.load(sys.stdin)["own"]["table"]
print([r for r in rows if r["variable"] == sys.argv[1]][0][sys.argv[2]])' \
            "$2" "$3"
}
same() { [ "$1" = "$2" ] || fail "$3: $1, expected $2"; }

same "$(own cleveland trestbps out_of_range)" 0 "before"
quiet "$BIN/cohortium-node" import --home "$FED/cleveland" --replace \
    "$scratch/absurd.csv"
same "$(own cleveland trestbps out_of_range)" 20 "absurd pressures"
same "$(own cleveland trestbps out_of_range trestbps age)" 20 "of two variables"
quiet "$BIN/cohortium-node" import --home "$FED/cleveland" "$scratch/again.csv"
same "$(own cleveland trestbps out_of_range)" 17 "after three are mended"
quiet "$BIN/cohortium-node" import --home "$FED/cleveland" --again \
    "$scratch/again.csv"
same "$(own cleveland trestbps out_of_range)" 17 "mended twice"
same "$(own budapest trestbps out_of_range)" 0 "another center"

make_freeze cleveland 2
ask ada "$scratch/query.json" --out "$FED/result.json" >/dev/null 2>"$FED/err" ||
    fail "$(cat "$FED/err")"
"$BIN/cohortium-node" quality --home "$FED/budapest" --json --result \
    "$FED/result.json" >"$FED/both.json"
"$BIN/cohortium-node" quality --home "$FED/budapest" --result \
    "$FED/result.json" >"$FED/both.txt"
grep -q "all centers" "$FED/both.txt" || fail "no figures of all centers"
python3 - "$UCI" "$FED/both.json" "$scratch/absurd.csv" <<'PY' ||
import csv, json, sys
uci, both, absurd = sys.argv[1:]
both = json.load(open(both))
def rows(path):
    return list(csv.DictReader(open(path)))
def number(text):
    return None if text in ("", "?", "NA") else float(text)
def broken(table, oldest):
    count = 0
    for row in table:
        age, rate = number(row["age"]), number(row["thalach"])
        if age is not None and rate is not None and age >= oldest:
            count += rate > 220 - age
    return count
def cell(part, variable, field):
    return [r for r in both[part]["table"] if r["variable"] == variable][0][field]
def check(found, expected, what):
    if found != expected:
        sys.exit("%s: %s, expected %s" % (what, found, expected))
files = [rows("%s/%s.csv" % (uci, name)) for name in
    ("cleveland", "budapest", "zurich_basel", "long_beach")]
check(cell("own", "thalach", "implausible_pairs"), broken(files[1], 0), "own")
total = sum(broken(table, 40) for table in files)
assert total >= 11, total
check(cell("federation", "thalach", "implausible_pairs"), total, "all")
check(cell("federation", "age", "implausible_pairs"), total, "all by age")
check(cell("federation", "sex", "implausible_pairs"), None, "no rule")
bad = sum(1 for r in rows(absurd)[3:20] if number(r["age"]) >= 40)
check(cell("federation", "trestbps", "out_of_range"), bad, "out of range")
negative = sum(1 for t in files for r in t
    if number(r["oldpeak"]) is not None and number(r["oldpeak"]) < -0.5
    and number(r["age"]) >= 40)
assert 1 <= negative <= 10, negative
check(cell("federation", "oldpeak", "implausible_pairs"), {"suppressed": True},
    "a small cell")
PY
    fail "the figures differ"
sed 's/"implausible_pairs":[0-9]*/"implausible_pairs":1/' "$FED/result.json" \
    >"$FED/changed.json"
if "$BIN/cohortium-node" quality --home "$FED/budapest" --result \
    "$FED/changed.json" >/dev/null 2>&1; then
    fail "a changed result was believed"
fi
rm -rf "$scratch"
