#!/usr/bin/env bash
# Proves: with two of three to sign, one approval is not enough.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
lying_federation
lie impatient ada carol.approval
expect REFUSE TOO_FEW_SIGNATURES
