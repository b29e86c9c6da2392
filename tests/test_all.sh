#!/usr/bin/env bash
# All that has to pass before a change lands, arranged for two cores: the lanes of the suite one after the other, and
# beside them, one after the other, what takes one core. That gives way to the lanes, as some tests look at the clock;
# what it prints comes at the end, or where it fails.
set -euo pipefail
cd "$(dirname "$0")/.."
make .venv-reference/.packages

beside=$(mktemp)
(
  make install
  make build
  renice -n 10 "$BASHPID" >/dev/null
  export CARGO_BUILD_JOBS=1
  make lint
  make docs
  make test-cargo
  make bench-instructions
  make demo
  make rehearse
  make test-without-data
) >"$beside" 2>&1 &
trap 'kill $! 2>/dev/null || true; cat "$beside"' EXIT
# The flows run once, in the shadow lane, and the equality tests that need Rust on the wheels.
make test-reference PYTEST="-n 2 --dist worksteal --ignore tests/flows"
make test-rust PYTEST="-n 2 --dist worksteal --ignore tests/equivalence --ignore tests/flows"
make test-shadow
make test-equivalence
wait $!
