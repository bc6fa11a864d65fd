{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('tenant', [
    ('id', 'id', 'text'),
    ('name', 'name', 'text'),
    ('region', 'region', 'text'),
], key=['id']) }}
