#!/usr/bin/env bash
# Proves: effects of single centers are not given where the study does not say
# so, as a term of its own or within an interaction.
set -euo pipefail
. "$(dirname "$0")/lies.sh"
PRIVACY=plain
STUDY=/tmp/effects-$$.json
sed 's/"count", /"lm", /' "$UCI/study.json" >"$STUDY"
lying_federation
rm "$STUDY"
QUESTION=$FED/question.json
ask() {
    echo "{\"cohort\": \"age >= 50\", \"analyses\": [{\"lm\":
        {\"formula\": \"trestbps ~ $1\"}}]}" >"$QUESTION"
    lie none ada carol.approval dave.approval
}
ask "age"
expect SUMMARY
for terms in "age + center" "age:center" "age * center"; do
    federation_stop cleveland
    ask "$terms"
    expect REFUSE CENTERS_NOT_IN_STUDY
done
