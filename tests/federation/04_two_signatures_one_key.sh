#!/usr/bin/env bash
# Proves: a member who approves twice is still one voice.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
lying_federation
approve carol study.json carol2.approval
lie impatient ada carol.approval carol2.approval
expect REFUSE TOO_FEW_SIGNATURES
