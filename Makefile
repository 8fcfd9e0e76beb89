# Two commands: `make up` and `make test`. Everything they need they fetch themselves, given Python 3.11 or later.

# As root every person's server has a Unix user of its own, and all of those must be able to execute this Python.
PYTHON ?= $(shell [ "$$(id -u)" = 0 ] && /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo /usr/bin/python3 || echo python3)
PORT ?=
DATA ?=

UV := .bootstrap/bin/uv
READY := .venv/ready-$(shell cksum < requirements.lock | cut -d' ' -f1)
PACKAGES := hub kernels extensions scheduler
NOTEHOUSE := .venv/bin/notehouse
BESIDE := --numprocesses 2 --dist loadscope --no-loadscope-reorder
LAB := extensions/notehouse-lab
LAB_BUILT := extensions/notehouse_lab/labextensions/notehouse-lab/package.json

.DEFAULT_GOAL := help
.PHONY: help up test check lab-check format notebooks browser bench clean lock

help: ## Say what can be made
	@echo 'Notehouse: notebooks on ClickHouse for a whole company.'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "  make %-10s %s\n", $$1, $$2}'
	@echo
	@echo '  PORT=8000 and DATA=folder pass through to `make up`.'

up: $(READY) $(LAB_BUILT) ## Set everything up and start the whole platform with its demo
	@exec $(NOTEHOUSE) up $(if $(PORT),--port $(PORT)) $(if $(DATA),--data '$(DATA)')

test: $(READY) $(LAB_BUILT) browser ## Run every test, those in a real browser too
	.venv/bin/python -m pytest $(or $(TESTS),$(BESIDE))

check: $(READY) lab-check ## Check style, types and layers
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy $(PACKAGES) tests
	.venv/bin/lint-imports

lab-check: $(LAB)/node_modules ## Check types and style of the JupyterLab extension
	@PATH="$(CURDIR)/.venv/bin:$$PATH" npm --prefix $(LAB) run --silent check

format: $(READY) ## Format the code
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

notebooks: $(READY) ## Run every notebook against real engines
	.venv/bin/python -m pytest tests/acceptance/test_notebooks.py

bench: $(READY) $(LAB_BUILT) ## Measure the targets of performance, ours and the peers, in minutes
	@PYTHONPATH=tests .venv/bin/python -m benchmarks.run $(ONLY)

browser: # Chromium and Prometheus for the tests: Debian's own packages
	@sh tests/install-chromium.sh
	@sh tests/install-prometheus.sh

lock: $(UV) ## Choose the versions of all dependencies anew
	$(UV) pip compile -q --upgrade --universal --extra all --extra test --generate-hashes \
		--no-emit-index-url --custom-compile-command 'make lock' pyproject.toml -o requirements.lock

clean: ## Remove what was made here; the platform's data stays
	rm -rf $(LAB)/node_modules $(LAB)/lib extensions/notehouse_lab/labextensions
	rm -rf .venv .bootstrap .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis tests/screenshots
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml requirements.lock | $(UV)
	@echo 'Setting up .venv (a minute the first time)'
	@$(UV) venv -q --allow-existing --python '$(PYTHON)' .venv
	@$(UV) pip sync -q --python .venv/bin/python --compile-bytecode requirements.lock
	@$(UV) pip install -q --python .venv/bin/python --no-deps --editable .
	@rm -f .venv/ready-* && touch $@

$(LAB)/node_modules: $(LAB)/package-lock.json | $(READY)
	@echo 'Fetching what the JupyterLab extension is built with'
	@PATH="$(CURDIR)/.venv/bin:$$PATH" npm --prefix $(LAB) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(LAB_BUILT): $(LAB)/node_modules $(wildcard $(LAB)/src/* $(LAB)/style/* $(LAB)/*.json) | $(READY)
	@echo 'Building the JupyterLab extension'
	@PATH="$(CURDIR)/.venv/bin:$$PATH" npm --prefix $(LAB) run --silent build

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'Notehouse needs Python 3.11 or later as $(PYTHON). Install it, or name another: make up PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -m venv .bootstrap || { rm -rf .bootstrap; \
		echo 'A virtual environment could not be made. On Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	@.bootstrap/bin/python -m pip install -q --disable-pip-version-check $$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements.lock)
