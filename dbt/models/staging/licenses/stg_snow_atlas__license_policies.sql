{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_policies', [
    ('id', 'id', 'text'),
], key=['id']) }}
