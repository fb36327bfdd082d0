# What the attacks that ask share. Source it; $attack is the first argument.
# An attack ends with `gave TEXT` (exit 0) or `kept` (exit 1).
. "$(dirname "${BASH_SOURCE[0]}")/../support/federation.sh"
attack=$1
work=$(mktemp -d)
trap 'rm -rf "$work"; [ -z "${FED:-}" ] || federation_stop office $CENTERS 2>/dev/null; rm -rf "${FED:-}"' EXIT
gave() { echo "$1"; exit 0; }
kept() { exit 1; }
# The last line that a program on standard input says of $work/out, or kept.
read_off() {
    python3 - "$work/out" >"$work/said" && [ -s "$work/said" ] || kept
    gave "$(tail -n 1 "$work/said")"
}

# hospitals [SED SCRIPT]: the four, with the study's description changed by it,
# and a dictionary that cuts age and heart rate at every value, so that other
# defences stand alone
hospitals() {
    sed "${1:-}" "$UCI/study.json" >"$work/study.json"
    STUDY=$work/study.json
    DICTIONARY=$work/dictionary.json
    cut_everywhere age thalach
    four_hospitals >/dev/null
}

# configure KEY VALUE: at every center, which starts again
configure() {
    local name
    federation_stop $CENTERS
    for name in $CENTERS; do
        sed -i "/^#* *$1\b/d" "$FED/$name/node.conf"
        echo "$1 = $2" >>"$FED/$name/node.conf"
    done
    start_centers $CENTERS
    wait_connected $CENTERS
}

# ask_for COHORT [ANALYSIS]: the result in $work/out
ask_for() {
    printf '{"cohort": "%s", "analyses": [%s]}' "$1" "${2:-{\"count\": {\}\}}" \
        >"$work/q.json"
    ask ada "$work/q.json" 2>/dev/null >"$work/out"
}

count() { # COHORT [ANALYSIS]
    ask_for "$@" || return 1
    python3 "$root/tests/support/pick.py" n <"$work/out"
}
