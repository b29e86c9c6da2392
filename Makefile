# Every target does its own set-up: a virtual environment in the clone, hash-locked packages, and, where
# cargo is there, the Rust engine in release mode.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
CARGO := $(shell command -v cargo)
VENV := .venv
REFERENCE_VENV := .venv-reference
BIN := $(VENV)/bin
UV := $(CURDIR)/$(BIN)/uv
UV_PIP_COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
CRATE := rust/crates/data_layer
RUST_SOURCES := $(shell find rust -path rust/target -prune -o \( -name '*.rs' -o -name 'Cargo.*' \) -print) $(CRATE)/pyproject.toml
EXTRAS := --extra polars --extra duckdb --extra postgres --extra services --extra cli --extra plot --extra prefect
PYTEST ?= -n 2
export UV_NO_PROGRESS := 1

# The Rust engine is part of the environment wherever it can be built.
ENGINE := $(if $(CARGO),$(VENV)/.rust-engine,)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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

.PHONY: install
install: $(VENV)/.packages $(ENGINE) ## set up the virtual environment (with the Rust engine where cargo is found)
	@$(if $(CARGO),true,echo "cargo was not found: the reference engine alone is installed")

.PHONY: demo
demo: install ## both jobs on made-up data sets: summaries, both engines' times, a picture
	$(BIN)/edl demo demo

.PHONY: test
test: test-reference $(if $(CARGO),test-rust,) ## the suite without the Rust engine, then with it

.PHONY: test-reference
test-reference: $(REFERENCE_VENV)/.packages ## the suite on an installation without the Rust engine
	$(REFERENCE_VENV)/bin/python -m pytest $(PYTEST) -m "not needs_rust"

.PHONY: test-rust
test-rust: $(VENV)/.rust-engine ## the suite with the Rust engine; a missing engine is a failure
	EDL_TEST_REQUIRE_RUST=1 $(BIN)/python -m pytest $(PYTEST)

.PHONY: test-cargo
test-cargo: ## the Rust crates' own tests
	cargo test --manifest-path rust/Cargo.toml --locked --workspace

.PHONY: lint
lint: install ## ruff, mypy (and the stubs against the binary), rustfmt, clippy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(if $(CARGO),MYPYPATH=$(CRATE)/python $(BIN)/python -m mypy.stubtest rust_data_layer)
	$(if $(CARGO),cargo fmt --manifest-path rust/Cargo.toml --all --check)
	$(if $(CARGO),cargo clippy --manifest-path rust/Cargo.toml --locked --workspace --all-targets -- -D warnings)

.PHONY: format
format: $(VENV)/.packages ## rewrite the sources in the project's style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(if $(CARGO),cargo fmt --manifest-path rust/Cargo.toml --all)

.PHONY: bench
bench: $(VENV)/.rust-engine ## the table of the README: both engines in one process
	$(BIN)/python tests/benchmark/rust_vs_python.py

.PHONY: bench-io
bench-io: $(VENV)/.rust-engine ## the figures of docs/io.md: collecting and storing, written into the page
	$(BIN)/python tests/benchmark/io_page.py

.PHONY: bench-profile
bench-profile: $(VENV)/.packages ## where the reference spends its time, against a naive version of it
	$(BIN)/python tests/benchmark/profile_impute.py

.PHONY: bench-pipeline
bench-pipeline: $(VENV)/.rust-engine ## whole jobs with both engines: where their time goes
	$(BIN)/python tests/benchmark/pipeline.py

.PHONY: build
build: install ## the wheels and source distributions, in dist/
	VIRTUAL_ENV=$(VENV) $(UV) build --quiet --no-build-isolation --out-dir dist .
	$(if $(CARGO),$(BIN)/maturin build --release --locked --quiet --sdist -m $(CRATE)/Cargo.toml --out dist)

.PHONY: lock
lock: $(VENV)/.packages ## resolve the hash-locked requirements again
	$(UV_PIP_COMPILE) --upgrade pyproject.toml requirements/dev.in $(EXTRAS) -o requirements/dev.txt
	$(UV_PIP_COMPILE) --upgrade requirements/bootstrap.in -o requirements/bootstrap.txt
	$(UV_PIP_COMPILE) --upgrade requirements/peers.in -o requirements/peers.txt

.PHONY: clean
clean: ## remove everything the targets made
	rm -rf $(VENV) $(REFERENCE_VENV) rust/target dist demo .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
