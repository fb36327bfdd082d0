#!/usr/bin/env bash
# Proves: the approval of a revoked member does not count.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
MEMBERS="dave erin"
SIGNERS="dave erin"
federation_begin
person carol
ROSTER_OPTIONS=(--revoked "$FED/people/carol.card.json")
person() { local name; for name; do [ -f "$FED/people/$name.key" ] || quiet "$BIN/cohortium" keys new --name "$name" --no-passphrase --out "$FED/people/$name.key"; done; }
lying_federation
lie impatient ada carol.approval dave.approval
expect REFUSE REVOKED_SIGNER
