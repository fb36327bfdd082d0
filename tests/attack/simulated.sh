#!/usr/bin/env bash
# A coordinator that lies by seed to nodes in one process. simulated.sh STRATEGY:
# exit 0 when a node believes what it must not believe, or gives what it must not
# give; 1 when none does.
set -euo pipefail
if said=$("$BIN/test_simulation" --strategy "$1" --seeds 4 2>&1); then exit 1; fi
tail -n 1 <<<"$said" | sed 's/^ *//'
