# `make help` lists the targets. Nothing here needs a container engine or a Kubernetes cluster.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.done: setup.py
	@echo "== Python environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --upgrade pip 2>&1 | grep -v '^WARNING' || true
	@$(BIN)/pip install -q -e '.[jobs,dev]' 2>&1 | grep -v '^WARNING' || true
	@$(BIN)/python -c 'import tutor, alembic, clickhouse_driver, pytest'
	@touch $@

.PHONY: lab
lab: $(VENV)/.done ## Fetch what the laboratory needs: ClickHouse, Ralph, ZooKeeper, helm, kubectl
	@PYTHON=$(PYTHON) tests/lab/install.sh
