# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=
# Three on two cores: they wait for homeservers, and for time to pass, a third of the while.
WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench promises docs lint clean

help:  ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1	/' | expand -t 18

setup: $(VENV)/.ready  ## a virtual environment with all it takes

$(VENV)/.ready: pyproject.toml
	@echo "Setting up $(VENV) (about a minute, once) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Moothall needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: setup  ## the hall at work on an embedded homeserver (ARGS=--once ends after the story)
	@$(BIN)/python -m demo $(ARGS)

test: setup  ## every test, on SQLite and PostgreSQL, against a real homeserver
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

promises: setup  ## only the tests that prove what docs/promises.md says
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m promise $(ARGS)

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/deptry .

check: setup  ## what CI runs: linters, types, import contracts, tests, side by side
	@$(MAKE) --no-print-directory --jobs=2 lint test

bench: setup  ## speed and size, as one table of ratios
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@$(BIN)/python -m benchmarks $(ARGS)

docs: setup  ## write the generated pages: member guide, promises, the tour's lines, the word list
	@$(BIN)/python -m commands.guide > docs/member-guide.md
	@$(BIN)/python -m tests.promises > docs/promises.md
	@$(BIN)/python -m tests.tour
	@$(BIN)/pybabel --quiet extract -F babel.cfg --no-default-keywords -k say -k text \
		-k plural:1,2 -k N_ --add-location=file --no-wrap --project=moothall \
		-o commands/locale/moothall.pot .

clean:  ## throw the virtual environment and the caches away
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
