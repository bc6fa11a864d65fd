{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('computer_remote_clients', [
    ('computerId', 'computer_id', 'text'),
    ('name', 'name', 'text'),
    ('remoteClientComputerId', 'remote_client_computer_id', 'text'),
    ('isInventoried', 'is_inventoried', 'boolean'),
    ('lastUsed', 'last_used', 'timestamp'),
]) }}
