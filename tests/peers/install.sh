#!/bin/sh
# Installs the foreign peers that tests/peers talks to, at the exact versions of tests/peers/node/package.json.
# Without node or a registry those tests skip, and say so.
set -eu
cd "$(dirname "$0")/node"
command -v npm >/dev/null || { echo "npm is not here: tests against foreign peers will be skipped" >&2; exit 0; }
wanted=$(node -p 'Object.entries(require("./package.json").dependencies).map(([n, v]) => n + "@" + v).join(" ")')
missing=""
for one in $wanted; do
  name=${one%@*} version=${one##*@}
  have=$(node -p "require('./node_modules/$name/package.json').version" 2>/dev/null || true)
  [ "$have" = "$version" ] || missing="$missing $one"
done
[ -n "$missing" ] || exit 0
# shellcheck disable=SC2086
npm install --no-package-lock --no-save --no-audit --no-fund --loglevel=error --ignore-scripts --prefix . $missing
