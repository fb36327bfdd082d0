#!/usr/bin/env bash
# Proves: a cohort that is wider than the study is refused.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
lying_federation
QUESTION=$FED/question.json
echo '{"cohort": "age >= 30", "analyses": [{"count": {}}]}' >"$QUESTION"
lie none ada carol.approval dave.approval
expect REFUSE COHORT_OUTSIDE_STUDY
federation_stop cleveland
echo '{"cohort": "age >= 50 or sex = 1", "analyses": [{"count": {}}]}' >"$QUESTION"
lie none ada carol.approval dave.approval
expect REFUSE COHORT_OUTSIDE_STUDY
