{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('application_types', [
    ('id', 'id', 'text'),
    ('name', 'name', 'text'),
    ('parentId', 'parent_id', 'text'),
    ('updatedDate', 'updated_date', 'timestamp'),
], key=['id']) }}
