{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('custom_objects', [
    ('id', 'id', 'text'),
    ('objectName', 'object_name', 'text'),
], key=['id']) }}
