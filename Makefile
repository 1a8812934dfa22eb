# Each target does everything on a bare machine with Python, make and the package index.
# PYTHON chooses the interpreter; VENV the place of the environment.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: demo test test-measuring test-frameworks check format lint types layers docs docs-serve bench benchmark-page readme test-tensorflow-versions clean

demo: $(INSTALLED)
	$(BIN)/samebytes demo

# A file's tests stay in one process, as their fixtures do; one process more than cores, for some
# tests wait; more than that are memory. In the order of the folders: files with few tests, which
# start processes, would else all come last.
PROCESSES ?= $(shell $(PYTHON) -c "import os; print(min(os.cpu_count() + 1, 5))")
test: $(INSTALLED)
	$(BIN)/python -m pytest -m "not measures" --ignore=tests/frameworks --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder

# The tests of what measures: the benchmarks, and what an audit costs. Nothing else runs beside them.
test-measuring: $(INSTALLED)
	$(BIN)/python -m pytest -m measures tests/auditing tests/benchmarks

# The other frameworks, in an environment without TensorFlow; each in processes of its own.
FRAMEWORKS_VENV ?= .venv-frameworks
test-frameworks: $(FRAMEWORKS_VENV)/.installed
	for folder in tests/frameworks/*/; do \
		case $$folder in *__pycache__*) continue;; esac; \
		$(FRAMEWORKS_VENV)/bin/python -m pytest $$folder --numprocesses $(PROCESSES) --dist loadfile || exit 1; \
	done

$(FRAMEWORKS_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(FRAMEWORKS_VENV)
	$(FRAMEWORKS_VENV)/bin/python -m pip install --quiet -e '.[frameworks-test]'
	touch $@

# The one gate: `make test`, and all that can be checked beside it.
check: lint types layers docs test test-measuring

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Ruff's pydocstyle rules hold the docstring coverage: every public name has one.
lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(INSTALLED)
	$(BIN)/mypy

layers: $(INSTALLED)
	$(BIN)/lint-imports

# Strictly: a broken link, an unknown name or a page that is in no menu fails. Nothing is fetched.
docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

docs-serve: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

# First ours beside every peer that is installed, then the promises and their bounds.
bench: $(INSTALLED)
	$(BIN)/python -m benchmarks

# Measures all jobs beside all peers that are installed, and writes the documentation's page of it.
benchmark-page: $(INSTALLED)
	$(BIN)/python -m benchmarks.documentation_page

# Writes the measured tables of the README anew.
readme: $(INSTALLED)
	$(BIN)/python -m benchmarks.readme

# The sharing tests against the oldest and newest TensorFlow, each in an environment of its own.
TENSORFLOW_VERSIONS ?= 2.16.2 2.18.1 2.21.0 2.22.0rc0
test-tensorflow-versions: $(TENSORFLOW_VERSIONS:%=test-tensorflow-%)

test-tensorflow-%: .venv-tensorflow-%/.installed
	.venv-tensorflow-$*/bin/python -m pytest tests/share tests/memory tests/promises

.venv-tensorflow-%/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-tensorflow-$*
	.venv-tensorflow-$*/bin/python -m pip install --quiet "tensorflow-cpu==$*" -e '.[test]'
	touch $@

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@

clean:
	rm -rf .venv* .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist site
