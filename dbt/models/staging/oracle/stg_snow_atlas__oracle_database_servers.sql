{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('oracle_database_servers', [
    ('installationId', 'installation_id', 'text'),
    ('id', 'id', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('licensingCoreFactor', 'licensing_core_factor', 'double'),
], key=['installationId', 'id', 'computerId']) }}
