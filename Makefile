# Every target brings its own tools into .venv first; the second time that takes no time.
PYTHON ?= python3
RUN := .venv/bin/python
PYTEST := $(RUN) -m pytest

.DEFAULT_GOAL := help
.PHONY: help up test check bench chaos clean lock

help:  ## Show what there is
	@echo "Backline: background jobs for Django teams. First make up, then make test."
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: .venv/run.installed  ## Run everything here, on embedded PostgreSQL and Valkey, with a real import done
	@$(RUN) manage.py up $(ARGS)

test: .venv/dev.installed  ## Run every test on real servers (ARGS="-k rescue" for some)
	@$(PYTEST) -n 2 $(ARGS)

check: .venv/dev.installed  ## Format, lint, types, import contracts, migrations, settings
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/lint-imports
	.venv/bin/mypy .
	$(RUN) manage.py check
	$(RUN) -W ignore manage.py makemigrations --check --dry-run

bench: .venv/dev.installed  ## Measure imports and jobs on this machine, as ratios (ARGS="import --json" for some)
	@$(RUN) manage.py bench $(ARGS)

chaos: .venv/dev.installed  ## Break everything, plain Celery beside it, and count what was lost (ARGS="F01 F20" for some)
	@$(RUN) manage.py chaos $(or $(ARGS),--celery)
	@$(if $(ARGS),,$(PYTEST) tests/acceptance tests/canvases -m chaos -n 0 -s)

clean:  ## Stop this project's servers and delete their data, .backline/ and .venv/
	@if [ -x $(RUN) ]; then $(RUN) -m apps.local.clean; fi
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build

lock: .venv/lock.installed  ## Pin the newest compatible releases in requirements*.lock
	.venv/lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --upgrade \
		--quiet --custom-compile-command "make lock" -o requirements.lock
	.venv/lock/bin/uv pip compile pyproject.toml --group dev -c requirements.lock --universal --python-version 3.11 \
		--generate-hashes --upgrade --quiet --custom-compile-command "make lock" -o requirements-dev.lock

.venv/run.installed: requirements.lock | .venv/bin/python
	@echo "Installing what Backline runs on (once, about half a minute) ..."
	@$(RUN) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/dev.installed: requirements-dev.lock | .venv/bin/python
	@echo "Installing what Backline is tested with (once, about half a minute) ..."
	@$(RUN) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ .venv/run.installed

.venv/lock.installed: | .venv/bin/python
	@$(RUN) -m venv .venv/lock && .venv/lock/bin/pip install -qq uv && touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Backline needs Python 3.11 or newer; $(PYTHON) is not. Name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; \
		exit 1; }
	@rm -rf .venv; $(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "$(PYTHON) has no venv. On Debian: apt-get install python3-venv"; exit 1; }
