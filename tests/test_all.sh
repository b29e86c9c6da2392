#!/usr/bin/env bash
# All that has to pass before a change lands, arranged for two cores: the lanes of the suite one after the other, and
# beside them what takes one core, first what cargo builds, then what needs the engine. That gives
# way to the lanes, as some tests look at the clock; what it prints comes when all has ended, or where the lanes fail.
set -euo pipefail
cd "$(dirname "$0")/.."
make .venv-reference/.packages

beside=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; cat "$beside"/*' EXIT
(
  make install
  make build
  renice -n 10 "$BASHPID" >/dev/null
  export CARGO_BUILD_JOBS=1
  make test-cargo
  make lint-rust
  make bench-instructions
) >"$beside/cargo" 2>&1 &
cargo=$!
make lint-python
make lint-workflows
make docs
# The flows run once, in the shadow lane, and the equality tests that need Rust on the wheels.
make test-reference PYTEST="-n 2 --dist worksteal --ignore tests/flows"
(
  renice -n 10 "$BASHPID" >/dev/null
  make lint-stubs
  make test-spark
  make demo
  make rehearse
  make test-without-data
) >"$beside/engine" 2>&1 &
engine=$!
make test-rust PYTEST="-n 2 --dist worksteal --ignore tests/equivalence --ignore tests/flows"
make test-shadow
make test-lowest
make test-equivalence
wait $cargo
wait $engine
