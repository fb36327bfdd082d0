#!/usr/bin/env bash
# Proves: a question cut at every length is dropped, and the whole one answered after that.
set -euo pipefail
PRIVACY=plain # the lies are about figures that are not masked
. "$(dirname "$0")/lies.sh"
lying_federation
lie cut-everywhere ada carol.approval dave.approval
expect SUMMARY
