# The environment is .venv. PYTHON=python3.12 chooses the Python it is made with, PORT=9000 the port of `make run`.
bootstrap = $(or $(PYTHON),python3) tools/bootstrap.py
in_venv = .venv/bin/python -m

.PHONY: help run compiled test test-spark check audit format bench clean .has-python

# Print this list.
help:
	@awk '/^# /{note = substr($$0, 3)} /^[a-z-]+:/{if (note) printf "make %-10s %s\n", substr($$1, 1, index($$1, ":") - 1), note} !/^# /{note = ""}' Makefile

# Start the service with example accounts on http://127.0.0.1:8000.
run: .has-python
	@# `prove` is what a draft of a policy has to pass.
	@$(bootstrap) prove
	@exec .venv/bin/recoup serve --demo

# Compile the engine to C: it decides by a third faster. Nothing else changes.
compiled: .has-python
	@$(bootstrap) compiled
	@$(in_venv) tools.compiled

# Run everything that must hold: format, lint, types, the audit and the whole suite.
test: check audit compiled
	@# The suite starts hundreds of Pythons; where none may keep its bytecode, each compiles the house anew.
	@PYTHONDONTWRITEBYTECODE= $(in_venv) pytest -n auto --maxprocesses 8 --dist worksteal

# Run what needs Spark: Java 17, and the first time a download of 450 MB.
test-spark: .has-python
	@[ -x "$${JAVA_HOME:+$$JAVA_HOME/bin/java}" ] || command -v java >/dev/null || { echo "recoup: there is no Java here; install Java 17 (as root: apt-get install openjdk-17-jre-headless)" >&2; exit 1; }
	@$(bootstrap) test parquet pg prove otel batch browser spark
	@PYTHONDONTWRITEBYTECODE= $(in_venv) pytest -q -m spark tests/spark

# Check format, lint and types.
check: .has-python
	@$(bootstrap) test parquet pg prove otel batch contract browser bench
	@$(in_venv) ruff check
	@$(in_venv) ruff format --check
	@$(in_venv) mypy

# Look for what attackers look for: dangerous calls, and pinned versions that are known to be vulnerable.
audit: .has-python
	@$(bootstrap) test parquet pg prove otel batch secure
	@$(in_venv) bandit -q -c pyproject.toml -r policies engine service tools clients/python
	@.venv/bin/python tools/vulnerabilities.py

# Rewrite the sources in the agreed format.
format: .has-python
	@$(bootstrap) test parquet pg prove otel batch contract browser
	@$(in_venv) ruff check --fix
	@$(in_venv) ruff format

# Measure what things cost, beside other engines, a bare server and raw SQL.
bench: .has-python
	@$(bootstrap) test parquet pg prove otel batch contract browser bench compiled
	@$(in_venv) tools.compiled
	@$(in_venv) benchmarks

# Remove what make made. A database is not touched.
clean:
	@rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find policies engine service tests tools benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

.has-python:
	@command -v $(or $(PYTHON),python3) >/dev/null || { echo "recoup: there is no $(or $(PYTHON),python3) here; install Python 3.11 or newer, or name one with make PYTHON=..." >&2; exit 1; }
