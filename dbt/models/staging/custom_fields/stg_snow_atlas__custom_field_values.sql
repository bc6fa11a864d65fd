{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('custom_field_values', [
    ('id', 'id', 'text'),
    ('customFieldId', 'custom_field_id', 'text'),
    ('customFieldName', 'custom_field_name', 'text'),
    ('assetId', 'asset_id', 'text'),
    ('assetType', 'asset_type', 'json'),
    ('assetType.id', 'asset_type_id', 'text'),
    ('assetType.name', 'asset_type_name', 'text'),
    ('value', 'value', 'text'),
], key=['id']) }}
