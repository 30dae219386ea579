# Two commands: `make demo` runs Poolbook, `make test` proves it. Both set up everything first.
PYTHON ?= python3
PORT ?= 8000
DATA ?= var
VENV := .venv
BIN := $(VENV)/bin
# One capability, as the folders in ledger/services are called: make test ROOM=pools.
ROOM ?=
# What thinks and books, without browsers, processes and printed reports.
FAST := tests/core tests/queries tests/services tests/oracle
export UV_PYTHON_DOWNLOADS = never
export UV_PROJECT_ENVIRONMENT = $(VENV)

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-reset dev shell test test-fast test-long coverage lint audit bench docs texts clean

help: ## Show what can be asked for
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## Install everything that is missing, from uv.lock into .venv

$(VENV)/.ready: pyproject.toml uv.lock .ci/setup
	PYTHON=$(PYTHON) bash .ci/setup

demo: setup ## Run a filled demo with sandbox and worker (PORT=8000 DATA=var)
	$(BIN)/poolbook demo --port $(PORT) --data $(DATA)

demo-reset: setup ## Throw the demo's data away and start over
	rm -rf $(DATA)
	$(BIN)/poolbook demo --port $(PORT) --data $(DATA)

dev: setup ## Run the demo with reload on changes and a debugger
	$(BIN)/poolbook demo --port $(PORT) --data $(DATA) --reload

shell: setup ## Open Python with app and db on the demo's data
	POOLBOOK_DATA=$(DATA) POOLBOOK_DEMO=1 $(BIN)/flask --app wsgi shell

# With ROOM, the files of tests that name one of its modules.
test: setup ## Run the tests on both databases; of one capability with ROOM=pools
ifeq ($(ROOM),)
	$(BIN)/python -m pytest -n 3 --dist worksteal
else
	$(BIN)/python -m pytest -n 2 --dist loadfile $$($(BIN)/python -m tests.rooms $(ROOM))
endif

test-fast: setup ## Run the domain's tests on SQLite in about a minute and a half
	$(BIN)/python -m pytest -n 2 --dist loadfile -k "not postgresql" $(FAST)


test-long: setup ## Run what takes about an hour
	$(BIN)/python -m pytest -n 2 -s -m long

coverage: setup ## Measure which lines the tests reach (htmlcov/)
	$(BIN)/python -m pytest -n 3 --dist worksteal --cov --cov-report=html --cov-report=term:skip-covered

lint: setup ## Check style, types, templates and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --check --quiet ledger reports
	$(BIN)/djlint --lint --quiet ledger reports
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: setup ## Ask for known vulnerabilities of the libraries
	bash .ci/audit

bench: setup ## Measure the journal and the pages
	$(BIN)/python -m bench.proof
	$(BIN)/python -m bench.journal --sizes 2000,20000 --rounds 1 --posts 200
	$(BIN)/python -m bench.journal --sizes 2000,20000 --rounds 1 --posts 200 --engine postgresql --cached

docs: setup ## Write the generated parts of the documentation
	$(BIN)/python -m docs.generate

REFUSALS := $(foreach kind,Invalid Conflict NotFound NotAllowed RateLimited,-k $(kind))

texts: setup ## Write every sentence that people read into var/texts.pot
	mkdir -p var
	$(BIN)/pybabel -q extract -F pyproject.toml -k later $(REFUSALS) --no-wrap -o var/texts.pot ledger reports wsgi.py

clean: ## Remove the virtual environment
	rm -rf $(VENV)
