#!/usr/bin/env bash
# Makes the environment, then lints and tests: tools/test.sh [pytest options]
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/environment.sh
make_environment
ruff check .
ruff format --check .
# A process a core, each with whole files, whose tests share what they set up.
exec pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile "$@"
