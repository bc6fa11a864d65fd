{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('custom_object_property_values', [
    ('id', 'id', 'text'),
    ('propertyId', 'property_id', 'text'),
    ('objectId', 'object_id', 'text'),
    ('value', 'value', 'text'),
], key=['id']) }}
