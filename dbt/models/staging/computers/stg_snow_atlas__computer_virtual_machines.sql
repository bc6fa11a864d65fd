{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('computer_virtual_machines', [
    ('hostComputerId', 'host_computer_id', 'text'),
    ('recordKey', 'record_key', 'text'),
    ('id', 'id', 'text'),
    ('machineId', 'machine_id', 'text'),
    ('name', 'name', 'text'),
    ('operatingSystem', 'operating_system', 'text'),
    ('ip', 'ip', 'text'),
    ('manufacturer', 'manufacturer', 'text'),
    ('model', 'model', 'text'),
    ('lastScanDate', 'last_scan_date', 'timestamp'),
    ('powerState', 'power_state', 'text'),
    ('processorCount', 'processor_count', 'integer'),
    ('coreCount', 'core_count', 'integer'),
    ('isInventoried', 'is_inventoried', 'boolean'),
], key=['recordKey']) }}
