# `make` lists what can be done. Each target installs what it needs.

.DEFAULT_GOAL := help
SHELL := /bin/sh

# uv from PATH, else from PyPI into .tools/ of this checkout.
UV := $(or $(shell command -v uv),.tools/bin/uv)
RUN := $(UV) run --frozen --quiet

.PHONY: help new test check format docs picture rehearse runners simulation benchmark
export NAME SCENARIO TOOL

help: ## List what can be done
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

new: $(UV) ## Make a repository beside this checkout: make new NAME=my_project
	@test -n "$$NAME" || { echo 'error: name it, as in `make new NAME=my_project`' >&2; exit 2; }
	@$(RUN) --no-dev rnd new "../$$NAME" --data "project_name=$$NAME" --data create_github_repository=false --defaults

test: $(UV) ## Run the whole test suite
	@scripts/install-debian
	@$(RUN) pytest -n auto

check: $(UV) ## Lint, check the types, hold the import contract
	@$(UV) lock --check --quiet
	@$(RUN) ruff format --check --quiet
	@$(RUN) ruff check --quiet
	@$(RUN) mypy
	@$(RUN) lint-imports --no-logo
	@$(RUN) check-jsonschema --quiet --schemafile docs/reference/org.schema.json org.yml
	@$(RUN) zizmor --offline --quiet --no-progress --persona auditor actions .github

format: $(UV) ## Format the code and mend what can be mended
	@$(RUN) ruff format
	@$(RUN) ruff check --fix

benchmark: $(UV) ## Measure beside the peers, and write docs/benchmarks/
	@$(RUN) python -m benchmarks.creation
	@$(RUN) python -m benchmarks.dependency_tools
	@$(RUN) python -m benchmarks.version
	@$(RUN) python -m benchmarks.image

rehearse: $(UV) ## Live a repository's whole life on this machine: make rehearse SCENARIO=fix TOOL=conda
	@$(RUN) --extra rehearsal --extra release --extra github rnd rehearse --scenario "$${SCENARIO:-feature}" --dependency-tool "$${TOOL:-uv}"

docs: $(UV) ## Write docs/reference/ from the code
	@$(RUN) python -m scripts.generate_reference

picture: $(UV) ## Record docs/picture.svg: a real run of `rnd new`
	@$(RUN) python -m scripts.picture

runners: $(UV) ## Synthesise and check the machines of org.yml, and say what would be deployed (needs Node)
	@$(RUN) rnd runners synth

simulation: $(UV) ## Draw docs/simulation.svg: wait against cost for policies around that of org.yml
	@$(RUN) rnd runners simulate --plot docs/simulation.svg

.tools/bin/uv:
	@scripts/install-uv
