{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('computer_network_adapters', [
    ('computerId', 'computer_id', 'text'),
    ('name', 'name', 'text'),
    ('ipAddress', 'ip_address', 'text'),
    ('macAddress', 'mac_address', 'text'),
]) }}
