# Everything a fresh machine needs: `make demo`, `make test`. No root, nothing installed by hand.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
TOOLS  := .tools
UV     := $(or $(shell command -v uv 2>/dev/null),$(TOOLS)/bin/uv)
# One stamp for each set of packages in .venv. Each set builds on the one before it.
RUN    := $(VENV)/.run
TEST   := $(VENV)/.test
CHECK  := $(VENV)/.check
HEAVY  := $(VENV)/.adapters

.PHONY: help demo test test-all check bench overheads behaviours clean lock

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

# uv where it is on the PATH, otherwise pip: the same pinned, hashed versions either way. The pip of
# the interpreter that made .venv serves it, too; a pip of its own would take 4 s to set up.
QUIET := --quiet --disable-pip-version-check --no-compile
define venv
	@if command -v uv >/dev/null; then uv venv --quiet --allow-existing --python $(PYTHON) $(VENV); \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then $(PYTHON) -m venv --without-pip $(VENV); \
	else $(PYTHON) -m venv $(VENV); fi
endef
define install
	@if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python $(1); \
	elif $(BIN)/python -c "import pip" 2>/dev/null; then $(BIN)/python -m pip install $(QUIET) $(1); \
	else $$(readlink -f $(BIN)/python) -m pip --python $(BIN)/python install $(QUIET) $(1); fi
endef

$(RUN): requirements/run.lock pyproject.toml
	@echo "preparing $(VENV) for sales ..."
	$(call venv)
	$(call install,--require-hashes -r requirements/run.lock)
	$(call install,--no-deps --no-build-isolation -e .)
	@touch $@

$(TEST): requirements/test.lock $(RUN)
	@echo "preparing $(VENV) for tests ..."
	$(call install,--require-hashes -r requirements/test.lock)
	@touch $@

$(HEAVY): requirements/adapters.lock $(TEST)
	@echo "preparing $(VENV) for applications of other people ..."
	$(call install,--require-hashes -r requirements/adapters.lock)
	@touch $@

$(CHECK): requirements/check.lock $(TEST)
	@echo "preparing $(VENV) for checks ..."
	$(call install,--require-hashes -r requirements/check.lock)
	@touch $@

demo: $(RUN)  ## the tutorial's sale, without a lock and with one
	@$(BIN)/python -m booking demo

test: $(TEST)  ## the test suite, a case of each kind
	@$(BIN)/python -m pytest

test-all: $(HEAVY)  ## the slow tests, too; SHARD=k/n: the k-th of n parts of the slow tests alone
	@$(BIN)/python -m pytest $(if $(SHARD),-m slow --shard $(SHARD),-m "")

check: $(CHECK)  ## ruff, mypy --strict, import-linter, spelling
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/codespell
	@$(BIN)/python -m tests.support.spelling
	@$(BIN)/python -m pytest --quiet -n 0 tests/architecture/test_spelling.py

bench: $(RUN)  ## what each guard and lock costs, in under two minutes; writes into build/bench only
	@mkdir -p build/bench
	@TMPDIR=$(CURDIR)/build/bench $(BIN)/python -m booking bench --buyers 1,2,10,50 --rounds 2 \
	  --chart build/bench/price.svg --csv build/bench/price.csv

overheads: $(TEST)  ## what our own machinery costs (not part of the tests)
	@$(BIN)/python -m pytest -q -n 0 -s benchmarks

behaviours: $(TEST)  ## purchase functions beside the prototype and, where installed, frontrun
	@$(BIN)/python -m pytest -q -n 0 -s benchmarks/test_behaviours.py

# Pins and hashes for every platform, no addresses. What is pinned stays; LOCK_FLAGS=--upgrade moves it.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(LOCK_FLAGS)

lock: $(UV)  ## write requirements/*.lock anew
	@mkdir -p requirements
	@$(COMPILE) pyproject.toml --group build -o requirements/run.lock
	@$(COMPILE) --group test -c requirements/run.lock -o requirements/test.lock
	@$(COMPILE) --group adapters -c requirements/run.lock -c requirements/test.lock -o requirements/adapters.lock
	@$(COMPILE) --group check -c requirements/run.lock -c requirements/test.lock -o requirements/check.lock

$(TOOLS)/bin/uv:
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check "uv >=0.9"

clean:  ## remove what was made
	rm -rf $(VENV) $(TOOLS) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
