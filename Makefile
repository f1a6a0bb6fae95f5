# `make` lists what can be done. Each target installs what it needs.

.DEFAULT_GOAL := help
SHELL := /bin/sh

# uv from PATH, else from PyPI into .tools/ of this checkout.
UV := $(or $(shell command -v uv),.tools/bin/uv)
RUN := $(UV) run --frozen --quiet

.PHONY: help test check format

help: ## List what can be done
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

test: $(UV) ## Run the whole test suite
	@$(RUN) pytest -n auto

check: $(UV) ## Lint, check the types, hold the import contract
	@$(UV) lock --check --quiet
	@$(RUN) ruff format --check --quiet
	@$(RUN) ruff check --quiet
	@$(RUN) mypy
	@$(RUN) lint-imports --no-logo

format: $(UV) ## Format the code and mend what can be mended
	@$(RUN) ruff format
	@$(RUN) ruff check --fix

.tools/bin/uv:
	@scripts/install-uv
