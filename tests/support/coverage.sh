#!/usr/bin/env bash
# Builds with gcov, passes the unit tests and prints what they took.
#
#   tests/support/coverage.sh [--missing FOLDER]
#
# --missing lists the branches of a folder that no test takes.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/support/build.sh
build coverage
# The build ran the programs for their manuals; only tests count.
find build/coverage -name '*.gcda' -delete
ctest --test-dir build/coverage --label-regex unit -j 2 \
    --output-on-failure >build/coverage/tests.log 2>&1 ||
    { tail -n 40 build/coverage/tests.log; exit 1; }
/usr/bin/python3 tests/support/coverage.py build/coverage \
    --floor policy=96 "$@"
