#!/usr/bin/env bash
# Proves: a query signed by somebody whom the study does not name is refused.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
lying_federation
lie none mallory carol.approval dave.approval
expect REFUSE RESEARCHER_NOT_IN_STUDY
