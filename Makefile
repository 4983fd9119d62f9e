# Two commands on a fresh machine: `make quote` (the main job) and `make test`.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: setup quote test bench check fit evaluate clean

setup: $(READY)

# Made once; made again only when the dependencies change.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13)))' || \
	  { echo "trainfare needs Python 3.11 to 3.13, '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@echo "Setting up .venv: torch and the cloud SDKs, about 6 GB, once, a few minutes."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

quote: $(READY)
	@$(BIN)/trainfare quote mlp cnn rnn
	@$(BIN)/trainfare report

test: $(READY)
	@$(BIN)/pytest -q --benchmark-skip -n auto --maxprocesses 4 --dist worksteal

bench: $(READY)
	@$(BIN)/pytest --benchmark-only

check: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# The projection: `make fit DATA=folder` renews its coefficients, `make evaluate DATA=folder` scores it.
fit: $(READY)
	@$(BIN)/python -m benchmarks.projection_fit $(DATA)

evaluate: $(READY)
	@$(BIN)/python -m benchmarks.projection_error $(DATA)

clean:
	rm -rf .venv trainfare-results .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
