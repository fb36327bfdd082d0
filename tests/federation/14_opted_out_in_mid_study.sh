#!/usr/bin/env bash
# Proves: an opt-out holds at once, whatever the coordinator believes.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
lying_federation
lie opted-out ada carol.approval dave.approval
expect REFUSE NOT_OPTED_IN
