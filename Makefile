# `make` lists what there is. Needs Python 3.11 or newer; `kafka` also Java 17 and Maven, `up` also Docker with Compose.

PYTHON ?= python3
SEEDS ?= 50

BIN := .venv/bin
SETUP := .venv/.setup
SETUP_DEV := .venv/.setup-dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test check bench chaos contracts kafka up down

help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: $(SETUP) ## install into .venv, exactly what requirements.lock names

demo: $(SETUP) ## five programmes from files to verified reports, in demo-out/
	$(BIN)/pruefpfad demo

serve: $(SETUP) ## everything in one process, data kept in ./data
	$(BIN)/pruefpfad serve

test: $(SETUP_DEV) ## the test suite; what the machine lacks is skipped by name (with CI=true: fails)
	$(BIN)/python -m pytest

check: $(SETUP_DEV) ## style, types, who may import whom, published contracts
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m services.contracts --check

bench: $(SETUP_DEV) ## naive, ours and the floor side by side; writes docs/benchmarks.*
	$(BIN)/python -m tests.benchmarks

chaos: $(SETUP_DEV) ## seeded kills on a real Kafka: make chaos SEEDS=500
	$(BIN)/python -m tests.kafka.chaos --seeds $(SEEDS)

contracts: $(SETUP_DEV) ## rewrite the JSON Schemas and AsyncAPI documents of what is published
	$(BIN)/python -m services.contracts

kafka: $(SETUP) ## a real Apache Kafka without containers, in the foreground; says what to set
	@$(BIN)/python -m tests.tools.kafka

up: ## everything in containers; makes secrets before the first start
	@deploy/secrets.sh
	docker compose up --detach --build --wait
	@docker compose ps --format 'table {{.Service}}\t{{.Status}}\t{{.Ports}}'
	@echo "Start page: http://127.0.0.1:$${GATEWAY_PORT:-8000}"
	@echo "Tokens: docker compose exec intake pruefpfad token create --name NAME --role ROLE"

down: ## stop the containers; their data stay
	docker compose down

# Installed again only when the lock or what the package says of itself has changed.
$(SETUP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Prüfpfad needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another one: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(SETUP_DEV): requirements-dev.lock $(SETUP)
	$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@
