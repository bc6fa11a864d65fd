# Image of the connector, based on Airbyte's image for Python connectors.
#
# The stage `builder` installs constraints.txt and the source into a virtual environment, which is all that the
# last stage copies. Builds are reproducible: the base is pinned by its digest, and packages by constraints.txt.
FROM docker.io/airbyte/python-connector-base:4.1.0@sha256:1d1aa21d34e851df4e8a87b391c27724c06e2597608e7161f4d167be853bd7b6 AS base

FROM base AS builder
USER root
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# Dependencies have their own layer, which is reused until constraints.txt changes. --only-binary avoids compilers.
# With --no-deps, constraints.txt must be complete, which `pip check` verifies below.
COPY constraints.txt ./
RUN python -m venv /opt/source-snow-atlas \
    && /opt/source-snow-atlas/bin/pip install --only-binary=:all: --no-deps --requirement constraints.txt

# pip and the test suites of some packages are not needed in the image.
COPY . ./source
RUN /opt/source-snow-atlas/bin/pip install --no-deps --no-build-isolation ./source \
    && /opt/source-snow-atlas/bin/pip check \
    && /opt/source-snow-atlas/bin/pip uninstall --quiet --yes pip \
    && cd /opt/source-snow-atlas/lib/python*/site-packages \
    && find . -type d -name tests -prune -exec rm -rf {} + \
    && rm -rf nltk/test joblib/test

FROM base
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="source-snow-atlas" \
    org.opencontainers.image.description="Airbyte source connector for the Snow Atlas API" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.source="https://github.com/airbytehq/airbyte/tree/master/airbyte-integrations/connectors/source-snow-atlas" \
    org.opencontainers.image.licenses="MIT" \
    io.airbyte.name="airbyte/source-snow-atlas" \
    io.airbyte.version="${VERSION}"

USER root
# Airbyte's base has the user `airbyte`. A plain Python base gets it with the same id.
RUN id -u 1000 >/dev/null 2>&1 \
    || { echo 'airbyte:x:1000:' >> /etc/group && echo 'airbyte:x:1000:1000::/nonexistent:/usr/sbin/nologin' >> /etc/passwd; }

COPY --from=builder /opt/source-snow-atlas /opt/source-snow-atlas
COPY docker-entrypoint.sh /entrypoint.sh

# PYTHONDONTWRITEBYTECODE: the environment contains compiled modules, and the root file system may be read-only.
ENV PATH="/opt/source-snow-atlas/bin:${PATH}" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    AIRBYTE_ENTRYPOINT="/entrypoint.sh"

WORKDIR /airbyte/integration_code

# The user `airbyte` by its id, as Kubernetes needs for `runAsNonRoot`.
USER 1000
ENTRYPOINT ["/entrypoint.sh"]
