# Targets for users and developers; `make help` lists them. Each target first installs what it needs into .venv, so
# it works in a fresh clone.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
QA := .cache/qa
CLIENTS := serverless ailake pyairbyte
DBT_APART := dbt-snowflake dbt-bigquery sqlfluff
# test processes: one for each processor, at most eight; 0 runs the tests in pytest's own process
WORKERS ?= auto
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The clone's own environment is used, even if the calling shell has another one.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
# Containers often set this one. uv compiles nothing when it installs, so every process would compile the CDK, dlt
# or dbt by itself: half of the time of a small sync, and of dbt's start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help sync report sandbox test test-thorough lint format bench soak docs drift qa dbt-staging dbt-test workflows clients pythons build image image-test image-suite clean setup-sync setup-report setup-tests python

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | \
	  while IFS="$$(printf '\t')" read -r target text; do printf '  make %-13s %s\n' "$$target" "$$text"; done

sync: setup-sync  ## sync a sandbox into snow_atlas.duckdb, or a tenant with CONFIG=secrets/config.json DATABASE=tenant.duckdb; STREAMS=a,b DESTINATION=postgres
	@$(BIN)/python -m tools.sync $(if $(CONFIG),--config "$(CONFIG)") $(if $(STREAMS),--streams "$(STREAMS)") \
	  $(if $(DATABASE),--database "$(DATABASE)") $(if $(DESTINATION),--destination "$(DESTINATION)") $(ARGS)

report: setup-report  ## write snow_atlas_report.html and .xlsx from a sandbox, or a tenant with CONFIG=secrets/config.json; THOROUGH=1 NAMES=1
	@$(BIN)/python -m tools.report $(if $(CONFIG),--config "$(CONFIG)") $(if $(THOROUGH),--thorough) $(if $(NAMES),--names) $(ARGS)

sandbox: setup-sync  ## run the sandbox until Ctrl-C, with its configuration in secrets/sandbox.json; ARGS="--port 8080 --computers 500"
	@$(BIN)/python -m sandbox --config-file secrets/sandbox.json $(ARGS)

PYTEST = $(BIN)/python -m pytest -q --numprocesses $(WORKERS) --maxprocesses 8 --dist loadgroup --no-loadscope-reorder

test: setup-tests  ## run the unit and integration tests; ARGS="-k name" for pytest; WORKERS=0 for one process
	@$(PYTEST) $(ARGS)

test-thorough: setup-tests  ## run the tests that `make test` leaves out: syncs killed at any time, in every destination
	@$(PYTEST) -m thorough $(ARGS)

lint: setup-tests  ## check style with ruff and types with mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy source_snow_atlas snow_atlas_sync sandbox tools unit_tests/simulation

format: setup-tests  ## format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup-tests  ## benchmark the connector and its alternatives; ARGS for benchmarks.run
	@$(BIN)/python -m benchmarks.run $(ARGS)

soak: setup-tests  ## sync two million records with faults and with data that changes; ARGS for integration_tests.soak
	@$(BIN)/python -m integration_tests.soak $(ARGS)

docs: setup-tests  ## generate docs/streams and docs/permissions.md; ARGS=--check only compares them
	@$(BIN)/python -m tools.docs $(ARGS)

drift: setup-tests  ## compare the streams with the vendor's OpenAPI files; SPECS=folder
	@$(if $(SPECS),,echo "drift: name the folder of the vendor's OpenAPI files: make drift SPECS=folder" >&2; exit 1)
	@$(BIN)/python -m tools.drift "$(SPECS)" $(ARGS)

qa: setup-tests $(QA)/installed  ## run those of Airbyte's QA checks that need no network
	@$(QA)/bin/python tools/qa_checks.py

# The checks use a tenth of their package's dependencies, so only those are installed. Needs Python 3.11 or 3.12.
$(QA)/installed: tools/qa_requirements.txt | setup-tests
	@mkdir -p .cache
	@$(BIN)/python -m venv --clear $(QA)
	@$(QA)/bin/python -m pip install --quiet --no-deps -r tools/qa_requirements.txt >$(QA)/install.log 2>&1 || { cat $(QA)/install.log; exit 1; }
	@touch $@

workflows:  ## check the workflows in .github with actionlint and zizmor
	@$(PYTHON) -m tools.workflows

clients: setup-tests $(CLIENTS:%=.cache/%/installed)  ## read all streams with airbyte-serverless, PyAirbyte and a destination connector
	@for client in $(CLIENTS); do $(BIN)/python -m integration_tests.clients.$$client .cache/$$client/bin/python || exit 1; done

.cache/%/installed: integration_tests/clients/%_requirements.txt | setup-tests
	@$(BIN)/python -m venv --clear .cache/$*
	@.cache/$*/bin/python -m pip install --quiet --no-deps -r $< >.cache/$*/install.log 2>&1 || { cat .cache/$*/install.log; exit 1; }
	@touch $@

pythons: python  ## run quick unit tests and one sync on every Python from 3.10 to 3.14; PYTHONS="3.12 3.13"
	@$(PYTHON) -m tools.pythons $(PYTHONS) $(ARGS)

dbt-staging: setup-tests  ## generate the staging models of the dbt package; ARGS=--check only compares them
	@$(BIN)/python -m tools.dbt_staging $(ARGS)

dbt-test: setup-tests $(DBT_APART:%=.cache/%/ready)  ## test the dbt package on DuckDB, PostgreSQL and emulators of Snowflake and BigQuery; ARGS="-k name" for pytest
	@$(BIN)/python -m pytest -q --numprocesses 2 --dist loadgroup integration_tests/dbt_package $(ARGS)

# The adapters of Snowflake and BigQuery with their emulators, and sqlfluff.
.cache/%/ready: tools/%_requirements.txt | setup-tests
	@$(BIN)/python -m venv --clear .cache/$*
	@.cache/$*/bin/python -m pip install --quiet --no-deps -r $< >.cache/$*/install.log 2>&1 || { cat .cache/$*/install.log; exit 1; }
	@touch $@

build: setup-tests  ## build the wheel and the source distribution, and test the wheel; ARGS=--sync also runs a sync and a report
	@rm -rf build dist
	@$(BIN)/python -m build --outdir dist . >.venv/build.log 2>&1 || { cat .venv/build.log; exit 1; }
	@$(BIN)/python -m twine check --strict dist/*
	@$(BIN)/python -m tools.wheel_check $(ARGS) dist/*.whl

image:  ## build the container image with docker or podman
	@tools/image.sh build

image-test: setup-tests  ## build the image and test it against the sandbox
	@tools/image.sh test

image-suite: setup-tests  ## run Airbyte's standard test suite for sources, including its tests of the image
	@tools/image.sh suite

clean:  ## remove the environment, caches, packages, synced databases and reports
	@rm -rf $(VENV) build dist .cache *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@rm -f snow_atlas.duckdb snow_atlas.duckdb.wal snow_atlas_report_sandbox.duckdb snow_atlas_report_sandbox.duckdb.wal snow_atlas_report.html snow_atlas_report.xlsx

setup-sync: python
	@$(PYTHON) tools/venv.py $(VENV) sandbox sync

setup-report: python
	@$(PYTHON) tools/venv.py $(VENV) sandbox sync report

setup-tests: python
	@$(PYTHON) tools/venv.py $(VENV) sandbox sync report tests

python:
	@command -v $(PYTHON) >/dev/null || { echo "setup: $(PYTHON) was not found; install Python 3.10 to 3.14, or name another one: make ... PYTHON=/path/to/python3" >&2; exit 1; }
