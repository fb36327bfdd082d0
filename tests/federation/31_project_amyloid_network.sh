#!/usr/bin/env bash
# Proves: project 5 runs over 13 centers with masked sums and finds a network that tells amyloid subtypes, the same federated as pooled.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
. "$(dirname "$0")/../support/projects.sh"
project_story 5
sed '/"study"/d' "$PROJECTS/5/query.json" >"$FED/query.json"
"$BIN/cohortium" sandbox --json --pooled --dictionary "$DICTIONARY" \
    --query "$FED/query.json" "$FED"/data/*.csv >"$FED/pooled.json" 2>/dev/null
Rscript "$(dirname "$0")/projects.R" 5 "$FED"
