{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_extended_coverage_types', [
    ('recordKey', 'record_key', 'text'),
    ('name', 'name', 'text'),
], key=['recordKey']) }}
