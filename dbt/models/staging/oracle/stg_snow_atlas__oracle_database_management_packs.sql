{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('oracle_database_management_packs', [
    ('installationId', 'installation_id', 'text'),
    ('id', 'id', 'text'),
    ('productId', 'product_id', 'text'),
    ('isInstalled', 'is_installed', 'boolean'),
    ('isUsed', 'is_used', 'boolean'),
    ('oraclePackUser', 'oracle_pack_user', 'text'),
    ('oracleOemDate', 'oracle_oem_date', 'timestamp'),
    ('isPackAccessGranted', 'is_pack_access_granted', 'boolean'),
    ('isPackAccessAgreed', 'is_pack_access_agreed', 'boolean'),
    ('packAccessAgreedDate', 'pack_access_agreed_date', 'timestamp'),
    ('packAccessAgreedBy', 'pack_access_agreed_by', 'text'),
], key=['installationId', 'id', 'productId']) }}
