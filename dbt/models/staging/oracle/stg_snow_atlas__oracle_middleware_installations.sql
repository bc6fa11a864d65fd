{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('oracle_middleware_installations', [
    ('id', 'id', 'text'),
    ('productId', 'product_id', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('version', 'version', 'text'),
    ('oracleHomePath', 'oracle_home_path', 'text'),
    ('firstDiscovered', 'first_discovered', 'timestamp'),
], key=['id']) }}
