# Two commands are enough on a fresh machine with Python 3.11+ and make: `make run` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
SITE   ?= examples/valve-works
SPEED  ?= 10
# Test processes beside each other: many tests wait for real processes more than they compute.
WORKERS ?= 2

.PHONY: run test check unit proof lock clean screenshots

run: $(STAMP)
	$(BIN)/andon run $(SITE) --with-plant --speed $(SPEED)

test: check unit

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

unit: $(STAMP)
	$(BIN)/python -m pytest -q -m "not proof" -n $(WORKERS) --dist loadfile --durations 15

proof: $(STAMP)
	$(BIN)/python -m pytest -q -m proof --timeout 36000

# Dependencies, locked with hashes and without any index address. Needs uv, which the dev lock holds.
lock: $(STAMP)
	sh requirements/lock.sh $(BIN)

$(STAMP): pyproject.toml requirements/dev.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "andon needs Python 3.11 or newer; set PYTHON=... to one")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

# The README's pictures, from the running system. Needs chromium.
screenshots: $(STAMP)
	$(BIN)/python docs/screenshots.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .cache build
