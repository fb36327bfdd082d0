#!/usr/bin/env bash
# Proves: every command of the three programs explains itself, and says what is
# wrong with a command line: exit code 2, what it lacks, the nearest name.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
. "$root/tests/support/expect.sh"
federation_begin

# The commands that a program lists of itself, one a line.
commands_of() {
    "$BIN/$1" --help | sed -n '/^Commands:/,/^$/p' |
        sed -n 's/^  \([a-z][a-z-]*\( [a-z-]*\)\{0,1\}\)  *[A-Z].*/\1/p' |
        sed 's/ *$//'
}

count=0
for program in cohortium cohortium-node cohortium-coordinator; do
    expect 0 "^Usage: $program " "" "$BIN/$program" --help
    expect 0 "^$program [0-9]" "" "$BIN/$program" --version
    expect 0 '^\.TH ' "" "$BIN/$program" --man
    cp "$FED/stdout" "$FED/manual"
    expect 2 "" "^Usage: $program " "$BIN/$program"
    expect 2 "" "no command is called 'frobnicate'" "$BIN/$program" frobnicate
    expect 2 "" "called '--frobnicate'" "$BIN/$program" --frobnicate
    while read -r command; do
        count=$((count + 1))
        expect 0 "^Usage: $program $command" "" "$BIN/$program" $command --help
        grep -qE -e '--help' "$FED/stdout" || fail "$command names no options"
        grep -qF "$command" "$FED/manual" ||
            fail "the manual lacks '$command'"
        expect 2 "" "no option is called '--frobnicate'" \
            "$BIN/$program" $command --frobnicate
        # every option that the help names is one that takes what it says
        while read -r option; do
            expect 2 "" "'?$option'? needs|needs a value|$option" \
                "$BIN/$program" $command "$option"
        done < <("$BIN/$program" $command --help |
            sed -n 's/.*\(--[a-z-]*\) [A-Z][A-Z]*.*/\1/p')
    done < <(commands_of "$program")
done
[ "$count" -ge 40 ] || fail "only $count commands were found"

expect 2 "" "did you mean 'cohortium keys new'" "$BIN/cohortium" keyz
expect 2 "" "did you mean '--out'" "$BIN/cohortium" keys new --oud x
expect 2 "" "missing CARD" "$BIN/cohortium" keys show
expect 2 "" "'b' is one operand too many" "$BIN/cohortium" keys show a b
expect 2 "" "keys COMMAND" "$BIN/cohortium" keys
echo "$EXPECTED commands, as expected"
