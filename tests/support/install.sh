#!/usr/bin/env bash
# Installs the Debian packages that are missing, as root; otherwise says which.
#
#   tests/support/install.sh build    what building needs
#   tests/support/install.sh all      what the tests need as well
#   tests/support/install.sh bench    and what tests/bench/fits compares with
set -euo pipefail
list=$(dirname "$0")/packages
case ${1:-all} in
build) wanted=$(awk '$2 == "build" { print $1 }' "$list") ;;
all) wanted=$(awk '$2 == "build" || $2 == "tests" { print $1 }' "$list") ;;
bench) wanted=$(awk '/^[a-z]/ { print $1 }' "$list") ;;
*) echo "usage: install.sh build|all|bench" >&2; exit 2 ;;
esac

missing=()
for package in $wanted; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
        grep -q '^install ok installed$' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "These Debian packages are missing; install them as root:" >&2
    echo "    apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi
echo "installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
