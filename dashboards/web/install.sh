#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# install.sh: installs what the page is built and tested with, where that has changed.
set -eu
cd "$(dirname "$0")"
exec 9>.lock
flock 9
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --silent --no-audit --no-fund --ignore-scripts
  touch node_modules/.package-lock.json
fi
