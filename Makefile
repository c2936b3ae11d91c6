# The project's commands. Nothing is assumed but make, git and a Python 3.11, 3.12 or 3.13 that can make
# virtual environments: `make PYTHON=/path/to/python3.12 setup` names one, else the first that works is taken.

PYTHON ?=
ARGS ?=
VENV := .venv
IN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo dev stop test test-local conformance clients lint bench bench-small bench-long soak clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/installed ## make .venv with the pinned packages (quick when nothing changed)
	@echo "ready: $$($(IN)/python --version) in $(VENV); next: make demo"

demo: $(VENV)/installed ## load made-up data into the local Redshift and show the result
	@$(IN)/sparkify demo $(ARGS)

dev: $(VENV)/installed ## start Dagster's web UI with the assets and their history
	@$(IN)/sparkify dev $(ARGS)

stop: $(VENV)/installed ## stop what demo and dev left running
	@$(IN)/sparkify stop $(ARGS)

# Files side by side: much of the time a test waits for a server, or for Terraform's provider.
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 2 --dist loadfile --no-loadscope-reorder
test: $(VENV)/installed-test $(if $(ARGS),,test-local) ## run the tests (ARGS="-k word" chooses)
	@$(IN)/python -m pytest $(SIDE_BY_SIDE) $(if $(ARGS),$(ARGS),--ignore tests/redshift_local)

# The local Redshift is tested in an environment that has nothing of the pipeline, nor Dagster.
test-local: $(VENV)/alone/installed ## run the tests of redshift_local by themselves
	@$(VENV)/alone/bin/python -m pytest $(SIDE_BY_SIDE) --confcutdir tests/redshift_local tests/redshift_local

conformance: $(VENV)/installed ## run what AWS documents on the local Redshift, and write docs/conformance.md
	@$(IN)/python -m redshift_local check --write docs/conformance.md tests/redshift_local/conformance/*.toml

clients: $(VENV)/alone/installed ## try real clients against the local Redshift (ARGS="dbt dlt" chooses; minutes)
	@$(VENV)/alone/bin/python -m tests.clients $(ARGS)

lint: $(VENV)/installed-test $(VENV)/installed-lint ## check style and types of Python and SQL
	@$(IN)/ruff check .
	@$(IN)/ruff format --check .
	@$(IN)/mypy
	@$(IN)/lint-imports
	@$(IN)/hadolint Dockerfile
	@rm -rf $(VENV)/sql && $(IN)/python -m sparkify_assets.model.queries --write $(VENV)/sql
	@$(IN)/sqlfluff lint --disable-progress-bar $(VENV)/sql

bench: $(VENV)/installed-bench ## measure loading beside a hand-written loader and other tools (half an hour)
	@$(IN)/python -m benchmarks $(ARGS)

bench-small: $(VENV)/installed-bench ## the same in small: fails if a ratio has left its order of magnitude
	@$(IN)/python -m benchmarks small $(ARGS)

bench-long: $(VENV)/installed-bench ## the same, and with 10 million events over 310 and 1,000 days (hours)
	@$(IN)/python -m benchmarks long $(ARGS)

soak: $(VENV)/installed-test $(VENV)/alone/installed ## run the long tests: random kills, corrections and messages
	@$(IN)/python -m pytest -m soak --ignore tests/redshift_local tests $(ARGS)
	@$(VENV)/alone/bin/python -m pytest -m soak --confcutdir tests/redshift_local tests/redshift_local $(ARGS)

clean: ## stop what runs, then remove .venv, .sparkify and all caches
	@if [ -x $(IN)/sparkify ]; then $(IN)/sparkify stop || [ ! -d .sparkify ]; fi
	@rm -rf $(VENV) .sparkify .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

INSTALL := $(IN)/python install.py

$(VENV)/installed: $(IN)/python pyproject.toml constraints.txt
	@echo "installing the pinned packages into $(VENV)"
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/installed-%: $(IN)/python pyproject.toml constraints.txt
	@echo "installing the pinned packages into $(VENV), with those for $*"
	@$(INSTALL) --editable '.[$*]'
	@touch $@ $(VENV)/installed

$(VENV)/alone/installed: $(IN)/python redshift_local/pyproject.toml constraints.txt
	@echo "installing what the local Redshift needs into $(VENV)/alone"
	@$(IN)/python -m venv --clear $(VENV)/alone
	@cp -R redshift_local $(VENV)/alone/redshift_local # building writes into the folder
	@$(VENV)/alone/bin/python install.py "$(VENV)/alone/redshift_local[test]"
	@touch $@

# An environment whose Python has gone away is made anew, and filled anew.
ifeq ($(realpath $(IN)/python),)
$(shell rm -f $(VENV)/installed*)
endif

# A name on PATH proves nothing (version managers leave shims that fail), so each candidate is run.
$(IN)/python:
	@for candidate in $(or $(PYTHON),python3.13 python3.12 python3.11 python3); do \
		"$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || continue; \
		"$$candidate" -c 'import ensurepip, venv' 2>/dev/null || { unfit="$$unfit $$candidate"; continue; }; \
		exec "$$candidate" -m venv --clear $(VENV); \
	done; \
	if [ -n "$$unfit" ]; then \
		echo "error: no virtual environments with$$unfit: its venv or ensurepip is missing (Debian: apt-get install python3-venv)" >&2; \
	else \
		echo "error: no Python 3.11, 3.12 or 3.13 among: $(or $(PYTHON),python3.13 python3.12 python3.11 python3) (name one: make PYTHON=/path/to/python setup)" >&2; \
	fi; \
	exit 1
