{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('application_platforms', [
    ('name', 'name', 'text'),
], key=['name']) }}
