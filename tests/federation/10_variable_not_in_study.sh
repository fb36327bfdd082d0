#!/usr/bin/env bash
# Proves: a variable that the committee did not approve is refused.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
lying_federation
QUESTION=$FED/question.json
echo '{"cohort": "age >= 50", "analyses": [{"summary": {"variables": ["chol"]}}]}' >"$QUESTION"
lie none ada carol.approval dave.approval
expect REFUSE VARIABLE_NOT_IN_STUDY
federation_stop cleveland
echo '{"cohort": "age >= 50 and chol > 200", "analyses": [{"count": {}}]}' >"$QUESTION"
lie none ada carol.approval dave.approval
expect REFUSE VARIABLE_NOT_IN_STUDY
