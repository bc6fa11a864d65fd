{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('saas_custom_fields', [
    ('id', 'id', 'text'),
    ('dataType', 'data_type', 'text'),
    ('predefinedValues', 'predefined_values', 'json'),
    ('saasCategory', 'saas_category', 'text'),
    ('defaultValue', 'default_value', 'text'),
    ('fieldName', 'field_name', 'text'),
    ('isCurrency', 'is_currency', 'boolean'),
], key=['id']) }}
