# A federation of real processes in a scratch folder, for the demonstration and
# the stories. Source it; call federation_begin first. Everything that was
# started ends with the shell.
#
#   $FED       the scratch folder: people/, office/, CENTER/, roster.json, ...
#   $BIN       the three programs; build/dev/bin unless set

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BIN=${BIN:-$root/build/dev/bin}
UCI=$root/tests/data/uci_heart_disease
declare -A PIDS=()

say() { printf '%s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# Runs a command that must succeed; its output is shown only when it does not.
quiet() {
    local out
    if ! out=$("$@" 2>&1); then
        printf '%s\n' "$out" >&2
        fail "$*"
    fi
}

# Sets PORT: one that nobody listens at, below those that the system gives to
# outgoing connections, and held against others who look for one until this
# shell and all that it started have ended.
free_port() {
    local held folder
    folder=${TMPDIR:-/tmp}/cohortium-ports-$(id -u)
    mkdir -p "$folder"
    while :; do
        PORT=$((10000 + RANDOM % 20000))
        exec {held}>"$folder/$PORT"
        if flock -n "$held" && ! grep -qi "$(printf ':%04x [0-9a-f:]* 0a' \
            "$PORT")" /proc/net/tcp /proc/net/tcp6 2>/dev/null; then
            return
        fi
        exec {held}>&-
    done
}

federation_begin() {
    FED=${FED:-$(mktemp -d "${TMPDIR:-/tmp}/cohortium-XXXXXX")}
    mkdir -p "$FED/people"
    free_port
    ENDPOINT=tcp://127.0.0.1:$PORT
    trap federation_end EXIT
}

federation_end() {
    local status=$?
    federation_stop "${!PIDS[@]}"
    if [ "$status" -ne 0 ]; then
        for log in "$FED"/*/log; do
            [ -f "$log" ] && { echo "--- $log"; tail -n 15 "$log"; } >&2
        done
    fi
    [ -n "${KEEP:-}" ] || rm -rf "$FED"
    return "$status"
}

# person NAME...: keys without a passphrase, people/NAME.key
person() {
    local name
    for name; do
        quiet "$BIN/cohortium" keys new --name "$name" --no-passphrase \
            --out "$FED/people/$name.key"
    done
}

# center NAME...: a node's home
center() {
    local name
    for name; do
        quiet "$BIN/cohortium-node" init --home "$FED/$name" --name "$name" \
            --dictionary "${DICTIONARY:-$UCI/dictionary.json}"
    done
}

office() {
    quiet "$BIN/cohortium-coordinator" init --home "$FED/office" \
        --name office --dictionary "${DICTIONARY:-$UCI/dictionary.json}" \
        --endpoint "$ENDPOINT"
}

# roster THRESHOLD "MEMBERS" "CENTERS" [extra options of roster create]
roster() {
    local threshold=$1 members=$2 centers=$3 options=() name
    shift 3
    for name in $members; do
        options+=(--member "$FED/people/$name.card.json")
    done
    for name in $centers; do
        options+=(--center "$FED/$name/card.json")
    done
    rm -f "$FED/roster.json" # a signed one is not written over
    quiet "$BIN/cohortium" roster create --federation "${FEDERATION:-uci-heart}" \
        --threshold "$threshold" "${options[@]}" \
        --coordinator "$FED/office/card.json" --endpoint "$ENDPOINT" \
        --out "$FED/roster.json" "$@"
}

# sign_roster NAME...
sign_roster() {
    local name
    for name; do
        quiet "$BIN/cohortium" roster sign "$FED/roster.json" \
            --key "$FED/people/$name.key"
    done
}

# install_roster CENTER...: in the office and these centers
install_roster() {
    local name
    quiet "$BIN/cohortium-coordinator" roster --home "$FED/office" \
        "$FED/roster.json"
    for name; do
        quiet "$BIN/cohortium-node" roster --home "$FED/$name" \
            "$FED/roster.json"
    done
}

# study DESCRIPTION RESEARCHER [OUT]; PRIVACY: another than the description's
study() {
    sed "s/\"privacy\": \"sum\"/\"privacy\": \"${PRIVACY:-sum}\"/" "$1" \
        >"$FED/as_described.json"
    quiet "$BIN/cohortium" study create "$FED/as_described.json" --dictionary \
        "${DICTIONARY:-$UCI/dictionary.json}" \
        --researcher "$FED/people/$2.card.json" \
        --key "$FED/people/$2.key" --out "$FED/${3:-study.json}"
}

# approve NAME [STUDY [OUT]]
approve() {
    quiet "$BIN/cohortium" study approve "$FED/${2:-study.json}" \
        --key "$FED/people/$1.key" \
        --scores mission=8,merit=7,feasibility=9,team=8 \
        --out "$FED/${3:-$1.approval}"
}

# submit_study MEMBER STUDY APPROVAL...
submit_study() {
    local member=$1 file=$2
    shift 2
    quiet "$BIN/cohortium" study submit "$FED/$file" "${@/#/$FED/}" \
        --roster "$FED/roster.json" --key "$FED/people/$member.key"
}

# tells PATTERN COMMAND...: whether its output has it. All of it is read: at a
# pipe 'grep -q' goes first, and a command that writes more ends by SIGPIPE.
tells() {
    local pattern=$1 text
    shift
    text=$("$@") && grep -qE -e "$pattern" <<<"$text"
}

# wait_line FILE PATTERN [SECONDS]
wait_line() {
    local end=$((SECONDS + ${3:-30}))
    until grep -qE "$2" "$1" 2>/dev/null; do
        [ "$SECONDS" -lt "$end" ] || fail "no '$2' in $1"
        sleep 0.05
    done
}

start_office() {
    : >"$FED/office/out"
    "$BIN/cohortium-coordinator" serve --home "$FED/office" \
        >"$FED/office/out" 2>>"$FED/office/log" &
    PIDS[office]=$!
    wait_line "$FED/office/out" '^ready'
}

# start_center NAME [options of serve]
start_center() {
    local name=$1
    shift
    : >"$FED/$name/out"
    "$BIN/cohortium-node" serve --home "$FED/$name" "$@" \
        >"$FED/$name/out" 2>>"$FED/$name/log" &
    PIDS[$name]=$!
}

# office_says PATTERN: of itself, in JSON without spaces
office_says() {
    local status
    status=$("$BIN/cohortium-coordinator" status --home "$FED/office" --json |
        tr -d ' \n') && [[ $status =~ $1 ]]
}

# wait_connected NAME...: until the coordinator has each of them on the line
wait_connected() {
    local end=$((SECONDS + 30)) name
    for name; do
        until office_says "\"name\":\"$name\"[^{}]*\"connected\":true"; do
            [ "$SECONDS" -lt "$end" ] || fail "$name is not connected"
            sleep 0.1
        done
    done
}

# make_freeze CENTER NUMBER: its next freeze, until the office knows it
make_freeze() {
    quiet "$BIN/cohortium-node" freeze --home "$FED/$1"
    wait_line "$FED/office/log" "office freezes center=$1 latest=$2"
}
# wait_asked FILE: until the office has the query whose id a client wrote to
# FILE, its standard error; $query is the id
wait_asked() {
    local end=$((SECONDS + 30))
    wait_line "$1" '^query'
    query=$(sed -n 's/^query //p' "$1")
    until office_says "\"query_id\":\"$query\""; do
        [ "$SECONDS" -lt "$end" ] || fail "the office has no query $query"
        sleep 0.1
    done
}

# wait_computed NAME...: until each of them has computed $query: a plain answer,
# or the keys of a masked one, are on its disk
wait_computed() {
    local name end=$((SECONDS + 30))
    for name; do
        until [ "$(sqlite3 "$FED/$name/registry.sqlite" \
            "PRAGMA busy_timeout = 5000; SELECT count(*) FROM
            (SELECT query FROM answer UNION SELECT query FROM progress)
            WHERE lower(hex(query)) = '$query'" | tail -n 1)" = 1 ]; do
            [ "$SECONDS" -lt "$end" ] || fail "$name did not compute $query"
            sleep 0.05
        done
    done
}

# wait_status NAME PATTERN: until the node's own `status` says so
wait_status() {
    local end=$((SECONDS + 40))
    until "$BIN/cohortium-node" status --home "$FED/$1" >"$FED/status" &&
        grep -qE "$2" "$FED/status"; do
        [ "$SECONDS" -lt "$end" ] || fail "$1 is not '$2': $(cat "$FED/status")"
        sleep 0.2
    done
}

# start_centers NAME...: and wait until all are greeted
start_centers() {
    local name
    for name; do start_center "$name"; done
    for name; do wait_line "$FED/$name/out" '^ready'; done
}

federation_stop() {
    local name
    for name; do
        [ -n "${PIDS[$name]:-}" ] || continue
        # Goes on first: a SIGCONT amid the leak check of one that ends would
        # take back the stop that this check waits for.
        kill -CONT "${PIDS[$name]}" 2>/dev/null || true
        kill "${PIDS[$name]}" 2>/dev/null || true
    done
    for name; do
        [ -n "${PIDS[$name]:-}" ] || continue
        wait "${PIDS[$name]}" 2>/dev/null || true
        unset "PIDS[$name]"
    done
}

# restart_with HEARTBEAT DEADLINE: all four hospitals and the office, with these
# times in ms
restart_with() {
    local name
    federation_stop office $CENTERS
    sed -i "s/^heartbeat_ms.*/heartbeat_ms = $1/
s/^deadline_ms.*/deadline_ms = $2/" "$FED/office/coordinator.conf"
    start_office
    start_centers $CENTERS
    for name in $CENTERS; do wait_opted in exercise-angina "$name"; done
}

# kill_office_amid QUERY: asks it, kills the office while cleveland hangs, and
# starts it again; $query is the id
kill_office_amid() {
    local asking
    kill -STOP "${PIDS[cleveland]}"
    # The one who asks is a child of this shell's child: it may outlive both.
    ask ada "$1" --wait 60 >"$FED/first.out" 2>"$FED/first.err" &
    asking=$!
    wait_asked "$FED/first.err"
    wait_computed budapest zurich_basel long_beach
    kill -KILL "${PIDS[office]}"
    wait "${PIDS[office]}" 2>/dev/null || true
    kill "$asking" 2>/dev/null || true
    wait "$asking" 2>/dev/null || true
    kill -CONT "${PIDS[cleveland]}"
    start_office
}

# opt_in STUDY CENTER...: and wait until the office knows
opt_in() {
    local study=$1 name end=$((SECONDS + 30))
    shift
    for name; do
        until "$BIN/cohortium-node" opt-in --home "$FED/$name" "$study" \
            >/dev/null 2>&1; do
            [ "$SECONDS" -lt "$end" ] || fail "$name cannot opt in to $study"
            sleep 0.1
        done
    done
    for name; do wait_opted in "$study" "$name"; done
}

# wait_opted in|out STUDY CENTER
wait_opted() {
    local end=$((SECONDS + 30)) found
    while :; do
        found=out
        ! office_says "\"name\":\"$2\"[^{}]*\"opted_in\":\[[^]]*\"$3\"" ||
            found=in
        [ "$found" = "$1" ] && return
        [ "$SECONDS" -lt "$end" ] || fail "$3 is not opted $1 of $2"
        sleep 0.1
    done
}

# ask RESEARCHER QUERY [options]: JSON on standard output
ask() {
    local who=$1 query=$2
    shift 2
    "$BIN/cohortium" query submit "$query" --study "$FED/study.json" \
        --roster "$FED/roster.json" --key "$FED/people/$who.key" --json "$@"
}

# ask_unless_held RESEARCHER QUERY: the answer in $FED/out (0), or it waits for
# the committee (1), and $ASKING asks on; what else is said is in $FED/err
ask_unless_held() {
    local end=$((SECONDS + 90))
    ask "$1" "$2" --wait 100 >"$FED/out" 2>"$FED/err" &
    ASKING=$!
    while [ "$SECONDS" -lt "$end" ]; do
        if grep -q 'waits for the committee' "$FED/err"; then return 1; fi
        if ! kill -0 "$ASKING" 2>/dev/null; then
            wait "$ASKING" || fail "$(cat "$2" "$FED/err")"
            return 0
        fi
        sleep 0.05
    done
    fail "neither answered nor held: $(cat "$2" "$FED/err")"
}

# house CENTERS: committee of three of whom two must sign, one researcher, an
# office, and these centers, all with the roster
house() {
    person carol dave erin ada
    office
    center $1
    roster 2 "carol dave erin" "$1"
    sign_roster carol dave
    install_roster $1
}

# cut_everywhere VARIABLE...: $DICTIONARY becomes that of the four with an edge at
# each whole value of these variables
cut_everywhere() {
    python3 - "$UCI/dictionary.json" "$@" >"$DICTIONARY" <<'E'
import json, sys
dictionary = json.load(open(sys.argv[1]))
for variable in dictionary["variables"]:
    if variable["name"] in sys.argv[2:]:
        variable["edges"] = list(range(variable["min"], variable["max"] + 1))
json.dump(dictionary, sys.stdout)
E
}

# The four hospitals of the UCI data, a committee of three of whom two sign, one
# researcher; everything up to the opt-in.
CENTERS="cleveland budapest zurich_basel long_beach"
four_hospitals() {
    local name
    federation_begin
    house "$CENTERS"
    for name in $CENTERS; do
        quiet "$BIN/cohortium-node" import --home "$FED/$name" \
            "$UCI/$name.csv"
    done
    study "${STUDY:-$UCI/study.json}" ada
    approve carol
    approve dave
    start_office
    start_centers $CENTERS
    submit_study carol study.json carol.approval dave.approval
    opt_in exercise-angina $CENTERS
}
