#!/usr/bin/env bash
# Runs in a room (tests/room), after tests/demo. What may go wrong around the
# demonstration goes well:
#   1. an ordinary user without one of the packages is given a line that brings
#      it, without a terminal and an end; with one, the demonstration waits for
#      the package and goes on, in a path with a space, over a build folder that
#      came from another place and is half made;
#   2. an installation that was interrupted is finished by the next run.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -e /etc/room ] || { echo "room_checks.sh: this is no room" >&2; exit 2; }
fail() { printf 'room_checks.sh: %s\n' "$*" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

home=$(mktemp -d /home/stranger/XXXXXX)
copy="$home/a tree of mine"
cp -a . "$copy"
rm -f "$copy"/build/release/bin/cohortium* "$copy/build/release/build.ninja"
chown -R stranger: "$home"
chmod -R a+rX "$home"
dpkg --remove --force-depends ninja-build >/dev/null 2>&1
as_stranger() { # COMMAND...
    setpriv --reuid stranger --regid stranger --init-groups \
        env HOME=/home/stranger "$@"
}

# Without a terminal.
if as_stranger "$copy/tests/demo" >"$work/out" 2>&1 </dev/null; then
    fail "a package is missing, and nothing is said"
fi
line=$(grep "apt-get install .* ninja-build'\$" "$work/out") ||
    fail "no line that brings ninja-build: $(cat "$work/out")"

# With one; `script` makes it.
as_stranger script -qefc "exec '$copy/tests/demo'" "$home/seen" \
    >/dev/null 2>&1 </dev/null &
waiting=$!
for ((i = 0; i < 200; i++)); do
    ! grep -q 'waiting for 1 packages' "$home/seen" 2>/dev/null || break
    sleep 0.1
done
grep -q 'waiting for 1 packages' "$home/seen" ||
    fail "it does not wait: $(cat "$home/seen")"
bash -c "$line" >"$work/out" 2>&1 || fail "'$line' fails: $(cat "$work/out")"
wait $waiting || fail "the demonstration: $(tail -n 20 "$home/seen")"
[ -s "$copy/build/demo-result.json" ] || fail "no result of the demonstration"

# A package unpacked and no more, as after a power cut.
dpkg --remove --force-depends ninja-build >/dev/null 2>&1
(cd "$work" && apt-get download -q ninja-build >/dev/null 2>&1)
dpkg --unpack "$work"/ninja-build*.deb >/dev/null 2>&1
[ -n "$(dpkg --audit)" ] || fail "dpkg finds nothing to mend"
touch /var/lib/dpkg/updates/0000
tests/support/install.sh build >"$work/out" 2>&1 ||
    fail "after an interruption: $(cat "$work/out")"
[ -z "$(dpkg --audit)" ] || fail "still to be mended: $(dpkg --audit)"
rm -rf "$home"
echo "an ordinary user, a path with a space, a half-made build, an interrupted" \
    "installation: the demonstration bears all"
