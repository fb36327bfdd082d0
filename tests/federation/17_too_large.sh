#!/usr/bin/env bash
# Proves: a message above the limit ends the connection and nothing else; the node comes back
# and answers.
set -euo pipefail
PRIVACY=plain # the lies are about figures that are not masked
. "$(dirname "$0")/lies.sh"
lying_federation
lie too-large ada carol.approval dave.approval
expect SUMMARY
