{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('organizations', [
    ('id', 'id', 'text'),
    ('parentId', 'parent_id', 'text'),
    ('name', 'name', 'text'),
    ('isLegal', 'is_legal', 'boolean'),
    ('externalId', 'external_id', 'text'),
], key=['id']) }}
