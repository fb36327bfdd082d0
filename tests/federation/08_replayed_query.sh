#!/usr/bin/env bash
# Proves: a query is answered in one session only, and that session twice alike.
set -euo pipefail
PRIVACY=plain # the lies are about figures that are not masked
. "$(dirname "$0")/lies.sh"
lying_federation
lie replay ada carol.approval dave.approval
expect REFUSE REPLAYED
federation_stop cleveland
lie again ada carol.approval dave.approval
expect SUMMARY
