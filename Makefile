# Everything a user or a developer of the connector runs; `make help` lists it. Each target installs what it needs
# into .venv first, so all of them work in a fresh clone.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
QA := .cache/qa
CLIENTS := serverless ailake pyairbyte
DBT_APART := dbt-snowflake dbt-bigquery sqlfluff
# processes that share the tests: one for each processor, eight at most; 0 for pytest's own
WORKERS ?= auto
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# A clone is run from its own environment, whatever is active or set in the calling shell.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
# Containers often set this one. uv compiles nothing when it installs, so every process would compile the CDK, dlt
# or dbt by itself: half of the time of a small sync, and of dbt's start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help sync report sandbox test lint format bench soak docs drift qa dbt-staging dbt-test workflows clients pythons build image image-test image-suite clean setup-sync setup-report setup-tests python

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | \
	  while IFS="$$(printf '\t')" read -r target text; do printf '  make %-12s %s\n' "$$target" "$$text"; done

sync: setup-sync  ## read Snow Atlas into snow_atlas.duckdb: a sandbox, or CONFIG=secrets/config.json; STREAMS=a,b DESTINATION=postgres
	@$(BIN)/python -m tools.sync $(if $(CONFIG),--config "$(CONFIG)") $(if $(STREAMS),--streams "$(STREAMS)") \
	  $(if $(DATABASE),--database "$(DATABASE)") $(if $(DESTINATION),--destination "$(DESTINATION)") $(ARGS)

report: setup-report  ## write snow_atlas_report.html and .xlsx: of a sandbox with twelve months, or CONFIG=secrets/config.json; THOROUGH=1 NAMES=1
	@$(BIN)/python -m tools.report $(if $(CONFIG),--config "$(CONFIG)") $(if $(THOROUGH),--thorough) $(if $(NAMES),--names) $(ARGS)

sandbox: setup-sync  ## run the stand-in API until Ctrl-C, to try the connector elsewhere; ARGS="--port 8080 --computers 500"
	@$(BIN)/python -m sandbox --readable $(ARGS)

test: setup-tests  ## run the unit and the integration tests; ARGS="-k name" are pytest's; WORKERS=0 for one process
	@$(BIN)/python -m pytest -q --numprocesses $(WORKERS) --maxprocesses 8 --dist loadgroup --no-loadscope-reorder $(ARGS)

lint: setup-tests  ## check style (ruff) and types (mypy)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy source_snow_atlas snow_atlas_sync sandbox tools unit_tests/simulation

format: setup-tests  ## put the code into the project's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup-tests  ## measure this connector against the alternatives; ARGS are those of benchmarks.run
	@$(BIN)/python -m benchmarks.run $(ARGS)

soak: setup-tests  ## two million records with faults, and data that changes while it is read; ARGS are those of integration_tests.soak
	@$(BIN)/python -m integration_tests.soak $(ARGS)

docs: setup-tests  ## write the generated pages of docs/ anew
	@$(BIN)/python -m tools.docs $(ARGS)

drift: setup-tests  ## compare the streams with the vendor's OpenAPI files in SPECS=folder
	@$(if $(SPECS),,echo "drift: say where the vendor's OpenAPI files are: make drift SPECS=folder" >&2; exit 1)
	@$(BIN)/python -m tools.drift "$(SPECS)" $(ARGS)

qa: setup-tests $(QA)/installed  ## run Airbyte's QA checks of connectors that need no network
	@$(QA)/bin/python tools/qa_checks.py

# Of what the checks' package asks for they use a tenth, so that is installed alone, and apart; on Python 3.11 or 3.12.
$(QA)/installed: tools/qa_requirements.txt | setup-tests
	@mkdir -p .cache
	@$(BIN)/python -m venv --clear $(QA)
	@$(QA)/bin/python -m pip install --quiet --no-deps -r tools/qa_requirements.txt >$(QA)/install.log 2>&1 || { cat $(QA)/install.log; exit 1; }
	@touch $@

workflows:  ## check the workflows in .github (actionlint, zizmor)
	@$(PYTHON) tools/workflows.py

clients: setup-tests $(CLIENTS:%=.cache/%/installed)  ## read all streams with airbyte-serverless and PyAirbyte, and write them with a destination connector
	@for client in $(CLIENTS); do $(BIN)/python -m integration_tests.clients.$$client .cache/$$client/bin/python || exit 1; done

.cache/%/installed: integration_tests/clients/%_requirements.txt | setup-tests
	@$(BIN)/python -m venv --clear .cache/$*
	@.cache/$*/bin/python -m pip install --quiet --no-deps -r $< >.cache/$*/install.log 2>&1 || { cat .cache/$*/install.log; exit 1; }
	@touch $@

pythons: python  ## run quick unit tests and one sync on every Python from 3.10 to 3.14; PYTHONS="3.12 3.13"
	@$(PYTHON) -m tools.pythons $(PYTHONS) $(ARGS)

dbt-staging: setup-tests  ## write the dbt package's staging models anew; ARGS=--check only says which are stale
	@$(BIN)/python -m tools.dbt_staging $(ARGS)

dbt-test: setup-tests $(DBT_APART:%=.cache/%/ready)  ## run the dbt package's tests on DuckDB, PostgreSQL and emulators of Snowflake and BigQuery; ARGS="-k name" are pytest's
	@$(BIN)/python -m pytest -q --numprocesses 2 --dist loadgroup integration_tests/dbt_package $(ARGS)

# The adapters of Snowflake and BigQuery with their emulators, and sqlfluff.
.cache/%/ready: tools/%_requirements.txt | setup-tests
	@$(BIN)/python -m venv --clear .cache/$*
	@.cache/$*/bin/python -m pip install --quiet --no-deps -r $< >.cache/$*/install.log 2>&1 || { cat .cache/$*/install.log; exit 1; }
	@touch $@

build: setup-tests  ## build the wheel and the source distribution in dist/, and try the wheel alone; ARGS=--sync: sync and report with it, too
	@rm -rf build dist
	@$(BIN)/python -m build --outdir dist . >.venv/build.log 2>&1 || { cat .venv/build.log; exit 1; }
	@$(BIN)/python -m twine check --strict dist/*
	@$(BIN)/python -m tools.wheel_check $(ARGS) dist/*.whl

image:  ## build the container image with docker or podman
	@tools/image.sh build

image-test: setup-tests  ## build the image and test it against the sandbox
	@tools/image.sh test

image-suite: setup-tests  ## run Airbyte's standard test suite for sources, its tests of the image included
	@tools/image.sh suite

clean:  ## remove the environment, caches, built packages and the synced databases and the report
	@rm -rf $(VENV) build dist .cache *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@rm -f snow_atlas.duckdb snow_atlas.duckdb.wal snow_atlas_report_sandbox.duckdb snow_atlas_report_sandbox.duckdb.wal snow_atlas_report.html snow_atlas_report.xlsx

setup-sync: python
	@$(PYTHON) tools/venv.py $(VENV) sandbox sync

setup-report: python
	@$(PYTHON) tools/venv.py $(VENV) sandbox sync report

setup-tests: python
	@$(PYTHON) tools/venv.py $(VENV) sandbox sync report tests

python:
	@command -v $(PYTHON) >/dev/null || { echo "setup: $(PYTHON) was not found; install Python 3.10 to 3.14, or name it: make ... PYTHON=/path/to/python3" >&2; exit 1; }
