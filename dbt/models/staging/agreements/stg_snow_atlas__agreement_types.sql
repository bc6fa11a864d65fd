{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('agreement_types', [
    ('id', 'id', 'text'),
    ('name', 'name', 'text'),
    ('description', 'description', 'text'),
], key=['id']) }}
