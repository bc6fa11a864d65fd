"""Packaging of the connector: one distribution with three commands: the connector, with the extra `sync` a
sync into databases, and with the extra `report` a report made from it.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
DBT = "snow_atlas_sync.dbt"


def version() -> str:
    """The version as the package states it, read without an import: its dependencies may be missing."""
    source = (HERE / "source_snow_atlas" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__\s*(?::[^=]+)?=\s*"([^"]+)"', source, re.MULTILINE)
    if found is None:
        raise RuntimeError("source_snow_atlas/__init__.py states no __version__")
    return found.group(1)


def long_description() -> str:
    readme = HERE / "README.md"
    return readme.read_text(encoding="utf-8") if readme.exists() else ""


# The sandbox that stands in for Snow Atlas, which is in the clone only: the tests talk to it, and `make sync`
# without a configuration.
SANDBOX = ["aiohttp>=3.10,<4", "lark>=1.2,<2"]

# What `snow-atlas-sync` loads with: dlt with the destinations DuckDB, PostgreSQL and files. The others take
# dlt's own extras.
SYNC = [
    "adbc-driver-postgresql>=1.8,<2",
    "dlt[duckdb,filesystem,postgres]>=1.31,<1.32",
    "duckdb>=1.2",
    "pyarrow>=20",
]

# What `snow-atlas-report` builds the marts and draws its page with. dbt-core 1.12 builds a parser from a
# download.
REPORT = [
    *SYNC,
    "altair>=6,<7",
    "XlsxWriter>=3.2,<4",
    "dbt-core>=1.11,<1.12",
    "dbt-duckdb>=1.11,<1.12",
    "jinja2>=3.1,<4",
    "vl-convert-python>=1.8,<2",
]

TESTS = [
    *SANDBOX,
    *REPORT,
    "airbyte-connector-models>=0.1.12,<0.2",
    "build>=1.2,<2",
    "dbt-postgres>=1.11,<1.12",
    "hypothesis>=6.100,<7",
    "jsonschema>=4.20,<5",
    "mypy>=1.19,<1.20",
    "pytest>=8.4,<9.2",  # with 9.2 pytest-xdist 3.8 no longer heeds groups, so that workers share no fixtures
    "pytest-timeout>=2.3,<3",
    "pytest-xdist>=3.6,<4",
    "ruff>=0.17,<0.18",
    "twine>=6",
    "types-PyYAML>=6.0.12",
    "types-jsonschema>=4.20",
    "types-requests>=2.32",
]

setup(
    name="airbyte-source-snow-atlas",
    version=version(),
    description="Airbyte source connector for Snow Atlas: computers, software, licences, SaaS, users.",
    long_description=long_description(),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    keywords=["airbyte", "snow atlas", "flexera", "software asset management", "elt"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Information Technology",
        "Intended Audience :: System Administrators",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Topic :: Database",
        "Typing :: Typed",
    ],
    packages=[
        *find_packages(
            include=["source_snow_atlas", "source_snow_atlas.*", "snow_atlas_sync", "snow_atlas_sync.*"]
        ),
        DBT,
    ],
    # the dbt package is data, for the report; in the clone it lies where dbt users look for it
    package_dir={DBT: "dbt"},
    package_data={
        DBT: [
            "*.yml",
            "profiles/*.yml",
            "macros/**/*.sql",
            "models/**/*.sql",
            "models/**/*.yml",
            "seeds/**/*",
        ],
        "snow_atlas_sync.report": ["templates/*", "figures/*.sql"],
        "source_snow_atlas": ["py.typed", "manifest.yaml", "streams/*.yaml", "schemas/*.json"],
        "snow_atlas_sync": ["py.typed"],
    },
    python_requires=">=3.10",
    install_requires=[
        "airbyte-cdk>=7.39.1,<7.40",
        "orjson>=3.10,<4",
        "PyJWT[crypto]>=2.8,<3",
        "PyYAML>=6,<7",
        "requests>=2.32.2,<3",
        # bodies are unpacked in bounded pieces since 2.6
        "urllib3>=2.6,<3",
    ],
    extras_require={"sync": SYNC, "sandbox": SANDBOX, "report": REPORT, "tests": TESTS},
    entry_points={
        "console_scripts": [
            "source-snow-atlas = source_snow_atlas.run:run",
            "snow-atlas-sync = snow_atlas_sync.process:run_sync",
            "snow-atlas-report = snow_atlas_sync.process:run_report",
        ]
    },
    zip_safe=False,
)
