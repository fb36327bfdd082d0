#!/usr/bin/env bash
# Proves: project 4 runs over 13 centers with masked sums and finds the modes of shape in tetralogy and what drives the first,
# as R does on the pooled rows.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
. "$(dirname "$0")/../support/projects.sh"
project_story 4
Rscript "$(dirname "$0")/projects.R" 4 "$FED"
