#!/usr/bin/env bash
# Proves: project 3 runs over 13 centers with masked sums and finds what scar and valve surgery do in aortic regurgitation,
# as R does on the pooled rows.
set -euo pipefail
. "$(dirname "$0")/../support/federation.sh"
. "$(dirname "$0")/../support/projects.sh"
project_story 3
Rscript "$(dirname "$0")/projects.R" 3 "$FED"
