#!/usr/bin/env bash
# Every shell script of the project passes shellcheck and can be run as it lies.
set -euo pipefail
cd "$1"
command -v shellcheck >/dev/null || { echo 'shellcheck is not installed' && exit 77; }
mapfile -t scripts < <(grep -rlIE '^#!.*bash' --exclude-dir=build --exclude-dir=.git \
  --exclude-dir=runs . | sort)
shellcheck "${scripts[@]}"
for script in ./understudy ./.ci/run; do
  [[ -x $script ]] || { echo "$script is not executable" && exit 1; }
done
