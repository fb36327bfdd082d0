#!/usr/bin/env bash
# Proves: an analysis that the committee did not approve is refused.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
sed "s/, \"quantile\"//" "$(dirname "$0")/../data/uci_heart_disease/study.json" >/tmp/narrow-$$.json
STUDY=/tmp/narrow-$$.json
lying_federation
rm "$STUDY"
lie none ada carol.approval dave.approval
expect REFUSE ANALYSIS_NOT_IN_STUDY
