{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('custom_object_type_properties', [
    ('id', 'id', 'text'),
    ('typeId', 'type_id', 'text'),
    ('name', 'name', 'text'),
    ('description', 'description', 'text'),
    ('isMandatory', 'is_mandatory', 'boolean'),
    ('defaultValue', 'default_value', 'text'),
], key=['id']) }}
