# Everything a fresh machine needs: `make demo`, `make test`. No root, nothing installed by hand.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready

.PHONY: help demo test check bench overheads clean lock

help:  ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

# uv when it is on the PATH, otherwise venv and pip: the same pinned, hashed versions either way.
$(STAMP): requirements.lock pyproject.toml
	@echo "preparing $(VENV) ..."
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock && \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . ; \
	else \
	  $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi
	@touch $@

demo: $(STAMP)  ## the tutorial's sale, without a lock and with one
	@$(BIN)/python -m booking demo

test: $(STAMP)  ## the whole test suite
	@$(BIN)/python -m pytest

check: $(STAMP)  ## ruff, mypy --strict, import-linter, spelling
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/codespell
	@$(BIN)/python -m tests.support.spelling

bench: $(STAMP)  ## what each guard and lock costs, in under two minutes; writes into build/bench only
	@mkdir -p build/bench
	@TMPDIR=$(CURDIR)/build/bench $(BIN)/python -m booking bench --buyers 1,2,10,50 --rounds 2 \
	  --chart build/bench/price.svg --csv build/bench/price.csv

overheads: $(STAMP)  ## what our own machinery costs (not part of the tests)
	@$(BIN)/python -m pytest -q -n 0 -s benchmarks

lock:  ## write requirements.lock anew (needs uv); pins and hashes, no addresses
	uv pip compile --quiet --universal --python-version 3.11 --group dev --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean:  ## remove what was made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
