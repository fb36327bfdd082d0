#!/usr/bin/env bash
# clang-tidy over every file of the project, findings are errors. A place where
# a check is wrong says so itself: NOLINTNEXTLINE(check) and why.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v run-clang-tidy >/dev/null; then
    echo "run-clang-tidy is missing: Debian's package clang-tidy" >&2
    exit 1
fi
. tests/support/build.sh
configure tidy
findings=build/tidy/findings
if ! run-clang-tidy -quiet -j"$(nproc)" -p build/tidy \
    "^$PWD/(node|coordinator|policy|protocol|tests)/" >$findings 2>&1; then
    grep -v -e '^clang-tidy' -e 'warnings\? generated' $findings
    exit 1
fi
echo "$(grep -c '^clang-tidy' $findings) files, no findings"
