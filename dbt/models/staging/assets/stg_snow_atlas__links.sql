{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('links', [
    ('assetId', 'asset_id', 'text'),
    ('id', 'id', 'text'),
    ('description', 'description', 'text'),
    ('url', 'url', 'text'),
    ('createdDate', 'created_date', 'timestamp'),
    ('lastUpdatedDate', 'last_updated_date', 'timestamp'),
    ('assetType', 'asset_type', 'json'),
    ('assetType.id', 'asset_type_id', 'text'),
    ('assetType.name', 'asset_type_name', 'text'),
], key=['assetId', 'id']) }}
