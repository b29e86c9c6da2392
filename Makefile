# Every target does its own set-up: a virtual environment in the clone, hash-locked packages, and, where
# cargo is there, the Rust engine in release mode.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
CARGO := $(shell command -v cargo)
VENV := .venv
REFERENCE_VENV := .venv-reference
WHEEL_VENV := .venv-wheels
PEERS_VENV := .venv-peers
LOWEST_VENV := .venv-lowest
SPARK := .venv-spark
BIN := $(VENV)/bin
UV := $(CURDIR)/$(BIN)/uv
UV_PIP_COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
CRATE := rust/crates/data_layer
RUST_SOURCES := $(shell find rust -path rust/target -prune -o \( -name '*.rs' -o -name 'Cargo.*' \) -print) $(CRATE)/pyproject.toml
EXTRAS := --extra polars --extra duckdb --extra postgres --extra services --extra cli --extra plot --extra prefect --extra telemetry --extra report --extra alerts --extra sklearn
# The slow tests stand together: whoever has none left takes them from the other.
PYTEST ?= -n 2 --dist worksteal
# Jobs call the transforms alike with either database, whatever befalls them, and the demonstration compares by itself.
SHADOWED := tests/jobs tests/flows tests/cli/test_service_commands.py tests/cli/test_shadow.py -m "not real_data" \
	-k "not postgresql" $(patsubst %,--ignore=tests/jobs/test_%.py,killed_jobs service_faults job_secrets demo)
# What meets pandas, NumPy, Arrow, polars and DuckDB, without what takes long. The database that 0.1.0 wrote is of a DuckDB
# newer than the lowest.
LOWEST := tests/transforms tests/core tests/storage tests/equivalence -m "not needs_rust and not slow" \
	-k "not postgresql and not database_of_0_1_0" \
	--ignore-glob "*_laws.py" $(patsubst %,--ignore tests/%.py,core/test_logs storage/test_faults equivalence/test_payload_rows equivalence/test_skipping)
DIVAN ?=
FUZZ_SECONDS ?= 60
# Tests use the crates that the engine was built with; the project's own is built with assertions and overflow checks.
CHECKED := $(patsubst %,--config profile.release.package.station-hours.%=true,debug-assertions overflow-checks)
export UV_NO_PROGRESS := 1
# A run starts Python hundreds of times; without bytecode each start compiles all that it imports again.
unexport PYTHONDONTWRITEBYTECODE

# The Rust engine is part of the environment wherever it can be built.
ENGINE := $(if $(CARGO),$(VENV)/.rust-engine,)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.packages: requirements/bootstrap.txt requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	VIRTUAL_ENV=$(VENV) $(UV) pip sync --quiet --require-hashes requirements/dev.txt
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.rust-engine: $(VENV)/.packages $(RUST_SOURCES)
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin develop --release --uv --locked --quiet -m $(CRATE)/Cargo.toml
	touch $@

$(REFERENCE_VENV)/.packages: $(VENV)/.packages
	$(PYTHON) -m venv --without-pip $(REFERENCE_VENV)
	VIRTUAL_ENV=$(REFERENCE_VENV) $(UV) pip sync --quiet --require-hashes requirements/dev.txt
	VIRTUAL_ENV=$(REFERENCE_VENV) $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(LOWEST_VENV)/.packages: requirements/lowest.txt $(VENV)/.packages
	$(PYTHON) -m venv --without-pip $(LOWEST_VENV)
	VIRTUAL_ENV=$(LOWEST_VENV) $(UV) pip sync --quiet --require-hashes requirements/lowest.txt
	VIRTUAL_ENV=$(LOWEST_VENV) $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(PEERS_VENV)/.packages: requirements/peers.txt $(VENV)/.packages
	$(PYTHON) -m venv --without-pip $(PEERS_VENV)
	VIRTUAL_ENV=$(PEERS_VENV) $(UV) pip sync --quiet --require-hashes requirements/peers.txt
	touch $@

# Laid beside the packages of $(VENV) rather than among them: Spark takes 450 MB, and one lane needs it.
$(SPARK)/.packages: requirements/spark.txt $(VENV)/.packages
	rm -rf $(SPARK)
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes --target $(SPARK) -r requirements/spark.txt
	touch $@

.PHONY: install
install: $(VENV)/.packages $(ENGINE) ## set up the virtual environment (with the Rust engine where cargo is found)
	@$(if $(CARGO),true,echo "cargo was not found: the reference engine alone is installed")

.PHONY: demo
demo: install ## both jobs on made-up data sets: summaries, both engines' times, a picture
	$(BIN)/edl demo

.PHONY: test
test: install ## the quick tests, with both engines where cargo is found; the last line says what is left to test-all
	$(BIN)/python -m pytest -p tests.quick_suite $(PYTEST) -m "not slow"

.PHONY: test-all
test-all: ## all that has to pass before a change lands: every lane, linters, documentation, demonstration, rehearsal
	tests/test_all.sh

.PHONY: test-without-data
test-without-data: $(VENV)/.rust-engine ## the tests of published files where there are none: each is skipped
	EDL_REAL_DATA=absent EDL_TEST_REQUIRE_RUST=1 $(BIN)/python -m pytest -m real_data

.PHONY: test-reference
test-reference: $(REFERENCE_VENV)/.packages ## the suite on an installation without the Rust engine
	$(REFERENCE_VENV)/bin/python -m pytest $(PYTEST) -m "not needs_rust"

.PHONY: test-rust
test-rust: $(VENV)/.rust-engine ## the tests that need the Rust engine; a missing engine is a failure
	EDL_TEST_REQUIRE_RUST=1 $(BIN)/python -m pytest -m needs_rust $(PYTEST)

.PHONY: test-lowest
test-lowest: $(LOWEST_VENV)/.packages ## transforms and storage on the lowest versions of all that the package requires
	$(LOWEST_VENV)/bin/python -m pytest $(PYTEST) $(LOWEST)

# Tests of Spark are skipped where there is no pyspark; -p makes its absence a failure in this lane.
.PHONY: test-spark
test-spark: $(VENV)/.packages $(ENGINE) $(SPARK)/.packages ## the transforms on Spark, which needs Java 17, in one process with two executors
	PYTHONPATH=$(CURDIR)/$(SPARK) $(BIN)/python -m pytest -p pyspark.version tests/scale/test_spark.py tests/benchmark/test_smoke.py -k spark

.PHONY: rehearse
rehearse: $(VENV)/.rust-engine ## Rust let into production and taken out again, in simulated days, with the checks that held
	$(BIN)/python tests/rehearsal/rehearse.py

.PHONY: test-shadow
test-shadow: $(VENV)/.rust-engine ## the jobs' tests in shadow mode; a call on which the engines differ is a failure
	USE_RUST=shadow EDL_TEST_REQUIRE_RUST=1 $(BIN)/python -m pytest -p tests.shadow_lane $(PYTEST) $(SHADOWED)

.PHONY: test-cargo
test-cargo: ## the Rust crates' own tests
	cargo test --manifest-path rust/Cargo.toml --locked --workspace --release $(CHECKED)

.PHONY: test-equivalence
test-equivalence: build ## the equality tests on the built wheels, in an environment of their own; a skip is a failure
	$(PYTHON) -m venv --clear --without-pip $(WHEEL_VENV)
	VIRTUAL_ENV=$(WHEEL_VENV) $(UV) pip sync --quiet --require-hashes requirements/dev.txt
	VIRTUAL_ENV=$(WHEEL_VENV) $(UV) pip install --quiet --no-deps dist/*.whl
	EDL_TEST_REQUIRE_RUST=1 $(WHEEL_VENV)/bin/python -m pytest $(PYTEST) -m needs_rust tests/equivalence

.PHONY: defects
defects: $(VENV)/.rust-engine ## seed defects, each alone in a copy: the lane that CI runs has to find it; DEFECTS="--only …"
	$(BIN)/python tests/defects/seed.py $(DEFECTS)

.PHONY: mutants
mutants: ## the kernels of spline, means, gaps and climatology, changed one place at a time; MUTANTS="--shard 0/12"
	cargo mutants --dir rust --package station-hours --output rust/target $(patsubst %,--file '**/impute/%.rs',spline means gaps climatology) $(MUTANTS) -- --lib impute

.PHONY: fuzz
fuzz: $(VENV)/.rust-engine ## every parser of bytes from outside, for FUZZ_SECONDS each, on other bytes each time
	FUZZ_SECONDS=$(FUZZ_SECONDS) EDL_TEST_REQUIRE_RUST=1 $(BIN)/python -m pytest $(PYTEST) --timeout 0 tests/security/test_fuzz.py
	FUZZ_SECONDS=$(FUZZ_SECONDS) cargo test --manifest-path rust/Cargo.toml --locked --package station-hours --test mutations

.PHONY: audit
audit: $(VENV)/.packages ## known vulnerabilities in what is installed, as far as the advisories can be reached
	@if command -v pip-audit > /dev/null; then \
		pip-audit --require-hashes --disable-pip -r requirements/dev.txt; \
	else echo "Python: not looked at, pip-audit is not installed"; fi
	@if command -v cargo-deny > /dev/null; then \
		cargo deny --manifest-path rust/Cargo.toml check; \
	else echo "Rust: not looked at, cargo-deny is not installed"; fi

.PHONY: lint
lint: lint-python lint-workflows $(if $(CARGO),lint-rust lint-stubs,) ## all of the following

.PHONY: lint-python
lint-python: $(VENV)/.packages ## ruff, mypy, the layers of the package
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: lint-rust
lint-rust: ## rustfmt, clippy, what publishing the crate of the transforms asks for
	cargo fmt --manifest-path rust/Cargo.toml --all --check
	cargo clippy --manifest-path rust/Cargo.toml --locked --workspace --all-targets -- -D warnings
	cargo publish --manifest-path rust/Cargo.toml --locked --package station-hours --dry-run --no-verify --allow-dirty

.PHONY: lint-stubs
lint-stubs: $(VENV)/.rust-engine ## the engine's type stubs against its binary
	MYPYPATH=$(CRATE)/python $(BIN)/python -m mypy.stubtest rust_data_layer

.PHONY: lint-workflows
lint-workflows: $(VENV)/.packages ## the GitHub workflows: their schema, and what is unsafe in them
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --quiet --offline --no-progress --strict-collection .github

.PHONY: docs
docs: $(VENV)/.packages ## the documentation as a site, in docs/_build; a warning is a failure
	$(BIN)/sphinx-build --quiet --fresh-env --nitpicky --fail-on-warning --keep-going docs docs/_build

.PHONY: pictures
pictures: $(VENV)/.packages $(ENGINE) ## the pictures of the documentation, by the examples of its pages, and the tutorials as notebooks
	$(BIN)/python -m doctest docs/plots.md docs/tutorials/first_look.md docs/tutorials/choose_a_method.md
	$(BIN)/python -m tests.docs.notebooks

.PHONY: format
format: $(VENV)/.packages ## rewrite the sources in the project's style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(if $(CARGO),cargo fmt --manifest-path rust/Cargo.toml --all)

.PHONY: bench
bench: $(VENV)/.rust-engine ## both engines in one process: the goals and tables of the final report
	$(BIN)/python tests/benchmark/rust_vs_python.py

.PHONY: bench-smoke
bench-smoke: $(VENV)/.rust-engine ## a small run of the same, which judges no times; its figures in dist/benchmark
	mkdir -p dist/benchmark
	$(BIN)/python tests/benchmark/rust_vs_python.py --smoke --json dist/benchmark/rust_vs_python.json --graphs dist/benchmark

.PHONY: reports
reports: $(VENV)/.rust-engine $(PEERS_VENV)/.packages ## measure everything in docs/measurements again; graphs and pages from it
	$(BIN)/python tests/benchmark/make_reports.py

.PHONY: report-pages
report-pages: $(VENV)/.packages ## graphs and pages from what was measured last
	$(BIN)/python tests/benchmark/make_reports.py --from-data

.PHONY: peers
peers: $(PEERS_VENV)/.packages ## the environment of other imputers; `make bench` measures them where it is there

.PHONY: bench-io
bench-io: $(VENV)/.rust-engine ## the figures of docs/io.md: collecting and storing, written into the page
	$(BIN)/python tests/benchmark/collecting.py --write
	$(BIN)/python tests/benchmark/storage.py --write

.PHONY: bench-scale
bench-scale: $(VENV)/.rust-engine ## 100 million rows part by part; the figures of docs/scale.md
	$(BIN)/python tests/benchmark/scale.py --write

.PHONY: load
load: $(VENV)/.rust-engine ## ten years of all stations through the weather job; the figures of docs/load.md
	$(BIN)/python tests/benchmark/load.py --write

.PHONY: soak
soak: $(VENV)/.packages ## 200 daily runs on a service with faults; the figures of docs/load.md
	$(BIN)/python tests/benchmark/soak.py --write

.PHONY: bench-accuracy
bench-accuracy: $(VENV)/.packages $(ENGINE) ## how far fills are from the truth, beside goals and other imputers; ACCURACY="--only goals"
	$(BIN)/python tests/benchmark/accuracy.py $(ACCURACY)

.PHONY: bench-spark
bench-spark: $(VENV)/.rust-engine $(SPARK)/.packages ## what filling takes of the processor on Spark, against Spark's own work
	PYTHONPATH=$(CURDIR)/$(SPARK) $(BIN)/python tests/benchmark/spark_overhead.py

.PHONY: bench-start-up
bench-start-up: $(VENV)/.rust-engine ## what the command line takes of the processor before it does anything
	$(BIN)/python tests/benchmark/start_up.py

.PHONY: bench-profile
bench-profile: $(VENV)/.packages ## where the reference spends its time, against a naive version of it
	$(BIN)/python tests/benchmark/profile_impute.py

.PHONY: bench-pipeline
bench-pipeline: $(VENV)/.rust-engine ## whole jobs with both engines: where their time goes
	$(BIN)/python tests/benchmark/pipeline.py

.PHONY: bench-rust
bench-rust: ## times of the Rust kernels and their parts, without Python
	cargo bench --manifest-path rust/Cargo.toml --locked --package station-hours --bench timings -- $(DIVAN)

.PHONY: bench-instructions
bench-instructions: ## the kernels' instructions under valgrind, against the recorded ones
	$(PYTHON) tests/benchmark/instructions.py $(INSTRUCTIONS)

.PHONY: bench-equality
bench-equality: $(VENV)/.rust-engine ## what the equivalence suite compared, and how far the engines were apart
	$(BIN)/python tests/benchmark/equality_evidence.py

.PHONY: bench-maintenance
bench-maintenance: $(VENV)/.rust-engine ## what keeping the Rust engine costs: lines, build times, sizes, dependencies
	$(BIN)/python tests/benchmark/maintenance.py

.PHONY: build
build: $(VENV)/.packages ## the source distributions, and the wheels from them, in dist/
	rm -f dist/*.tar.gz dist/*.whl
	VIRTUAL_ENV=$(VENV) $(UV) build --quiet --no-build-isolation --out-dir dist .
	$(if $(CARGO),CARGO_TARGET_DIR=$(CURDIR)/rust/target $(BIN)/maturin build --release --locked --quiet --sdist -m $(CRATE)/Cargo.toml --out dist)

.PHONY: lock
lock: $(VENV)/.packages ## resolve the hash-locked requirements again
	$(UV_PIP_COMPILE) --upgrade pyproject.toml requirements/dev.in $(EXTRAS) -o requirements/dev.txt
	$(UV_PIP_COMPILE) --upgrade requirements/bootstrap.in -o requirements/bootstrap.txt
	$(UV_PIP_COMPILE) --upgrade requirements/peers.in -o requirements/peers.txt
	$(UV_PIP_COMPILE) --upgrade requirements/spark.in -o requirements/spark.txt
	$(UV_PIP_COMPILE) --upgrade --resolution lowest-direct pyproject.toml requirements/lowest.in $(EXTRAS) -o requirements/lowest.txt

.PHONY: clean
clean: ## remove everything the targets made
	rm -rf $(VENV) $(REFERENCE_VENV) $(WHEEL_VENV) $(PEERS_VENV) $(LOWEST_VENV) $(SPARK) rust/target dist demo docs/_build .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
