#!/usr/bin/env bash
# Proves: a question cut at every length is dropped, and the whole one answered after that.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
lying_federation
lie cut-everywhere ada carol.approval dave.approval
expect SUMMARY
