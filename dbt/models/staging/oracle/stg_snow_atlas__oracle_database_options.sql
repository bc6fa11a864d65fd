{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('oracle_database_options', [
    ('installationId', 'installation_id', 'text'),
    ('id', 'id', 'text'),
    ('productId', 'product_id', 'text'),
    ('tableOwner', 'table_owner', 'text'),
    ('isInstalled', 'is_installed', 'boolean'),
    ('isUsed', 'is_used', 'boolean'),
    ('lastUsed', 'last_used', 'timestamp'),
    ('firstUsed', 'first_used', 'timestamp'),
    ('detectedUsages', 'detected_usages', 'integer'),
], key=['installationId', 'id', 'productId']) }}
