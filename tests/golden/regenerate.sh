#!/usr/bin/env bash
#
# Writes what every rules file here gives now as what it must give.  Read the
# difference before you commit it.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"

UPDATE=1 make --no-print-directory -s -C ../unit check ONLY=test_golden
git --no-pager diff --stat -- .
