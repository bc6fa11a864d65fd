{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('custom_fields', [
    ('id', 'id', 'text'),
    ('name', 'name', 'text'),
    ('description', 'description', 'text'),
    ('isRequired', 'is_required', 'boolean'),
    ('defaultValue', 'default_value', 'text'),
    ('isMultipleChoice', 'is_multiple_choice', 'boolean'),
    ('multipleChoice', 'multiple_choice', 'json'),
    ('assetTypes', 'asset_types', 'json'),
    ('dataType', 'data_type', 'json'),
    ('dataType.id', 'data_type_id', 'text'),
    ('dataType.name', 'data_type_name', 'text'),
], key=['id']) }}
