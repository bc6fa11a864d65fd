{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('oracle_java_installations', [
    ('id', 'id', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('productId', 'product_id', 'text'),
    ('runtimeName', 'runtime_name', 'text'),
    ('runtimeVersion', 'runtime_version', 'text'),
    ('vendor', 'vendor', 'text'),
    ('version', 'version', 'text'),
], key=['id']) }}
