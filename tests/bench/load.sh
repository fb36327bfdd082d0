# Many people at once, for tests/bench/run. Source it after question.sh, whose
# federation of 13 nodes it asks.

LOAD_PEOPLE=10 LOAD_EACH=10

# load_study: $FED/load.study, of ten researchers
load_study() {
    local i people=()
    for i in $(seq "$LOAD_PEOPLE"); do
        person "r$i"
        people+=(--researcher "$FED/people/r$i.card.json")
    done
    sed 's/"bench-[a-z]*"/"bench-load"/' "$FED/description.json" >"$FED/load.json"
    quiet "$BIN/cohortium" study create "$FED/load.json" \
        --dictionary "$UCI/dictionary.json" "${people[@]}" \
        --key "$FED/people/r1.key" --out "$FED/load.study"
    approve carol load.study
    approve dave load.study
    submit_study carol load.study carol.approval dave.approval
    opt_in bench-load $CENTERS
}

# load_ask PERSON NUMBER: a line "PERSON SECONDS", or "PERSON failed"
load_ask() {
    local start
    start=$(date +%s.%N)
    if "$BIN/cohortium" query submit "$FED/load.$2" --study "$FED/load.study" \
        --roster "$FED/roster.json" --key "$FED/people/r$1.key" --json \
        --wait 600 >/dev/null 2>"$FED/load.$1.$2.err"; then
        echo "$1 $(date +%s.%N) $start"
    else
        echo "$1 failed"
    fi
}

# load_table: all asked in the same moment; each person's wait is the median of
# his
load_table() {
    local i n asking=()
    load_study
    for n in $(seq "$LOAD_EACH"); do
        echo '{"cohort": "thalach >= 90", "analyses": [{"histogram":
{"variable": "age", "width": '"$n"'}}]}' >"$FED/load.$n"
        for i in $(seq "$LOAD_PEOPLE"); do
            load_ask "$i" "$n" >"$FED/load.$i.$n.out" &
            asking+=($!)
        done
    done
    wait "${asking[@]}"
    read -r failed rate median fastest slowest < <(
        cat "$FED"/load.*.out | python3 -c 'import statistics, sys
lines = [line.split() for line in sys.stdin]
good = [(who, float(rest[0]), float(rest[1])) for who, *rest in lines
    if rest[0] != "failed"]
people = {}
for who, end, start in good:
    people.setdefault(who, []).append(end - start)
medians = sorted(map(statistics.median, people.values()))
took = max(g[1] for g in good) - min(g[2] for g in good)
print(len(lines) - len(good), "%.1f" % (len(good) / took),
    "%.2f" % statistics.median(e - s for _, e, s in good),
    "%.2f" % medians[0], "%.2f" % medians[-1])')
    line "$((LOAD_PEOPLE * LOAD_EACH)) masked questions of $LOAD_PEOPLE \
people at once" "$rate /s" "$failed failed" ""
    line "  their wait, the median" "$median s" "" ""
    line "  by person: who waited longest / least" "$slowest s" "$fastest s" \
        "$(ratio "$slowest" "$fastest")"
}
