# Two commands are all a newcomer types: `make demo` and `make test`.
# Everything is installed into .venv in this folder; nothing else on the machine changes, except that
# `make test` asks apt for Chromium when there is none.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
PIP := $(BIN)/pip --disable-pip-version-check
export PYTHONUTF8 := 1
# What Python compiles is kept in __pycache__: the tests start the command over and over.
unexport PYTHONDONTWRITEBYTECODE
# Small models and small solves run slower on many threads than on one.
export OMP_NUM_THREADS := 1
# Tests commit thousands of times: databases in memory halve their time. Where there is not much of it, the disk serves.
SCRATCH := $(shell df --output=avail -k /dev/shm 2>/dev/null | awk 'NR == 2 && $$1 > 6000000 { print "/dev/shm" }')
# requirements/ lists every package there is; pip is not asked to resolve again (--no-deps), because an older pip
# answers "coverage[toml]" with the newest release instead of the pinned one, and then refuses it for want of a hash.

.PHONY: help demo serve test check bench soak clean lock programs fast

help: ## what can be done here
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1\t/' | expand -t 16

$(VENV)/pyvenv.cfg:
	@echo "» making a virtual environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (python3 --version)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3 cannot make a virtual environment; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/.run: requirements/run.txt pyproject.toml babel.cfg | $(VENV)/pyvenv.cfg
	@echo "» installing what the product needs (pinned by hash)"
	@$(PIP) install --quiet --no-deps --require-hashes -r requirements/run.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "» installing what the tests need (pinned by hash)"
	@$(PIP) install --quiet --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/.run ## build a demonstration fund from examples/ and serve it
	@$(BIN)/fund demo

serve: $(VENV)/.run ## serve the current instance
	@$(BIN)/fund init > /dev/null
	@$(BIN)/fund serve

programs: $(VENV)/.dev
	@$(BIN)/python tests/find_browser.py --install
	@$(BIN)/python tests/find_office.py --install

test: $(VENV)/.dev programs ## every test, on SQLite, PostgreSQL and in a browser
	@echo "» running the tests"
	@$(if $(SCRATCH),TMPDIR=$(SCRATCH)) $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev ## all that CI runs
	@echo "» formatting and lint"
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@echo "» types"
	@$(BIN)/mypy
	@echo "» import contracts"
	@$(BIN)/lint-imports --no-cache
	@echo "» migrations match the tables"
	@scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && export FUND_HOME="$$scratch" && \
		$(BIN)/fund init > /dev/null && $(BIN)/alembic check > /dev/null
	@$(MAKE) --no-print-directory test

bench: $(VENV)/.dev ## benchmarks as ratios to a floor, in one run
	@$(BIN)/python bench/run.py

soak: $(VENV)/.dev ## two million operations of the ledger against a model in plain Python; a thousand rounds of each ballot race
	@$(BIN)/python tests/soak.py
	@RACE_ROUNDS=1000 $(BIN)/pytest tests/committee/test_committee_races.py -q -k postgresql

lock: $(VENV)/.dev ## pin the newest versions again
	@$(BIN)/uv pip compile pyproject.toml --group build --generate-hashes --universal --python-version 3.11 --no-header --quiet -o requirements/run.txt
	@$(BIN)/uv pip compile pyproject.toml --group build --group dev --generate-hashes --universal --python-version 3.11 --no-header --quiet -c requirements/run.txt -o requirements/dev.txt

clean: ## remove the environment and the demonstration instance
	rm -rf $(VENV) instance .pytest_cache .mypy_cache .ruff_cache .hypothesis
