#!/usr/bin/env bash
# Proves: a node itself refuses a cohort that the study does not name; and where
# the study explores, one that is not plain.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
STUDY=/tmp/declared-$$.json
trap 'rm -f "$STUDY"' EXIT
sed 's/"exploration": true/"exploration": false/' "$UCI/study.json" >"$STUDY"
lying_federation
QUESTION=$FED/question.json
# asks COHORT: of cleveland
asks() {
    echo "{\"cohort\": \"$1\", \"analyses\": [{\"count\": {}}]}" >"$QUESTION"
    lie none ada carol.approval dave.approval
    federation_stop cleveland
}
asks "age >= 51"
expect REFUSE COHORT_NOT_IN_STUDY
asks "age >= 40 or sex = 1"
expect REFUSE COHORT_NOT_IN_STUDY
study "$UCI/study.json" ada
approve carol
approve dave
NO_OPT_IN=1 # a query is read before that is looked at
asks "age >= 50 or sex = 1"
expect REFUSE NOT_PLAIN
asks "not (age >= 50 and sex = 1)"
expect REFUSE NOT_PLAIN
