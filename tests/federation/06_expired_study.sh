#!/usr/bin/env bash
# Proves: a study past its end is not answered.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
sed "s/2099-01-01/2021-01-01/" "$UCI/study.json" >/tmp/expired-$$.json
STUDY=/tmp/expired-$$.json
lying_federation
rm "$STUDY"
lie none ada carol.approval dave.approval
expect REFUSE EXPIRED
