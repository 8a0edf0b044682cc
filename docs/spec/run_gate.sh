#!/bin/sh
# Checks the gate's model and its mutants with Spin (Debian package `spin`) and a C compiler.
# usage: sh run_gate.sh; exit code 0 when the design has no error and every mutant has one.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0
check() {
  want=$1
  shift
  "${SPIN:-spin}" -a "$@" "$here/gate.pml" >/dev/null
  "${CC:-cc}" -O2 -DSAFETY -DNOCLAIM -DCOLLAPSE -o pan pan.c 2>/dev/null
  ./pan -E -m200000 >out 2>&1 || true
  got=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' out)
  states=$(sed -n 's/ *\([0-9]*\) states, stored.*/\1/p' out)
  echo "$* errors=$got expected=$want states=$states"
  [ "$got" = "$want" ] || failed=1
}
check 0 -DM=0
for mutant in 1 2 3 4 5 6 7 8 9 10; do check 1 "-DM=$mutant"; done
exit $failed
