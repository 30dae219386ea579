# Two commands: `make demo` runs Poolbook, `make test` proves it. Both set up everything first.
PYTHON ?= python3
PORT ?= 8000
DATA ?= var
VENV := .venv
BIN := $(VENV)/bin
export UV_PYTHON_DOWNLOADS = never
export UV_PROJECT_ENVIRONMENT = $(VENV)

.PHONY: setup demo demo-reset test test-long lint audit bench docs clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml uv.lock .ci/setup
	PYTHON=$(PYTHON) bash .ci/setup

demo: setup
	$(BIN)/poolbook demo --port $(PORT) --data $(DATA)

demo-reset: setup
	rm -rf $(DATA)
	$(BIN)/poolbook demo --port $(PORT) --data $(DATA)

test: setup
	$(BIN)/python -m pytest -n 3 --dist worksteal

test-long: setup
	$(BIN)/python -m pytest -n 2 -s -m long

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --check --quiet ledger reports
	$(BIN)/djlint --lint --quiet ledger reports
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: setup
	bash .ci/audit

bench: setup
	$(BIN)/python -m bench.proof
	$(BIN)/python -m bench.journal --sizes 2000,20000 --rounds 1 --posts 200
	$(BIN)/python -m bench.journal --sizes 2000,20000 --rounds 1 --posts 200 --engine postgresql --cached

docs: setup
	$(BIN)/python -m docs.generate

REFUSALS := $(foreach kind,Invalid Conflict NotFound NotAllowed RateLimited,-k $(kind))

texts: setup
	mkdir -p var
	$(BIN)/pybabel -q extract -F pyproject.toml -k later $(REFUSALS) --no-wrap -o var/texts.pot ledger reports wsgi.py

clean:
	rm -rf $(VENV)
