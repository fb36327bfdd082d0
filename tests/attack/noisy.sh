#!/usr/bin/env bash
# A researcher who asks in a study with noise, and wants more than was paid for.
# noisy.sh ATTACK: exit 0 when it comes out, 1 when it does not.
set -euo pipefail
. "$(dirname "$0")/asking.sh"

noise() { # RHO QUERY_RHO
    hospitals 's/"privacy": "sum"/"privacy": "noise", "noise": {"rho": '"$1"', "query_rho": '"$2"'}/'
}

case $attack in
averaging)
    noise 0.25 0.005
    for i in $(seq 5); do count "age >= 50" || kept; done >"$work/told"
    mv "$work/told" "$work/out"
    read_off <<'E'
import sys
told = [int(line) for line in open(sys.argv[1])]
if len(set(told)) > 1:
    print("new noise each time; on average", sum(told) / len(told))
E
    ;;
refusal)
    # A center with limits of its own: by exact figures it would keep back
    # what fewer than 85 of its patients are of, and by how much the sum is less
    # tells that, at no price.
    noise 0.25 0.005
    echo '{"min_cell": 85}' >"$work/limits.json"
    quiet "$BIN/cohortium-node" opt-in --home "$FED/cleveland" \
        --limits "$work/limits.json" exercise-angina
    sleep 2
    more=$(count "age >= 60") && less=$(count "age >= 61") || kept
    [ $((more - less)) -gt 70 ] || kept
    gave "cleveland has 85 patients of 60 years and more, and fewer of 61, at no price" ;;
after-a-crash)
    noise 0.2 0.1
    for from in 50 55 60; do
        ask_for "age >= $from" || kept
        for name in $CENTERS; do
            kill -KILL "${PIDS[$name]}"
            wait "${PIDS[$name]}" 2>/dev/null || true
        done
        start_centers $CENTERS
        wait_connected $CENTERS
    done
    gave "three answers on a budget of two" ;;
two-studies)
    noise 0.2 0.1
    configure yearly_rho_milli 200
    for from in 50 60; do ask_for "age >= $from" || kept; done
    sed 's/exercise-angina/the-same-again/' "$STUDY" >"$work/second.json"
    study "$work/second.json" ada
    for name in carol dave; do approve $name study.json $name.second; done
    submit_study carol study.json carol.second dave.second
    opt_in the-same-again $CENTERS
    ask_for "age >= 55" || kept
    gave "three answers in a year that pays for two" ;;
*) echo "noisy.sh: what is '$attack'?" >&2; exit 2 ;;
esac
