# make study   the environment, then a study of the embedded corpus -> work/report.html
# make test    the environment, then all tests
# make check   format, lint, types, import contracts, all tests
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help study test test-fast check lint format

help:
	@sed -n 's/^# make/  make/p' Makefile

# Installed once; again only where what is to be installed changed.
.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "rnnscope needs Python 3.11 or newer; say make PYTHON=/path/to/python3"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch .venv/installed

study: .venv/installed
	$(BIN)/rnnscope study

test: .venv/installed
	$(BIN)/pytest -n 2

test-fast: .venv/installed
	$(BIN)/pytest -n 2 -m "not slow"

lint: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: lint test
