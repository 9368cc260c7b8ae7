# Every command of the house. `make` alone lists them; what comes after `##` is what it says.
#
# The environment is .venv, filled from the locks with their hashes checked. uv is used where it is on PATH,
# plain pip everywhere else. A stamp file remembers what was installed, so that a second run starts at once;
# it is out of date as soon as a lock or setup.cfg is newer.

SHELL := /bin/sh
.SHELLFLAGS := -eu -c
.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
CODE := webhook worker shared gleaner tests bench .ci

# An install of ours is decided by the lock alone: not by a user's constraints, nor by --user and --target.
unexport PIP_CONSTRAINT PIP_REQUIREMENT PIP_USER PIP_TARGET PIP_PREFIX PYTHONPATH PYTHONHOME VIRTUAL_ENV

# A system is seven processes, and a run of the tests starts many: each would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

# uv trusts what the machine trusts, as pip does.
export UV_SYSTEM_CERTS ?= true

# $(call install,LOCK): the packages of a lock, then the project itself, from what the lock brought. A lock names all that
# is needed, so nothing is resolved anew: older pips would take an extra's package in its newest version, and then refuse it.
define install
	echo "installing from $(1)"
	if command -v uv >/dev/null && uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r $(1); then :; \
	else $(PIP) install --no-deps --require-hashes -r $(1); fi
	$(PIP) install --no-deps --no-build-isolation --editable .
endef

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

.PHONY: run
run: $(VENV)/.run-installed ## install what is needed and run everything in the foreground
	@exec $(BIN)/gleaner up

.PHONY: test
test: $(VENV)/.test-installed ## install what is needed and run the everyday tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: setup
setup: $(VENV)/.test-installed ## the install step of both, alone
	@echo "$(VENV) is ready"

.PHONY: check
check: $(VENV)/.test-installed ## format, lint, types, floors and sizes, then the tests
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@$(BIN)/python tests/house/sizes.py
	@$(MAKE) --no-print-directory test

.PHONY: fuzz
fuzz: $(VENV)/.test-installed ## the long proof by hostile input and model runs
	@$(BIN)/python -m pytest -m fuzz_long --timeout 1800

.PHONY: crash
crash: $(VENV)/.test-installed ## the long proof: kills at every named point and at random, a faulty network, a full disk
	@$(BIN)/python -m pytest -m crash -s --timeout 900 tests

.PHONY: rules
rules: $(VENV)/.test-installed ## take each rule for the playback platform out of a copy of the code, and see its test fail there
	@$(BIN)/python -m pytest -m rules -s tests/rules

.PHONY: bench
bench: $(VENV)/.run-installed ## benchmarks beside other tools: a quarter of an hour, on a machine that does nothing else
	@$(BIN)/python -m bench

.PHONY: docs
docs: $(VENV)/.run-installed ## draw from the code what the documents show of it: the lifecycle, the reasons, the rules
	@$(BIN)/python -m shared.domain.diagram README.md
	@$(BIN)/python -m shared.domain.reasons > docs/reasons.md
	@$(BIN)/python -m tests.rules.table > docs/sms-rules.md

.PHONY: lock
lock: ## write the locks anew from setup.cfg, with hashes
	@PYTHON="$(PYTHON)" requirements/lock

.PHONY: clean
clean: ## remove what installing and testing made; var/ with its archive is left alone
	rm -rf $(VENV) .lock-venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	rm -rf .hypothesis .coverage .coverage.* htmlcov bench/.peers
	find $(CODE) -type d -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: $(PYTHON) is older than Python 3.11; name a newer one: make PYTHON=python3.12" >&2; exit 1; }
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run-installed: requirements/run.lock setup.cfg | $(BIN)/python
	@$(call install,requirements/run.lock)
	@touch $@

# The test lock holds all of the run lock, so it does for both.
$(VENV)/.test-installed: requirements/test.lock requirements/run.lock setup.cfg | $(BIN)/python
	@$(call install,requirements/test.lock)
	@touch $(VENV)/.run-installed $@
