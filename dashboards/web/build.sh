#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh OUT: installs what the page is built with, and builds it into OUT.
set -eu
cd "$(dirname "$0")"
sh install.sh
exec node build.mjs "$1"
