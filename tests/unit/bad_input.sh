#!/usr/bin/env bash
# Every file of tests/data/bad must be refused with exactly the message beside
# it; those of scope within the study of tests/data/good. `bad_input.sh CHECK_DOCUMENT --write` writes the messages anew.
set -euo pipefail
check=$1
bad=$(cd "$(dirname "$0")/../data/bad" && pwd)
dictionary=$bad/../uci_heart_disease/dictionary.json
study=$bad/../good/study.json
passed=0 failed=0
for file in "$bad"/*/*; do
    case $file in *.expected) continue ;; esac
    kind=$(basename "$(dirname "$file")")
    expected=${file%.*}.expected
    status=0
    found=$("$check" "$kind" "$file" "$dictionary" "$study" 2>&1) || status=$?
    if [ "${2:-}" = --write ]; then
        printf '%s\n' "$found" >"$expected"
    fi
    if [ "$status" = 1 ] && [ "$found" = "$(cat "$expected")" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s (exit code %s)\n  found    %s\n  expected %s\n' \
            "$file" "$status" "$found" "$(cat "$expected" 2>/dev/null)"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -ge 60 ]
