# Plain `make` lists the verbs. Every verb installs what it needs first; nothing needs root.
PYTHON ?= python3
VENV := $(or $(GRISTMILL_VENV),.venv)
BIN := $(VENV)/bin
GRISTMILL := $(PYTHON) workers/supervisor/bootstrap.py
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help run demo test test-long bench lint format openapi lock shell migrate screenshots install install-tests clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

run: ## install what is missing, start everything, print the address; Ctrl-C stops it
	@exec $(GRISTMILL) run

demo: install ## three ready projects from real data, up to a live deployment
	@$(GRISTMILL) packages demo
	@$(GRISTMILL) with python manage.py demo

test: install-tests ## style, architecture and every test but the long ones
	@$(GRISTMILL) packages weights demo
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m tests.suite

test-long: install-tests ## the soak and chaos tests
	$(PYTEST) -m long

bench: install-tests ## measure, and write bench/RESULTS.md
	@$(GRISTMILL) with python -m bench

lint: install-tests ## style, types, architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

format: install-tests ## let ruff rewrite the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: install-tests ## pin requirements.txt, requirements-dev.txt and package.json anew
	@$(GRISTMILL) lock

shell: install ## Django's shell on the running (or for this while started) databases
	@$(GRISTMILL) with --servers-only python manage.py shell

migrate: install ## apply the database migrations
	@$(GRISTMILL) with --servers-only python manage.py migrate

openapi: install-tests ## write docs/openapi.yaml, the snapshot that a test compares
	$(BIN)/python manage.py spectacular --fail-on-warn --validate --file docs/openapi.yaml

screenshots: install-tests ## take the pictures of README.md
	@$(GRISTMILL) with python -m tests.browser.screenshots

install:
	@$(GRISTMILL) install

install-tests:
	@$(GRISTMILL) install --tests

clean: ## remove what was installed and built; keeps var/ (your data)
	rm -rf .venv node_modules static/vendor staticfiles .ruff_cache .mypy_cache .pytest_cache .hypothesis .import_linter_cache
