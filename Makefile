# `make` lists the targets. Each target installs what it needs.

.DEFAULT_GOAL := help
SHELL := /bin/sh

# Use uv from PATH, or install it from PyPI into .tools/.
UV := $(or $(shell command -v uv),.tools/bin/uv)
RUN := $(UV) run --frozen --quiet
# Node from PyPI for the tests, where the machine has none.
NODE = $(if $(and $(shell command -v node),$(shell command -v npm)),,--group node)

.PHONY: help new test test-fast weaken check lint types format docs picture rehearse runners simulation benchmark
export NAME SCENARIO TOOL
# With it, each process compiles all that it imports: that doubles the time that the tests take to start.
unexport PYTHONDONTWRITEBYTECODE

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

new: $(UV) ## Create a repository next to this checkout: make new NAME=my_project
	@test -n "$$NAME" || { echo 'error: name it, as in `make new NAME=my_project`' >&2; exit 2; }
	@$(RUN) --no-dev rnd new "../$$NAME" --data "project_name=$$NAME" --data create_github_repository=false --defaults

test: $(UV) ## Run all tests
	@scripts/install-debian
	@$(RUN) $(NODE) pytest -n auto --cost

test-fast: $(UV) ## Run the tests that are not slow
	@$(RUN) $(NODE) pytest -n auto -m 'not slow'

weaken: $(UV) ## Weaken each defence of docs/threats.md, and see that a test notices it
	@$(RUN) python -m scripts.weaken

check: lint types ## Check formatting, lint, types and import layers

types: $(UV) ## Check the types
	@$(RUN) pyrefly check --summary=none

lint: $(UV) ## Check everything but the types
	@$(UV) lock --check --quiet
	@$(RUN) ruff format --check --quiet
	@$(RUN) ruff check --quiet
	@$(RUN) lint-imports --no-logo
	@$(RUN) python -m scripts.rules
	@$(RUN) python -m scripts.words --quiet
	@$(RUN) check-jsonschema --quiet --schemafile docs/reference/org.schema.json org.yml
	@$(RUN) zizmor --offline --quiet --no-progress --persona auditor actions .github

format: $(UV) ## Format the code and fix lint errors
	@$(RUN) ruff format
	@$(RUN) ruff check --fix

benchmark: $(UV) ## Compare with similar tools and write docs/benchmarks/
	@$(RUN) python -m benchmarks.creation
	@$(RUN) python -m benchmarks.dependency_tools
	@$(RUN) python -m benchmarks.version
	@test -z "$$RND_HISTORIES" || $(RUN) python -m benchmarks.histories
	@$(RUN) python -m benchmarks.image
	@$(RUN) python -m benchmarks.fleet
	@$(RUN) python -m benchmarks.adoption

rehearse: $(UV) ## Run a repository's full lifecycle locally: make rehearse SCENARIO=fix TOOL=conda
	@$(RUN) --extra rehearsal --extra release --extra github rnd rehearse --scenario "$${SCENARIO:-feature}" --dependency-tool "$${TOOL:-uv}"

docs: $(UV) ## Generate docs/reference/ from the code
	@$(RUN) python -m scripts.generate_reference

picture: $(UV) ## Record docs/picture.svg from `rnd new`, and docs/fleet.png from `rnd fleet`
	@$(RUN) python -m scripts.picture
	@$(RUN) python -m scripts.fleet_picture

runners: $(UV) ## Synthesise and check the CDK stacks of the runners (needs Node)
	@$(RUN) rnd runners synth

simulation: $(UV) ## Plot docs/simulation.svg: waiting time and cost of runner policies
	@$(RUN) rnd runners simulate --plot docs/simulation.svg

.tools/bin/uv:
	@scripts/install-uv
