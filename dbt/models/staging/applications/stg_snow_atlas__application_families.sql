{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('application_families', [
    ('id', 'id', 'text'),
    ('manufacturer', 'manufacturer', 'text'),
    ('name', 'name', 'text'),
    ('description', 'description', 'text'),
], key=['id']) }}
