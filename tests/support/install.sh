#!/usr/bin/env bash
# Installs the Debian packages that are missing, as root. Otherwise says which,
# in a line that can be pasted, and on a terminal waits until they are there.
#
#   tests/support/install.sh build    what building needs
#   tests/support/install.sh all      what the tests need as well
#   tests/support/install.sh bench    and what tests/bench/fits compares with
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/support/progress.sh
case ${1:-all} in
build) needed='build' ;;
all) needed='build|tests' ;;
bench) needed='build|tests|bench' ;;
*) echo "usage: install.sh build|all|bench" >&2; exit 2 ;;
esac
command -v dpkg-query >/dev/null || {
    echo "This is made for Debian 12; tests/support/packages has what it needs" >&2
    exit 1
}
wanted=$(sed -nE "s/^([a-z][^ ]*) ($needed)\$/\1/p" tests/support/packages)

# Sets missing.
look() {
    local package
    missing=()
    for package in $wanted; do
        [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" = \
            "install ok installed" ] || missing+=("$package")
    done
}

look
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
    become=su
    ! command -v sudo >/dev/null || become='sudo sh'
    echo "These Debian packages are missing; paste this line to install them:" >&2
    echo "$become -c 'apt-get update && apt-get install -y" \
        "--no-install-recommends ${missing[*]}'" >&2
    if ! { [ -t 0 ] && [ -t 2 ]; }; then exit 1; fi
    echo "This goes on as soon as they are there; Ctrl-C ends it." >&2
    while [ ${#missing[@]} -gt 0 ]; do
        printf '\r\033[Kwaiting for %d packages, %d s' ${#missing[@]} \
            "$SECONDS" >&2
        sleep 1
        look
    done
    printf '\r\033[K' >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Prints what it said when it fails. Another apt may be at work on a machine
# that has just started.
apt() {
    if ! apt-get -y -q -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" \
        >"$log" 2>&1; then
        cat "$log" >&2
        return 1
    fi
}

echo "installing ${missing[*]}" >&2
# What an installation that was interrupted left half done.
if [ -n "$(dpkg --audit)" ] || [ -n "$(ls -A /var/lib/dpkg/updates)" ]; then
    dpkg --configure -a >/dev/null 2>&1 || true
    apt --fix-broken install
fi
apt update
# Half of the time it loads, the other half it unpacks.
apt install --no-install-recommends -o APT::Status-Fd=3 "${missing[@]}" 3>&1 |
    while IFS=: read -r kind _ percent text; do
        percent=${percent%%.*}
        case $kind in
        dlstatus) echo "$((percent / 2)) $text" ;;
        pmstatus) echo "$((50 + percent / 2)) $text" ;;
        esac
    done | progress installing
