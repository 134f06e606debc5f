# Every target works from a bare clone with Python 3.11 or newer and make, and repeats cheaply.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help demo test check format models package bench clean

help:  ## show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "finetab needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

models: $(VENV)/.installed  ## fetch and convert the two small base models, once
	@$(BIN)/finetab models fetch default smollm2-135m

demo: $(VENV)/.installed  ## the whole loop: load, tune, measure, serve
	@$(BIN)/finetab demo

test: models  ## all tests
	@$(BIN)/python -m pytest

check: $(VENV)/.installed  ## style, types, and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(VENV)/.installed  ## put the code into its style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: models  ## a keystroke's latency, cold and warm
	@$(BIN)/python benchmarks/keystrokes.py

package: $(VENV)/.installed  ## the wheel, in dist/
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist .

clean:  ## remove what was built and installed here
	rm -rf $(VENV) dist demo-adapter demo-adapter.run
