#!/usr/bin/env bash
# Proves: an approved question is not answered where nobody opted in.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
lying_federation
lie impatient ada carol.approval dave.approval
expect REFUSE NOT_OPTED_IN
