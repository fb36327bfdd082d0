# A center of the four, cleveland, and a coordinator that lies to it.
. "$(dirname "${BASH_SOURCE[0]}")/../support/federation.sh"

QUESTION=$UCI/query.json

# Everything up to the approvals, with cleveland's data; nothing runs.
lying_federation() {
    federation_begin
    person carol dave erin ada mallory
    office
    center $CENTERS
    roster 2 "${MEMBERS:-carol dave erin}" "$CENTERS" "${ROSTER_OPTIONS[@]}"
    sign_roster ${SIGNERS:-carol dave}
    quiet "$BIN/cohortium-node" roster --home "$FED/cleveland" "$FED/roster.json"
    quiet "$BIN/cohortium-node" import --home "$FED/cleveland" \
        "$UCI/cleveland.csv"
    study "${STUDY:-$UCI/study.json}" ada
    approve carol
    approve dave
}

# lie LIE RESEARCHER APPROVAL...: what the node did is in $REPLY
lie() {
    local lie=$1 researcher=$2 endpoint
    shift 2
    : >"$FED/liar.out" # of an earlier lie
    "$BIN/liar" "${LIAR_KEY:-$FED/office/coordinator.key}" "$FED/roster.json" \
        "$UCI/dictionary.json" "$lie" "$FED/study.json" "$QUESTION" \
        "$FED/people/$researcher.key" "${@/#/$FED/}" \
        >"$FED/liar.out" 2>"$FED/liar.err" &
    PIDS[liar]=$!
    wait_line "$FED/liar.out" '^ready'
    endpoint=$(sed -n 's/^ready //p' "$FED/liar.out")
    start_center cleveland --coordinator "$endpoint"
    case $lie in
    impatient | forged-approval) ;;
    *) [ -n "${NO_OPT_IN:-}" ] || opt_in_quietly ;;
    esac
    if [ "$lie" = opted-out ]; then
        wait_line "$FED/liar.out" '^opted in'
        quiet "$BIN/cohortium-node" opt-out --home "$FED/cleveland" \
            exercise-angina
    fi
    wait "${PIDS[liar]}" || fail "$(cat "$FED/liar.err")"
    unset "PIDS[liar]"
    REPLY=$(tail -n 1 "$FED/liar.out")
}

# The study comes from the liar; the data manager lets it in.
opt_in_quietly() {
    local end=$((SECONDS + 30))
    until "$BIN/cohortium-node" opt-in --home "$FED/cleveland" \
        exercise-angina >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || fail "cleveland cannot opt in"
        sleep 0.1
    done
}

# expect REPLY [REASON]: the reply, and the reason in the node's own log alone
expect() {
    [ "$REPLY" = "$1" ] || fail "the node's answer was '$REPLY', not $1"
    if [ -n "${2:-}" ]; then
        tells "refused .*$2" "$BIN/cohortium-node" audit show \
            --home "$FED/cleveland" ||
            fail "the audit log lacks $2: $("$BIN/cohortium-node" audit show \
                --home "$FED/cleveland" | tail -n 2)"
    fi
    quiet "$BIN/cohortium-node" audit verify --home "$FED/cleveland"
}
