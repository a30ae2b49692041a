# Everything one types while working on tallybook. Each target sets itself up: it needs Python 3.11 to 3.13 (or uv)
# and the package registries, nothing else.

SESSIONS ?= 10
SEED ?= 1
HOME_DIR ?= demo
ARGS ?=

PYTHON_IN_VENV = .venv/bin/python
INSTALLED = .venv/installed

.DEFAULT_GOAL = help
.PHONY: help demo test check soak bench clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

demo: $(INSTALLED) ## trade ten sessions on the simulator [SESSIONS=10 SEED=1 HOME_DIR=demo]
	@.venv/bin/tallybook demo --sessions $(SESSIONS) --seed $(SEED) --home "$(HOME_DIR)"

test: $(INSTALLED) ## run the tests, offline and in parallel [ARGS="-k calendar"]
	@$(PYTHON_IN_VENV) -m pytest -q $(ARGS)

check: $(INSTALLED) ## format, lint, types and the rules of who may import whom
	@.venv/bin/ruff format --check --quiet . || { echo "Type: .venv/bin/ruff format"; exit 1; }
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

soak: $(INSTALLED) ## match 18,000 histories of lots, tell 3,000 of whole books, export 1,000 to beancount and hledger, crash 20,000 cycles on simulated disks, kill 400 real ones, inject 3,000 causes of breaks, run 1,000 clean sessions, a year with faults in both modes, archive 1,000 accounts under kills, ask 1,000 here and on Spark under kills, read an archive with others' code, trade 250 sessions with three seeds [ARGS=...]
	@.ci/get-hledger
	@$(PYTHON_IN_VENV) -m pytest -q -m soak tests/ledger/test_lots_properties.py tests/ledger/test_books_in_any_order.py tests/queries/export
	@$(PYTHON_IN_VENV) -m benchmarks.swarm
	@$(PYTHON_IN_VENV) -m benchmarks.kills
	@$(PYTHON_IN_VENV) -m benchmarks.injections
	@$(PYTHON_IN_VENV) -m benchmarks.clean
	@$(PYTHON_IN_VENV) -m benchmarks.fleet_cycles
	@$(PYTHON_IN_VENV) -m benchmarks.year
	@$(PYTHON_IN_VENV) -m benchmarks.archive --accounts 1000
	@$(PYTHON_IN_VENV) -c 'import pyspark' 2>/dev/null || EXTRAS='.[demo,dev,spark]' .ci/set-up
	@$(PYTHON_IN_VENV) -m benchmarks.engines_soak --accounts 1000
	@$(PYTHON_IN_VENV) -m benchmarks.foreign_readers
	@$(PYTHON_IN_VENV) -m benchmarks.soak $(ARGS)

bench: $(INSTALLED) ## measure the log and the cycle beside peers and bare system calls; minutes [ARGS="append lots"]
	@$(PYTHON_IN_VENV) -c 'import eventsourcing' 2>/dev/null || EXTRAS='.[demo,dev,bench]' .ci/set-up
	@.ci/get-hledger
	@$(PYTHON_IN_VENV) -m benchmarks $(ARGS)

clean: ## remove the environment, caches and builds; never a home with its ledger
	@rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Once, and again whenever pyproject.toml changes.
$(INSTALLED): pyproject.toml
	@.ci/set-up
