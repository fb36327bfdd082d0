#!/usr/bin/env bash
# Proves: project 2 runs over 13 centers with masked sums and finds the known hazard of a small infarct,
# as R does on the pooled rows.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
. "$(dirname "$0")/../support/projects.sh"
project_story 2
Rscript "$(dirname "$0")/projects.R" 2 "$FED"
