"""Tests of the dbt package: marts are compared with computations in Python from the sandbox's rows."""
