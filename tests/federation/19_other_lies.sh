#!/usr/bin/env bash
# Proves: a lowered minimum, another roster, a header that the coordinator did
# not sign, another study, a past deadline, and a freeze that this center does
# not have are refused.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
lying_federation
for pair in lowered-minimum:TOO_FEW_CENTERS other-roster:WRONG_ROSTER \
    unsigned-header:UNKNOWN_SIGNER swapped-study:WRONG_STUDY \
    late-deadline:LATE other-freeze:REFUSED; do
    lie "${pair%:*}" ada carol.approval dave.approval
    expect REFUSE "${pair#*:}"
    federation_stop cleveland
done
