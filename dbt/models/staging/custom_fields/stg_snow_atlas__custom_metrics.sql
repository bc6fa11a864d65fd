{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('custom_metrics', [
    ('id', 'id', 'text'),
    ('name', 'name', 'text'),
    ('description', 'description', 'text'),
    ('customFieldId', 'custom_field_id', 'text'),
], key=['id']) }}
