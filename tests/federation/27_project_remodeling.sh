#!/usr/bin/env bash
# Proves: project 1 runs over 13 centers with masked sums and finds the known model of remodeling in aortic regurgitation,
# as R does on the pooled rows.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
. "$(dirname "$0")/../support/projects.sh"
project_story 1
Rscript "$(dirname "$0")/projects.R" 1 "$FED"
