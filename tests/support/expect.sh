# What a command must say, for stories about the programs' faces. Source it
# after federation.sh.
#
#   expect CODE STDOUT STDERR COMMAND...
#
# CODE is the exit code. STDOUT and STDERR are extended regular expressions that
# a line must match; "" says that nothing is written, "*" that anything may be.

EXPECTED=0

matches() { # FILE PATTERN
    case $2 in
    '*') ;;
    '') [ ! -s "$1" ] ;;
    *) grep -qE -e "$2" "$1" ;;
    esac
}

expect() {
    local code=$1 out=$2 err=$3 found=0
    shift 3
    "$@" >"$FED/stdout" 2>"$FED/stderr" </dev/null || found=$?
    if [ "$found" != "$code" ] || ! matches "$FED/stdout" "$out" ||
        ! matches "$FED/stderr" "$err"; then
        printf '%s\n' "$*" "exit code $found, expected $code" \
            "--- standard output, expected '$out'" >&2
        head -n 20 "$FED/stdout" >&2
        printf '%s\n' "--- standard error, expected '$err'" >&2
        head -n 20 "$FED/stderr" >&2
        fail "$*"
    fi
    # A message is told once and is one of ours, never a crash.
    if grep -qE 'Sanitizer|runtime error' "$FED/stderr"; then
        cat "$FED/stderr" >&2
        fail "$*"
    fi
    EXPECTED=$((EXPECTED + 1))
}

# The last command's standard output is one JSON document with these members.
expect_json() {
    /usr/bin/python3 - "$FED/stdout" "$@" <<'END' || fail "JSON: $*"
import json, sys
document = json.load(open(sys.argv[1]))
for name in sys.argv[2:]:
    if name not in document:
        sys.exit(f"no member '{name}': {sorted(document)}")
END
}
