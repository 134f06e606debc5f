# Every target works from a bare clone with Python 3.11 or newer and make, and repeats cheaply.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help demo test test-editors check client format models package bench clean

help:  ## show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

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

# All that the extension's targets need from the network; they work without one afterwards.
client-vscode/node_modules/.package-lock.json: client-vscode/package-lock.json
	@command -v npm >/dev/null || { echo "the VS Code extension needs npm: install Node.js 20 or newer"; exit 1; }
	cd client-vscode && npm ci --no-audit --no-fund
	@touch $@

client: client-vscode/node_modules/.package-lock.json  ## types and unit tests of the VS Code extension
	@cd client-vscode && npm run --silent check

package: $(VENV)/.installed client-vscode/node_modules/.package-lock.json  ## the wheel, in dist/, and the extension
	@rm -f dist/finetab-*.whl
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist .
	@mkdir -p client-vscode/dist && rm -f client-vscode/dist/*.whl && cp dist/finetab-*.whl client-vscode/dist
	@cd client-vscode && npm run --silent package

test-editors: models package  ## a real VS Code in a headless browser, with the packaged extension
	@tests/editors/run.sh client-vscode/finetab.vsix $(BIN)/finetab

clean:  ## remove what was built and installed here
	rm -rf $(VENV) dist demo-adapter demo-adapter.run client-vscode/node_modules client-vscode/dist client-vscode/*.vsix
