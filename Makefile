# `make help` lists the targets. Nothing here needs a container engine or a Kubernetes cluster.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Processes that run tests side by side: each starts laboratories of its own (2 GB).
WORKERS ?= 2

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.done: setup.py
	@echo "== Python environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@# What pip has to say matters when it fails; else warnings of build tools would fill a screen.
	@$(BIN)/pip install -q --upgrade pip >$(VENV)/pip.log 2>&1 \
	  && $(BIN)/pip install -q -e '.[jobs,dev]' >>$(VENV)/pip.log 2>&1 \
	  || { cat $(VENV)/pip.log >&2; exit 1; }
	@$(BIN)/python -c 'import tutor, alembic, clickhouse_driver, pytest'
	@touch $@

.PHONY: lab
lab: $(VENV)/.done ## Fetch what the laboratory needs: ClickHouse, Ralph, ZooKeeper, helm, kubectl
	@PYTHON=$(PYTHON) tests/lab/install.sh

.PHONY: lab-superset
lab-superset: lab ## Fetch Superset, MariaDB, Redis and Chromium too (2 GB), for the tests of Superset
	@PYTHON=$(PYTHON) tests/lab/install.sh superset
	@$(BIN)/python -c 'import playwright' 2>/dev/null || $(BIN)/pip install -q -e '.[browser]'

.PHONY: test-superset
test-superset: lab-superset ## Who sees what, on a real Superset (10 minutes)
	@$(BIN)/python -m pytest -m slow tests/superset $(PYTEST_ARGS)

.PHONY: demo
demo: lab ## From one number to exactly 20,000 events in a two-shard ClickHouse, in a few minutes
	@$(BIN)/python -m tests.lab.demo

.PHONY: test
test: lab ## Every test but the slow ones, on real servers (about 17 minutes on two cores)
	@# A file stays with one worker, whose laboratory its tests share.
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

.PHONY: test-slow
test-slow: lab ## The slow scenarios
	@$(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

.PHONY: bench
bench: lab ## Ingest against upstream's layout (15 minutes); results in bench/results, shown in docs
	@$(BIN)/python -m bench.ingest --output bench/results $(BENCH_ARGS)
	@$(BIN)/python -m tests.reference

.PHONY: bench-save
bench-save: $(VENV)/.done ## The time of `tutor config save` beside upstream's plugin (a minute); results as above
	@$(BIN)/python -m bench.save --output bench/results $(BENCH_ARGS)
	@$(BIN)/python -m tests.reference

.PHONY: bench-day
bench-day: lab ## A day of 3,000,000 events as fast as it goes (half an hour); results as above
	@$(BIN)/python -m bench.day --output bench/results --plot docs/images/bench-day.svg $(BENCH_ARGS)
	@$(BIN)/python -m tests.reference

.PHONY: bench-marts
bench-marts: lab ## What the marts cost to feed and to read, up to 10,000,000 events (half an hour); results as above
	@$(BIN)/python -m bench.marts --output bench/results $(BENCH_ARGS)
	@$(BIN)/python -m tests.reference

.PHONY: bench-dashboards
bench-dashboards: lab-superset ## Every chart of every dashboard in Superset, at 1,000,000 events (8 minutes); results as above
	@$(BIN)/python -m bench.dashboards --output bench/results $(BENCH_ARGS)
	@$(BIN)/python -m tests.reference

.PHONY: lint
lint: $(VENV)/.done ## ruff, mypy --strict on the package, yamllint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/yamllint --strict .

.PHONY: format
format: $(VENV)/.done ## Put the Python files in the house's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: docs
docs: $(VENV)/.done ## Build the documentation into site/, strictly, and check its links
	@# Not --quiet: that would hide the warnings which --strict counts.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir site

.PHONY: clean
clean: ## Remove what the targets built; the downloads in .venv and .lab stay
	rm -rf build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: distclean
distclean: clean ## Remove the downloads too
	rm -rf $(VENV) .lab
