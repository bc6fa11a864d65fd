{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('oracle_database_installations', [
    ('id', 'id', 'text'),
    ('productId', 'product_id', 'text'),
    ('databaseName', 'database_name', 'text'),
    ('productVersion', 'product_version', 'text'),
    ('isRac', 'is_rac', 'boolean'),
    ('isDataGuard', 'is_data_guard', 'boolean'),
    ('scanDate', 'scan_date', 'timestamp'),
], key=['id']) }}
