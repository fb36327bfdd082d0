#!/usr/bin/env bash
# Proves: an approval with a member's name over a signature by another key is refused.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
lying_federation
lie forged-approval ada carol.approval dave.approval
expect REFUSE BAD_SIGNATURE
