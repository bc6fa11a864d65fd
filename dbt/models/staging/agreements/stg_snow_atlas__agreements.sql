{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('agreements', [
    ('id', 'id', 'text'),
    ('parentId', 'parent_id', 'text'),
    ('assignedId', 'assigned_id', 'text'),
    ('name', 'name', 'text'),
    ('typeId', 'type_id', 'text'),
    ('contactId', 'contact_id', 'text'),
    ('manufacturerId', 'manufacturer_id', 'text'),
], key=['id']) }}
