#!/bin/sh
# Writes the locked requirement files from pyproject.toml: hashes for every file, no index address.
# usage: requirements/lock.sh BIN   (the folder that holds uv)
set -eu
cd "$(dirname "$0")/.."
for name in base all dev; do
  extra=""
  [ "$name" = base ] || extra="--extra $name"
  # shellcheck disable=SC2086
  "$1/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
    --no-annotate --custom-compile-command "make lock" --no-emit-package andon $extra --output-file "requirements/$name.txt" pyproject.toml requirements/build.in
done
