#!/usr/bin/env bash
# Proves: none of the three programs leaves a core file, whatever its limits
# are when it starts; a program without this would.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
federation_begin
house "cleveland budapest zurich_basel"
mkfifo "$FED/passphrase"

# dies_with_core FIRST_LINE COMMAND...: ends it by SIGQUIT once it has written
# that much; "": once it reads the passphrase; "-": at once; prints yes or no
dies_with_core() {
    (cd "$FED" && python3 - "$@" <<'PYTHON'
import os, resource, signal, subprocess, sys, time
ready, command = sys.argv[1], sys.argv[2:]

def has_reader():
    global writer
    try:
        writer = os.open("passphrase", os.O_WRONLY | os.O_NONBLOCK)
        return True
    except OSError:
        return False

_, hard = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
# A shell lets what it runs beside itself ignore SIGQUIT.
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
child = subprocess.Popen(command, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
while ready == "" and not has_reader():
    assert child.poll() is None, "it has ended by itself"
    time.sleep(0.02)
while ready not in ("", "-"):
    line = child.stdout.readline()
    assert line, "it has ended by itself"
    if ready.encode() in line:
        break
child.send_signal(signal.SIGQUIT)
_, status = os.waitpid(child.pid, 0)
assert os.WIFSIGNALED(status), f"it ended with {status}"
print("yes" if os.WCOREDUMP(status) else "no")
PYTHON
    )
}

expect_none() {
    local found
    found=$(dies_with_core "$@")
    [ "$found" = no ] || fail "a core of: $2"
}

[ "$(dies_with_core - sleep 60)" = yes ] ||
    say "this machine makes no core files at all"
expect_none "serve ready" "$BIN/cohortium-coordinator" serve \
    --home "$FED/office"
expect_none "serve connecting" "$BIN/cohortium-node" serve \
    --home "$FED/cleveland"
expect_none "" "$BIN/cohortium" keys new --name "Ada" \
    --passphrase-file "$FED/passphrase" --out "$FED/ada.key"
rm -f "$FED"/core*
