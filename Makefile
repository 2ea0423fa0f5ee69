# Every target does its own set-up; `make run` is all that a first look needs.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Everything runs from this checkout many times: compiled modules are kept, whatever an image says.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
# test workers; each starts a PostgreSQL server of its own
WORKERS ?= 2
export PYTHON

# Recorded histories for the import tests and ratios, where they are at hand; tests that need one make one otherwise.
HISTORY_DIR ?= $(abspath $(wildcard ../shared/data))
ifneq ($(HISTORY_DIR),)
export HISTORY_DIR
endif

BIN := .venv/bin
CODE := $(wildcard ledger api invoices migrations bench tests wsgi.py)

.PHONY: help run setup setup-run test soak fuzz examples translations lint format bench lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: export PUBLIC_URL ?= http://$(HOST):$(PORT)
run: setup-run ## serve a demonstration on http://127.0.0.1:8000 (HOST=, PORT=); data stays under var/
	@$(BIN)/appointment-ledger demo --if-empty
	@exec $(BIN)/appointment-ledger serve --host $(HOST) --port $(PORT)

setup: ## install system packages, .venv and the project for development
	@scripts/setup dev

setup-run:
	@scripts/setup run

test: lint ## lint, then every test on SQLite and PostgreSQL (ARGS= for pytest)
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

# SEEDS= stories of DAYS= days, then EXAMPLES= new runs of the state machine against its reference model, on both engines
SEEDS ?= 10
DAYS ?= 30
EXAMPLES ?= 500
soak: setup ## search for bugs for hours: simulations, and the state machine against the reference model
	@for seed in $$(shuf -i 1-1000000 -n $(SEEDS)); do $(BIN)/appointment-ledger simulate --seed $$seed --days $(DAYS); done
	@SOAK=$(EXAMPLES) $(BIN)/python -m pytest -q tests/services/test_state_machine.py tests/acceptance/test_known_answers.py

# EXAMPLES= new requests to every operation and sequences of them; SEED= repeats what was found
fuzz: setup ## search for requests that get a 5xx, or an answer that the OpenAPI document does not promise
	@FUZZ=$(EXAMPLES) $(if $(SEED),SEED=$(SEED)) $(BIN)/python -m pytest -q tests/api/test_fuzz.py

examples: setup ## record the OpenAPI document's examples anew, and what the Python client knows of it
	@$(BIN)/python -m tests.api.examples

translations: setup ## bring the catalogues of pages and e-mails in line with what they say
	@$(BIN)/python -m tests.support.catalogues

lint: setup ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --output-format concise .
	@$(BIN)/mypy $(CODE)

format: setup ## let ruff order imports and format
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

bench: setup ## measure the ratios and print the table (ONLY="p4 p7" for some)
	@$(BIN)/python -m bench $(ONLY)

# Existing pins stay: UPGRADE=--upgrade moves them all, UPGRADE="--upgrade-package flask" one.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command 'make lock' $(UPGRADE) pyproject.toml

lock: setup ## bring the lock files in line with pyproject.toml
	@$(COMPILE) --extra build --output-file requirements.lock
	@$(COMPILE) --all-extras --constraint requirements.lock --output-file requirements-dev.lock

clean: ## remove what can be made again; data under var/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
	@find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
