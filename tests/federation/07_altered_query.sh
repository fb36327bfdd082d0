#!/usr/bin/env bash
# Proves: one changed bit of a signed query is refused.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
lying_federation
lie altered-query ada carol.approval dave.approval
expect REFUSE BAD_SIGNATURE
