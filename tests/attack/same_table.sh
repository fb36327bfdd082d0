#!/usr/bin/env bash
# The table of attacks in policy/README.md is the list of tests/attack/attacks:
# the same attacks, sources and defences, in the same order, each of them a name
# that the code has.
set -euo pipefail
cd "$(dirname "$0")/../.."
listed=$(tests/attack/run --list)
written=$(sed -n '/^| attack | source | left out |/,/^$/p' policy/README.md |
    tail -n +3 | awk -F ' [|] ' 'NF > 1 { print $1 " | " $2 " | " $3 " |" }')
diff <(echo "$listed") <(echo "$written") ||
    { echo "policy/README.md and tests/attack/attacks differ" >&2; exit 1; }
named() {
    grep -rhoE 'DEFENCE\("[a-z-]+"\)' protocol policy node coordinator \
        tests/attack | sed 's/.*"\(.*\)".*/\1/' | sort -u
}
sed -n '/^[^#]/s/^[^;]*; \([a-z-]*\);.*/\1/p' tests/attack/attacks | sort -u |
    diff - <(named) ||
    { echo "defences without an attack, or attacks without one" >&2; exit 1; }
