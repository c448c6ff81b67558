# Every target works with Python 3.11 or newer, make and git alone; real parts are found as deploy/local says.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev

.PHONY: help run run-real test check benchmark docs requirements clean
.DEFAULT_GOAL := help

help: ## what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(RUNTIME): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Amanah needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "Installing what Amanah needs into $(VENV) (once) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt $(RUNTIME)
	@echo "Installing what tests and checks need into $(VENV) (once) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.txt
	@touch $@

run: $(RUNTIME) ## serve everything in one process, with a sample network, at http://localhost:8000
	@AMANAH_SAMPLE=$${AMANAH_SAMPLE:-yes} exec $(PY) -m services.cli run

run-real: $(DEV) ## the four services as separate processes on PostgreSQL, Kafka and OpenBao
	@exec $(PY) -m deploy.local run

test: $(DEV) ## all tests; real parts that cannot be had are skipped and named
	@$(PY) -m pytest

check: $(DEV) ## lint, types, imports, sizes, the same rooms, generated docs
	@$(VENV)/bin/ruff check --no-cache . && $(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy services deploy benchmarks
	@$(VENV)/bin/lint-imports
	@$(PY) -m pytest -q tests/house

benchmark: $(DEV) ## ratios against peers and limits, measured here and now
	@$(PY) -m benchmarks

docs: $(DEV) ## write docs/events.md, docs/asyncapi.json and docs/settings.md
	@$(PY) -m services.docs

requirements: ## pin requirements.in and requirements-dev.in with hashes (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url requirements.in -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url requirements.in requirements-dev.in -o requirements-dev.txt

clean: ## remove what make installed; data and keys stay
	rm -rf $(VENV)
